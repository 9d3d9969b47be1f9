// A watch on every resource that can be deleted, custom ones included as they come and go. Of each object only
// its place in the graph is kept, not the object itself, so that watching everything costs little memory.
import type { ResourceInfo } from '#api/resources.ts';
import type { World } from '#base/world.ts';
import { apiVersionOf, keyOf, runReflector, type ApiObject, type Client, type ReflectorSink } from '#client';
import type { Effects, Graph, Identity } from './graph.ts';

export interface Monitors {
  /** Watches exactly these from now on. */
  watch(resources: readonly ResourceInfo[]): void;
  /** Resolves when every resource watched at the time of the call has been listed once. */
  synced(): Promise<void>;
  readonly size: number;
}

interface Monitor {
  readonly stop: AbortController;
  readonly synced: Promise<void>;
}

export function createMonitors(world: World, client: Client, graph: Graph, signal: AbortSignal, apply: (effects: Effects) => void): Monitors {
  const running = new Map<string, Monitor>();
  signal.addEventListener('abort', () => {
    for (const { stop } of running.values()) stop.abort(signal.reason);
  });
  return {
    watch(resources) {
      const wanted = new Map(resources.map((info) => [`${info.plural}.${info.version}.${info.group}`, info]));
      for (const [key, monitor] of running) {
        if (wanted.has(key)) continue;
        monitor.stop.abort(new Error('the resource is no longer served'));
        running.delete(key);
      }
      for (const [key, info] of wanted) {
        if (running.has(key) || signal.aborted) continue;
        const stop = new AbortController();
        const synced = Promise.withResolvers<void>();
        void runReflector(world, client.forInfo<ApiObject>(info), { metadataOnly: true }, createSink(info, graph, apply, synced.resolve), stop.signal);
        running.set(key, { stop, synced: synced.promise });
      }
    },
    synced: async () => void (await Promise.all([...running.values()].map((monitor) => monitor.synced))),
    get size() {
      return running.size;
    },
  };
}

function createSink(info: ResourceInfo, graph: Graph, apply: (effects: Effects) => void, listed: () => void): ReflectorSink<ApiObject> {
  const apiVersion = apiVersionOf(info);
  const uids = new Map<string, string>();
  const identityOf = (object: ApiObject): Identity => ({
    apiVersion,
    kind: info.kind,
    namespace: object.metadata?.namespace ?? '',
    name: object.metadata?.name ?? '',
    uid: object.metadata?.uid ?? '',
  });
  const gone = (key: string): void => {
    const uid = uids.get(key);
    if (uid === undefined) return;
    uids.delete(key);
    const node = graph.get(uid);
    if (node !== undefined) apply(graph.deleted(node.identity));
  };
  const put = (object: ApiObject): void => {
    const identity = identityOf(object);
    const key = keyOf(object);
    if (uids.has(key) && uids.get(key) !== identity.uid) gone(key);
    uids.set(key, identity.uid);
    apply(graph.observed(identity, object.metadata ?? {}));
  };
  return {
    put,
    remove: (object) => gone(keyOf(object)),
    replace(items) {
      const present = new Set(items.map(keyOf));
      for (const key of uids.keys()) if (!present.has(key)) gone(key);
      for (const item of items) put(item);
      listed();
    },
  };
}
