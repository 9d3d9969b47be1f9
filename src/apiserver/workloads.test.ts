// Resources with habits of their own: services and what they are given, bindings, evictions, jobs, events in
// two groups, nodes' own types.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { pod, startTestServer, testWorld, type TestServer } from './test-server.case.ts';

const pods = '/api/v1/namespaces/default/pods';
const services = '/api/v1/namespaces/default/services';

describe('resources with habits', () => {
  let store: Store;
  let api: TestServer;

  beforeEach(async () => {
    store = openMemoryStore(testWorld());
    api = await startTestServer(store);
  });
  afterEach(async () => {
    await api[Symbol.asyncDispose]();
    await store.close();
  });

  const service = (name: string, spec: Record<string, unknown>): Record<string, unknown> => ({ metadata: { name }, spec: { selector: { app: 'x' }, ports: [{ port: 80 }], ...spec } });

  describe('services', () => {
    it('get an address, keep it, and give it back', async () => {
      const made = (await api.post(services, service('a', {}))).body;
      expect(made.spec).toMatchObject({ type: 'ClusterIP', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', clusterIPs: [made.spec.clusterIP] });
      expect(made.spec.clusterIP).toMatch(/^10\.96\./);
      const ip = `/apis/networking.k8s.io/v1/ipaddresses/${made.spec.clusterIP}`;
      expect((await api.get(ip)).body.spec.parentRef).toMatchObject({ resource: 'services', namespace: 'default', name: 'a' });
      const replaced = (await api.put(`${services}/a`, service('a', { ports: [{ port: 81 }] }))).body;
      expect(replaced.spec.clusterIP).toBe(made.spec.clusterIP);
      await api.del(`${services}/a`);
      expect((await api.get(ip)).status).toBe(404);
    });

    it('cannot share an address or leave the range', async () => {
      expect((await api.post(services, service('a', { clusterIP: '10.96.0.50' }))).status).toBe(201);
      const taken = await api.post(services, service('b', { clusterIP: '10.96.0.50' }));
      expect(taken.status).toBe(422);
      expect(taken.body.message).toContain('failed to allocate IP 10.96.0.50: provided IP is already allocated');
      const outside = await api.post(services, service('c', { clusterIP: '192.0.2.1' }));
      expect(outside.body.message).toContain('failed to allocate IP 192.0.2.1: the provided network does not match the current range');
    });

    it('get node ports, and lose them with the type', async () => {
      const made = (await api.post(services, service('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30123 }, { port: 81, name: 'b' }].map((p, i) => ({ name: `p${i}`, ...p })) }))).body;
      expect(made.spec.ports[0].nodePort).toBe(30123);
      expect(made.spec.ports[1].nodePort).toBeGreaterThanOrEqual(30000);
      const taken = await api.post(services, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30123 }] }));
      expect(taken.body.message).toBe('Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30123: provided port is already allocated');
      const plain = (await api.patch(`${services}/a`, 'merge', { spec: { type: 'ClusterIP' } })).body;
      expect(plain.spec.ports[0].nodePort).toBeUndefined();
      expect((await api.post(services, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30123 }] }))).status).toBe(201);
    });

    it('may be headless or external', async () => {
      expect((await api.post(services, service('h', { clusterIP: 'None' }))).body.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
      const external = (await api.post(services, { metadata: { name: 'e' }, spec: { type: 'ExternalName', externalName: 'example.com' } })).body;
      expect(external.spec.clusterIP).toBeUndefined();
    });

    it('on a dry run take nothing', async () => {
      const dry = (await api.post(`${services}?dryRun=All`, service('a', {}))).body;
      expect((await api.get(`/apis/networking.k8s.io/v1/ipaddresses/${dry.spec.clusterIP}`)).status).toBe(404);
    });
  });

  it('a binding gives a pod its node, once', async () => {
    await api.post(pods, pod('a'));
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { kind: 'Node', name: 'n1' } };
    expect((await api.post(`${pods}/a/binding`, binding)).body).toMatchObject({ kind: 'Status', status: 'Success' });
    const bound = (await api.get(`${pods}/a`)).body;
    expect(bound.spec.nodeName).toBe('n1');
    expect(bound.status.conditions[0]).toMatchObject({ type: 'PodScheduled', status: 'True' });
    const again = await api.post(`${pods}/a/binding`, binding);
    expect(again.status).toBe(409);
    expect(again.body.message).toContain('pod a is already assigned to node "n1"');
  });

  it('node ports: one for all protocols of a port of a new service, as asked for, and kept by the port\'s name', async () => {
    const both = [{ name: 'a', port: 53, protocol: 'UDP' }, { name: 'b', port: 53, protocol: 'TCP', nodePort: 30053 }];
    const shared = (await api.post(services, service('s', { type: 'NodePort', ports: both }))).body.spec.ports;
    expect(shared.map((port: { nodePort: number }) => port.nodePort)).toEqual([30053, 30053]);
    const [, second] = both;
    const moved = await api.put(`${services}/s`, service('s', { type: 'NodePort', ports: [{ ...second, nodePort: 0, port: 54 }] }));
    expect(moved.body.spec.ports[0].nodePort).toBe(30053);
    const balanced = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80, nodePort: 30080 }] };
    expect((await api.post(services, service('l', balanced))).body.spec.ports[0].nodePort).toBe(30080);
    const taken = await api.post(services, service('m', balanced));
    expect(taken.body.message).toBe('Service "m" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated');
    const health = await api.post(services, service('h', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30080 }));
    expect(health.body.message).toBe('Internal error occurred: failed to allocate requested HealthCheck NodePort 30080: provided port is already allocated');
  });

  it('a service loses with its type what the new one has no use for, and nothing else', async () => {
    const services = '/api/v1/namespaces/default/services';
    const made = await api.post(services, { metadata: { name: 'lb' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }, { name: 'b', port: 81 }].map((port, at) => ({ name: `p${at}`, ...port })) } });
    const given = made.body.spec.ports.map((port: { nodePort: number }) => port.nodePort);
    expect(given).toEqual([expect.any(Number), expect.any(Number)]);
    await api.patch(`${services}/lb/status`, 'merge', { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } } });
    const kept = await api.patch(`${services}/lb`, 'merge', { spec: { allocateLoadBalancerNodePorts: false } });
    expect(kept.body.spec.ports.map((port: { nodePort: number }) => port.nodePort)).toEqual(given);
    expect(kept.body.status.loadBalancer.ingress).toHaveLength(1);
    const plain = await api.patch(`${services}/lb`, 'merge', { spec: { type: 'ClusterIP', ports: [kept.body.spec.ports[0]] } });
    expect(plain.status).toBe(200);
    expect(plain.body.spec.ports).toEqual([{ name: 'p0', port: 80, protocol: 'TCP', targetPort: 80 }]);
    expect(plain.body.status).toEqual({ loadBalancer: {} });
    const named = await api.post(services, { metadata: { name: 'ext' }, spec: { type: 'ExternalName', externalName: 'a.example', internalTrafficPolicy: 'Cluster' } });
    expect([named.status, named.body.spec]).toEqual([201, { type: 'ExternalName', externalName: 'a.example', sessionAffinity: 'None' }]);
    const wrong = await api.post(services, { metadata: { name: 'ext2' }, spec: { type: 'ExternalName', externalName: 'a.example', internalTrafficPolicy: 'No' } });
    expect(wrong.status).toBe(422);
  });

  it('an eviction respects the budget', async () => {
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const running = (name: string) => api.patch(`${pods}/${name}/status`, 'merge', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    for (const name of ['a', 'b']) {
      await api.post(pods, pod(name, { labels: { app: 'x' }, nodeName: 'n1' }));
      await running(name);
    }
    await api.post(budgets, { metadata: { name: 'pdb' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } } });
    await api.patch(`${budgets}/pdb/status`, 'merge', { status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 } });
    const evict = (name: string, version = 'v1', more: object = {}) => api.post(`${pods}/${name}/eviction`, { apiVersion: `policy/${version}`, kind: 'Eviction', metadata: { name }, ...more });
    expect((await evict('a', 'v1beta1', { deleteOptions: { dryRun: ['All'] } })).status).toBe(201);
    expect((await evict('a', 'v1alpha1')).status).toBe(400);
    expect((await evict('a')).status).toBe(201);
    expect((await api.get(`${pods}/a`)).body.metadata.deletionTimestamp).toBeDefined();
    const refused = await evict('b');
    expect(refused.status).toBe(429);
    expect(refused.body.message).toBe("Cannot evict pod as it would violate the pod's disruption budget.");
    expect((await api.get(`${budgets}/pdb`)).body.status).toMatchObject({ disruptionsAllowed: 0 });
  });

  it('a job gets its selector', async () => {
    const { body } = await api.post('/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'j' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    });
    const { uid } = body.metadata;
    expect(body.spec.selector.matchLabels).toEqual({ 'batch.kubernetes.io/controller-uid': uid });
    expect(body.spec.template.metadata.labels).toMatchObject({ 'job-name': 'j', 'controller-uid': uid });
  });

  it('an event is the same in both groups', async () => {
    await api.post('/api/v1/namespaces/default/events', {
      metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' }, message: 'hello', reason: 'Why', type: 'Normal', source: { component: 'me' },
    });
    const { body } = await api.get('/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name%3Da');
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({ note: 'hello', regarding: { name: 'a' }, deprecatedSource: { component: 'me' } });
  });

  it('an autoscaler is the same in both versions', async () => {
    const path = (version: string): string => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
    await api.post(path('v1'), { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' }, spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 60, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } } });
    expect((await api.get(`${path('v2')}/h`)).body.spec.metrics[0].resource.target.averageUtilization).toBe(60);
    expect((await api.get(`${path('v1')}/h`)).body.spec.targetCPUUtilizationPercentage).toBe(60);
  });

  it('a secret takes text and keeps bytes', async () => {
    const { body } = await api.post('/api/v1/namespaces/default/secrets', { metadata: { name: 's' }, stringData: { a: 'hello' } });
    expect(body).toMatchObject({ type: 'Opaque', data: { a: 'aGVsbG8=' } });
    expect(body.stringData).toBeUndefined();
  });
});
