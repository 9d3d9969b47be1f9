// Keeps PersistentVolumeClaims that pods use from vanishing: admission puts the finalizer on, this takes it off once
// a deleted claim is out of use. The cache alone may not know the newest pod, so before letting go it asks the
// server; claims of one namespace share that answer.
import type { PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import { createWorkQueue, keyOf, runWorkers, splitKey } from '#client';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { claimKeysOf, indexByClaim, podsOfClaim } from '../pod-claims.ts';
import { changed, isUsed, mayRelease, stepFor } from './reconcile.ts';

const workers = 5;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const claims = context.informer<PersistentVolumeClaim>('persistentvolumeclaims');
  const pods = context.informer<Pod>('pods');
  // Keys are namespaces; the claims waiting in each are kept beside.
  const queue = createWorkQueue(world);
  const waiting = new Map<string, Set<string>>();
  const enqueue = (key: string): void => {
    const { namespace, name } = splitKey(key);
    const names = waiting.get(namespace) ?? new Set();
    waiting.set(namespace, names.add(name));
    queue.add(namespace);
  };
  indexByClaim(pods);
  const wake = (claim: PersistentVolumeClaim): void => {
    if (stepFor(claim) !== 'nothing') enqueue(keyOf(claim));
  };
  claims.addHandler({ added: wake, updated: wake });
  const podEvent = (pod: Pod, deleted: boolean): void => {
    if (mayRelease(pod, deleted)) claimKeysOf(pod).forEach(enqueue);
  };
  pods.addHandler({
    added: (pod) => podEvent(pod, false),
    updated(pod, old) {
      podEvent(pod, false);
      // A deletion and a new pod of the same name may arrive as one update.
      if (old.metadata?.uid !== pod.metadata?.uid) podEvent(old, true);
    },
    deleted: (pod) => podEvent(pod, true),
  });

  async function handle(claim: PersistentVolumeClaim, livePods: () => Promise<readonly Pod[]>): Promise<void> {
    const step = stepFor(claim);
    if (step === 'nothing') return;
    if (step === 'release' && (isUsed(claim, podsOfClaim(pods, keyOf(claim))) || isUsed(claim, await livePods()))) return;
    await client.resource<PersistentVolumeClaim>('persistentvolumeclaims').in(claim.metadata?.namespace ?? '').update(changed(claim, step));
  }

  return () =>
    runWorkers(world, queue, workers, signal, async (namespace) => {
      const names = waiting.get(namespace) ?? new Set();
      waiting.delete(namespace);
      let live: Promise<readonly Pod[]> | undefined;
      const livePods = (): Promise<readonly Pod[]> => (live ??= client.resource<Pod>('pods').in(namespace).listAll({ signal }).then((list) => list.items));
      const failures: unknown[] = [];
      for (const name of names) {
        const claim = claims.get(namespace, name);
        if (claim === undefined) continue;
        try {
          await handle(claim, livePods);
        } catch (error) {
          failures.push(error);
          const again = waiting.get(namespace) ?? new Set();
          waiting.set(namespace, again.add(name));
        }
      }
      if (failures.length > 0) throw failures[0];
    });
}

export const pvcprotection: Controller = {
  name: 'persistentvolumeclaim-protection-controller',
  alias: 'pvc-protection',
  is: 'Lets deleted PersistentVolumeClaims go once no pod uses them.',
  serviceAccount: 'pvc-protection-controller',
  reads: ['persistentvolumeclaims', 'pods'],
  writes: ['persistentvolumeclaims'],
  setUp,
};
