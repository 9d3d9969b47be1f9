// DaemonSet decisions: where pods belong, which go, how updates roll.
import { describe, expect, test } from 'vitest';
import type { ControllerRevision, DaemonSet, DaemonSetSpec } from '#api/apps/v1.ts';
import type { Node, Pod, Taint } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { revisionLabel } from '../revision-history.ts';
import { createFailureBackoff } from './failure-backoff.ts';
import { fitOf, pinnedTo, targetNode } from './node-fit.ts';
import { manage, statusOf, surplusHistory, templateFor } from './reconcile.ts';
import { roll } from './rolling.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const noDelay = (): number => 0;

function daemonSet(spec: Partial<DaemonSetSpec> = {}, template: NonNullable<DaemonSetSpec['template']>['spec'] = { containers: [] }): DaemonSet {
  return {
    metadata: { name: 'agent', namespace: 'a', uid: 'ds', generation: 2 },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: { metadata: { labels: { app: 'agent' } }, spec: template }, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, ...spec },
  };
}

const node = (name: string, labels: Record<string, string> = {}, taints: Taint[] = []): Node => ({ metadata: { name, labels }, spec: { taints } });

interface PodFacts {
  hash?: string;
  /** Seconds since it became ready. */
  ready?: number;
  phase?: string;
  bound?: boolean;
  age?: number;
  dying?: boolean;
}

function pod(name: string, on: string, { hash = 'new', ready, phase = 'Running', bound = true, age = 100, dying = false }: PodFacts = {}): Pod {
  return {
    metadata: { name, namespace: 'a', labels: { app: 'agent', [revisionLabel]: hash }, creationTimestamp: rfc3339(now - age * 1000), ...(dying ? { deletionTimestamp: rfc3339(now) } : {}) },
    spec: bound ? { containers: [], nodeName: on } : { containers: [], affinity: pinnedTo(undefined, on) },
    status: { phase, conditions: ready === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(now - ready * 1000) }] },
  };
}

const names = (pods: readonly Pod[]): (string | undefined)[] => pods.map((each) => each.metadata?.name);

describe('a node fits', () => {
  const taint = (key: string, effect: string): Taint[] => [{ key, effect }];
  test.each<[string, DaemonSet, Node, boolean, boolean]>([
    ['when nothing speaks against it', daemonSet(), node('n'), true, true],
    ['by its selector', daemonSet({}, { containers: [], nodeSelector: { disk: 'ssd' } }), node('n', { disk: 'ssd' }), true, true],
    ['not without the label', daemonSet({}, { containers: [], nodeSelector: { disk: 'ssd' } }), node('n'), false, false],
    ['not by another name', daemonSet({}, { containers: [], nodeName: 'm' }), node('n'), false, false],
    ['not with a foreign NoSchedule taint, but pods stay', daemonSet(), node('n', {}, taint('x', 'NoSchedule')), false, true],
    ['not with a foreign NoExecute taint', daemonSet(), node('n', {}, taint('x', 'NoExecute')), false, false],
    ['when it is not ready', daemonSet(), node('n', {}, taint('node.kubernetes.io/not-ready', 'NoExecute')), true, true],
    ['when it is cordoned', daemonSet(), node('n', {}, taint('node.kubernetes.io/unschedulable', 'NoSchedule')), true, true],
    ['not without a network', daemonSet(), node('n', {}, taint('node.kubernetes.io/network-unavailable', 'NoSchedule')), false, true],
    ['without a network when the pod uses the host’s', daemonSet({}, { containers: [], hostNetwork: true }), node('n', {}, taint('node.kubernetes.io/network-unavailable', 'NoSchedule')), true, true],
    ['by required affinity', daemonSet({}, { containers: [], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }] }] } } } }), node('n', { cores: '8' }), true, true],
    ['not by an empty term', daemonSet({}, { containers: [], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } } }), node('n'), false, false],
  ])('%s', (_, subject, where, run, stay) => expect(fitOf(subject, where)).toEqual({ run, stay }));
});

