// Which volume a claim gets, what it waits for, and what becomes of a volume without its claim.
import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec } from '#api/core/v1.ts';
import type { StorageClass } from '#api/storage/v1.ts';
import { bindCompleted, boundByController, claimForVolume, claimInPhase, provisionedBy, selectedNode, unboundVolume, volumeForClaim } from './binding.ts';
import { bestMatch } from './matching.ts';
import { claimStep, reclaimFailure, volumeStep, type ClaimView } from './reconcile.ts';

function volume(name: string, size: string, spec: PersistentVolumeSpec = {}, phase = 'Available', more: PersistentVolume['metadata'] = {}): PersistentVolume {
  return { metadata: { name, ...more }, spec: { capacity: { storage: size }, accessModes: ['ReadWriteOnce'], ...spec }, status: { phase } };
}

function claim(size: string, spec: PersistentVolumeClaimSpec = {}, annotations: Record<string, string> = {}, status: PersistentVolumeClaim['status'] = { phase: 'Pending' }): PersistentVolumeClaim {
  return { metadata: { name: 'data', namespace: 'a', uid: 'c1', annotations }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: size } }, ...spec }, status };
}

const ours = { name: 'data', namespace: 'a', uid: 'c1' };
const theirs = { name: 'other', namespace: 'a', uid: 'c2' };
const storageClass = (name: string, more: Partial<StorageClass> = {}): StorageClass => ({ metadata: { name }, provisioner: 'csi.example.com', ...more });
const view = (volumes: PersistentVolume[] = [], classes: StorageClass[] = [], waitingPods: string[] = []): ClaimView => ({ volumes, volume: (name) => volumes.find((each) => each.metadata?.name === name), classes, waitingPods });

test.each<[string, PersistentVolumeClaim, PersistentVolume[], string | undefined]>([
  ['the smallest that is large enough', claim('5Gi'), [volume('big', '10Gi'), volume('fit', '6Gi'), volume('small', '1Gi')], 'fit'],
  ['the one with the fewest modes', claim('5Gi'), [volume('many', '5Gi', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }), volume('one', '10Gi')], 'one'],
  ['not one without the mode', claim('1Gi', { accessModes: ['ReadWriteMany'] }), [volume('one', '5Gi')], undefined],
  ['not one of another class', claim('1Gi', { storageClassName: 'fast' }), [volume('plain', '5Gi')], undefined],
  ['not one of another volume mode', claim('1Gi', { volumeMode: 'Block' }), [volume('files', '5Gi')], undefined],
  ['not one that is not available', claim('1Gi'), [volume('used', '5Gi', {}, 'Released')], undefined],
  ['not one that is being deleted', claim('1Gi'), [volume('dying', '5Gi', {}, 'Available', { deletionTimestamp: '2026-01-01T00:00:00Z' })], undefined],
  ['not one that is meant for another', claim('1Gi'), [volume('reserved', '5Gi', { claimRef: theirs })], undefined],
  ['the one that is meant for it, though larger', claim('1Gi'), [volume('fit', '1Gi'), volume('mine', '5Gi', { claimRef: { name: 'data', namespace: 'a' } })], 'mine'],
  ['one by its labels', claim('1Gi', { selector: { matchLabels: { tier: 'x' } } }), [volume('a', '1Gi'), volume('b', '2Gi', {}, 'Available', { labels: { tier: 'x' } })], 'b'],
])('a claim gets %s', (_, subject, volumes, wanted) => expect(bestMatch(subject, volumes, false)?.metadata?.name).toBe(wanted));

