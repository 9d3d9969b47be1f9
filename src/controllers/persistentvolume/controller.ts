// Binds PersistentVolumeClaims to PersistentVolumes and keeps the phases of both. Everything is written with the
// version that was read, so that of two who want one volume the slower one starts over. Volumes are made and
// unmade by external provisioners, which read what is annotated here.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import type { StorageClass } from '#api/storage/v1.ts';
import { every } from '#base/clock.ts';
import { createWorkQueue, joinKey, keyOf, runWorkers, type Informer } from '#client';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { indexByClaim, podsOfClaim } from '../pod-claims.ts';
import { isFinished } from '../pod-state.ts';
import { bindCompleted, claimForProvisioner, claimForVolume, claimInPhase, hasAnnotation, unboundVolume, volumeForClaim } from './binding.ts';
import { claimStep, reclaimFailure, volumeStep, type Told } from './reconcile.ts';

/** Waiting claims and released volumes are looked at this often. */
const resyncMs = 15_000;

interface Parts {
  readonly context: ControllerContext;
  readonly volumes: Informer<PersistentVolume>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly classes: Informer<StorageClass>;
  readonly pods: Informer<Pod>;
  wakeClaim(key: string): void;
}

function setUp(context: ControllerContext): Run {
  const { world, signal } = context;
  const claimQueue = createWorkQueue(world);
  const volumeQueue = createWorkQueue(world);
  const parts: Parts = {
    context,
    volumes: context.informer<PersistentVolume>('persistentvolumes'),
    claims: context.informer<PersistentVolumeClaim>('persistentvolumeclaims'),
    classes: context.informer<StorageClass>('storageclasses.storage.k8s.io'),
    pods: context.informer<Pod>('pods'),
    wakeClaim: (key) => claimQueue.add(key),
  };
  const { volumes, claims, classes } = parts;
  indexByClaim(parts.pods);
  const wakeWaiting = (): void => {
    for (const claim of claims.list()) if (!hasAnnotation(claim, bindCompleted)) claimQueue.add(keyOf(claim));
  };
  const volumeSeen = (volume: PersistentVolume): void => {
    volumeQueue.add(keyOf(volume));
    if (volume.spec?.claimRef === undefined && volume.status?.phase === 'Available') wakeWaiting();
  };
  volumes.addHandler({
    added: volumeSeen,
    updated: volumeSeen,
    deleted({ spec }) {
      if (spec?.claimRef !== undefined) claimQueue.add(joinKey(spec.claimRef.namespace ?? '', spec.claimRef.name ?? ''));
    },
  });
  claims.addHandler({
    added: (claim) => claimQueue.add(keyOf(claim)),
    updated: (claim) => claimQueue.add(keyOf(claim)),
    deleted({ spec }) {
      if (spec?.volumeName !== undefined) volumeQueue.add(spec.volumeName);
    },
  });
  classes.addHandler({ added: wakeWaiting, updated: wakeWaiting });
  return async () => {
    await Promise.all([
      every(world.clock, resyncMs, signal, () => {
        wakeWaiting();
        for (const volume of volumes.list()) if (volume.status?.phase !== 'Bound') volumeQueue.add(keyOf(volume));
      }),
      runWorkers(world, claimQueue, 1, signal, (key) => syncClaim(parts, key)),
      runWorkers(world, volumeQueue, 1, signal, (key) => syncVolume(parts, key)),
    ]);
  };
}

async function syncClaim(parts: Parts, key: string): Promise<void> {
  const { context, volumes, claims, classes, pods } = parts;
  const claim = claims.byKey(key);
  if (claim === undefined) return;
  const resource = context.client.resource<PersistentVolumeClaim>('persistentvolumeclaims').in(claim.metadata?.namespace ?? '');
  const tell = (told: Told | undefined): void => {
    if (told !== undefined) context.recorder.event(claim, told.type, told.reason, told.message);
  };
  const waitingPods = podsOfClaim(pods, key).filter((pod) => !isFinished(pod) && (pod.spec?.nodeName ?? '') === '').map((pod) => pod.metadata?.name ?? '');
  const step = claimStep(claim, { volumes: volumes.list(), volume: (name) => volumes.byKey(name), classes: classes.list(), waitingPods });
  switch (step.do) {
    case 'bind':
      return bind(parts, step.volume, claim);
    case 'pending': {
      tell(step.told);
      const changed = claimInPhase(claim, 'Pending', undefined);
      if (changed !== undefined) await resource.updateStatus(changed);
      return;
    }
    case 'lost': {
      if (claim.status?.phase === 'Lost') return;
      const changed = claimInPhase(claim, 'Lost', undefined);
      if (changed !== undefined) await resource.updateStatus(changed);
      return tell(step.told);
    }
    case 'class':
      await resource.update({ ...claim, spec: { ...claim.spec, storageClassName: step.name } });
      return;
    case 'provision': {
      const changed = claimForProvisioner(claim, step.provisioner);
      if (changed !== undefined) await resource.update(changed);
      return tell(step.told);
    }
    case 'tell':
      return tell(step.told);
    case 'fail':
      tell(step.told);
      throw new Error(step.error);
  }
}

