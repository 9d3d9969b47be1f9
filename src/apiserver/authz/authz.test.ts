// Who may do what: the default policy as a whole, RBAC bindings, the Node authorizer's relationships, escalation.
import { describe, expect, test } from 'vitest';
import { atOnce } from '#machinery';
import type { Attributes, Identity, KubeObject } from '../contract.ts';
import { fakeReader } from '../fake-reader.case.ts';
import { createNodeAuthorizer, createRbacAuthorizer, defaultPolicy, ruleText, uncovered, unionAuthorizer } from './index.ts';
import { forbiddenText } from './refusal.ts';
import { noRules } from './rules.ts';

const ask = (user: Identity, verb: string, resource: string, more: Partial<Attributes> = {}): Attributes => ({
  user, verb, resource, isResourceRequest: true, path: '', apiGroup: '', apiVersion: 'v1', namespace: '', subresource: '', name: '', ...more,
});
const url = (user: Identity, path: string): Attributes => ({ ...ask(user, 'get', ''), isResourceRequest: false, path });
const authenticated = (name: string, ...groups: string[]): Identity => ({ name, groups: [...groups, 'system:authenticated'] });
const anonymous: Identity = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

function defaults(): KubeObject[] {
  const p = defaultPolicy();
  return [...p.clusterRoles, ...p.clusterRoleBindings, ...p.roles, ...p.roleBindings] as KubeObject[];
}

describe('the default policy', () => {
  const rbac = createRbacAuthorizer(fakeReader(...defaults()));
  const decide = async (a: Attributes): Promise<string> => (await rbac.authorize(a)).decision;

  test.each<[string, Attributes, string]>([
    ['anybody may see the version', url(anonymous, '/version'), 'allow'],
    ['anonymous may not discover', url(anonymous, '/api'), 'none'],
    ['the authenticated may discover', url(authenticated('jane'), '/apis/apps/v1'), 'allow'],
    ['the authenticated may ask about themselves', ask(authenticated('jane'), 'create', 'selfsubjectaccessreviews', { apiGroup: 'authorization.k8s.io' }), 'allow'],
    ['the authenticated may not read secrets', ask(authenticated('jane'), 'get', 'secrets', { namespace: 'x' }), 'none'],
    ['the scheduler may bind', ask(authenticated('system:kube-scheduler'), 'create', 'pods', { subresource: 'binding', namespace: 'x' }), 'allow'],
    ['the scheduler may not delete nodes', ask(authenticated('system:kube-scheduler'), 'delete', 'nodes'), 'none'],
    ['a controller may do its own work', ask(authenticated('system:serviceaccount:kube-system:replicaset-controller'), 'create', 'pods', { namespace: 'x' }), 'allow'],
    ['and no other', ask(authenticated('system:serviceaccount:kube-system:replicaset-controller'), 'create', 'secrets', { namespace: 'x' }), 'none'],
    ['masters may do everything', ask(authenticated('root', 'system:masters'), 'delete', 'anything', { apiGroup: 'nowhere' }), 'allow'],
  ])('%s', async (_name, attributes, expected) => expect(await decide(attributes)).toBe(expected));

  test('every controller role is bound to its service account', () => {
    const { clusterRoles, clusterRoleBindings } = defaultPolicy();
    const controllers = clusterRoles.map((r) => r.metadata?.name ?? '').filter((n) => n.startsWith('system:controller:'));
    expect(controllers.length).toBeGreaterThan(30);
    for (const name of controllers) expect(clusterRoleBindings.find((b) => b.metadata?.name === name)?.subjects).toEqual([{ kind: 'ServiceAccount', name: name.slice(18), namespace: 'kube-system' }]);
  });
});

