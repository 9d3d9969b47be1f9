// Who may do what on every endpoint, by the default policy: one line for each set of verbs that has the same answer,
// kept in testdata/endpoint-decisions.golden.txt. A new endpoint is a line that is not there yet, and fails until
// somebody has looked at it (`vitest run -u` writes it down). Who is never listed may do nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterRole } from '#api/rbac/v1.ts';
import { enabledResources, type ResourceInfo } from '#api/resources.ts';
import { openMemoryStore } from '#store';
import type { Attributes, Identity, KubeObject } from '../contract.ts';
import { fakeReader } from '../fake-reader.case.ts';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';
import { createNodeAuthorizer, createRbacAuthorizer, defaultPolicy, unionAuthorizer } from './index.ts';

const node: Identity = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
/** Objects named "own" are its own or its pods'; "other" are not. */
const people: readonly (readonly [string, Identity, 'own' | 'other'])[] = [
  ['anonymous', { name: 'system:anonymous', groups: ['system:unauthenticated'] }, 'other'],
  ['authenticated', { name: 'jane', groups: ['system:authenticated'] }, 'other'],
  ['serviceaccount', { name: 'system:serviceaccount:x:default', groups: ['system:serviceaccounts', 'system:serviceaccounts:x', 'system:authenticated'] }, 'other'],
  ['node-own', node, 'own'],
  ['node-other', node, 'other'],
  ['monitoring', { name: 'm', groups: ['system:monitoring'] }, 'other'],
  ['view', { name: 'viewer', groups: [] }, 'other'],
  ['edit', { name: 'editor', groups: [] }, 'other'],
  ['admin-of-namespace', { name: 'owner', groups: [] }, 'other'],
  ['controller-manager', { name: 'system:kube-controller-manager', groups: ['system:authenticated'] }, 'other'],
  ['scheduler', { name: 'system:kube-scheduler', groups: ['system:authenticated'] }, 'other'],
  ['masters', { name: 'root', groups: ['system:masters'] }, 'other'],
];

/** What the aggregation controller does. */
function aggregated(roles: readonly ClusterRole[]): ClusterRole[] {
  const rulesOf = (role: ClusterRole): NonNullable<ClusterRole['rules']> =>
    role.aggregationRule === undefined
      ? (role.rules ?? [])
      : roles.filter((other) => role.aggregationRule?.clusterRoleSelectors?.some((selector) => Object.entries(selector.matchLabels ?? {}).every(([key, value]) => other.metadata?.labels?.[key] === value))).flatMap(rulesOf);
  return roles.map((role) => ({ ...role, rules: rulesOf(role) }));
}

function bound(role: string, user: string): KubeObject {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: role, namespace: 'x' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', name: user }] };
}

function authorizer() {
  const policy = defaultPolicy();
  const pod: KubeObject = {
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'own', namespace: 'x' },
    spec: {
      nodeName: 'n1', serviceAccountName: 'own', containers: [], resourceClaims: [{ name: 'r', resourceClaimName: 'own' }],
      volumes: [{ name: 's', secret: { secretName: 'own' } }, { name: 'c', configMap: { name: 'own' } }, { name: 'p', persistentVolumeClaim: { claimName: 'own' } }],
    },
  };
  const reader = fakeReader(
    ...([...aggregated(policy.clusterRoles), ...policy.clusterRoleBindings, ...policy.roles, ...policy.roleBindings] as KubeObject[]),
    bound('view', 'viewer'), bound('edit', 'editor'), bound('admin', 'owner'), pod,
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'own', namespace: 'x' }, spec: { volumeName: 'own' } },
    { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'own' }, spec: { claimRef: { namespace: 'x', name: 'own' } } },
    { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name: 'own' }, spec: { nodeName: 'n1' } },
    { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceSlice', metadata: { name: 'own' }, spec: { nodeName: 'n1' } },
  );
  return unionAuthorizer([createNodeAuthorizer(reader), createRbacAuthorizer(reader)]);
}

const collection: ReadonlySet<string> = new Set(['list', 'watch', 'create', 'deletecollection']);
const namedAsNode: ReadonlySet<string> = new Set(['nodes', 'leases', 'csinodes']);

function question(user: Identity, whose: 'own' | 'other', info: ResourceInfo, subresource: string, verb: string): Attributes {
  const own = namedAsNode.has(info.plural) ? (whose === 'own' ? 'n1' : 'n2') : whose;
  const isNode = user === node;
  const namespace = info.namespaced ? (isNode && info.plural === 'leases' ? 'kube-node-lease' : 'x') : '';
  // A node lists what it selects by its own name.
  const byName = isNode && info.plural === 'nodes' && (verb === 'list' || verb === 'watch');
  const selects = isNode && whose === 'own' && (verb === 'list' || verb === 'watch' || verb === 'deletecollection');
  return {
    user, isResourceRequest: true, verb, path: '', apiGroup: info.group, apiVersion: info.version, namespace, resource: info.plural, subresource,
    name: collection.has(verb) && subresource === '' && !byName ? '' : own, ...(selects ? { fieldSelector: 'spec.nodeName=n1' } : {}),
  };
}

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer(openMemoryStore(testWorld()));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

test('every endpoint has its line', async () => {
  const union = authorizer();
  const allowed = async (attributes: (user: Identity, whose: 'own' | 'other') => Attributes): Promise<string> => {
    const names: string[] = [];
    for (const [name, user, whose] of people) if ((await union.authorize(attributes(user, whose))).decision === 'allow') names.push(name);
    return names.join(' ');
  };
  const lines: string[] = [];
  for (const info of enabledResources()) {
    const endpoints = [['', info.verbs] as const, ...info.subresources.map((sub) => [sub.name, sub.verbs] as const)];
    for (const [subresource, verbs] of endpoints) {
      const byAnswer = new Map<string, string[]>();
      for (const verb of verbs) {
        const answer = await allowed((user, whose) => question(user, whose, info, subresource, verb));
        byAnswer.set(answer, [...(byAnswer.get(answer) ?? []), verb]);
      }
      const group = info.group === '' ? 'core' : info.group;
      for (const [answer, same] of byAnswer) lines.push(`${group}/${info.version} ${info.plural}${subresource === '' ? '' : `/${subresource}`} ${same.join(',')}: ${answer}`);
    }
  }
  const { paths } = (await api.get('/')).body as { paths: string[] };
  const fixed = ['/.well-known/openid-configuration', '/openid/v1/jwks', '/openapi/v2', '/openapi/v3', '/version'];
  for (const path of [...new Set([...paths, ...fixed])].sort()) {
    const answer = await allowed((user) => ({ user, isResourceRequest: false, verb: 'get', path, apiGroup: '', apiVersion: '', namespace: '', resource: '', subresource: '', name: '' }));
    lines.push(`${path} get: ${answer}`);
  }
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./testdata/endpoint-decisions.golden.txt');
});
