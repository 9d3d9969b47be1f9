// Small deciders: probe thresholds, back-off, image names and credentials, authorization attributes,
// admission, the order of ending, static pods.
import { expect, test } from 'vitest';
import type { Pod, Probe, Secret } from '#api/core/v1.ts';
import { createVirtualWorld } from '#testing';
import { createBackoffTable, durationText } from './backoff.ts';
import { credentialsFor } from './images/image-credentials.ts';
import { withDefaultTag } from './images/image-name.ts';
import { imagesToRemove } from './gc/image-gc.ts';
import { terminationOrder } from './pods/kill-pod.ts';
import { admissionRefusal } from './pods/admission.ts';
import { finalStatus } from './pods/terminate-pod.ts';
import { afterResult, freshState, probesNow, type ProbeKind } from './probes/probe-state.ts';
import { nodeAttributes } from './server/attributes.ts';
import { mirrorOf, staticPod } from './sources/static-pods.ts';

function verdicts(kind: ProbeKind, probe: Probe, results: ('success' | 'failure')[]): (string | undefined)[] {
  let state = freshState('c');
  return results.map((result) => {
    const after = afterResult(kind, probe, state, result);
    state = after.state;
    return after.state.onHold ? `${after.verdict} hold` : after.verdict;
  });
}

test('probe thresholds', () => {
  expect(verdicts('readiness', { failureThreshold: 3, successThreshold: 2 }, ['success', 'success', 'failure', 'failure', 'failure', 'success'])).toEqual([undefined, 'success', undefined, undefined, 'failure', undefined]);
  expect(verdicts('liveness', { failureThreshold: 2 }, ['failure', 'success', 'failure', 'failure'])).toEqual([undefined, 'success', undefined, 'failure hold']);
  expect(verdicts('startup', {}, ['failure', 'failure', 'success'])).toEqual([undefined, undefined, 'success hold']);
});

test('which probe runs when', () => {
  const status = (started: boolean, startedAt: string): Parameters<typeof probesNow>[2] => ({ name: 'c', started, state: { running: { startedAt } }, ready: false, restartCount: 0, image: '', imageID: '' });
  const at = Date.parse('2026-01-01T00:00:10Z');
  expect(probesNow('readiness', {}, status(false, '2026-01-01T00:00:00Z'), at)).toBe(false);
  expect(probesNow('startup', {}, status(false, '2026-01-01T00:00:00Z'), at)).toBe(true);
  expect(probesNow('liveness', { initialDelaySeconds: 11 }, status(true, '2026-01-01T00:00:00Z'), at)).toBe(false);
  expect(probesNow('liveness', { initialDelaySeconds: 10 }, status(true, '2026-01-01T00:00:00Z'), at)).toBe(true);
});

test('back-off doubles to its bound and starts anew after twice the bound', async () => {
  const world = createVirtualWorld();
  const table = createBackoffTable(world.clock, 10_000, 300_000);
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    table.next('k', world.clock.now());
    waits.push(table.waitMs('k'));
    await world.clock.advance(table.waitMs('k'));
  }
  expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  await world.clock.advance('11m');
  expect(table.waitsUntil('k', world.clock.now())).toBeUndefined();
  table.next('k', world.clock.now());
  expect(table.waitMs('k')).toBe(10_000);
});

test.each([[10_000, '10s'], [80_000, '1m20s'], [300_000, '5m0s'], [250, '250ms'], [1_500, '1.5s']])('%i ms reads %s', (ms, text) => expect(durationText(ms)).toBe(text));

test.each([['nginx', 'nginx:latest'], ['nginx:1', 'nginx:1'], ['host:5000/a/b', 'host:5000/a/b:latest'], [`a@sha256:${'0'.repeat(64)}`, `a@sha256:${'0'.repeat(64)}`]])('%s means %s', (image, expected) => expect(withDefaultTag(image)).toBe(expected));
test.each(['Nginx Bad', 'UPPER', 'a//b', ':tag'])('%s is no image name', (image) => expect(() => withDefaultTag(image)).toThrow("couldn't parse image name"));

test('credentials by registry, the longest path first', () => {
  const secret: Secret = { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { 'r.example:5000': { username: 'u', password: 'p' }, 'r.example:5000/team': { auth: Buffer.from('t:q:r').toString('base64') }, 'https://index.docker.io/v1/': { username: 'd', password: 'e' } } })).toString('base64') } };
  expect(credentialsFor('r.example:5000/team/app:1', [secret]).map(({ username, password }) => [username, password])).toEqual([['t', 'q:r'], ['u', 'p']]);
  expect(credentialsFor('nginx', [secret]).map(({ username }) => username)).toEqual(['d']);
  expect(credentialsFor('other.example/x', [secret])).toEqual([]);
});

