// Admission as pods, nodes and namespaces meet it: what is filled in, what is refused, in upstream's words.
import { describe, expect, test } from 'vitest';
import { resources } from '#api/resources.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemClock } from '#base/clock.ts';
import { seededRandom } from '#base/random.ts';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, Operation } from '../contract.ts';
import { fakeReader, type FakeReader } from '../fake-reader.case.ts';
import { createRbacAuthorizer } from '../authz/index.ts';
import { defaultAdmission, type AdmissionSettings } from './index.ts';

const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' }, status: { phase: 'Active' } };
const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'x' } };
const pod = (spec: object = {}, metadata: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'x', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });

function pluginsWith(reader: FakeReader, settings: AdmissionSettings = {}): AdmissionPlugin[] {
  const rbac = createRbacAuthorizer(reader);
  const writer = { create: () => Promise.reject(new Error('nothing is made')), lookup: async () => undefined, mutate: () => Promise.reject(new Error('nothing is charged')) };
  return defaultAdmission({ reader, random: seededRandom(1), rbac, authorizer: rbac, webhooks: [], clock: { ...systemClock, now: () => 0 }, metrics: createMetrics(), writer }, settings);
}

async function admit(reader: FakeReader, plural: string, operation: Operation, object: KubeObject | undefined, more: Partial<AdmissionRequest> = {}): Promise<KubeObject | undefined> {
  const resource = resources.find((r) => r.plural === plural);
  if (resource === undefined) throw new Error(plural);
  const plugins = pluginsWith(reader);
  const request: AdmissionRequest = { operation, resource, subresource: '', namespace: resource.namespaced ? 'x' : '', name: object?.metadata?.name ?? '', object, oldObject: undefined, options: {}, dryRun: false, user: { name: 'jane', groups: [] }, warn() {}, annotate() {}, ...more };
  const wanted = plugins.filter((p) => p.handles(operation, resource, request.subresource));
  for (const plugin of wanted) await plugin.mutate?.(request);
  for (const plugin of wanted) await plugin.validate?.(request);
  return request.object;
}

describe('a new pod', () => {
  test('gets its account, its token volume, tolerations and priority', async () => {
    const made = await admit(fakeReader(namespace, account), 'pods', 'CREATE', pod());
    expect(made?.spec).toMatchObject({
      serviceAccountName: 'default', serviceAccount: 'default', priority: 0, preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }, { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
      containers: [{ volumeMounts: [{ readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] }],
      volumes: [{ name: expect.stringMatching(/^kube-api-access-[a-z0-9]{5}$/), projected: { defaultMode: 420 } }],
    });
  });
  test('gets no token when its account says no', async () => {
    const made = await admit(fakeReader(namespace, { ...account, automountServiceAccountToken: false }), 'pods', 'CREATE', pod());
    expect((made?.spec as { volumes?: unknown }).volumes).toBeUndefined();
  });
  test('is refused without its account', async () => {
    const refusal = await admit(fakeReader(namespace), 'pods', 'CREATE', pod({ serviceAccountName: 'mine' })).catch((e: unknown) => e);
    expect(refusal).toMatchObject({ message: 'pods "p" is forbidden: error looking up service account x/mine: serviceaccount "mine" not found', status: { code: 403, details: { kind: 'pods', name: 'p' } } });
  });
  test('takes the number of its priority class, and none other', async () => {
    const reader = fakeReader(namespace, account, { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1000 });
    expect((await admit(reader, 'pods', 'CREATE', pod({ priorityClassName: 'high' })))?.spec).toMatchObject({ priority: 1000 });
    await expect(admit(reader, 'pods', 'CREATE', pod({ priorityClassName: 'none' }))).rejects.toThrow('pods "p" is forbidden: no PriorityClass with name none was found');
    await expect(admit(reader, 'pods', 'CREATE', pod({ priority: 7 }))).rejects.toThrow(/the integer value of priority \(7\) must not be provided in pod spec/);
  });
  test('gets a limit range\'s defaults and is held to its bounds', async () => {
    const range: KubeObject = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace: 'x' }, spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' } }] } };
    const made = await admit(fakeReader(namespace, account, range), 'pods', 'CREATE', pod());
    expect(made).toMatchObject({ spec: { containers: [{ resources: { requests: { cpu: '100m' }, limits: { cpu: '500m' } } }] }, metadata: { annotations: { 'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu request for container c; cpu limit for container c' } } });
    await expect(admit(fakeReader(namespace, account, range), 'pods', 'CREATE', pod({ containers: [{ name: 'c', resources: { limits: { cpu: '2' } } }] }))).rejects.toThrow('maximum cpu usage per Container is 1, but limit is 2');
  });
});

