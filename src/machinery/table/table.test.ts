// Tables as kubectl prints them: pod states, ages, and the rows of what people list most.
import { expect, test } from 'vitest';
import { resources } from '#api/resources.ts';
import { typeNames, tables } from '#api/schema.ts';
import type { KubeObject } from '../object.ts';
import { humanDuration } from './cell-text.ts';
import { toTable, tableColumns, type FilledRow } from './index.ts';
import { parseJsonPath } from './json-path.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
const created = '2026-01-01T00:00:00Z';

function cells(type: string | undefined, object: object, customColumns?: Parameters<typeof toTable>[0]['customColumns']): unknown[] {
  const full: KubeObject = { ...object, metadata: { name: 'x', creationTimestamp: created, ...(object as KubeObject).metadata } };
  const table = toTable({ info: { type }, objects: [full], includeObject: 'None', listMeta: {}, nowMs, ...(customColumns === undefined ? {} : { customColumns }) });
  const row = table.rows?.[0];
  return row !== undefined && 'cells' in row ? (row as FilledRow).cells : [];
}

const container = (state: object, more: object = {}): object => ({ name: 'c', ready: false, restartCount: 0, image: '', imageID: '', state, ...more });

test.each([
  ['waiting to be scheduled', { status: { phase: 'Pending' } }, ['0/1', 'Pending', '0']],
  ['running', { status: { phase: 'Running', containerStatuses: [container({ running: {} }, { ready: true })] } }, ['1/1', 'Running', '0']],
  ['crashing', {
    status: { phase: 'Running', containerStatuses: [container({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } } })] },
  }, ['0/1', 'CrashLoopBackOff', '3 (5m ago)']],
  ['initializing', { spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'c' }] }, status: { phase: 'Pending', initContainerStatuses: [container({ running: {} }, { name: 'i' })] } }, ['0/1', 'Init:0/1', '0']],
  ['failed in init', { spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'c' }] }, status: { phase: 'Pending', initContainerStatuses: [container({ terminated: { exitCode: 7 } }, { name: 'i' })] } }, ['0/1', 'Init:ExitCode:7', '0']],
  ['done', { status: { phase: 'Succeeded', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] } }, ['0/1', 'Completed', '0']],
  ['killed', { status: { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 137, reason: 'OOMKilled' } })] } }, ['0/1', 'OOMKilled', '0']],
  ['going', { metadata: { deletionTimestamp: created }, status: { phase: 'Running', containerStatuses: [container({ running: {} }, { ready: true })] } }, ['1/1', 'Terminating', '0']],
  ['gated', { status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] } }, ['0/1', 'SchedulingGated', '0']],
  ['with a sidecar', {
    spec: { initContainers: [{ name: 'i', restartPolicy: 'Always' }], containers: [{ name: 'c' }] },
    status: { phase: 'Running', initContainerStatuses: [container({ running: {} }, { name: 'i', started: true, ready: true })], containerStatuses: [container({ running: {} }, { ready: true })] },
  }, ['2/2', 'Running', '0']],
])('a pod %s', (_, pod, expected) => {
  expect(cells('core.v1.Pod', { spec: { containers: [{ name: 'c' }] }, ...pod })).toEqual(['x', ...expected, '60m', '<none>', '<none>', '<none>', '<none>']);
});

test('workloads, services and nodes', () => {
  const template = { spec: { containers: [{ name: 'a', image: 'i:1' }, { name: 'b', image: 'i:2' }] } };
  expect(cells('apps.v1.Deployment', { spec: { replicas: 3, selector: { matchLabels: { app: 'w' } }, template }, status: { readyReplicas: 2, updatedReplicas: 3 } })).toEqual(['x', '2/3', 3, 0, '60m', 'a,b', 'i:1,i:2', 'app=w']);
  expect(cells('batch.v1.Job', { spec: { completions: 2, template }, status: { succeeded: 1, startTime: created, conditions: [] } }).slice(0, 5)).toEqual(['x', 'Running', '1/2', '60m', '60m']);
  expect(cells('core.v1.Service', { spec: { type: 'NodePort', clusterIPs: ['10.0.0.1'], ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }] } })).toEqual(['x', 'NodePort', '10.0.0.1', '<none>', '80:30080/TCP', '60m', '<none>']);
  expect(cells('core.v1.Node', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } }, status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.36.0' } } }).slice(0, 5)).toEqual(['x', 'Ready', 'control-plane', '60m', 'v1.36.0']);
  expect(cells('core.v1.Event', { involvedObject: { kind: 'Pod', name: 'p' }, reason: 'Pulled', message: ' m ', lastTimestamp: created, firstTimestamp: created })).toEqual(['60m', '', 'Pulled', 'pod/p', '', '', 'm', '60m', 1, 'x']);
});