test('a pod is pinned to its node and tolerates its troubles', () => {
  const template = templateFor(daemonSet({}, { containers: [], tolerations: [{ key: 'gpu', operator: 'Exists' }] }), 'h1', 'n1');
  expect(targetNode(template.spec)).toBe('n1');
  expect(template.metadata?.labels).toEqual({ app: 'agent', [revisionLabel]: 'h1' });
  expect(template.spec?.tolerations?.map((each) => each.key?.replace('node.kubernetes.io/', ''))).toEqual(['gpu', 'not-ready', 'unreachable', 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable']);
});

describe('manage', () => {
  const surging = daemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  test.each<[string, DaemonSet, Node[], Pod[], string[], string[]]>([
    ['creates on every fitting node', daemonSet(), [node('n1'), node('n2'), node('bad', {}, [{ key: 'x', effect: 'NoSchedule' }])], [], ['n1', 'n2'], []],
    ['counts a pod that is not bound yet', daemonSet(), [node('n1')], [pod('p', 'n1', { bound: false, phase: 'Pending' })], [], []],
    ['waits for a terminating pod', daemonSet(), [node('n1')], [pod('p', 'n1', { dying: true })], [], []],
    ['forgets a finished terminating pod', daemonSet(), [node('n1')], [pod('p', 'n1', { dying: true, phase: 'Failed' })], ['n1'], []],
    ['removes doubles, the oldest stays', daemonSet(), [node('n1')], [pod('young', 'n1', { age: 1 }), pod('old', 'n1')], [], ['young']],
    ['removes where none belongs', daemonSet(), [node('n1', {}, [{ key: 'x', effect: 'NoExecute' }])], [pod('p', 'n1'), pod('q', 'n1', { dying: true })], [], ['p']],
    ['leaves running pods where only new ones are unwelcome', daemonSet(), [node('n1', {}, [{ key: 'x', effect: 'NoSchedule' }])], [pod('p', 'n1')], [], []],
    ['removes failed and succeeded pods', daemonSet(), [node('n1'), node('n2')], [pod('f', 'n1', { phase: 'Failed' }), pod('s', 'n2', { phase: 'Succeeded' })], [], ['f', 's']],
    ['removes what waits for a node that is gone', daemonSet(), [], [pod('p', 'gone', { bound: false }), pod('q', 'gone')], [], ['p']],
    ['while surging lets two live until the new one is available', surging, [node('n1')], [pod('old', 'n1', { hash: 'old', ready: 50 }), pod('new', 'n1')], [], []],
    ['while surging removes the old one then', surging, [node('n1')], [pod('old', 'n1', { hash: 'old', ready: 50 }), pod('new', 'n1', { ready: 5 })], [], ['old']],
    ['while surging removes an old one that fails', surging, [node('n1')], [pod('old', 'n1', { hash: 'old' }), pod('new', 'n1')], [], ['old']],
    ['while surging does not wait for a terminating pod', surging, [node('n1')], [pod('p', 'n1', { dying: true })], ['n1'], []],
  ])('%s', (_, subject, nodes, pods, create, remove) => {
    const actions = manage({ daemonSet: subject, nodes, pods, hash: 'new' }, noDelay, now);
    expect([actions.create, names(actions.remove)]).toEqual([create, remove]);
  });

  test('failed pods are killed ever more slowly', () => {
    let at = 0;
    const backoff = createFailureBackoff({ now: () => at, monotonic: () => at, after: () => ({ cancel() {} }) });
    expect(backoff.delayOf('n')).toBe(0);
    expect(backoff.delayOf('n')).toBe(1000);
    at = 1000;
    expect(backoff.delayOf('n')).toBe(0);
    expect(backoff.delayOf('n')).toBe(2000);
    const actions = manage({ daemonSet: daemonSet(), nodes: [node('n1')], pods: [pod('f', 'n1', { phase: 'Failed' })], hash: 'new' }, () => 700, now);
    expect([actions.remove, actions.told, actions.retryMs]).toEqual([[], [], 700]);
  });
});

describe('an update', () => {
  const nodes = [node('n1'), node('n2'), node('n3')];
  const allOld = ['1', '2', '3'].map((n) => pod(`old${n}`, `n${n}`, { hash: 'old', ready: 50 }));
  const strategy = (maxUnavailable: number | string, maxSurge: number | string = 0): Partial<DaemonSetSpec> => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } } });
  test.each<[string, Partial<DaemonSetSpec>, Pod[], string[], string[]]>([
    ['goes one by one', strategy(1), allOld, [], ['old1']],
    ['goes by percent, rounded up', strategy('50%'), allOld, [], ['old1', 'old2']],
    ['waits for the new pod', strategy(1), [pod('new1', 'n1'), ...allOld.slice(1)], [], []],
    ['goes on when it is available', strategy(1), [pod('new1', 'n1', { ready: 1 }), ...allOld.slice(1)], [], ['old2']],
    ['waits for minReadySeconds', { ...strategy(1), minReadySeconds: 30 }, [pod('new1', 'n1', { ready: 1 }), ...allOld.slice(1)], [], []],
    ['counts a missing pod as unavailable', strategy(1), allOld.slice(1), [], []],
    ['replaces what is not available anyway', strategy(1), [pod('bad1', 'n1', { hash: 'old' }), pod('bad2', 'n2', { hash: 'old' }), allOld[2] ?? pod('x', 'n3')], [], ['bad1', 'bad2']],
    ['does nothing OnDelete', { updateStrategy: { type: 'OnDelete' } }, allOld, [], []],
    ['surges first', strategy(0, 2), allOld, ['n1', 'n2'], []],
    ['waits while surging', strategy(0, 1), [...allOld, pod('new1', 'n1')], [], []],
    ['removes the old after the surge and goes on', strategy(0, 1), [...allOld, pod('new1', 'n1', { ready: 1 })], ['n2'], ['old1']],
    ['surges at once where the old is not available', strategy(0, 1), [pod('bad1', 'n1', { hash: 'old' }), ...allOld.slice(1)], ['n1', 'n2'], []],
    ['is over when all are new', strategy(1), ['1', '2', '3'].map((n) => pod(`new${n}`, `n${n}`, { ready: 1 })), [], []],
  ])('%s', (_, spec, pods, create, remove) => {
    const steps = roll({ daemonSet: daemonSet(spec), nodes, pods, hash: 'new' }, now);
    expect([steps.create, names(steps.remove)]).toEqual([create, remove]);
  });
});

