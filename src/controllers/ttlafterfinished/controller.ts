// Deletes finished Jobs whose ttlSecondsAfterFinished has passed. The Job is read again past the cache first,
// because somebody may just have given it more time.
import type { Job } from '#api/batch/v1.ts';
import { createWorkQueue, keyOf, runWorkers, splitKey } from '#client';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { timeLeftMs } from './reconcile.ts';

const workers = 5;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const jobs = context.informer<Job>('jobs.batch');
  const queue = createWorkQueue(world);
  const wake = (job: Job): void => {
    if (timeLeftMs(job, world.clock.now()) !== undefined) queue.add(keyOf(job));
  };
  jobs.addHandler({ added: wake, updated: wake });
  return () =>
    runWorkers(world, queue, workers, signal, async (key) => {
      const left = timeLeftMs(jobs.byKey(key), world.clock.now());
      if (left === undefined) return;
      if (left > 0) return { requeueAfterMs: left };
      const { namespace, name } = splitKey(key);
      const resource = client.resource<Job>('jobs.batch').in(namespace);
      try {
        const fresh = await resource.get(name);
        const still = timeLeftMs(fresh, world.clock.now());
        if (still === undefined) return;
        if (still > 0) return { requeueAfterMs: still };
        await resource.delete(name, { propagationPolicy: 'Foreground', preconditions: { uid: fresh.metadata?.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
}

export const ttlafterfinished: Controller = {
  name: 'ttl-after-finished-controller',
  alias: 'ttl-after-finished',
  is: 'Deletes finished Jobs when their time to live is over.',
  serviceAccount: 'ttl-after-finished-controller',
  reads: ['jobs.batch'],
  writes: ['jobs.batch'],
  setUp,
};
