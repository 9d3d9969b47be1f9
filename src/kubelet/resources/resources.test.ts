// Numbers for the kernel: shares, quotas, OOM scores, pod cgroups, node allocatable, eviction.
import { expect, test } from 'vitest';
import type { Pod, PodSpec, ResourceRequirements } from '#api/core/v1.ts';
import { evictionMessage, rankForEviction, shortages } from '../eviction/signals.ts';
import { nodeAllocatable } from '../node/node-resources.ts';
import { qosClass } from '../pod.ts';
import { containerResources, milliToQuota, milliToShares, oomScoreAdjust } from './cpu-math.ts';
import { podCgroupLimits } from './pod-cgroups.ts';
import { podRequests } from './pod-resources.ts';

const podOf = (resources: ResourceRequirements[], spec: Partial<PodSpec> = {}): Pod => ({ metadata: { name: 'p', namespace: 'd', uid: 'u' }, spec: { containers: resources.map((each, i) => ({ name: `c${i}`, resources: each })), ...spec } });
const config = { cpuCFSQuota: true, cpuCFSQuotaPeriodMs: 100, podPidsLimit: -1 };
const gib = 2 ** 30;

test.each([[0, 2], [1, 2], [100, 102], [1000, 1024], [300_000, 262_144]])('%i milli is %i shares', (milli, shares) => expect(milliToShares(milli)).toBe(shares));
test.each([[0, 0], [1, 1000], [500, 50_000], [2500, 250_000]])('%i milli is a quota of %i', (milli, quota) => expect(milliToQuota(milli, 100_000)).toBe(quota));

test('QoS classes', () => {
  expect(qosClass(podOf([{}]))).toBe('BestEffort');
  expect(qosClass(podOf([{ requests: { cpu: '1' } }]))).toBe('Burstable');
  expect(qosClass(podOf([{ limits: { cpu: '1', memory: '1Gi' } }]))).toBe('Guaranteed');
  expect(qosClass(podOf([{ limits: { cpu: '1', memory: '1Gi' } }, {}]))).toBe('Burstable');
  expect(qosClass(podOf([{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } }]))).toBe('Burstable');
});

test('OOM scores by class and share of memory', () => {
  const score = (resources: ResourceRequirements, spec?: Partial<PodSpec>): number => {
    const pod = podOf([resources], spec);
    return oomScoreAdjust(pod, pod.spec?.containers[0] ?? { name: '' }, 8 * gib);
  };
  expect(score({})).toBe(1000);
  expect(score({ limits: { cpu: '1', memory: '1Gi' } })).toBe(-997);
  expect(score({ requests: { memory: '4Gi' } })).toBe(500);
  expect(score({ requests: { memory: '8Gi' } })).toBe(3);
  expect(score({ requests: { cpu: '1' } })).toBe(999);
  expect(score({}, { priority: 2_000_001_000 })).toBe(-997);
});

test('container and pod limits', () => {
  const pod = podOf([{ requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } }]);
  expect(containerResources(pod, pod.spec?.containers[0] ?? { name: '' }, config, 8 * gib)).toEqual({ cpu_shares: 256, cpu_period: 100_000, cpu_quota: 50_000, memory_limit_in_bytes: 128 * 2 ** 20, oom_score_adj: 993 });
  expect(podCgroupLimits(pod, config)).toEqual({ cpuShares: 256, cpuPeriod: 100_000, cpuQuota: 50_000, memoryBytes: 128 * 2 ** 20 });
  expect(podCgroupLimits(podOf([{ limits: { memory: '1Gi' } }, {}]), config)).toEqual({ cpuShares: 2 });
  expect(podCgroupLimits(podOf([{}]), config)).toEqual({ cpuShares: 2 });
});

test('requests of a pod: init containers one by one, sidecars beside them', () => {
  const pod = podOf([{ requests: { cpu: '100m' } }, { requests: { cpu: '200m' } }], {
    initContainers: [{ name: 'i', resources: { requests: { cpu: '1' } } }, { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '50m' } } }, { name: 'j', resources: { requests: { cpu: '400m' } } }],
    overhead: { cpu: '10m' },
  });
  expect(podRequests(pod)).toEqual({ cpu: '1010m' });
});

test('allocatable is capacity less what is reserved', () => {
  const capacity = { cpu: '4', memory: '8388608Ki', 'ephemeral-storage': '1048576Ki', pods: '110' };
  expect(nodeAllocatable(capacity, { systemReserved: { cpu: '500m', memory: '1Gi' }, kubeReserved: {}, evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%' } })).toEqual({ cpu: '3500m', memory: '7237632Ki', 'ephemeral-storage': '966367642', pods: '110' });
});

test('a shortage picks the pod that uses most beyond its request, with upstream\'s message', () => {
  const [shortage] = shortages({ 'memory.available': '100Mi', 'nodefs.available': '10%' }, { 'memory.available': { available: 50 * 2 ** 20, capacity: 8 * gib }, 'nodefs.available': { available: 50, capacity: 100 } });
  const usage = (name: string, mebibytes: number, request: string | undefined, priority = 0): Parameters<typeof rankForEviction>[0][number] => ({
    pod: { ...podOf([request === undefined ? {} : { requests: { memory: request } }], { priority }), metadata: { name } }, memoryBytes: mebibytes * 2 ** 20, diskBytes: 0, pids: 0,
    containers: [{ name: 'c0', memoryBytes: mebibytes * 2 ** 20, diskBytes: 0 }],
  });
  expect(shortage?.signal).toBe('memory.available');
  const ranked = rankForEviction([usage('within', 500, '1Gi'), usage('over', 200, '100Mi'), usage('most', 300, undefined), usage('important', 900, undefined, 1000), usage('system', 900, undefined, 2_000_000_000)], 'memory.available');
  expect(ranked.map(({ pod }) => pod.metadata?.name)).toEqual(['most', 'over', 'important', 'within']);
  const first = ranked[0];
  expect(first !== undefined && shortage !== undefined ? evictionMessage(first, shortage) : '').toBe('The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c0 was using 300Mi, request is 0, has larger consumption of memory. ');
});