test('unused images go first when least recently used, never when young', () => {
  const image = (id: string, firstSeenMs: number, lastUsedMs: number): Parameters<typeof imagesToRemove>[0][number] => ({ id, sizeBytes: 10, firstSeenMs, lastUsedMs });
  expect(imagesToRemove([image('used', 0, 0), image('old', 0, 1), image('older', 0, 0), image('young', 900, 0)], new Set(['used']), 15, 1000, 500).map(({ id }) => id)).toEqual(['older', 'old']);
});

test.each([
  ['GET', '/pods', 'get pods,proxy'], ['GET', '/containerLogs/a/b/c', 'get proxy'], ['POST', '/exec/a/b/c', 'create proxy'], ['GET', '/metrics/resource', 'get metrics'], ['GET', '/stats/summary', 'get stats'],
  ['GET', '/healthz', 'get healthz,proxy'], ['GET', '/configz', 'get configz,proxy'], ['GET', '/logs/x', 'get log'], ['GET', '/metricsx', 'get proxy'],
])('%s %s asks for %s', (method, path, expected) => {
  const { verb, subresources } = nodeAttributes(method, path);
  expect(`${verb} ${subresources.join(',')}`).toBe(expected);
});

test('sidecars end after those they serve, last first', () => {
  const pod: Pod = { spec: { containers: [{ name: 'a' }], initContainers: [{ name: 's1', restartPolicy: 'Always' }, { name: 'i' }, { name: 's2', restartPolicy: 'Always' }] } };
  expect(Object.fromEntries(terminationOrder(pod, ['a', 's1', 's2']))).toEqual({ s1: ['a', 's2'], s2: ['a'] });
});

test.each<[string, Partial<NonNullable<Pod['spec']>>, string | undefined]>([
  ['room', { containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }] }, undefined],
  ['no cpu', { containers: [{ name: 'a', resources: { requests: { cpu: '1500m' } } }] }, 'OutOfcpu'],
  ['a critical pod without room', { priority: 2_000_000_000, containers: [{ name: 'a', resources: { requests: { cpu: '9' } } }] }, undefined],
  ['another selector', { nodeSelector: { zone: 'b' } }, 'NodeAffinity'],
  ['a taken port', { containers: [{ name: 'a', ports: [{ containerPort: 1, hostPort: 80 }] }] }, 'NodePorts'],
  ['an untolerated taint', { tolerations: [] }, 'TaintToleration'],
  ['an unsafe sysctl', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }, 'SysctlForbidden'],
])('admission: %s', (_name, spec, reason) => {
  const tolerations = [{ key: 'dead', operator: 'Exists' }];
  const other: Pod = { spec: { containers: [{ name: 'o', resources: { requests: { cpu: '1' } }, ports: [{ containerPort: 1, hostPort: 80 }] }] } };
  const node = { metadata: { name: 'n', labels: { zone: 'a' } }, spec: { taints: [{ key: 'dead', effect: 'NoExecute' }] } };
  expect(admissionRefusal({ pod: { spec: { containers: [{ name: 'a' }], tolerations, ...spec } }, node, others: [other], allocatable: { cpu: '2', memory: '1Gi', pods: '10' }, allowedUnsafeSysctls: [] })?.reason).toBe(reason);
});

test('a pod that ends without having started is failed, its containers lost', () => {
  const status = { phase: 'Pending', containerStatuses: [{ name: 'a', state: { waiting: { reason: 'ContainerCreating' } }, ready: false, restartCount: 0, image: '', imageID: '' }] };
  expect(finalStatus({ spec: { containers: [{ name: 'a' }] } }, status, 0)).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', finishedAt: '1970-01-01T00:00:00Z' } } }] });
  expect(finalStatus({ spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'i' }] } }, status, 0)).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] });
});

test('a manifest becomes a pod of this node, and its mirror shows which', () => {
  const bytes = Buffer.from('apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: a\n    image: a:1\n');
  const pod = staticPod(bytes, '/m/p.yaml', 'Node1', 0);
  expect(pod.metadata).toMatchObject({ name: 'p-node1', namespace: 'default', annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': pod.metadata?.uid } });
  expect(pod.spec).toMatchObject({ nodeName: 'Node1', restartPolicy: 'Always', terminationGracePeriodSeconds: 30 });
  expect(staticPod(Buffer.from(bytes.toString().replace('a:1', 'a:2')), '/m/p.yaml', 'Node1', 0).metadata?.uid).not.toBe(pod.metadata?.uid);
  const mirror = mirrorOf(pod, 'node-uid', 'Node1');
  expect(mirror.metadata?.uid).toBeUndefined();
  expect(mirror.metadata).toMatchObject({ annotations: { 'kubernetes.io/config.mirror': pod.metadata?.uid }, ownerReferences: [{ kind: 'Node', name: 'Node1', uid: 'node-uid', controller: true }] });
  expect(() => staticPod(Buffer.from('apiVersion: batch/v1\nkind: Job\n'), '/m/p.yaml', 'Node1', 0)).toThrow('not a Pod of v1');
});