describe('RBAC', () => {
  const role = (rules: unknown[]): KubeObject => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r', namespace: 'x' }, rules });
  const binding: KubeObject = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'b', namespace: 'x' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'jane' }, { kind: 'ServiceAccount', name: 'sa' }] };
  const jane = authenticated('jane');

  test('holds in its namespace only, for names and subresources given', () => {
    const rbac = createRbacAuthorizer(fakeReader(role([{ apiGroups: [''], resources: ['pods', 'pods/log'], resourceNames: ['one'], verbs: ['get'] }]), binding));
    const get = (more: Partial<Attributes>): unknown => rbac.authorize(ask(jane, 'get', 'pods', { namespace: 'x', name: 'one', ...more }));
    expect(get({})).toEqual({ decision: 'allow', reason: 'RBAC: allowed by RoleBinding "b/x" of Role "r" to User "jane"' });
    expect(get({ subresource: 'log' })).toMatchObject({ decision: 'allow' });
    expect(get({ namespace: 'y' })).toMatchObject({ decision: 'none' });
    expect(get({ name: 'two' })).toMatchObject({ decision: 'none' });
    expect(get({ subresource: 'exec' })).toMatchObject({ decision: 'none' });
  });
  test('a changed role counts at once; a service account subject without namespace means the binding\'s', () => {
    const reader = fakeReader(role([]), binding);
    const rbac = createRbacAuthorizer(reader);
    const sa = authenticated('system:serviceaccount:x:sa');
    const wanted = ask(sa, 'list', 'pods', { namespace: 'x' });
    expect(rbac.authorize(wanted)).toMatchObject({ decision: 'none' });
    reader.remove('Role', 'r');
    reader.put(role([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]));
    expect(rbac.authorize(wanted)).toMatchObject({ decision: 'allow' });
  });
  test('escalation: what is missing, in upstream\'s words', () => {
    const own = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];
    expect(atOnce(uncovered(own, [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]))).toEqual([]);
    const missing = atOnce(uncovered(own, [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'delete'] }]));
    expect(missing.map(ruleText)).toEqual(['{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}']);
    expect(atOnce(uncovered([{ nonResourceURLs: ['/healthz*'], verbs: ['*'] }], [{ nonResourceURLs: ['/healthz/etcd'], verbs: ['get'] }]))).toEqual([]);
  });
  test('escalation: rules that stand for more than can be spelled out', () => {
    const cover = (own: readonly object[], wanted: object): string[] => atOnce(uncovered(own as never, [wanted as never])).map(ruleText);
    const list = (letter: string, count = 20_000): string[] => Array.from({ length: count }, (_, i) => `${letter}${i}`);
    const huge = { apiGroups: list('g'), resources: list('r'), verbs: list('v'), resourceNames: list('n') };
    expect(cover([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], huge)).toEqual([]);
    expect(cover([{ apiGroups: ['*'], resources: list('r'), verbs: list('v') }, { apiGroups: ['x'], resources: ['pods'], verbs: ['get'] }], huge)).toEqual([]);
    expect(cover([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }], huge)).toHaveLength(1000);
    expect(cover([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'], resourceNames: ['n1', 'n3'] }, { apiGroups: ['*'], resources: ['*'], verbs: ['v2'] }], { apiGroups: ['a'], resources: ['p/s'], verbs: ['v1', 'v2', 'v1'], resourceNames: ['n1', 'n2'] })).toEqual([
      '{APIGroups:["a"], Resources:["p/s"], ResourceNames:["n2"], Verbs:["v1"]}', '{APIGroups:["a"], Resources:["p/s"], ResourceNames:["n2"], Verbs:["v1"]}',
    ]);
    const pausing = uncovered(list('v', 200).map((verb) => ({ apiGroups: ['*'], resources: ['*'], verbs: [verb] })), [{ apiGroups: [''], resources: ['pods'], verbs: list('v') }]);
    expect(pausing.next().done).toBe(false);
    expect(cover([{ nonResourceURLs: ['/a*'], verbs: ['get'] }], { nonResourceURLs: ['/ab', '/b'], verbs: ['get', 'put'] })).toHaveLength(3);
  });
  test('a refusal says who, what and where', () => {
    expect(forbiddenText(ask(jane, 'list', 'deployments', { apiGroup: 'apps', namespace: 'x' }))).toBe('User "jane" cannot list resource "deployments" in API group "apps" in the namespace "x"');
    expect(forbiddenText(ask(jane, 'get', 'nodes', { name: 'n' }))).toBe('User "jane" cannot get resource "nodes" in API group "" at the cluster scope');
    expect(forbiddenText(url(jane, '/metrics'))).toBe('User "jane" cannot get path "/metrics"');
  });
});

