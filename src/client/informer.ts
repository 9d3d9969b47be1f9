// A local copy of a resource and those who are told about its changes. Handlers run one after another on the
// same turn and a failing one is logged and passed over, so none keeps another from an event. What a relist no
// longer shows is told as deleted; an object that was replaced by a namesake is told as deleted and added.
import { errorText } from '#base/errors.ts';
import { every } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { ApiObject, Client, Informer, InformerHandler } from './contract.ts';
import { deepFreeze } from './deep-freeze.ts';
import { createIndexer } from './indexer.ts';
import { keyOf } from './object-key.ts';
import { runReflector, type ReflectorSink } from './reflector.ts';

export interface InformerOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** One namespace; all when empty. */
  readonly namespace?: string;
  /** Hold metadata alone (PartialObjectMetadata). */
  readonly metadataOnly?: boolean;
  /** Tell every object again as updated this often; not at all when undefined. */
  readonly resyncMs?: number;
  /** metadata.managedFields is dropped unless asked for: it is often the largest part and nobody reads it. */
  readonly keepManagedFields?: boolean;
}

/** An informer that its owner runs: for resources that come and go (custom ones). */
export interface RunnableInformer<T extends ApiObject> extends Informer<T> {
  /** Fills the copy and keeps it fresh until `signal` aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface Handlers<T> {
  readonly all: InformerHandler<T>[];
  tell(call: (handler: InformerHandler<T>) => void): void;
}

function createHandlers<T>(world: World, plural: string): Handlers<T> {
  const all: InformerHandler<T>[] = [];
  return {
    all,
    tell(call) {
      for (const handler of all) {
        try {
          call(handler);
        } catch (error) {
          world.log.error('an event handler failed', { resource: plural, error: errorText(error) });
        }
      }
    },
  };
}

/** An informer for `info` through `client`. */
export function createInformer<T extends ApiObject>(world: World, client: Client, info: ResourceInfo, options: InformerOptions = {}): RunnableInformer<T> {
  const objects = createIndexer<T>();
  const handlers = createHandlers<T>(world, info.plural);
  const synced = Promise.withResolvers<void>();
  let hasSynced = false;

  const prepare = (object: T): T => {
    if (options.keepManagedFields !== true && object.metadata !== undefined) delete object.metadata.managedFields;
    return deepFreeze(object);
  };
  const put = (incoming: T): void => {
    const object = prepare(incoming);
    const old = objects.put(object);
    if (old === undefined) handlers.tell((handler) => handler.added?.(object));
    else if (old.metadata?.uid === object.metadata?.uid) handlers.tell((handler) => handler.updated?.(object, old));
    else {
      handlers.tell((handler) => handler.deleted?.(old));
      handlers.tell((handler) => handler.added?.(object));
    }
  };
  const remove = (key: string, last?: T): void => {
    const old = objects.remove(key);
    if (old === undefined) return;
    handlers.tell((handler) => handler.deleted?.(last ?? old));
  };
  const sink: ReflectorSink<T> = {
    put,
    remove: (object) => remove(keyOf(object), prepare(object)),
    replace(items) {
      const present = new Set(items.map(keyOf));
      for (const key of objects.keys()) if (!present.has(key)) remove(key);
      for (const item of items) {
        const old = objects.get(keyOf(item));
        const version = item.metadata?.resourceVersion;
        const same = old !== undefined && old.metadata?.uid === item.metadata?.uid && version !== undefined && old.metadata?.resourceVersion === version;
        if (!same) put(item);
      }
      hasSynced = true;
      synced.resolve();
    },
  };

  return {
    info,
    synced: synced.promise,
    get hasSynced() {
      return hasSynced;
    },
    get: (namespace, name) => objects.get(namespace === '' ? name : `${namespace}/${name}`),
    byKey: objects.get,
    list: objects.list,
    byIndex: objects.byIndex,
    addIndex: objects.addIndex,
    addHandler(handler) {
      handlers.all.push(handler);
      const own = createHandlers<T>(world, info.plural);
      own.all.push(handler);
      for (const object of objects.list()) own.tell((one) => one.added?.(object));
    },
    async run(signal) {
      const resource = client.forInfo<T>(info).in(options.namespace ?? '');
      const { labelSelector, fieldSelector, metadataOnly, resyncMs } = options;
      if (resyncMs !== undefined) {
        void every(world.clock, resyncMs, signal, () => {
          for (const object of objects.list()) handlers.tell((handler) => handler.updated?.(object, object));
        });
      }
      await runReflector(world, resource, { labelSelector, fieldSelector, metadataOnly }, sink, signal);
    },
  };
}
