// Namespaces on their way out: what they say, when they may go; and the small things every namespace gets.
import { expect, test } from 'vitest';
import type { Namespace } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { reconcile as reconcileRootCa } from '../rootcacertpublisher/reconcile.ts';
import { missingAccounts } from '../serviceaccount/reconcile.ts';
import { timeLeftMs } from '../ttlafterfinished/reconcile.ts';
import { isEnabled } from '../config.ts';
import { chosen } from '../start.ts';
import { finalized, reconcile, type Outcome } from './reconcile.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const dying: Namespace = { metadata: { name: 'a', deletionTimestamp: rfc3339(now) }, spec: { finalizers: ['kubernetes', 'other'] }, status: { phase: 'Terminating' } };
const empty: Outcome = { discoveryFailures: [], errors: [], remaining: new Map(), finalizers: new Map(), graceSeconds: 0 };

test('an empty namespace may go', () => {
  const decision = reconcile(dying, empty, now);
  expect(decision).toMatchObject({ finalize: true, conditionsChanged: true, againAfterSeconds: undefined });
  expect(decision.conditions.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual([
    ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    ['NamespaceDeletionContentFailure', 'False', 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ['NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed'],
    ['NamespaceFinalizersRemaining', 'False', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
  ]);
  expect(finalized(dying).spec?.finalizers).toEqual(['other']);
  const again = reconcile({ ...dying, status: { ...dying.status, conditions: [...decision.conditions] } }, empty, now + 1000);
  expect(again.conditionsChanged).toBe(false);
});

test('content, finalizers and errors are told', () => {
  const outcome: Outcome = { ...empty, graceSeconds: 30, remaining: new Map([['pods.', 2], ['jobs.batch', 1]]), finalizers: new Map([['example.com/x', 2]]) };
  const decision = reconcile(dying, outcome, now);
  expect(decision).toMatchObject({ finalize: false, againAfterSeconds: 16 });
  expect(decision.conditions[3]).toMatchObject({ status: 'True', reason: 'SomeResourcesRemain', message: 'Some resources are remaining: jobs.batch has 1 resource instances, pods. has 2 resource instances' });
  expect(decision.conditions[4]).toMatchObject({ status: 'True', reason: 'SomeFinalizersRemain', message: 'Some content in the namespace has finalizers remaining: example.com/x in 2 resource instances' });
  expect(reconcile(dying, { ...outcome, graceSeconds: 0 }, now).againAfterSeconds).toBe(8);
  const broken = reconcile(dying, { ...empty, errors: ['b', 'a'], discoveryFailures: ['metrics.k8s.io/v1beta1: no answer'] }, now);
  expect(broken).toMatchObject({ finalize: false, againAfterSeconds: undefined });
  expect(broken.conditions[2]?.message).toBe('Failed to delete all resource types, 2 remaining: a, b');
});

test('the ServiceAccount and the CA of a living namespace', () => {
  const active: Namespace = { metadata: { name: 'a' }, status: { phase: 'Active' } };
  expect(missingAccounts(active, () => false)).toMatchObject([{ metadata: { name: 'default', namespace: 'a' } }]);
  expect(missingAccounts(active, () => true)).toEqual([]);
  expect(missingAccounts(dying, () => false)).toEqual([]);
  const made = reconcileRootCa(active, undefined, 'PEM');
  expect(made).toMatchObject({ metadata: { name: 'kube-root-ca.crt', namespace: 'a' }, data: { 'ca.crt': 'PEM' } });
  expect(reconcileRootCa(active, made, 'PEM')).toBeUndefined();
  expect(reconcileRootCa(active, { ...made, data: { 'ca.crt': 'PEM', more: 'x' } }, 'PEM')?.data).toEqual({ 'ca.crt': 'PEM' });
  expect(reconcileRootCa(dying, undefined, 'PEM')).toBeUndefined();
});

test('time to live of finished Jobs', () => {
  const finished = { spec: { ttlSecondsAfterFinished: 60, template: {} }, status: { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: rfc3339(now) }] } };
  expect(timeLeftMs(finished, now + 10_000)).toBe(50_000);
  expect(timeLeftMs(finished, now + 70_000)).toBe(-10_000);
  expect(timeLeftMs({ ...finished, status: {} }, now)).toBeUndefined();
  expect(timeLeftMs({ ...finished, spec: { template: {} } }, now)).toBeUndefined();
});

test('controllers are switched by name', () => {
  expect(isEnabled(['*', '-job'], 'job-controller', 'job')).toBe(false);
  expect(isEnabled(['*', '-job-controller'], 'deployment-controller', 'deployment')).toBe(true);
  expect(isEnabled(['job'], 'deployment-controller', 'deployment')).toBe(false);
  expect(chosen(['*']).some((each) => each.alias === 'tokencleaner')).toBe(false);
  expect(chosen(['*', 'tokencleaner']).some((each) => each.alias === 'tokencleaner')).toBe(true);
  expect(chosen(['deployment', 'podgc']).map((each) => each.name)).toEqual(['deployment-controller', 'pod-garbage-collector-controller']);
  expect(() => chosen(['*', '-nonsense'])).toThrow('no controller "nonsense"');
});
