// How many objects of a custom resource each namespace holds. A resource is watched from the first quota on that counts
// it, while it is served; of its objects only the names are kept.
import type { ResourceInfo } from '#api/resources.ts';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { discover, keyOf, runReflector, type ApiObject, type ReflectorSink } from '#client';
import type { ControllerContext } from '../context.ts';

/** How often it is looked whether resources came or went; upstream's interval. */
const rediscoverMs = 30_000;

export interface CustomCounts {
  /** undefined: there is no such resource, or none in namespaces. */
  count(resource: string, namespace: string): Promise<number | undefined>;
  /** Follows what is served; resolves when the context's signal aborts. */
  run(): Promise<void>;
}

interface Watched {
  readonly stop: AbortController;
  readonly synced: Promise<void>;
  readonly namespaces: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * @param freed An object is gone.
 * @param changed The resource is served now, or no longer.
 */
export function createCustomCounts(context: ControllerContext, freed: (resource: string, namespace: string) => void, changed: (resource: string) => void): CustomCounts {
  const { world, programClient, signal } = context;
  const wanted = new Map<string, Watched | undefined>();
  const watch = (resource: string, info: ResourceInfo): Watched => {
    const stop = new AbortController();
    const { sink, namespaces, synced } = createSink((namespace) => freed(resource, namespace));
    const watched = { stop, synced, namespaces };
    wanted.set(resource, watched);
    void runReflector(world, programClient.forInfo<ApiObject>(info), { metadataOnly: true }, sink, AbortSignal.any([signal, stop.signal]));
    return watched;
  };
  const found = async (): Promise<Map<string, ResourceInfo>> => {
    const { resources } = await discover(programClient, signal);
    return new Map(resources.filter((info) => info.namespaced && info.verbs.includes('watch')).reverse().map((info) => [info.group === '' ? info.plural : `${info.plural}.${info.group}`, info]));
  };
  const refresh = async (): Promise<void> => {
    const served = await found();
    for (const [resource, watched] of wanted) {
      const info = served.get(resource);
      if ((watched === undefined) === (info === undefined)) continue;
      watched?.stop.abort(new Error('the resource is no longer served'));
      if (info === undefined) wanted.set(resource, undefined);
      else watch(resource, info);
      changed(resource);
    }
  };
  return {
    async count(resource, namespace) {
      let watched = wanted.get(resource);
      if (watched === undefined) {
        wanted.set(resource, undefined);
        const info = (await found()).get(resource);
        if (info === undefined) return undefined;
        watched = wanted.get(resource) ?? watch(resource, info);
      }
      await watched.synced;
      return watched.namespaces.get(namespace)?.size ?? 0;
    },
    run: () => every(world.clock, rediscoverMs, signal, () => {
      if (wanted.size === 0) return;
      refresh().catch((error: unknown) => {
        if (!signal.aborted) world.log.warn('what quotas may count cannot be discovered', { error: errorText(error) });
      });
    }),
  };
}

function createSink(freed: (namespace: string) => void): { readonly sink: ReflectorSink<ApiObject>; readonly namespaces: ReadonlyMap<string, ReadonlySet<string>>; readonly synced: Promise<void> } {
  const namespaces = new Map<string, Set<string>>();
  const listed = Promise.withResolvers<void>();
  const namespaceOf = (object: ApiObject): string => object.metadata?.namespace ?? '';
  const put = (object: ApiObject): void => {
    const keys = namespaces.get(namespaceOf(object)) ?? new Set();
    namespaces.set(namespaceOf(object), keys.add(keyOf(object)));
  };
  const sink: ReflectorSink<ApiObject> = {
    put,
    remove(object) {
      const namespace = namespaceOf(object);
      const keys = namespaces.get(namespace);
      if (keys?.delete(keyOf(object)) !== true) return;
      if (keys.size === 0) namespaces.delete(namespace);
      freed(namespace);
    },
    replace(items) {
      const before = [...namespaces].map(([namespace, keys]) => [namespace, keys.size] as const);
      namespaces.clear();
      for (const item of items) put(item);
      for (const [namespace, size] of before) if ((namespaces.get(namespace)?.size ?? 0) < size) freed(namespace);
      listed.resolve();
    },
  };
  return { sink, namespaces, synced: listed.promise };
}
