// What happens to a pod, by what is observed of it: one table, the whole decision asserted.
import { expect, test } from 'vitest';
import type { Container, Pod, PodSpec } from '#api/core/v1.ts';
import { computeActions, type ProbeResults } from './compute-actions.ts';
import { containerHash, type ObservedContainer, type ObservedState, type PodObservation } from './observed.ts';

const quiet: ProbeResults = { liveness: () => undefined, startup: () => undefined };
const podOf = (spec: Partial<PodSpec>): Pod => ({ metadata: { name: 'p', namespace: 'd', uid: 'u' }, spec: { containers: [{ name: 'a', image: 'a:1' }], restartPolicy: 'Always', ...spec } });

let serial = 0;
function seen(container: Container, state: ObservedState, exitCode = 0): ObservedContainer {
  return {
    id: `${container.name}-id`, name: container.name, sandboxId: 's', state, image: container.image ?? '', imageRef: '', hash: containerHash(container), restartCount: 0, createdAtMs: serial++, startedAtMs: 1,
    finishedAtMs: 2, exitCode, reason: '', message: '', logPath: '', mounts: [], messagePath: '', messagePolicy: '', preStop: undefined, ports: [], graceSeconds: undefined,
  };
}
const observe = (containers: ObservedContainer[], sandbox: { ready?: boolean; attempt?: number; ips?: string[] } | null = {}): PodObservation => ({
  uid: 'u', name: 'p', namespace: 'd', ips: ['1.2.3.4'], containers,
  sandboxes: sandbox === null ? [] : [{ id: 's', ready: sandbox.ready ?? true, attempt: sandbox.attempt ?? 0, createdAtMs: 1, ips: sandbox.ips ?? ['1.2.3.4'] }],
});
const a: Container = { name: 'a', image: 'a:1' };
const init: Container = { name: 'i', image: 'i:1' };
const last: Container = { name: 'j', image: 'j:1' };
const side: Container = { name: 's', image: 's:1', restartPolicy: 'Always' };
const nothing = { killPod: false, createSandbox: false, sandboxId: 's', attempt: 0, ephemeralToStart: [], initToStart: [], toStart: [], toKill: [] };

test.each<[string, Partial<PodSpec>, PodObservation, Partial<ReturnType<typeof computeActions>>, ProbeResults?]>([
  ['a new pod', {}, observe([], null), { killPod: true, createSandbox: true, sandboxId: '', toStart: [0] }],
  ['a new pod with init containers', { initContainers: [init] }, observe([], null), { killPod: true, createSandbox: true, sandboxId: '', initToStart: [0] }],
  ['all is well', {}, observe([seen(a, 'running')]), {}],
  ['a crashed container', {}, observe([seen(a, 'exited', 1)]), { toStart: [0] }],
  ['one that succeeded, OnFailure', { restartPolicy: 'OnFailure' }, observe([seen(a, 'exited', 0)]), { killPod: true }],
  ['one that failed, Never', { restartPolicy: 'Never' }, observe([seen(a, 'exited', 1)]), { killPod: true }],
  ['one that failed, Never, with a rule', { restartPolicy: 'Never', containers: [{ ...a, restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] }] }, observe([seen(a, 'exited', 42)]), { toStart: [0] }],
  ['a dead sandbox', {}, observe([seen(a, 'exited', 255)], { ready: false }), { killPod: true, createSandbox: true, attempt: 1, toStart: [0] }],
  ['a dead sandbox of a run-once pod', { restartPolicy: 'Never' }, observe([seen(a, 'exited', 255)], { ready: false }), { killPod: true, attempt: 1 }],
  ['a sandbox without address', {}, observe([], { ips: [] }), { killPod: true, createSandbox: true, attempt: 1, toStart: [0] }],
  ['first init runs', { initContainers: [init, last] }, observe([seen(init, 'running')]), {}],
  ['first init done', { initContainers: [init, last] }, observe([seen(init, 'exited')]), { initToStart: [1] }],
  ['first init failed', { initContainers: [init, last] }, observe([seen(init, 'exited', 1)]), { initToStart: [0] }],
  ['first init failed, Never', { initContainers: [init, last], restartPolicy: 'Never' }, observe([seen(init, 'exited', 1)]), { killPod: true }],
  ['all init done', { initContainers: [init, last] }, observe([seen(last, 'exited'), seen(init, 'exited')]), { toStart: [0] }],
  ['sidecar runs, next starts', { initContainers: [side, last] }, observe([seen(side, 'running')]), { initToStart: [1] }],
  ['sidecar waits for its startup probe', { initContainers: [{ ...side, startupProbe: {} }, last] }, observe([seen(side, 'running')]), {}],
  ['sidecar died while the pod runs', { initContainers: [side] }, observe([seen(a, 'running'), seen(side, 'exited', 1)]), { initToStart: [0] }],
  ['init containers were collected', { initContainers: [init] }, observe([seen(a, 'running')]), {}],
  ['another image', {}, observe([{ ...seen(a, 'running'), hash: 'old' }]), { toStart: [0], toKill: [{ id: 'a-id', name: 'a', message: 'Container a definition changed, will be restarted', reason: '' }] }],
  ['failed liveness', {}, observe([seen(a, 'running')]), { toStart: [0], toKill: [{ id: 'a-id', name: 'a', message: 'Container a failed liveness probe, will be restarted', reason: 'LivenessProbe' }] }, { ...quiet, liveness: () => 'failure' }],
  ['failed startup, Never', { restartPolicy: 'Never' }, observe([seen(a, 'running')]), { killPod: true, toKill: [{ id: 'a-id', name: 'a', message: 'Container a failed startup probe', reason: 'StartupProbe' }] }, { ...quiet, startup: () => 'failure' }],
  ['an ephemeral container', { ephemeralContainers: [{ name: 'e', image: 'e:1' }] }, observe([seen(a, 'running')]), { ephemeralToStart: [0] }],
])('%s', (_name, spec, observed, expected, probes = quiet) => {
  expect(computeActions(podOf(spec), observed, probes)).toEqual({ ...nothing, ...expected });
});
