// EndpointSlices from Services and pods: what is written, how little of it, and that stale or doubled looks end
// the same.
import { describe, expect, test } from 'vitest';
import type { Node, Pod, Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { randomInt, seededRandom } from '#base/random.ts';
import { reconcile as reconcileEndpoints } from '../endpoints/reconcile.ts';
import { createSliceTracker } from './tracker.ts';
import { managedBy, managedByLabel, maxEndpointsPerSlice, reconcile, serviceNameLabel } from './reconcile.ts';

const service: Service = {
  metadata: { name: 'web', namespace: 'a', uid: 'svc', labels: { team: 'x' } },
  spec: { clusterIP: '10.96.0.5', ipFamilies: ['IPv4'], selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }] },
};
const node: Node = { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } };

function pod(name: string, ip: string, { ready = true, deleting = false, port = 8080, phase = 'Running', nodeName = 'n1' } = {}): Pod {
  return {
    metadata: { name, namespace: 'a', uid: `uid-${name}`, labels: { app: 'web' }, ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { nodeName, containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }] },
    status: { phase, podIP: ip, podIPs: ip === '' ? [] : [{ ip }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

/** A server that keeps slices. */
function cluster() {
  let slices: EndpointSlice[] = [];
  let serial = 0;
  return {
    slices: () => slices,
    apply(pods: readonly Pod[], of: Service = service) {
      const actions = reconcile({ service: of, pods, slices, nodeOf: (name) => (name === 'n1' ? node : undefined) });
      for (const slice of actions.create) slices = [...slices, { ...slice, metadata: { ...slice.metadata, name: `web-${serial++}`, uid: `es${serial}` } }];
      for (const slice of actions.update) slices = slices.map((old) => (old.metadata?.name === slice.metadata?.name ? slice : old));
      slices = slices.filter((slice) => !actions.remove.some((gone) => gone.metadata?.name === slice.metadata?.name));
      return actions;
    },
    addresses: () => slices.flatMap((slice) => (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses)).sort(),
  };
}

test('a slice as upstream writes it', () => {
  const { apply, slices } = cluster();
  apply([pod('p1', '10.0.0.1'), pod('p2', '10.0.0.2', { ready: false }), pod('p3', '10.0.0.3', { deleting: true }), pod('done', '10.0.0.4', { phase: 'Succeeded' }), pod('new', '')]);
  expect(slices()).toHaveLength(1);
  expect(slices()[0]).toMatchObject({
    metadata: { generateName: 'web-', labels: { team: 'x', [serviceNameLabel]: 'web', [managedByLabel]: managedBy }, ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'svc', controller: true, blockOwnerDeletion: true }] },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.0.0.1'], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'n1', zone: 'z1', targetRef: { kind: 'Pod', name: 'p1', namespace: 'a', uid: 'uid-p1' } },
      { addresses: ['10.0.0.2'], conditions: { ready: false, serving: false, terminating: false } },
      { addresses: ['10.0.0.3'], conditions: { ready: false, serving: true, terminating: true } },
    ],
  });
  expect(apply([pod('p1', '10.0.0.1'), pod('p2', '10.0.0.2', { ready: false }), pod('p3', '10.0.0.3', { deleting: true })])).toMatchObject({ create: [], update: [], remove: [] });
});

test('a Service without endpoints keeps one empty slice, turned to use when pods come', () => {
  const { apply, slices } = cluster();
  apply([]);
  expect(slices()).toMatchObject([{ endpoints: [], ports: [] }]);
  expect(apply([])).toMatchObject({ create: [], update: [], remove: [] });
  expect(apply([pod('p1', '10.0.0.1')])).toMatchObject({ create: [], remove: [] });
  expect(slices()).toMatchObject([{ metadata: { name: 'web-0' }, endpoints: [{ addresses: ['10.0.0.1'] }] }]);
});

test('pods with other port numbers have slices of their own', () => {
  const { apply, slices } = cluster();
  apply([pod('p1', '10.0.0.1'), pod('p2', '10.0.0.2', { port: 9090 })]);
  expect(slices().map((slice) => slice.ports?.[0]?.port).sort()).toEqual([8080, 9090]);
});

test('a pod on an unknown node is left out and looked at again', () => {
  const { apply, addresses } = cluster();
  expect(apply([pod('p1', '10.0.0.1', { nodeName: 'gone' })]).missingNodes).toEqual(['gone']);
  expect(addresses()).toEqual([]);
  apply([pod('p1', '10.0.0.1', { nodeName: 'gone' })], { ...service, spec: { ...service.spec, publishNotReadyAddresses: true } });
  expect(addresses()).toEqual(['10.0.0.1']);
});