/** Volume first, then claim, so that a crash in between leaves something to go on from. */
async function bind({ context: { client } }: Parts, cachedVolume: PersistentVolume, cachedClaim: PersistentVolumeClaim): Promise<void> {
  const volumes = client.resource<PersistentVolume>('persistentvolumes');
  const claims = client.resource<PersistentVolumeClaim>('persistentvolumeclaims').in(cachedClaim.metadata?.namespace ?? '');
  const named = volumeForClaim(cachedVolume, cachedClaim);
  let volume = named === undefined ? cachedVolume : await volumes.update(named);
  if (volume.status?.phase !== 'Bound') volume = await volumes.updateStatus(inPhase(volume, 'Bound'));
  const bound = claimForVolume(cachedClaim, volume);
  const claim = bound === undefined ? cachedClaim : await claims.update(bound);
  const done = claimInPhase(claim, 'Bound', volume);
  if (done !== undefined) await claims.updateStatus(done);
}

function inPhase(volume: PersistentVolume, phase: string, message?: string): PersistentVolume {
  const { message: before, ...status } = volume.status ?? {};
  void before;
  return { ...volume, status: { ...status, phase, ...(message === undefined ? {} : { message }) } };
}

async function syncVolume(parts: Parts, name: string): Promise<void> {
  const { context, volumes } = parts;
  const volume = volumes.byKey(name);
  if (volume === undefined) return;
  const resource = context.client.resource<PersistentVolume>('persistentvolumes');
  const claim = await claimOf(parts, volume);
  const step = volumeStep(volume, claim);
  switch (step.do) {
    case 'phase':
      if (volume.status?.phase !== step.phase) await resource.updateStatus(inPhase(volume, step.phase));
      return;
    case 'unbind': {
      const free = await resource.update(unboundVolume(volume));
      if (free.status?.phase !== 'Available') await resource.updateStatus(inPhase(free, 'Available'));
      return;
    }
    case 'wake claim':
      return parts.wakeClaim(joinKey(claim?.metadata?.namespace ?? '', claim?.metadata?.name ?? ''));
    case 'tell':
      context.recorder.event(volume, step.aboutVolume.type, step.aboutVolume.reason, step.aboutVolume.message);
      if (claim !== undefined) context.recorder.event(claim, step.aboutClaim.type, step.aboutClaim.reason, step.aboutClaim.message);
      return;
    case 'reclaim':
      return reclaim(parts, volume);
  }
}

/** The claim that the volume names by uid. The cache may not know it yet, so the server has the last word. */
async function claimOf({ context, claims }: Parts, volume: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
  const reference = volume.spec?.claimRef;
  if (reference === undefined || (reference.uid ?? '') === '') return undefined;
  const cached = claims.get(reference.namespace ?? '', reference.name ?? '');
  if (cached?.metadata?.uid === reference.uid) return cached;
  // Once released, it has been asked.
  if (cached === undefined && (volume.status?.phase === 'Released' || volume.status?.phase === 'Failed')) return undefined;
  try {
    const live = await context.client.resource<PersistentVolumeClaim>('persistentvolumeclaims').in(reference.namespace ?? '').get(reference.name ?? '');
    return live.metadata?.uid === reference.uid ? live : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function reclaim({ context: { client, recorder } }: Parts, cached: PersistentVolume): Promise<void> {
  const resource = client.resource<PersistentVolume>('persistentvolumes');
  let volume = cached;
  if (volume.status?.phase !== 'Released' && volume.status?.phase !== 'Failed') volume = await resource.updateStatus(inPhase(volume, 'Released'));
  const told = reclaimFailure(volume);
  if (told === undefined || volume.status?.phase === 'Failed') return;
  await resource.updateStatus(inPhase(volume, 'Failed', told.message));
  recorder.event(volume, told.type, told.reason, told.message);
}

export const persistentvolume: Controller = {
  name: 'persistentvolume-binder-controller',
  alias: 'persistentvolume-binder',
  is: 'Binds PersistentVolumeClaims to PersistentVolumes.',
  serviceAccount: 'persistent-volume-binder',
  eventSource: 'persistentvolume-controller',
  reads: ['persistentvolumes', 'persistentvolumeclaims', 'storageclasses.storage.k8s.io', 'pods'],
  writes: ['persistentvolumes', 'persistentvolumeclaims', 'persistentvolumes/status', 'persistentvolumeclaims/status'],
  setUp,
};
