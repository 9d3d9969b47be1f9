// Objects in the cache are shared: whatever a request does with one on its way, refused or not, the next request must
// find it as it was stored. Every object that the cache hands out is frozen while the suites run.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { pod, startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const pods = '/api/v1/namespaces/default/pods';

async function withServer(run: (api: TestServer) => Promise<void>): Promise<void> {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  await run(api);
  await store.close();
}

test('a refused change of hostNetwork leaves the ports of the pod as they are', () =>
  withServer(async (api) => {
    const made = pod('web');
    made.spec = { containers: [{ name: 'main', image: 'busybox', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } }], resources: { limits: { cpu: '1' } } };
    expect((await api.post(pods, made)).status).toBe(201);
    for (const type of ['merge', 'strategic'] as const) expect((await api.patch(`${pods}/web`, type, { spec: { hostNetwork: true } })).status).toBe(422);
    const labelled = await api.patch(`${pods}/web`, 'merge', { metadata: { labels: { a: 'b' } } });
    expect([labelled.status, labelled.body.spec.containers[0].ports]).toEqual([200, [{ containerPort: 80, protocol: 'TCP' }]]);
  }));

test('a patch of metadata writes nothing to what it shares with the object before', () =>
  withServer(async (api) => {
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };
    const selector = { matchLabels: { app: 'a' } };
    const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
    const made: readonly (readonly [path: string, object: Record<string, unknown>])[] = [
      ['/apis/apps/v1/namespaces/default/deployments', { apiVersion: 'apps/v1', kind: 'Deployment', spec: { selector, template } }],
      ['/apis/apps/v1/namespaces/default/daemonsets', { apiVersion: 'apps/v1', kind: 'DaemonSet', spec: { selector, template } }],
      ['/apis/apps/v1/namespaces/default/statefulsets', { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { selector, template, serviceName: 's', volumeClaimTemplates: [claim] } }],
      ['/apis/batch/v1/namespaces/default/jobs', { apiVersion: 'batch/v1', kind: 'Job', spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } }],
      ['/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', spec: { scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' }, maxReplicas: 3, behavior: { scaleDown: { stabilizationWindowSeconds: 5 } } } }],
      ['/api/v1/namespaces/default/services', { apiVersion: 'v1', kind: 'Service', spec: { selector: { app: 'a' }, ports: [{ port: 80 }] } }],
      ['/api/v1/namespaces/default/limitranges', { apiVersion: 'v1', kind: 'LimitRange', spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } }],
      ['/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace' }],
      ['/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'] } }],
    ];
    for (const [path, object] of made) {
      const created = await api.post(path, { ...object, metadata: { name: 'a' } });
      expect([path, created.status]).toEqual([path, 201]);
      for (const type of ['merge', 'strategic'] as const) {
        const patched = await api.patch(`${path}/a`, type, { metadata: { labels: { patched: type } } });
        expect([path, type, patched.status, patched.body.spec]).toEqual([path, type, 200, created.body.spec]);
      }
    }
  }));

test('another number of the same digits is a change, though a double holds the two alike', () =>
  withServer(async (api) => {
    const path = '/apis/apps/v1/namespaces/default/replicasets';
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };
    expect((await api.post(path, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'a' }, spec: { selector: { matchLabels: { app: 'a' } }, template } })).status).toBe(201);
    for (const generation of ['4611686018427387912', '4611686018427387921']) {
      const patched = await api.patch(`${path}/a/status`, 'merge', `{"status":{"observedGeneration":${generation}}}`);
      expect([patched.status, (await api.get(`${path}/a`)).text]).toEqual([200, expect.stringContaining(`"observedGeneration":${generation}`)]);
    }
  }));