test('custom resources show their columns', () => {
  const columns = [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' }, { name: 'N', type: 'integer', jsonPath: '.spec.n' },
    { name: 'Since', type: 'date', jsonPath: '.metadata.creationTimestamp' }, { name: 'None', type: 'string', jsonPath: '.spec.none', priority: 1 },
  ];
  expect(cells(undefined, { spec: { n: 3 }, status: { conditions: [{ type: 'A', status: 'x' }, { type: 'Ready', status: 'True' }] } }, columns)).toEqual(['x', 'True', 3, '60m', null]);
  expect(cells(undefined, {})).toEqual(['x', '60m']);
});

test('preview kinds, and older versions of known kinds', () => {
  expect(cells('resource.v1beta2.DeviceTaintRule', { apiVersion: 'resource.k8s.io/v1beta2', kind: 'DeviceTaintRule', spec: { taint: { key: 'k', effect: 'NoExecute' } } })).toEqual(['x', 'k', '', 'NoExecute', '', '60m']);
  expect(cells('scheduling.v1alpha2.PodGroup', { spec: { schedulingPolicy: { gang: { minCount: 2 } } }, status: { conditions: [{ type: 'PodGroupScheduled', status: 'False' }] } })).toEqual(['x', 'Gang', '<none>', 'Unschedulable', '60m']);
  const pool = { driver: 'd', poolName: 'p', generation: 1, totalDevices: 4, availableDevices: 3, validationError: 'bad' };
  const complete = { poolCount: 2, pools: [pool], conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: created }] };
  expect(cells('resource.v1alpha3.ResourcePoolStatusRequest', { spec: { driver: 'd' }, status: complete })).toEqual(['x', 'd', '4', '3', '0', '0', '1', 2, 'Complete (1/2 pools)', '60m']);
  expect(cells('certificates.v1beta1.PodCertificateRequest', { spec: { podName: 'p', serviceAccountName: 's', nodeName: 'n', signerName: 'g' }, status: { conditions: [{ type: 'Issued' }] } })).toEqual(['x', 'p', 's', 'n', 'g', 'Issued', '<none>']);
  expect(cells('resource.v1beta1.ResourceSlice', { spec: { driver: 'd', nodeName: 'n', pool: { name: 'p' } } })).toEqual(['x', 'n', 'd', 'p', '60m']);
});

test('every listed kind has as many cells as columns', () => {
  for (const { type } of resources.filter(({ verbs }) => verbs.includes('list'))) {
    const object = { metadata: { name: 'x' }, spec: {}, status: {}, roleRef: { kind: 'Role', name: 'r' } };
    expect(cells(type, object), type).toHaveLength(tableColumns({ type }).length);
  }
  expect(Object.keys(tables).flatMap(typeNames).length).toBeGreaterThan(400);
});

test('rows carry metadata, the object or nothing', () => {
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
  const row = (includeObject: 'None' | 'Metadata' | 'Object'): unknown => toTable({ info: { type: 'core.v1.Namespace' }, objects: [object], includeObject, listMeta: { resourceVersion: '5' }, nowMs }).rows?.[0]?.object;
  expect(row('None')).toBeNull();
  expect(row('Object')).toBe(object);
  expect(row('Metadata')).toEqual({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'n' } });
});

test.each([
  [-5000, '<invalid>'], [-500, '0s'], [119_000, '119s'], [120_000, '2m'], [150_000, '2m30s'], [600_000, '10m'], [10_800_000, '3h'], [11_100_000, '3h5m'], [90_000_000, '25h'],
  [180_000_000, '2d2h'], [700_000_000, '8d'], [365 * 3 * 86_400_000, '3y'], [(365 * 3 + 5) * 86_400_000, '3y5d'],
])('%d ms read %s', (ms, text) => expect(humanDuration(ms)).toBe(text));

test.each([
  ['.a.b', 1], ['.list[0].x', 'p'], ['.list[-1].x', 'q'], ["['k.y']", 2], ['.k\\.y', 2], ['.list[*].x', 'p'], ['.list[?(@.n > 1)].x', 'q'], ['.list[?(@.x!="p")].n', 2], ['.none.b', undefined],
])('path %s', (path, value) => {
  expect(parseJsonPath(path).find({ a: { b: 1 }, 'k.y': 2, list: [{ x: 'p', n: 1 }, { x: 'q', n: 2 }] })[0]).toBe(value);
});
