// Plugins that are off by default or small, and NodeRestriction's finer points: one line a rule, in upstream's words.
import { describe, expect, test } from 'vitest';
import type { AdmissionPlugin, AdmissionRequest, Attributes, KubeObject, Operation } from '../contract.ts';
import { fakeReader } from '../fake-reader.case.ts';
import { admitWith } from './admit.case.ts';
import { maySigner } from './certificate-plugins.ts';
import { eventRateLimit } from './event-rate-limit.ts';
import { enabledPlugins, pluginChoiceErrors, readAdmissionConfiguration } from './index.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceAutoProvision, namespaceExists } from './namespace-plugins.ts';
import { nodeRestriction } from './node-restriction.ts';
import { denyServiceExternalIPs, ownerReferencesPermissionEnforcement, persistentVolumeClaimResize } from './ownership-and-services.ts';
import { alwaysPullImages, extendedResourceToleration, limitPodHardAntiAffinityTopology, podNodeSelector, podTolerationRestriction, podTopologyLabels } from './pod-plugins.ts';
import { serviceAccountPlugin } from './service-account.ts';
import { systemClock, type Clock } from '#base/clock.ts';
import { seededRandom } from '#base/random.ts';
import { podResizeValidator } from './pod-update-plugins.ts';

const none = { lookup: async () => undefined };
const namespace = (annotations: Record<string, string> = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', annotations } });
const pod = (spec: object = {}, metadata: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'x', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
const specOf = async (plugin: AdmissionPlugin, object: KubeObject, more: Partial<AdmissionRequest> = {}): Promise<unknown> => (await admitWith([plugin], 'pods', 'CREATE', object, more)).object?.spec;

describe('pods', () => {
  test('AlwaysPullImages', async () => {
    expect(await specOf(alwaysPullImages, pod())).toMatchObject({ containers: [{ imagePullPolicy: 'Always' }] });
  });
  test('thousands of tolerations beside thousands that are added or allowed', async () => {
    const many = (letter: string) => Array.from({ length: 5_000 }, (_, i) => ({ key: `${letter}${i}`, operator: 'Exists' }));
    const plugin = podTolerationRestriction(fakeReader(namespace({ 'scheduler.alpha.kubernetes.io/defaultTolerations': JSON.stringify(many('b')), 'scheduler.alpha.kubernetes.io/tolerationsWhitelist': JSON.stringify([...many('a'), ...many('b')]) })), none);
    const made = (await specOf(plugin, pod({ tolerations: [...many('a'), ...many('b')] }))) as { tolerations: unknown[] };
    expect(made.tolerations).toHaveLength(10_000);
    const twice = { key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute' };
    const few = podTolerationRestriction(fakeReader(namespace({ 'scheduler.alpha.kubernetes.io/defaultTolerations': JSON.stringify([{ ...twice, tolerationSeconds: 5 }, { key: 'x', operator: 'Exists' }, { operator: 'Exists', effect: 'NoSchedule' }]) })), none);
    expect(await specOf(few, pod({ tolerations: [{ ...twice, tolerationSeconds: 3 }, { key: 'x', value: 'y' }, { key: 'z', effect: 'NoSchedule' }] }))).toMatchObject({
      tolerations: [{ ...twice, tolerationSeconds: 5 }, { key: 'x', operator: 'Exists' }, { operator: 'Exists', effect: 'NoSchedule' }],
    });
  });
  test('LimitRanger and a range of thousands of names, for thousands of containers', async () => {
    const amounts = (amount: string) => Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`example.com/r${i}`, amount]));
    const containers = () => Array.from({ length: 9_000 }, (_, i) => ({ name: `c${i}`, image: 'i' }));
    const range = (limits: object): KubeObject => ({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace: 'x' }, spec: { limits: [{ type: 'Container', ...limits }] } });
    // The note of what was set is longer than annotations may be: with it the pod is refused.
    const filled = (await admitWith([limitRanger(fakeReader(range({ default: amounts('1') })))], 'pods', 'CREATE', pod({ containers: containers() }))).object;
    expect(filled?.metadata?.annotations?.['kubernetes.io/limit-ranger']?.length).toBeGreaterThan(256 * 1024);
    const refusal = specOf(limitRanger(fakeReader(range({ max: amounts('1') }))), pod({ containers: containers() }));
    await expect(refusal).rejects.toThrow(/^pods "p" is forbidden: \[maximum example.com\/r0 usage per Container is 1. {2}No limit is specified, /);
  });
  test('LimitPodHardAntiAffinityTopology', async () => {
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } };
    await expect(specOf(limitPodHardAntiAffinityTopology, pod({ affinity }))).rejects.toThrow('affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed');
  });
  test('ExtendedResourceToleration', async () => {
    expect(await specOf(extendedResourceToleration, pod({ containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '1', cpu: '1' } } }] }))).toMatchObject({ tolerations: [{ key: 'example.com/gpu', operator: 'Exists' }] });
  });
  test('PodNodeSelector', async () => {
    const plugin = podNodeSelector(fakeReader(namespace({ 'scheduler.alpha.kubernetes.io/node-selector': 'env=dev' })), none, { x: 'env=dev,disk=ssd' });
    expect(await specOf(plugin, pod({ nodeSelector: { disk: 'ssd' } }))).toMatchObject({ nodeSelector: { env: 'dev', disk: 'ssd' } });
    await expect(specOf(plugin, pod({ nodeSelector: { env: 'prod' } }))).rejects.toThrow('pod node label selector conflicts with its namespace node label selector');
    await expect(specOf(plugin, pod({ nodeSelector: { other: 'y' } }))).rejects.toThrow('pod node label selector labels conflict with its namespace whitelist');
  });
  test('PodTolerationRestriction', async () => {
    const plugin = podTolerationRestriction(fakeReader(namespace({ 'scheduler.alpha.kubernetes.io/defaultTolerations': '[{"key":"a","operator":"Exists"}]', 'scheduler.alpha.kubernetes.io/tolerationsWhitelist': '[{"key":"a","operator":"Exists"}]' })), none);
    expect(await specOf(plugin, pod())).toMatchObject({ tolerations: [{ key: 'a', operator: 'Exists' }] });
    await expect(specOf(plugin, pod({ tolerations: [{ key: 'b', operator: 'Exists' }] }))).rejects.toThrow('pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist');
  });
  test('PodTopologyLabels, for bindings and pods that name their node', async () => {
    const plugin = podTopologyLabels(fakeReader({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'a', other: 'b' } } }));
    const labels = { 'topology.kubernetes.io/zone': 'a' };
    expect((await admitWith([plugin], 'pods', 'CREATE', pod({ nodeName: 'n1' }))).object?.metadata?.labels).toEqual(labels);
    expect((await admitWith([plugin], 'pods', 'CREATE', { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } }, { subresource: 'binding' })).object?.metadata?.labels).toEqual(labels);
  });
  test('ServiceAccount holds pods to the Secrets that a strict account names', async () => {
    const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'x', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }, secrets: [{ name: 'mine' }], automountServiceAccountToken: false };
    const plugin = serviceAccountPlugin({ reader: fakeReader(account), clock: systemClock, random: seededRandom(1), ...none });
    await specOf(plugin, pod({ volumes: [{ name: 'v', secret: { secretName: 'mine' } }] }));
    await expect(specOf(plugin, pod({ volumes: [{ name: 'v', secret: { secretName: 'other' } }] }))).rejects.toThrow('volume with secret.secretName="other" is not allowed because service account default does not reference that secret');
    await expect(specOf(plugin, pod({ imagePullSecrets: [{ name: 'mine' }] }))).rejects.toThrow('imagePullSecrets[0].name="mine" is not allowed because service account default does not reference that imagePullSecret');
  });
  test('ServiceAccount waits for the default account of a new namespace, and for no other', async () => {
    let looks = 0;
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after(delayMs, run) {
        waits.push(delayMs);
        queueMicrotask(run);
        return { cancel() {} };
      },
    };
    const found = (after: number) => async (): Promise<KubeObject | undefined> => (++looks < after ? undefined : { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'x' } });
    const plugin = (after: number): AdmissionPlugin => serviceAccountPlugin({ reader: fakeReader(), clock, random: seededRandom(1), lookup: found(after) });
    expect(await specOf(plugin(10), pod())).toMatchObject({ serviceAccountName: 'default' });
    expect([looks, waits.length, waits.every((ms) => ms >= 100 && ms < 200)]).toEqual([10, 9, true]);
    looks = 0;
    await expect(specOf(plugin(11), pod())).rejects.toThrow('pods "p" is forbidden: error looking up service account x/default: serviceaccount "default" not found');
    looks = 0;
    await expect(specOf(plugin(2), pod({ serviceAccountName: 'other' }))).rejects.toThrow('error looking up service account x/other: serviceaccount "other" not found');
    expect(looks).toBe(1);
  });
  test('PodResizeValidator', async () => {
    const plugin = podResizeValidator(fakeReader({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: { allocatable: { cpu: '1', memory: '1Gi' } } }));
    const sized = (cpu: string, generation: number): KubeObject => pod({ nodeName: 'n1', containers: [{ name: 'c', resources: { requests: { cpu } } }] }, { generation });
    await expect(admitWith([plugin], 'pods', 'UPDATE', sized('2', 2), { subresource: 'resize', oldObject: sized('1', 1) })).rejects.toThrow("node didn't have enough allocatable resources: cpu, requested: 2000, allocatable: 1000");
    await admitWith([plugin], 'pods', 'UPDATE', sized('1', 2), { subresource: 'resize', oldObject: sized('500m', 1) });
  });
});