test('status', () => {
  const nodes = [node('n1'), node('n2'), node('n3'), node('bad', {}, [{ key: 'x', effect: 'NoSchedule' }])];
  const pods = [pod('a', 'n1', { ready: 100 }), pod('b', 'n2', { hash: 'old', ready: 3 }), pod('c', 'bad')];
  const observed = { daemonSet: { ...daemonSet({ minReadySeconds: 10 }), status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0, observedGeneration: 1 } }, nodes, pods, hash: 'new' };
  const wanted = { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberMisscheduled: 1, numberReady: 2, numberAvailable: 1, numberUnavailable: 2, updatedNumberScheduled: 1, observedGeneration: 2 };
  expect(statusOf(observed, true, now)).toEqual(wanted);
  // What is still outstanding has not been acted upon.
  expect(statusOf(observed, false, now)).toEqual({ ...wanted, observedGeneration: 1 });
});

test('old revisions go beyond the limit unless a pod is of them', () => {
  const revision = (number: number): ControllerRevision => ({ metadata: { name: `r${number}`, labels: { [revisionLabel]: `h${number}` } }, revision: number });
  const old = [revision(3), revision(1), revision(2)];
  expect(surplusHistory(daemonSet({ revisionHistoryLimit: 1 }), old, [pod('p', 'n1', { hash: 'h1' })]).map((each) => each.revision)).toEqual([2, 3]);
  expect(surplusHistory(daemonSet({ revisionHistoryLimit: 2 }), old, []).map((each) => each.revision)).toEqual([1]);
  expect(surplusHistory(daemonSet(), old, [])).toEqual([]);
});
