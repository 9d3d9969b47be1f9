// Phase and conditions by container states; the patch that tells them.
import { expect, test } from 'vitest';
import type { ContainerStatus, Pod, PodSpec } from '#api/core/v1.ts';
import { podPhase } from './phase.ts';
import { kubeletConditions } from './conditions.ts';
import { containerStatuses } from './container-statuses.ts';
import { statusPatch } from './status-patch.ts';

const podOf = (spec: Partial<PodSpec> = {}): Pod => ({ metadata: { name: 'p', namespace: 'd', uid: 'u' }, spec: { containers: [{ name: 'a' }, { name: 'b' }], restartPolicy: 'Always', ...spec } });
const status = (name: string, state: ContainerStatus['state'], last?: ContainerStatus['lastState']): ContainerStatus => ({ name, state: state ?? {}, lastState: last ?? {}, ready: state?.running !== undefined, started: state?.running !== undefined, restartCount: 0, image: '', imageID: '' });
const running = { running: { startedAt: '' } };
const ended = (exitCode: number): ContainerStatus['state'] => ({ terminated: { exitCode } });
const waiting = { waiting: { reason: 'ContainerCreating' } };

test.each<[string, Partial<PodSpec>, ContainerStatus[], boolean, string]>([
  ['nothing known', {}, [], false, 'Pending'],
  ['one waits', {}, [status('a', running), status('b', waiting)], false, 'Pending'],
  ['all run', {}, [status('a', running), status('b', running)], false, 'Running'],
  ['one crashed and waits', {}, [status('a', running), status('b', { waiting: { reason: 'CrashLoopBackOff' } }, ended(1))], false, 'Running'],
  ['all ended, Always', {}, [status('a', ended(0)), status('b', ended(0))], false, 'Running'],
  ['all ended, Always, deleted', {}, [status('a', ended(0)), status('b', ended(0))], true, 'Succeeded'],
  ['killed on deletion', {}, [status('a', ended(137)), status('b', ended(0))], true, 'Failed'],
  ['succeeded', { restartPolicy: 'Never' }, [status('a', ended(0)), status('b', ended(0))], false, 'Succeeded'],
  ['failed', { restartPolicy: 'Never' }, [status('a', ended(0)), status('b', ended(2))], false, 'Failed'],
  ['one failed, one runs', { restartPolicy: 'Never' }, [status('a', running), status('b', ended(2))], false, 'Running'],
  ['OnFailure restarts', { restartPolicy: 'OnFailure' }, [status('a', ended(0)), status('b', ended(2))], false, 'Running'],
  ['init runs', { initContainers: [{ name: 'i' }] }, [status('i', running), status('a', waiting), status('b', waiting)], false, 'Pending'],
  ['init failed for good', { initContainers: [{ name: 'i' }], restartPolicy: 'Never' }, [status('i', ended(1)), status('a', waiting), status('b', waiting)], false, 'Failed'],
])('phase: %s', (_name, spec, statuses, terminal, expected) => {
  expect(podPhase(podOf(spec), statuses, terminal, false)).toBe(expected);
});

test('conditions name what is missing, and readiness gates hold Ready back', () => {
  const texts = (pod: Pod, statuses: ContainerStatus[], others: Parameters<typeof kubeletConditions>[4] = []): Record<string, string> =>
    Object.fromEntries(kubeletConditions(pod, statuses, 'Running', true, others).map((c) => [c.type, [c.status, c.reason, c.message].filter(Boolean).join(' ')]));
  expect(texts(podOf(), [status('a', running), status('b', waiting)])).toMatchObject({ ContainersReady: 'False ContainersNotReady containers with unready status: [b]', PodReadyToStartContainers: 'True', PodScheduled: 'True', Initialized: 'True' });
  const both = [status('a', running), status('b', running)];
  const gated = podOf({ readinessGates: [{ conditionType: 'x/y' }] });
  expect(texts(gated, both)['Ready']).toBe('False ReadinessGatesNotReady corresponding condition of pod readiness gate "x/y" does not exist.');
  expect(texts(gated, both, [{ type: 'x/y', status: 'True' }])['Ready']).toBe('True');
});

test('a patch holds only what changed and never another owner\'s condition', () => {
  const before = { phase: 'Pending', conditions: [{ type: 'Ready', status: 'False', reason: 'X' }, { type: 'x/y', status: 'True' }], message: 'old' };
  const after = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], podIPs: [{ ip: '1' }] };
  expect(statusPatch(before, after)).toEqual({ phase: 'Running', message: null, podIPs: [{ $patch: 'replace' }, { ip: '1' }], conditions: [{ reason: null, type: 'Ready', status: 'True' }] });
  expect(statusPatch(after, { ...after, conditions: [...after.conditions] })).toBeUndefined();
});

test('a container that is gone after a restart of the node has ended between its last start and now', () => {
  const started = '2026-01-01T00:00:00Z';
  const previous = [status('a', { running: { startedAt: started } })];
  const observed = { uid: 'u', name: 'p', namespace: 'd', sandboxes: [], containers: [], ips: [] };
  const [told] = containerStatuses({ pod: podOf(), observed, failure: () => undefined, nowMs: Date.parse('2026-01-02T00:00:00Z') }, [{ name: 'a' }], previous, 'regular');
  expect(told).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', startedAt: started, finishedAt: '2026-01-02T00:00:00Z' } } });
});