describe('a node', () => {
  const user = { name: 'system:node:n1', groups: ['system:nodes'] };
  const node: KubeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'u-n1' } };
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u-n1', controller: true };
  const mirror = (spec: object = {}, metadata: object = {}): KubeObject => pod({ nodeName: 'n1', ...spec }, { annotations: { 'kubernetes.io/config.mirror': 'h' }, ownerReferences: [owner], ...metadata });
  const own = pod({ nodeName: 'n1', volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'vault' } }, { serviceAccountToken: { path: 'token' } }] } }] }, { name: 'mine', uid: 'u-p' });
  const plugin = nodeRestriction({ reader: fakeReader(node, own, pod({ nodeName: 'n2' }, { name: 'other', uid: 'u-o' })), writer: none, authorizer: { name: 'x', authorize: (a: Attributes) => ({ decision: a.resource === 'granted' ? 'allow' : 'none', reason: '' }) }, podCertificates: false });
  const act = (plural: string, operation: Operation, object: KubeObject | undefined, more: Partial<AdmissionRequest> = {}): Promise<unknown> => admitWith([plugin], plural, operation, object, { user, ...more });
  const token = (audiences: string[] | null, ref: object = {}): KubeObject => ({ spec: { audiences, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'u-p', ...ref } } });
  const asToken = { subresource: 'token', name: 'sa' };

  describe('asks for tokens of volumes that CSI drivers mount', () => {
    const using = (name: string, source: object): KubeObject => pod({ nodeName: 'n1', volumes: [{ name: 'v', ...source }] }, { name, uid: 'u-p' });
    const volumes = fakeReader(
      using('inline', { csi: { driver: 'd' } }), using('claim', { persistentVolumeClaim: { claimName: 'c' } }), using('migrated', { azureFile: { secretName: 's', shareName: 's' } }),
      using('lost', { persistentVolumeClaim: { claimName: 'gone' } }), using('undriven', { csi: { driver: 'e' } }), using('ephemeral', { ephemeral: { volumeClaimTemplate: {} } }),
      ...['c', 'ephemeral-v'].map((name) => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'x' }, spec: { volumeName: 'pv' } })),
      { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' }, spec: { azureFile: { secretName: 's', shareName: 's' } } },
      ...['d', 'file.csi.azure.com'].map((name) => ({ apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name }, spec: { tokenRequests: [{ audience: 'vault' }] } })),
    );
    const parts = { reader: volumes, writer: none, authorizer: { name: 'x', authorize: () => ({ decision: 'none' as const, reason: '' }) }, podCertificates: false };
    const ask = (name: string, audience = 'vault', more: object = {}): Promise<unknown> => admitWith([nodeRestriction({ ...parts, ...more })], 'serviceaccounts', 'CREATE', token([audience], { name }), { user, ...asToken });
    test.each(['inline', 'claim', 'migrated', 'ephemeral'])('%s', async (name) => {
      await ask(name);
      await expect(ask(name, 'other')).rejects.toThrow('audience "other" not found in pod spec volume');
    });
    test('what cannot be looked up is told', async () => {
      await expect(ask('lost')).rejects.toThrow('error validating audience "vault": persistentvolumeclaim "gone" not found');
      await expect(ask('undriven')).rejects.toThrow('error validating audience "vault": csidriver.storage.k8s.io "e" not found');
    });
    test('any, with the feature off', () => ask('lost', 'other', { limitsAudiences: false }));
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a mirror pod', () => act('pods', 'CREATE', mirror())],
    ['its own pods\' deletion', () => act('pods', 'DELETE', undefined, { name: 'mine' })],
    ['its own lease', () => act('coordination.k8s.io/leases', 'CREATE', { metadata: { name: 'n1' } }, { namespace: 'kube-node-lease' })],
    ['a token that its pod\'s volume names', () => act('serviceaccounts', 'CREATE', token(['vault']), asToken)],
    ['a token for the API, its audiences written as null', () => act('serviceaccounts', 'CREATE', token(null), asToken)],
    ['a token that it has been granted', () => act('serviceaccounts', 'CREATE', token(['granted']), asToken)],
    ['a claim\'s capacity', () => act('persistentvolumeclaims', 'UPDATE', { metadata: { name: 'c' }, status: { capacity: { storage: '2' } } }, { subresource: 'status', oldObject: { metadata: { name: 'c' }, status: { capacity: { storage: '1' } } } })],
    ['labels of the kubelet', () => act('nodes', 'CREATE', { metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux', 'x.node.kubernetes.io/y': 'z', plain: 'a' } } })],
  ])('may write %s', async (_name, allowed) => {
    await allowed();
  });
  test.each<[string, () => Promise<unknown>]>([
    ['node "n1" can only create pods with an owner reference set to itself', () => act('pods', 'CREATE', mirror({}, { ownerReferences: [] }))],
    ['node n1 UID mismatch: expected u-x got u-n1', () => act('pods', 'CREATE', mirror({}, { ownerReferences: [{ ...owner, uid: 'u-x' }] }))],
    ['node "n1" must not set blockOwnerDeletion on an owner reference', () => act('pods', 'CREATE', mirror({}, { ownerReferences: [{ ...owner, blockOwnerDeletion: true }] }))],
    ['node "n1" can not create pods that reference secrets', () => act('pods', 'CREATE', mirror({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }))],
    ['node "n1" can not create pods that reference serviceaccounts (via projected volumes)', () => act('pods', 'CREATE', mirror({ volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: {} }] } }] }))],
    ['node "n1" can only delete pods with spec.nodeName set to itself', () => act('pods', 'DELETE', undefined, { name: 'other' })],
    ['node n1 can only evict pods with spec.nodeName set to itself', () => act('pods', 'CREATE', {}, { subresource: 'eviction', name: 'other' })],
    ['node "n1" cannot update labels through pod status', () => act('pods', 'UPDATE', pod({ nodeName: 'n1' }, { labels: { a: 'b' } }), { subresource: 'status', oldObject: pod({ nodeName: 'n1' }) })],
    ['unexpected pod subresource "ephemeralcontainers"', () => act('pods', 'UPDATE', own, { subresource: 'ephemeralcontainers', oldObject: own })],
    ['is not allowed to modify taints', () => act('nodes', 'UPDATE', { ...node, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, { oldObject: node })],
    ['is not allowed to modify labels: node-restriction.kubernetes.io/x', () => act('nodes', 'UPDATE', { metadata: { name: 'n1', labels: { 'node-restriction.kubernetes.io/x': '' } } }, { oldObject: node })],
    ['can only access leases in the "kube-node-lease" system namespace', () => act('coordination.k8s.io/leases', 'CREATE', { metadata: { name: 'n1' } })],
    ['can only access CSINode with the same name as the requesting node', () => act('storage.k8s.io/csinodes', 'DELETE', undefined, { name: 'n2' })],
    ['can only create ResourceSlice with the same NodeName as the requesting node', () => act('resource.k8s.io/resourceslices', 'CREATE', { metadata: { name: 's' }, spec: { nodeName: 'n2' } })],
    ['node requested token not bound to a pod', () => act('serviceaccounts', 'CREATE', token([], { kind: 'Secret' }), asToken)],
    ['node may only request 0 or 1 audiences', () => act('serviceaccounts', 'CREATE', token(['a', 'b']), asToken)],
    ['audience "other" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience', () => act('serviceaccounts', 'CREATE', token(['other']), asToken)],
    ['may only update PVC status', () => act('persistentvolumeclaims', 'UPDATE', {}, { name: 'c', oldObject: {} })],
    ['could not determine node from user "system:node:"', () => act('nodes', 'CREATE', node, { user: { name: 'system:node:', groups: ['system:nodes'] } })],
  ])('is told: %s', async (text, refusedAct) => {
    await expect(refusedAct()).rejects.toThrow(text);
  });
});