describe('a claim', () => {
  const late = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
  test.each<[string, PersistentVolumeClaim, ClaimView, string, string | undefined]>([
    ['is bound to what fits', claim('1Gi'), view([volume('v', '1Gi')]), 'bind', undefined],
    ['waits without a class', claim('1Gi'), view(), 'pending', 'FailedBinding'],
    ['waits for its first consumer', claim('1Gi', { storageClassName: 'late' }), view([volume('v', '1Gi', { storageClassName: 'late' })], [late]), 'pending', 'WaitForFirstConsumer'],
    ['waits for its pod', claim('1Gi', { storageClassName: 'late' }), view([], [late], ['web']), 'pending', 'WaitForPodScheduled'],
    ['takes what the scheduler has chosen', claim('1Gi', { storageClassName: 'late' }), view([volume('v', '1Gi', { storageClassName: 'late', claimRef: ours })], [late]), 'bind', undefined],
    ['is provisioned on the chosen node', claim('1Gi', { storageClassName: 'late' }, { [selectedNode]: 'n1' }), view([], [late]), 'provision', 'ExternalProvisioning'],
    ['is provisioned', claim('1Gi', { storageClassName: 'now' }), view([], [storageClass('now')]), 'provision', 'ExternalProvisioning'],
    ['is told of a class that is not there', claim('1Gi', { storageClassName: 'now' }), view(), 'tell', 'ProvisioningFailed'],
    ['is told of a class without a provisioner', claim('1Gi', { storageClassName: 'now' }), view([], [storageClass('now', { provisioner: 'kubernetes.io/no-provisioner' })]), 'tell', 'ProvisioningFailed'],
    ['waits for the volume it names', claim('1Gi', { volumeName: 'v' }), view(), 'pending', undefined],
    ['gets the volume it names', claim('1Gi', { volumeName: 'v' }), view([volume('v', '1Gi', {}, 'Pending')]), 'bind', undefined],
    ['does not get one that is too small', claim('2Gi', { volumeName: 'v' }), view([volume('v', '1Gi')]), 'pending', 'VolumeMismatch'],
    ['does not get another’s', claim('1Gi', { volumeName: 'v' }), view([volume('v', '1Gi', { claimRef: theirs })]), 'pending', 'FailedBinding'],
    ['that was bound wrongly fails', claim('1Gi', { volumeName: 'v' }, { [boundByController]: 'yes' }), view([volume('v', '1Gi', { claimRef: theirs })]), 'fail', 'FailedBinding'],
    ['is lost with its volume', claim('1Gi', { volumeName: 'v' }, { [bindCompleted]: 'yes' }), view(), 'lost', 'ClaimLost'],
    ['is lost when its volume is another’s', claim('1Gi', { volumeName: 'v' }, { [bindCompleted]: 'yes' }), view([volume('v', '1Gi', { claimRef: theirs })]), 'lost', 'ClaimMisbound'],
    ['is bound anew when its volume forgot it', claim('1Gi', { volumeName: 'v' }, { [bindCompleted]: 'yes' }), view([volume('v', '1Gi')]), 'bind', undefined],
  ])('%s', (_, subject, seen, wanted, reason) => {
    const step = claimStep(subject, seen);
    expect([step.do, 'told' in step ? step.told?.reason : undefined]).toEqual([wanted, reason]);
  });

  test('that says no class gets the newest default one', () => {
    const standard = (name: string, creationTimestamp: string): StorageClass => storageClass(name, { metadata: { name, creationTimestamp, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } });
    expect(claimStep(claim('1Gi', { storageClassName: undefined }), view([], [standard('old', '2025-01-01T00:00:00Z'), standard('new', '2026-01-01T00:00:00Z')]))).toEqual({ do: 'class', name: 'new' });
  });
});