describe('Node', () => {
  const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'x' }, spec: { nodeName: 'n1', serviceAccountName: 'sa', volumes: [{ name: 'v', secret: { secretName: 's' } }, { name: 'c', persistentVolumeClaim: { claimName: 'claim' } }], containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'cm' } }] }] } };
  const claim: KubeObject = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'claim', namespace: 'x' }, spec: { volumeName: 'pv1' } };
  const volume: KubeObject = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv1' }, spec: { claimRef: { namespace: 'x', name: 'claim' } } };
  const node = createNodeAuthorizer(fakeReader(pod, claim, volume));
  const n = (name: string): Identity => authenticated(`system:node:${name}`, 'system:nodes');
  const decide = async (a: Attributes): Promise<string> => (await node.authorize(a)).decision;

  test.each<[string, Attributes, string]>([
    ['reads the secret of its pod', ask(n('n1'), 'get', 'secrets', { namespace: 'x', name: 's' }), 'allow'],
    ['not of another node\'s pod', ask(n('n2'), 'get', 'secrets', { namespace: 'x', name: 's' }), 'none'],
    ['not another secret', ask(n('n1'), 'get', 'secrets', { namespace: 'x', name: 'other' }), 'none'],
    ['does not write secrets', ask(n('n1'), 'update', 'secrets', { namespace: 'x', name: 's' }), 'none'],
    ['reads the config map of its pod', ask(n('n1'), 'watch', 'configmaps', { namespace: 'x', name: 'cm' }), 'allow'],
    ['reads the volume behind a claim', ask(n('n1'), 'get', 'persistentvolumes', { name: 'pv1' }), 'allow'],
    ['asks for its pods\' tokens', ask(n('n1'), 'create', 'serviceaccounts', { subresource: 'token', namespace: 'x', name: 'sa' }), 'allow'],
    ['renews its own lease', ask(n('n1'), 'update', 'leases', { apiGroup: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'n1' }), 'allow'],
    ['not another\'s', ask(n('n1'), 'update', 'leases', { apiGroup: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'n2' }), 'none'],
    ['lists its own pods', ask(n('n1'), 'list', 'pods', { fieldSelector: 'spec.nodeName=n1' }), 'allow'],
    ['not all pods', ask(n('n1'), 'list', 'pods'), 'none'],
    ['updates pod status', ask(n('n1'), 'patch', 'pods', { subresource: 'status', namespace: 'x', name: 'p' }), 'allow'],
    ['reviews tokens', ask(n('n1'), 'create', 'tokenreviews', { apiGroup: 'authentication.k8s.io' }), 'allow'],
  ])('%s', async (_name, attributes, expected) => expect(await decide(attributes)).toBe(expected));

  test('a volume counts from when it names the claim, and no longer than that', async () => {
    const unnamed = { ...claim, spec: {} };
    const azure: KubeObject = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv1' }, spec: { ...(volume.spec as object), azureFile: { secretName: 'key', secretNamespace: null, shareName: 's' } } };
    const reader = fakeReader(pod, unnamed);
    const authorizer = createNodeAuthorizer(reader);
    const may = async (): Promise<string[]> => {
      const asked = [ask(n('n1'), 'get', 'persistentvolumes', { name: 'pv1' }), ask(n('n1'), 'get', 'secrets', { namespace: 'x', name: 'key' })];
      return Promise.all(asked.map(async (a) => (await authorizer.authorize(a)).decision));
    };
    expect(await may()).toEqual(['none', 'none']);
    reader.put(azure);
    expect(await may()).toEqual(['allow', 'allow']);
    reader.remove('PersistentVolume', 'pv1');
    expect(await may()).toEqual(['none', 'none']);
  });
});

test('union: the first opinion counts, masters are asked nobody, reasons are joined', async () => {
  const union = unionAuthorizer([
    { name: 'a', knownRules: () => noRules, authorize: () => ({ decision: 'none', reason: 'a shrugs' }) },
    { name: 'b', knownRules: () => noRules, authorize: (x) => ({ decision: x.verb === 'get' ? 'deny' : 'none', reason: 'b minds' }) },
  ]);
  expect(await union.authorize(ask(authenticated('jane'), 'get', 'pods'))).toEqual({ decision: 'deny', reason: 'b minds' });
  expect(await union.authorize(ask(authenticated('jane'), 'list', 'pods'))).toEqual({ decision: 'none', reason: 'a shrugs\nb minds' });
  expect(await union.authorize(ask(authenticated('x', 'system:masters'), 'get', 'pods'))).toMatchObject({ decision: 'allow' });
});