describe('the rest', () => {
  const service = (...externalIPs: string[]): KubeObject => ({ metadata: { name: 's' }, spec: { externalIPs } });
  const claim = (storage: string, phase: string): KubeObject => ({ metadata: { name: 'c' }, spec: { storageClassName: 'fast', resources: { requests: { storage } } }, status: { phase } });
  test('DenyServiceExternalIPs lets what was there stay', async () => {
    await admitWith([denyServiceExternalIPs], 'services', 'UPDATE', service('1.1.1.1'), { oldObject: service('1.1.1.1', '2.2.2.2') });
    await expect(admitWith([denyServiceExternalIPs], 'services', 'CREATE', service('1.1.1.1'))).rejects.toThrow('Use of external IPs is denied by admission control');
  });
  test('PersistentVolumeClaimResize', async () => {
    const grows = persistentVolumeClaimResize(fakeReader({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast' }, allowVolumeExpansion: true }));
    const fixed = persistentVolumeClaimResize(fakeReader());
    const resize = (plugin: AdmissionPlugin, phase: string): Promise<unknown> => admitWith([plugin], 'persistentvolumeclaims', 'UPDATE', claim('2Gi', phase), { oldObject: claim('1Gi', phase) });
    await resize(grows, 'Bound');
    await expect(resize(grows, 'Pending')).rejects.toThrow('Only bound persistent volume claims can be expanded');
    await expect(resize(fixed, 'Bound')).rejects.toThrow('only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
  });
  test('namespaces: must exist, or are made', async () => {
    await expect(admitWith([namespaceExists(fakeReader(), none)], 'configmaps', 'CREATE', { metadata: { name: 'c' } })).rejects.toThrow('namespaces "x" not found');
    const made: KubeObject[] = [];
    await admitWith([namespaceAutoProvision(fakeReader(), { create: async (_group, _resource, object) => { made.push(object); return object; } })], 'configmaps', 'CREATE', { metadata: { name: 'c' } });
    expect(made).toMatchObject([{ kind: 'Namespace', metadata: { name: 'x' } }]);
  });
  test('events come no faster than allowed', async () => {
    let now = 0;
    const plugin = eventRateLimit({ monotonic: () => now }, [{ type: 'Namespace', qps: 1, burst: 2 }]);
    const event = (): Promise<unknown> => admitWith([plugin], 'events', 'CREATE', { metadata: { name: 'e' } });
    await event();
    await event();
    await expect(event()).rejects.toThrow('limit reached on type Namespace for key x');
    now = 1000;
    await event();
  });
  test('owners: who sets them may delete, and finalize', async () => {
    const asked: string[] = [];
    const plugin = ownerReferencesPermissionEnforcement(
      { name: 'x', authorize: (a) => { asked.push(`${a.verb} ${a.resource}/${a.subresource} ${a.name}`); return { decision: a.verb === 'delete' ? 'allow' : 'none', reason: '' }; } },
      (apiVersion, kind) => (apiVersion === 'apps/v1' && kind === 'ReplicaSet' ? { group: 'apps', version: 'v1', plural: 'replicasets', namespaced: true } as never : undefined),
    );
    const owned = (blockOwnerDeletion: boolean): KubeObject => pod({}, { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'u', blockOwnerDeletion }] });
    await admitWith([plugin], 'pods', 'UPDATE', owned(false), { oldObject: pod() });
    await expect(admitWith([plugin], 'pods', 'CREATE', owned(true))).rejects.toThrow("cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>");
    expect(asked).toEqual(['delete pods/ p', 'update */finalizers *', 'update replicasets/finalizers rs']);
  });
  test('a signer is permitted by name or by domain', async () => {
    const may = (granted: string, signer: string): Promise<boolean> => maySigner({ name: 'x', authorize: (a) => ({ decision: a.name === granted ? 'allow' : 'none', reason: '' }) }, { name: 'jane', groups: [] }, 'approve', signer);
    expect([await may('a.io/b', 'a.io/b'), await may('a.io/*', 'a.io/b'), await may('a.io/c', 'a.io/b')]).toEqual([true, true, false]);
  });
});

describe('which plugins run', () => {
  test('the default ones, with what is switched on and without what is switched off', () => {
    const chosen = enabledPlugins({ enable: ['NodeRestriction', 'AlwaysPullImages'], disable: ['LimitRanger'] });
    expect(chosen.slice(0, 4)).toEqual(['NamespaceLifecycle', 'ServiceAccount', 'NodeRestriction', 'TaintNodesByCondition']);
    expect(chosen.at(-1)).toBe('ResourceQuota');
    expect(enabledPlugins({ only: ['ResourceQuota', 'AlwaysAdmit'] })).toEqual(['AlwaysAdmit', 'ResourceQuota']);
  });
  test('mistakes are told as upstream tells them', () => {
    expect(pluginChoiceErrors({ enable: ['A', 'Priority'], disable: ['Priority'] })).toEqual(['enable-admission-plugins plugin "A" is unknown', '[Priority] in enable-admission-plugins and disable-admission-plugins overlapped']);
    expect(pluginChoiceErrors({ only: ['Priority'], enable: ['Priority'] })).toEqual(['admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive']);
  });
  test('their settings come from one file and those that it names', () => {
    const files: Record<string, string> = {
      '/etc/a.yaml': 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- name: EventRateLimit\n  path: e.yaml\n- name: PodSecurity\n  configuration:\n    apiVersion: pod-security.admission.config.k8s.io/v1\n    kind: PodSecurityConfiguration\n    defaults: {enforce: baseline}\n',
      '/etc/e.yaml': 'apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits:\n- {type: Server, qps: 1, burst: 2}\n',
    };
    const read = readAdmissionConfiguration('/etc/a.yaml', (path) => files[path] ?? '');
    expect(read).toMatchObject({ eventLimits: [{ type: 'Server', qps: 1, burst: 2 }], podSecurity: { defaults: { enforce: { level: 'baseline', version: 'latest' } } } });
    files['/etc/a.yaml'] = files['/etc/a.yaml']?.replace('apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1') ?? '';
    expect(readAdmissionConfiguration('/etc/a.yaml', (path) => files[path] ?? '')).toEqual(read);
    files['/etc/e.yaml'] = 'apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits:\n- {type: Sever, qps: 0, burst: 2}\n';
    expect(() => readAdmissionConfiguration('/etc/a.yaml', (path) => files[path] ?? '')).toThrow('limits[0].qps: Invalid value: 0: must be positive');
  });
});
