// How many replicas the metrics ask for, how fast they may come and go, and how it is told.
import { describe, expect, test } from 'vitest';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec } from '#api/autoscaling/v2.ts';
import type { Pod } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { limited, newHistory, noteScaled } from './behaviour.ts';
import type { Proposal } from './proposals.ts';
import { reconcile, withoutMetrics } from './reconcile.ts';
import { byAverage, byUtilization, byValue, byValuePerPod, type PodMetric, type Target } from './replicas.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const tolerances = { up: 0.1, down: 0.1 };

type State = 'ready' | 'unready' | 'pending' | 'failed' | 'silent' | 'starting';

function pod(name: string, state: State, request = '1'): Pod {
  const started = state === 'starting' ? 10 : 3600;
  return {
    metadata: { name },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: request } } }] },
    status: {
      phase: state === 'pending' ? 'Pending' : state === 'failed' ? 'Failed' : 'Running',
      startTime: rfc3339(now - started * 1000),
      conditions: [{ type: 'Ready', status: state === 'unready' || state === 'starting' ? 'False' : 'True', lastTransitionTime: rfc3339(now - (started - 5) * 1000) }],
    },
  };
}

/** Pods with their CPU use in millicores; silent, pending and failed ones tell nothing. */
function target(current: number, pods: readonly (readonly [State, number])[]): Target {
  const metrics = new Map<string, PodMetric>();
  for (const [at, [state, value]] of pods.entries()) if (!['silent', 'pending', 'failed'].includes(state)) metrics.set(`p${at}`, { value, timestampMs: now, windowMs: 30_000 });
  return { currentReplicas: current, tolerances, pods: pods.map(([state], at) => pod(`p${at}`, state)), metrics, nowMs: now };
}

test.each<[string, number, readonly (readonly [State, number])[], number, number]>([
  ['twice the use, twice the pods', 2, [['ready', 1000], ['ready', 1000]], 50, 4],
  ['half the use, half the pods', 4, [['ready', 250], ['ready', 250], ['ready', 250], ['ready', 250]], 50, 2],
  ['within the tolerance nothing', 2, [['ready', 540], ['ready', 540]], 50, 2],
  ['rounded up', 3, [['ready', 400], ['ready', 400], ['ready', 400]], 30, 4],
  ['a silent pod holds scaling down back', 3, [['ready', 250], ['ready', 250], ['silent', 0]], 50, 3],
  ['a silent pod damps scaling up', 3, [['ready', 1000], ['ready', 1000], ['silent', 0]], 50, 4],
  ['a pod that starts is not counted as busy', 3, [['ready', 1000], ['ready', 1000], ['starting', 2000]], 50, 4],
  ['a failed pod is not counted', 2, [['ready', 1000], ['failed', 0]], 50, 2],
  ['unready pods do not scale down', 2, [['ready', 500], ['pending', 0]], 50, 2],
])('%s', (_, current, pods, percent, replicas) => expect(byUtilization(target(current, pods), percent, 'cpu', '').replicas).toBe(replicas));

test('what cannot be worked out is told', () => {
  expect(() => byUtilization(target(1, []), 50, 'cpu', '')).toThrow('no pods returned by selector while calculating replica count');
  expect(() => byUtilization(target(1, [['pending', 0]]), 50, 'cpu', '')).toThrow('did not receive metrics for targeted pods (pods might be unready)');
  expect(() => byUtilization(target(1, [['ready', 1]]), 50, 'memory', '')).toThrow('missing request for memory in container c of Pod p0');
  expect(() => byUtilization(target(1, [['ready', 1]]), 50, 'cpu', 'x')).toThrow('container x not found in Pod p0');
});

test('averages and single values', () => {
  expect(byAverage(target(2, [['ready', 300], ['ready', 500]]), 200, '')).toMatchObject({ replicas: 4, usage: 400 });
  expect(byValue(30_000, 10_000, { currentReplicas: 2, tolerances, pods: [pod('a', 'ready'), pod('b', 'ready')] }).replicas).toBe(6);
  expect(byValue(30_000, 10_000, { currentReplicas: 0, tolerances, pods: [] }).replicas).toBe(3);
  expect(byValuePerPod(50_000, 10_000, 2, tolerances)).toEqual({ replicas: 5, usage: 25_000 });
  expect(byValuePerPod(21_000, 10_000, 2, tolerances).replicas).toBe(2);
});

