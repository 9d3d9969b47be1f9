// Keeps bound PersistentVolumes from vanishing: admission puts the finalizer on, this takes it off once a deleted
// volume is bound no more.
import type { PersistentVolume } from '#api/core/v1.ts';
import { createWorkQueue, keyOf, runWorkers } from '#client';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { reconcile } from './reconcile.ts';

const workers = 1;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const volumes = context.informer<PersistentVolume>('persistentvolumes');
  const queue = createWorkQueue(world);
  const wake = (volume: PersistentVolume): void => {
    if (reconcile(volume) !== undefined) queue.add(keyOf(volume));
  };
  volumes.addHandler({ added: wake, updated: wake });
  return () =>
    runWorkers(world, queue, workers, signal, async (name) => {
      const volume = volumes.byKey(name);
      const wanted = volume === undefined ? undefined : reconcile(volume);
      if (wanted !== undefined) await client.resource<PersistentVolume>('persistentvolumes').update(wanted);
    });
}

export const pvprotection: Controller = {
  name: 'persistentvolume-protection-controller',
  alias: 'pv-protection',
  is: 'Lets deleted PersistentVolumes go once they are not bound.',
  serviceAccount: 'pv-protection-controller',
  reads: ['persistentvolumes'],
  writes: ['persistentvolumes'],
  setUp,
};
