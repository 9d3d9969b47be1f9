// What disruption budgets allow.
import { describe, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from '#api/policy/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { cleared, expectedOf, failSafe, reconcile, selectorText, staleInMs } from './reconcile.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const budget = (spec: PodDisruptionBudgetSpec = {}, status?: PodDisruptionBudgetStatus): PodDisruptionBudget => ({ metadata: { name: 'b', namespace: 'a', generation: 2 }, spec, status });
const pod = (name: string, ready = true, more: Pod['metadata'] = {}): Pod => ({ metadata: { name, namespace: 'a', ...more }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } });
const empty: PodDisruptionBudgetStatus = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 };

test.each<[string, PodDisruptionBudgetSpec, number, number, number, number]>([
  ['a number that must be there', { minAvailable: 2 }, 0, 3, 3, 2],
  ['a share that must be there, rounded up', { minAvailable: '50%' }, 5, 4, 5, 3],
  ['a number that may be away', { maxUnavailable: 1 }, 5, 4, 5, 4],
  ['a share that may be away, rounded up', { maxUnavailable: '30%' }, 5, 4, 5, 3],
  ['more than there are may be away', { maxUnavailable: 9 }, 5, 4, 5, 0],
  ['nothing said', {}, 5, 4, 0, 0],
])('%s', (_, spec, scale, found, expectedPods, desiredHealthy) => expect(expectedOf(budget(spec), scale, found)).toEqual({ expectedPods, desiredHealthy }));

describe('allowed', () => {
  test('is what is healthy beyond what must be', () => {
    const { status, changed } = reconcile(budget(), [pod('a'), pod('b'), pod('c', false), pod('d', true, { deletionTimestamp: rfc3339(now) })], { expectedPods: 4, desiredHealthy: 1 }, now);
    expect(changed).toBe(true);
    expect(status).toEqual({
      currentHealthy: 2, desiredHealthy: 1, expectedPods: 4, disruptionsAllowed: 1, observedGeneration: 2,
      conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', observedGeneration: 2, lastTransitionTime: rfc3339(now) }],
    });
    expect(reconcile(budget({}, status), [pod('a'), pod('b')], { expectedPods: 4, desiredHealthy: 1 }, now + 5000).changed).toBe(false);
  });
  test('is nothing without pods to expect, and never less', () => {
    expect(reconcile(budget(), [pod('a')], { expectedPods: 0, desiredHealthy: 0 }, now).status.disruptionsAllowed).toBe(0);
    expect(reconcile(budget(), [pod('a')], { expectedPods: 3, desiredHealthy: 3 }, now).status.disruptionsAllowed).toBe(0);
  });
  test('does not count pods whose eviction is under way, and gives up waiting', () => {
    const status = { ...empty, disruptedPods: { fresh: rfc3339(now - 30_000), stuck: rfc3339(now - 130_000), gone: rfc3339(now) } };
    const verdict = reconcile(budget({}, status), [pod('fresh'), pod('stuck'), pod('other')], { expectedPods: 3, desiredHealthy: 1 }, now);
    expect(verdict.status).toMatchObject({ currentHealthy: 2, disruptedPods: { fresh: rfc3339(now - 30_000) } });
    expect([verdict.notDeleted.map((each) => each.metadata?.name), verdict.recheckMs]).toEqual([['stuck'], 90_000]);
  });
  test('is nothing when it cannot be worked out', () => {
    expect(failSafe(budget({}, { ...empty, disruptionsAllowed: 3 }), 'no scale', now)).toMatchObject({ disruptionsAllowed: 0, conditions: [{ status: 'False', reason: 'SyncFailed', message: 'no scale' }] });
  });
});

test('a DisruptionTarget condition is stale two minutes after', () => {
  const target = (age: number, more: object = {}, meta: Pod['metadata'] = {}): Pod => ({ metadata: { name: 'p', ...meta }, status: { phase: 'Running', conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: rfc3339(now - age * 1000), ...more }] } });
  expect([staleInMs(target(30), now), staleInMs(target(500), now)]).toEqual([90_000, 0]);
  expect([staleInMs(target(500, { status: 'False' }), now), staleInMs(target(500, { reason: 'TerminationByKubelet' }), now), staleInMs(target(500, {}, { deletionTimestamp: rfc3339(now) }), now), staleInMs(pod('p'), now)]).toEqual([undefined, undefined, undefined, undefined]);
  expect(cleared(target(500), now).status?.conditions).toEqual([{ type: 'DisruptionTarget', status: 'False', lastTransitionTime: rfc3339(now) }]);
});

test('a selector is shown as upstream does', () => {
  expect(selectorText({ matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }] })).toBe('&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}');
});
