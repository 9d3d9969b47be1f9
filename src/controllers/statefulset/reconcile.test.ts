// StatefulSet decisions: order, partition, leaving, updates, identity, and whose the claims are.
import { describe, expect, test } from 'vitest';
import type { StatefulSet, StatefulSetSpec } from '#api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import type { OwnerReference } from '#api/meta/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { revisionLabel } from '../revision-history.ts';
import { claimsFor, newPod, repaired } from './identity.ts';
import { plan, statusOf, type Observed, type Step } from './reconcile.ts';
import { withOwners } from './retention.ts';

const now = Date.parse('2026-01-01T12:00:00Z');

function statefulSet(spec: Partial<StatefulSetSpec> = {}, more: StatefulSet['metadata'] = {}): StatefulSet {
  return {
    metadata: { name: 'db', namespace: 'a', uid: 'set', generation: 3, ...more },
    spec: { replicas: 3, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } }, spec: { containers: [] } }, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, ...spec },
  };
}

/** w: well; s: starting (running, not ready); p: pending; f: failed; t: terminating. Capitals are of the old revision. */
function pod(set: StatefulSet, ordinal: number, state: string, readyFor = 100): Pod {
  const made = newPod(set, ordinal, set.spec?.template ?? {}, state === state.toUpperCase() ? 'old' : 'new', { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'set', controller: true });
  const kind = state.toLowerCase();
  const phase = { p: 'Pending', f: 'Failed' }[kind] ?? 'Running';
  const ready = kind === 'w' || kind === 't';
  return {
    ...made,
    metadata: { ...made.metadata, uid: `pod${ordinal}`, ...(kind === 't' ? { deletionTimestamp: rfc3339(now) } : {}) },
    status: { phase, conditions: ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(now - readyFor * 1000) }] : [] },
  };
}

/** States by ordinal from 0; '-' is missing. */
function observed(set: StatefulSet, states: string, claims: readonly PersistentVolumeClaim[] = [], readyFor = 100): Observed {
  const pods = [...states].flatMap((state, ordinal) => (state === '-' ? [] : [pod(set, ordinal, state, readyFor)]));
  return { set, pods, currentRevision: 'old', updateRevision: 'new', claim: (name) => claims.find((claim) => claim.metadata?.name === name) };
}

function text(step: Step): string {
  return step.do === 'create' ? `create ${step.ordinal} ${step.revision}` : `${step.do} ${step.pod.metadata?.name?.slice(3)}`;
}

const steps = (subject: Observed): string[] => plan(subject, now).stages.flat().map(text);
const parallel: Partial<StatefulSetSpec> = { podManagementPolicy: 'Parallel' };
const rolling = (rollingUpdate: NonNullable<StatefulSetSpec['updateStrategy']>['rollingUpdate']): Partial<StatefulSetSpec> => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });

describe('a set', () => {
  test.each<[string, Partial<StatefulSetSpec>, string, string[]]>([
    ['creates the first', {}, '', ['create 0 new']],
    ['waits until it is ready', {}, 's', []],
    ['makes the claims of a pending one', {}, 'p', ['claims 0']],
    ['goes on then', {}, 'w', ['create 1 new']],
    ['fills a gap first', {}, 'w-w', ['create 1 new']],
    ['waits for a terminating one', {}, 'wtw', []],
    ['replaces a failed one', {}, 'wf', ['delete 1']],
    ['starts where its ordinals do', { ordinals: { start: 1 } }, '-w', ['create 2 new']],
    ['creates all at once in parallel', parallel, '-s', ['create 0 new', 'create 2 new']],
    ['scales down from the top', { replicas: 1 }, 'www', ['delete 2']],
    ['scales down one by one', { replicas: 1 }, 'wwt', []],
    ['does not scale down while one it keeps is ill', { replicas: 1 }, 'sww', []],
    ['scales down an ill one itself', { replicas: 1 }, 'wws', ['delete 2']],
    ['does not scale down while a lower one that goes is ill', { replicas: 1 }, 'wss', []],
    ['scales down at once in parallel', { ...parallel, replicas: 1 }, 'wsw', ['delete 2', 'delete 1']],
    ['scales down what is below its range', { ordinals: { start: 2 }, replicas: 1 }, 'w-w', ['delete 0']],
    ['is done', {}, 'www', []],
    ['updates from the top', {}, 'WWW', ['delete 2']],
    ['updates the next when the new one is well', {}, 'WWw', ['delete 1']],
    ['waits for the new one', {}, 'WWs', []],
    ['leaves those below the partition', rolling({ partition: 2 }), 'WWw', []],
    ['creates those below the partition as they were', rolling({ partition: 2 }), 'W-w', ['create 1 old']],
    ['updates several at once', rolling({ maxUnavailable: 2 }), 'WWW', ['delete 2', 'delete 1']],
    ['counts the ill ones among them', { ...rolling({ maxUnavailable: 2 }), ...parallel }, 'WWs', ['delete 1']],
    ['leaves them OnDelete', { updateStrategy: { type: 'OnDelete' } }, 'WWW', []],
    ['of the elder strategy keeps as many as it had', { updateStrategy: { type: 'RollingUpdate' } }, '-WW', ['create 0 new']],
  ])('%s', (_, spec, states, wanted) => expect(steps(observed(statefulSet(spec), states))).toEqual(wanted));

  test('counts a pod only after minReadySeconds', () => {
    const set = statefulSet({ minReadySeconds: 30 });
    expect(steps(observed(set, 'w', [], 10))).toEqual([]);
    expect(steps(observed(set, 'w', [], 31))).toEqual(['create 1 new']);
  });

  test('in deletion does nothing', () => expect(steps(observed(statefulSet({}, { deletionTimestamp: rfc3339(now) }), 'w'))).toEqual([]));

  test('puts a pod right that lost its label', () => {
    const subject = observed(statefulSet({ replicas: 1 }), 'w');
    const lost = { ...subject.pods[0], metadata: { ...subject.pods[0]?.metadata, labels: { app: 'db', [revisionLabel]: 'new' } } };
    expect(steps({ ...subject, pods: [lost] })).toEqual(['repair 0']);
    expect(repaired(subject.set, lost).metadata?.labels?.['statefulset.kubernetes.io/pod-name']).toBe('db-0');
  });
});