test('binding shows on both, and a second look changes nothing', () => {
  const subject = claim('1Gi');
  const named = volumeForClaim(volume('v', '2Gi'), subject);
  expect([named?.spec?.claimRef?.uid, named?.metadata?.annotations]).toEqual(['c1', { [boundByController]: 'yes' }]);
  const bound = claimForVolume(subject, named ?? {});
  expect([bound?.spec?.volumeName, bound?.metadata?.annotations]).toEqual(['v', { [boundByController]: 'yes', [bindCompleted]: 'yes' }]);
  const done = claimInPhase(bound ?? {}, 'Bound', named);
  expect(done?.status).toEqual({ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' } });
  expect([volumeForClaim(named ?? {}, subject), claimForVolume(bound ?? {}, named ?? {}), claimInPhase(done ?? {}, 'Bound', named)]).toEqual([undefined, undefined, undefined]);
  expect(claimInPhase(done ?? {}, 'Lost', undefined)?.status).toEqual({ phase: 'Lost' });
  // What the user has bound himself is not marked as the controller's.
  const reserved = volumeForClaim(volume('v', '2Gi', { claimRef: { name: 'data', namespace: 'a' } }), subject);
  expect([reserved?.spec?.claimRef?.uid, reserved?.metadata?.annotations]).toEqual(['c1', undefined]);
});

describe('a volume', () => {
  test.each<[string, PersistentVolume, PersistentVolumeClaim | undefined, string]>([
    ['of nobody is available', volume('v', '1Gi'), undefined, 'phase Available'],
    ['meant for somebody is available', volume('v', '1Gi', { claimRef: { name: 'data', namespace: 'a' } }), undefined, 'phase Available'],
    ['of its claim is bound', volume('v', '1Gi', { claimRef: ours }), claim('1Gi', { volumeName: 'v' }), 'phase Bound'],
    ['whose claim does not know yet wakes it', volume('v', '1Gi', { claimRef: ours }), claim('1Gi'), 'wake claim'],
    ['of another mode than its claim is told', volume('v', '1Gi', { claimRef: ours, volumeMode: 'Block' }), claim('1Gi'), 'tell'],
    ['whose claim took another is let go', volume('v', '1Gi', { claimRef: ours }), claim('1Gi', { volumeName: 'w' }), 'unbind'],
    ['made for a claim that took another is reclaimed', volume('v', '1Gi', { claimRef: ours, persistentVolumeReclaimPolicy: 'Delete' }, 'Bound', { annotations: { [provisionedBy]: 'x' } }), claim('1Gi', { volumeName: 'w' }), 'reclaim'],
    ['whose claim is gone is reclaimed', volume('v', '1Gi', { claimRef: ours }), undefined, 'reclaim'],
  ])('%s', (_, subject, its, wanted) => {
    const step = volumeStep(subject, its);
    expect(step.do === 'phase' ? `phase ${step.phase}` : step.do).toBe(wanted);
  });

  test.each<[string, PersistentVolumeSpec, Record<string, string>, string | undefined]>([
    ['kept', { persistentVolumeReclaimPolicy: 'Retain' }, {}, undefined],
    ['left to its driver', { persistentVolumeReclaimPolicy: 'Delete' }, { [provisionedBy]: 'csi.example.com' }, undefined],
    ['left to its CSI driver', { persistentVolumeReclaimPolicy: 'Delete', csi: { driver: 'x', volumeHandle: 'y' } }, {}, undefined],
    ['failed when nobody can delete it', { persistentVolumeReclaimPolicy: 'Delete', local: { path: '/x' } }, {}, 'VolumeFailedDelete'],
    ['failed when nobody can recycle it', { persistentVolumeReclaimPolicy: 'Recycle' }, {}, 'VolumeFailedRecycle'],
  ])('released is %s', (_, spec, annotations, reason) => expect(reclaimFailure(volume('v', '1Gi', spec, 'Released', { annotations }))?.reason).toBe(reason));

  test('that is let go forgets a claim that the controller chose, and keeps the name of one that the user chose', () => {
    expect(unboundVolume(volume('v', '1Gi', { claimRef: ours }, 'Bound', { annotations: { [boundByController]: 'yes' } })).spec?.claimRef).toBeUndefined();
    expect(unboundVolume(volume('v', '1Gi', { claimRef: ours })).spec?.claimRef).toEqual({ name: 'data', namespace: 'a', uid: undefined });
  });
});
