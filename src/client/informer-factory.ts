// One informer per resource, selector and extent for a whole program: whoever asks first makes it, all share it, one
// start runs them.
import type { World } from '#base/world.ts';
import { resourceNamed } from './client.ts';
import type { ApiObject, Client, InformerFactory } from './contract.ts';
import { createInformer, type InformerOptions, type RunnableInformer } from './informer.ts';

/** Informers through `client`; `resyncMs` repeats every object to the handlers that often. */
export function createInformerFactory(world: World, client: Client, options: { readonly resyncMs?: number } = {}): InformerFactory {
  // The element type differs per key; each caller names the type of the resource it asks for.
  const informers = new Map<string, RunnableInformer<ApiObject>>();
  let running: AbortSignal | undefined;
  const find = <T extends ApiObject>(name: string, wanted: InformerOptions): RunnableInformer<T> => {
    const info = resourceNamed(name);
    const key = [info.group, info.version, info.plural, wanted.namespace ?? '', wanted.labelSelector ?? '', wanted.fieldSelector ?? '', wanted.metadataOnly === true, wanted.keepManagedFields === true].join('|');
    const known = informers.get(key);
    if (known !== undefined) return known as RunnableInformer<T>;
    const made = createInformer<T>(world, client, info, { ...wanted, resyncMs: options.resyncMs });
    informers.set(key, made as unknown as RunnableInformer<ApiObject>);
    if (running !== undefined) void made.run(running);
    return made;
  };
  return {
    informer: <T extends ApiObject>(name: string, wanted: InformerOptions = {}) => find<T>(name, wanted),
    async start(signal) {
      if (running === undefined) {
        running = signal;
        for (const informer of informers.values()) void informer.run(signal);
      }
      const aborted = new Promise<never>((_, reject) => {
        if (signal.aborted) reject(signal.reason);
        else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      await Promise.race([Promise.all([...informers.values()].map((informer) => informer.synced)), aborted]);
    },
  };
}