test('headless, labels and traffic distribution follow the Service', () => {
  const { apply, slices } = cluster();
  const pods = [pod('p1', '10.0.0.1')];
  apply(pods);
  apply(pods, { ...service, metadata: { ...service.metadata, labels: { team: 'y' } }, spec: { ...service.spec, clusterIP: 'None', trafficDistribution: 'PreferSameNode' } });
  expect(slices()[0]?.metadata?.labels).toMatchObject({ team: 'y', 'service.kubernetes.io/headless': '' });
  expect(slices()[0]?.endpoints?.[0]?.hints).toEqual({ forZones: [{ name: 'z1' }], forNodes: [{ name: 'n1' }] });
  apply(pods);
  expect(slices()[0]?.endpoints?.[0]?.hints).toBeUndefined();
});

test.each(Array.from({ length: 30 }, (_, seed) => seed))('seed %i: churn ends right, full slices stay in bounds', (seed) => {
  const random = seededRandom(seed);
  const { apply, slices, addresses } = cluster();
  let pods: Pod[] = [];
  for (let round = 0; round < 12; round++) {
    pods = pods.filter(() => randomInt(random, 5) > 0);
    const more = randomInt(random, 120);
    for (let n = 0; n < more; n++) pods.push(pod(`p${round}-${n}`, `10.${round}.${Math.floor(n / 250)}.${n % 250}`));
    const before = slices().length;
    const { create, update, remove } = apply(pods);
    expect(create.length + update.length + remove.length).toBeLessThanOrEqual(before + 3);
    expect(addresses()).toEqual(pods.map((each) => each.status?.podIP).sort());
    for (const slice of slices()) expect(slice.endpoints?.length).toBeLessThanOrEqual(maxEndpointsPerSlice);
  }
});

test('the tracker knows a cache that is behind, and its own writes', () => {
  const tracker = createSliceTracker();
  const slice = (uid: string, resourceVersion: string): EndpointSlice => ({ metadata: { uid, resourceVersion }, addressType: 'IPv4' });
  tracker.wrote('a/web', slice('s1', '10'));
  expect(tracker.isStale('a/web', [])).toBe(true);
  expect(tracker.isStale('a/web', [slice('s1', '9')])).toBe(true);
  expect(tracker.isStale('a/web', [slice('s1', '10')])).toBe(false);
  expect(tracker.isOwnWrite('a/web', slice('s1', '10'))).toBe(true);
  expect(tracker.isOwnWrite('a/web', slice('s1', '11'))).toBe(false);
  tracker.removing('a/web', slice('s1', '10'));
  expect(tracker.isStale('a/web', [slice('s1', '10')])).toBe(true);
  expect(tracker.deleted('a/web', slice('s1', '10'))).toBe(true);
  expect(tracker.deleted('a/web', slice('s1', '10'))).toBe(false);
  expect(tracker.isStale('a/web', [])).toBe(false);
});

describe('Endpoints', () => {
  test('ready and not ready apart, grouped by ports, written once', () => {
    const pods = [pod('p2', '10.0.0.2'), pod('p1', '10.0.0.1', { ready: false }), pod('p3', '10.0.0.3', { port: 9090 }), pod('p4', '10.0.0.4', { deleting: true })];
    const made = reconcileEndpoints({ service, pods, existing: undefined, triggerTime: '2026-01-01T00:00:00Z' });
    expect(made).toMatchObject({
      metadata: { name: 'web', namespace: 'a', labels: { team: 'x', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' }, annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' } },
      subsets: [
        { addresses: [{ ip: '10.0.0.2', nodeName: 'n1', targetRef: { name: 'p2' } }], notReadyAddresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
        { addresses: [{ ip: '10.0.0.3' }], ports: [{ port: 9090 }] },
      ],
    });
    expect(reconcileEndpoints({ service, pods: [...pods].reverse(), existing: made, triggerTime: undefined })).toBeUndefined();
  });

  test('no more than 1,000 addresses, and it says so', () => {
    const pods = Array.from({ length: 1200 }, (_, n) => pod(`p${n}`, `10.0.${Math.floor(n / 250)}.${n % 250}`, { ready: n % 2 === 0 }));
    const made = reconcileEndpoints({ service, pods, existing: undefined, triggerTime: undefined });
    const [subset] = made?.subsets ?? [];
    expect([subset?.addresses?.length, subset?.notReadyAddresses?.length]).toEqual([600, 400]);
    expect(made?.metadata?.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  });
});