const spec = (more: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscalerSpec => ({ scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }, minReplicas: 1, maxReplicas: 100, ...more });
const autoscaler = (more: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscaler => ({ metadata: { name: 'web', namespace: 'a' }, spec: spec(more) });

describe('without behaviour', () => {
  test.each<[string, number, number, number, string]>([
    ['at most twice at once', 10, 50, 20, 'ScaleUpLimit'],
    ['or four', 1, 50, 4, 'ScaleUpLimit'],
    ['never beyond the maximum', 80, 150, 100, 'TooManyReplicas'],
    ['never below the minimum', 3, 0, 1, 'TooFewReplicas'],
    ['within range as asked', 10, 12, 12, 'DesiredWithinRange'],
  ])('%s', (_, current, desired, replicas, reason) => {
    const outcome = limited(spec(), newHistory(), { current, desired, min: 1, max: 100 }, now);
    expect([outcome.replicas, outcome.limitReason]).toEqual([replicas, reason]);
  });

  test('downwards only after five minutes of less', () => {
    const history = newHistory();
    const at = (desired: number, seconds: number): number => limited(spec(), history, { current: 10, desired, min: 1, max: 100 }, now + seconds * 1000).replicas;
    expect([at(10, 0), at(2, 60), at(2, 299), at(2, 301)]).toEqual([10, 10, 10, 2]);
  });
});

describe('with behaviour', () => {
  const outcome = (behavior: HorizontalPodAutoscalerSpec['behavior'], current: number, desired: number, history = newHistory(), at = now) => limited(spec({ behavior }), history, { current, desired, min: 1, max: 100 }, at);

  test.each<[string, HorizontalPodAutoscalerSpec['behavior'], number, number, number, string]>([
    ['the default goes up by the larger of four and double', {}, 10, 50, 20, 'ScaleUpLimit'],
    ['the least change', { scaleUp: { selectPolicy: 'Min' } }, 10, 50, 14, 'ScaleUpLimit'],
    ['none', { scaleUp: { selectPolicy: 'Disabled' } }, 10, 50, 10, 'ScaleUpLimit'],
    ['down by pods', { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] } }, 10, 1, 8, 'ScaleDownLimit'],
    ['down by percent', { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 15, periodSeconds: 60 }] } }, 10, 1, 8, 'ScaleDownLimit'],
    ['down by the largest of both', { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }, { type: 'Pods', value: 2, periodSeconds: 60 }] } }, 10, 1, 5, 'ScaleDownLimit'],
  ])('%s', (_, behavior, current, desired, replicas, reason) => {
    const result = outcome(behavior, current, desired);
    expect([result.replicas, result.limitReason]).toEqual([replicas, reason]);
  });

  test('a period’s changes add up, and are forgotten after it', () => {
    const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 4, periodSeconds: 60 }] } };
    const history = newHistory();
    noteScaled(spec({ behavior }), history, 10, 13, now - 30_000);
    expect(outcome(behavior, 13, 50, history).replicas).toBe(14);
    expect(outcome(behavior, 13, 50, history, now + 31_000).replicas).toBe(17);
  });

  test('windows hold both directions', () => {
    const behavior = { scaleUp: { stabilizationWindowSeconds: 60 }, scaleDown: { stabilizationWindowSeconds: 60 } };
    const history = newHistory();
    expect(outcome(behavior, 10, 10, history).replicas).toBe(10);
    const up = outcome(behavior, 10, 15, history, now + 30_000);
    expect([up.replicas, up.ableReason]).toEqual([10, 'ScaleUpStabilized']);
    const down = outcome(behavior, 10, 5, history, now + 40_000);
    expect([down.replicas, down.ableReason]).toEqual([10, 'ScaleDownStabilized']);
    expect(outcome(behavior, 10, 5, history, now + 101_000).replicas).toBe(5);
  });
});

describe('an autoscaler', () => {
  const good = (replicas: number, metric = 'cpu'): Proposal => ({ ok: true, replicas, metric, status: { type: 'Resource', resource: { name: metric, current: {} } } });
  const bad: Proposal = { ok: false, reason: 'FailedGetResourceMetric', cause: 'no metrics', error: 'failed: no metrics' };
  const decide = (current: number, ...proposals: Proposal[]) => reconcile(autoscaler(), current, proposals, [], newHistory(), now);

  test.each<[string, ReturnType<typeof decide>, number, boolean, string]>([
    ['follows the largest', decide(3, good(4), good(5, 'memory')), 5, true, 'memory above target'],
    ['goes down when all agree', decide(5, good(2), good(4)), 4, true, 'All metrics below target'],
    ['rests', decide(3, good(3)), 3, false, ''],
    ['goes up though one metric fails', decide(3, bad, good(5)), 5, true, 'cpu above target'],
    ['does not go down when one metric fails', decide(5, bad, good(3)), 5, false, ''],
    ['does nothing when all fail', decide(3, bad), 3, false, ''],
  ])('%s', (_, decision, replicas, rescale, reason) => expect([decision.replicas, decision.rescale, decision.reason]).toEqual([replicas, rescale, reason]));

  test('tells why', () => {
    expect(decide(3, bad)).toMatchObject({ undecided: true, error: 'invalid metrics (1 invalid out of 1), first error is: failed: no metrics', conditions: [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'the HPA was unable to compute the replica count: no metrics' }] });
    expect(decide(3, good(5)).conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([['ScalingActive', 'True', 'ValidMetricFound'], ['AbleToScale', 'True', 'ReadyForNewScale'], ['ScalingLimited', 'False', 'DesiredWithinRange']]);
  });

  test('keeps its bounds without asking', () => {
    const at = (current: number) => withoutMetrics(autoscaler({ minReplicas: 2, maxReplicas: 5 }), current, [], now);
    expect([at(0)?.rescale, at(1)?.replicas, at(9)?.replicas, at(3)]).toEqual([false, 2, 5, undefined]);
  });
});