test('pods learn their topology unless the feature is off', () => {
  const names = (settings: AdmissionSettings): string[] => pluginsWith(fakeReader(), settings).map(({ name }) => name);
  expect(names({ labelsTopology: true })).toEqual(names({}));
  expect(names({}).filter((name) => !names({ labelsTopology: false }).includes(name))).toEqual(['PodTopologyLabels']);
});

test('a pod without containers is left to validation by every plugin', async () => {
  const range: KubeObject = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace: 'x' }, spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, max: { cpu: '1' } }, { type: 'Pod' }] } };
  for (const spec of [undefined, {}, { containers: [] }, { initContainers: [{ name: 'i' }] }]) {
    const bare = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'x' }, ...(spec === undefined ? {} : { spec }) };
    await expect(admit(fakeReader(namespace, account, range), 'pods', 'CREATE', bare)).resolves.toBeDefined();
  }
});

describe('namespaces', () => {
  test('nothing is made in one that does not exist or is going away', async () => {
    await expect(admit(fakeReader(), 'configmaps', 'CREATE', { metadata: { name: 'c', namespace: 'x' } })).rejects.toThrow('namespaces "x" not found');
    await expect(admit(fakeReader(), 'pods', 'CREATE', pod())).rejects.toThrow('namespaces "x" not found');
    const going: KubeObject = { ...namespace, status: { phase: 'Terminating' } };
    await expect(admit(fakeReader(going), 'configmaps', 'CREATE', { metadata: { name: 'c', namespace: 'x' } })).rejects.toMatchObject({ status: { code: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } } });
  });
  test('the system\'s own cannot be deleted', async () => {
    await expect(admit(fakeReader(), 'namespaces', 'DELETE', undefined, { name: 'kube-system' })).rejects.toThrow('namespaces "kube-system" is forbidden: this namespace may not be deleted');
    await admit(fakeReader(), 'namespaces', 'DELETE', undefined, { name: 'mine' });
  });
});

describe('a kubelet', () => {
  const user = { name: 'system:node:n1', groups: ['system:nodes'] };
  const bound = pod({ nodeName: 'n1' });
  test('writes the status of its own pods and of no others', async () => {
    await admit(fakeReader(namespace, bound), 'pods', 'UPDATE', bound, { user, subresource: 'status', oldObject: bound });
    const other = pod({ nodeName: 'n2' });
    await expect(admit(fakeReader(namespace, other), 'pods', 'UPDATE', other, { user, subresource: 'status', oldObject: other })).rejects.toThrow('node "n1" can only update pod status for pods with spec.nodeName set to itself');
  });
  test('makes mirror pods only, and registers itself only', async () => {
    await expect(admit(fakeReader(namespace, account), 'pods', 'CREATE', bound, { user })).rejects.toThrow(/can only create mirror pods/);
    const node = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
    const made = await admit(fakeReader(), 'nodes', 'CREATE', node('n1'), { user });
    expect(made?.spec).toEqual({ taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] });
    await expect(admit(fakeReader(), 'nodes', 'CREATE', node('n2'), { user })).rejects.toThrow('node "n1" is not allowed to modify node "n2"');
    const labelled = { ...node('n1'), metadata: { name: 'n1', labels: { 'node-restriction.kubernetes.io/x': 'y' } } };
    await expect(admit(fakeReader(), 'nodes', 'CREATE', labelled, { user })).rejects.toThrow(/node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io\/x/);
  });
});

test('nobody grants what he does not hold', async () => {
  const role: KubeObject = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r', namespace: 'x' }, rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] };
  await expect(admit(fakeReader(namespace), 'roles', 'CREATE', role)).rejects.toThrow('user "jane" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}');
  await admit(fakeReader(namespace), 'roles', 'CREATE', role, { user: { name: 'root', groups: ['system:masters'] } });
});

test('claims and volumes are protected; a claim without a class gets the default one', async () => {
  const storage: KubeObject = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } };
  const claim: KubeObject = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c', namespace: 'x' }, spec: {} };
  expect(await admit(fakeReader(namespace, storage), 'persistentvolumeclaims', 'CREATE', claim)).toMatchObject({ metadata: { finalizers: ['kubernetes.io/pvc-protection'] }, spec: { storageClassName: 'fast' } });
});