test('status counts, and an update that is complete', () => {
  expect(statusOf(observed(statefulSet(), 'WtsW'), 0, 0, now)).toEqual({ observedGeneration: 3, replicas: 4, readyReplicas: 3, availableReplicas: 3, currentReplicas: 2, updatedReplicas: 1, currentRevision: 'old', updateRevision: 'new', collisionCount: 0 });
  expect(statusOf(observed(statefulSet(), 'WWW'), 0, 1, now).currentReplicas).toBe(2);
  const done = statusOf(observed(statefulSet(), 'www'), 0, 0, now);
  expect([done.currentRevision, done.currentReplicas]).toEqual(['new', 3]);
});

const template: PersistentVolumeClaim = { metadata: { name: 'data', labels: { tier: 'x' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };

test('a pod has its name, labels, host name and claims', () => {
  const set = statefulSet({ volumeClaimTemplates: [template], template: { metadata: { labels: { app: 'db' } }, spec: { containers: [], volumes: [{ name: 'data', emptyDir: {} }, { name: 'tmp', emptyDir: {} }] } } });
  const made = newPod(set, 4, set.spec?.template ?? {}, 'rev', { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'set', controller: true });
  expect(made.metadata).toMatchObject({ name: 'db-4', namespace: 'a', labels: { app: 'db', 'apps.kubernetes.io/pod-index': '4', 'statefulset.kubernetes.io/pod-name': 'db-4', [revisionLabel]: 'rev' } });
  expect(made.metadata).not.toHaveProperty('generateName');
  expect(made.spec).toMatchObject({ hostname: 'db-4', subdomain: 'db', volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-4' } }, { name: 'tmp', emptyDir: {} }] });
  expect(claimsFor(set, 4).map((each) => each.metadata)).toEqual([{ name: 'data-db-4', namespace: 'a', labels: { tier: 'x', app: 'db' } }]);
});

describe('the claims of a pod', () => {
  const bySet: OwnerReference = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'set', controller: true, blockOwnerDeletion: true };
  const byPod: OwnerReference = { apiVersion: 'v1', kind: 'Pod', name: 'db-0', uid: 'pod0', controller: true, blockOwnerDeletion: true };
  const stranger: OwnerReference = { apiVersion: 'x/v1', kind: 'Backup', name: 'b', uid: 'b', controller: true };
  const claimOf = (...ownerReferences: OwnerReference[]): PersistentVolumeClaim => ({ metadata: { name: 'data-db-0', namespace: 'a', ownerReferences } });
  const policy = (whenDeleted: string, whenScaled: string, replicas = 3): StatefulSet => statefulSet({ replicas, persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled }, volumeClaimTemplates: [template] });
  test.each<[string, StatefulSet, PersistentVolumeClaim, OwnerReference[] | undefined]>([
    ['are nobody’s when kept', policy('Retain', 'Retain'), claimOf(), undefined],
    ['are given up when kept from now on', policy('Retain', 'Retain'), claimOf(bySet), []],
    ['are the set’s when they go with it', policy('Delete', 'Retain'), claimOf(), [bySet]],
    ['stay the set’s', policy('Delete', 'Retain'), claimOf(bySet), undefined],
    ['are nobody’s in range', policy('Retain', 'Delete'), claimOf(), undefined],
    ['are the pod’s when it is scaled away', policy('Retain', 'Delete', 0), claimOf(), [byPod]],
    ['change from set to pod when it is scaled away', policy('Delete', 'Delete', 0), claimOf(bySet), [byPod]],
    ['change back when it is scaled up again', policy('Delete', 'Delete'), claimOf(byPod), [bySet]],
    ['of an earlier pod are left alone', policy('Delete', 'Delete'), claimOf({ ...byPod, uid: 'before' }), undefined],
    ['of somebody else are left to him', policy('Delete', 'Delete'), claimOf(stranger), undefined],
    ['of somebody else lose ours', policy('Delete', 'Delete'), claimOf(stranger, bySet), [stranger]],
    ['become controlled', policy('Delete', 'Retain'), claimOf({ ...bySet, controller: false }), [bySet]],
  ])('%s', (_, set, subject, wanted) => expect(withOwners(subject, set, pod(set, 0, 'w'))?.metadata?.ownerReferences).toEqual(wanted));

  test('keep a new pod waiting while they go with the old one', () => {
    const set = policy('Retain', 'Delete', 1);
    expect(steps(observed(set, '', [claimOf(byPod)]))).toEqual([]);
    expect(steps(observed(set, '', [claimOf()]))).toEqual(['create 0 new']);
  });

  test('of a leaving pod are handed over before it goes', () => {
    const set = policy('Retain', 'Delete', 0);
    expect(steps(observed(set, 'w', [claimOf()]))).toEqual(['own 0', 'delete 0']);
  });
});
