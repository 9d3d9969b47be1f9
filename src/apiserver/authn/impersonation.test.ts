// Impersonation as a caller meets it: what must be permitted in the constrained modes and in the old one, which groups
// the new identity has, and how refusals read.
import { describe, expect, test } from 'vitest';
import type { World } from '#base/world.ts';
import { testWorld } from '../test-server.case.ts';
import type { Attributes, Authorizer, Identity } from '../contract.ts';
import { sentHeaders } from './header-values.case.ts';
import { createImpersonation } from './index.ts';

const admin: Identity = { name: 'admin', groups: [] };

function line(a: Attributes): string {
  const what = `${a.apiGroup === '' ? '' : `${a.apiGroup}/`}${a.resource}${a.subresource === '' ? '' : `/${a.subresource}`}`;
  return `${a.verb} ${what} ${a.namespace === '' ? '' : `${a.namespace}/`}${a.name}`;
}

/** Allows the questions that match one of the patterns; `asked` holds all of them. */
function impersonation(...allowed: RegExp[]) {
  return impersonationIn(testWorld(), true, ...allowed);
}

function impersonationIn(world: World, constrained: boolean, ...allowed: RegExp[]) {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    name: 'x',
    authorize(a) {
      asked.push(line(a));
      return { decision: allowed.some((pattern) => pattern.test(line(a))) ? 'allow' : 'none', reason: '' };
    },
  };
  const impersonate = createImpersonation(world, authorizer, constrained);
  const request = (user: Identity = admin): Attributes => ({ user, isResourceRequest: true, verb: 'list', path: '', apiGroup: '', apiVersion: 'v1', namespace: 'x', resource: 'pods', subresource: '', name: '' });
  return { asked, as: (headers: Record<string, string | readonly string[]>, user?: Identity) => impersonate(sentHeaders(headers), request(user)) };
}

describe('the old way', () => {
  const old = (): ReturnType<typeof impersonation> => impersonation(/^impersonate (?!.*forbidden)/);
  test('each part of the identity needs its permission', async () => {
    const { asked, as } = old();
    expect(await as({ 'impersonate-user': 'jane', 'impersonate-group': ['dev', 'ops'], 'impersonate-uid': '7', 'impersonate-extra-Scopes%2Fa': 'view' })).toEqual({
      user: { name: 'jane', uid: '7', groups: ['dev', 'ops', 'system:authenticated'], extra: { 'Scopes/a': ['view'] } },
    });
    expect(asked.slice(1)).toEqual(['impersonate users jane', 'impersonate authentication.k8s.io/uids 7', 'impersonate groups dev', 'impersonate groups ops', 'impersonate authentication.k8s.io/userextras/Scopes/a view']);
  });
  test('keys that every JavaScript object has are keys like others', async () => {
    const { asked, as } = old();
    const found = await as({ 'impersonate-user': 'jane', 'impersonate-extra-constructor': 'a', 'impersonate-extra-__proto__': 'b' });
    expect(Object.entries(found?.user.extra ?? {})).toEqual([['constructor', ['a']], ['__proto__', ['b']]]);
    expect(asked.slice(2)).toEqual(['impersonate authentication.k8s.io/userextras/constructor a', 'impersonate authentication.k8s.io/userextras/__proto__ b']);
  });
  test.each([
    [{ 'impersonate-user': 'system:serviceaccount:x:sa' }, ['system:serviceaccounts', 'system:serviceaccounts:x', 'system:authenticated']],
    [{ 'impersonate-user': 'system:serviceaccount:x:sa', 'impersonate-group': 'g' }, ['g', 'system:authenticated']],
    [{ 'impersonate-user': 'system:anonymous' }, ['system:unauthenticated']],
    [{ 'impersonate-user': 'jane', 'impersonate-group': 'system:unauthenticated' }, ['system:unauthenticated']],
    [{ 'impersonate-user': 'jane', 'impersonate-group': 'system:authenticated' }, ['system:authenticated']],
    [{ 'impersonate-user': 'system:node:n1' }, ['system:authenticated']],
  ])('%o has the groups %o', async (headers, groups) => {
    expect((await old().as(headers))?.user.groups).toEqual(groups);
  });
  test('a mode that has worked for a caller is tried first, and words the refusal', async () => {
    const { as } = old();
    await expect(as({ 'impersonate-user': 'forbidden' })).rejects.toThrow('pods is forbidden: User "admin" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "x"');
    await as({ 'impersonate-user': 'jane' });
    await expect(as({ 'impersonate-user': 'forbidden' })).rejects.toThrow('users "forbidden" is forbidden: User "admin" cannot impersonate resource "users" in API group "" at the cluster scope');
  });
  test('nothing asked, nothing done; groups without a user are a mistake', async () => {
    const { as } = old();
    expect(await as({})).toBeUndefined();
    await expect(as({ 'impersonate-group': 'dev' })).rejects.toMatchObject({ status: { code: 400, message: 'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} without impersonating a user name' } });
  });
});

describe('constrained', () => {
  test('a user for one verb on one resource', async () => {
    const { asked, as } = impersonation(/^impersonate-on:user-info:list pods x\/$/, /^impersonate:user-info authentication.k8s.io\/(users jane|groups dev)$/);
    expect(await as({ 'impersonate-user': 'jane', 'impersonate-group': 'dev' })).toEqual({ user: { name: 'jane', groups: ['dev', 'system:authenticated'] }, constraint: 'impersonate:user-info' });
    expect(asked).toEqual(['impersonate-on:user-info:list pods x/', 'impersonate:user-info authentication.k8s.io/users jane', 'impersonate:user-info authentication.k8s.io/groups dev']);
    await expect(as({ 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' })).rejects.toThrow('impersonating the system:masters group is not allowed');
  });
  test('many groups by one permission for all', async () => {
    const { asked, as } = impersonation(/^impersonate-on/, /users jane|groups \*/);
    await as({ 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b', 'c', 'd'] });
    expect(asked.at(-1)).toBe('impersonate:user-info authentication.k8s.io/groups *');
  });
  test('a node has a node\'s groups; a service account may be just the node that it runs on', async () => {
    const any = impersonation(/arbitrary-node/);
    expect(await any.as({ 'impersonate-user': 'system:node:n1' })).toEqual({ user: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] }, constraint: 'impersonate:arbitrary-node' });
    const agent: Identity = { name: 'system:serviceaccount:x:agent', groups: [], extra: { 'authentication.kubernetes.io/node-name': ['n1'] } };
    const own = impersonation(/associated-node/);
    expect(await own.as({ 'impersonate-user': 'system:node:n1' }, agent)).toMatchObject({ constraint: 'impersonate:associated-node', user: { name: 'system:node:n1' } });
    expect(own.asked).toEqual(['impersonate-on:associated-node:list pods x/', 'impersonate:associated-node authentication.k8s.io/nodes *']);
    await expect(own.as({ 'impersonate-user': 'system:node:n2' }, agent)).rejects.toThrow(/is forbidden/);
  });
  test('extra keys must be domain-prefixed paths in lower case', async () => {
    const { as } = impersonation(/user-info/);
    await expect(as({ 'impersonate-user': 'jane', 'impersonate-extra-scopes': 'view' })).rejects.toThrow('impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "scopes": must be a domain-prefixed path (such as "acme.io/foo")');
    expect((await as({ 'impersonate-user': 'jane', 'impersonate-extra-acme.io%2fscopes': 'view' }))?.user.extra).toEqual({ 'acme.io/scopes': ['view'] });
  });
});

describe('counted', () => {
  const lines = async (world: World): Promise<string[]> => (await world.metrics.text()).split('\n').filter((found) => /^apiserver_impersonation_.*total/.test(found)).sort();
  test('attempts, and questions to authorizers, by mode', async () => {
    const world = testWorld();
    const { as } = impersonationIn(world, true, /^impersonate(:user-info|-on:user-info:list) .*/);
    await as({ 'impersonate-user': 'jane' });
    await expect(as({ 'impersonate-user': 'system:node:n' })).rejects.toThrow('forbidden');
    expect(await lines(world)).toEqual([
      'apiserver_impersonation_attempts_total{decision="allowed",mode="user-info"} 1',
      'apiserver_impersonation_attempts_total{decision="denied",mode=""} 1',
      'apiserver_impersonation_authorization_attempts_total{decision="allowed",mode="user-info"} 2',
      'apiserver_impersonation_authorization_attempts_total{decision="denied",mode="arbitrary-node"} 1',
      'apiserver_impersonation_authorization_attempts_total{decision="denied",mode="legacy"} 1',
    ]);
  });
  test('with the feature off there is the old mode alone, and no count', async () => {
    const world = testWorld();
    const { as, asked } = impersonationIn(world, false, /^impersonate(:user-info|-on:user-info:list) .*/);
    await expect(as({ 'impersonate-user': 'jane' })).rejects.toThrow('users "jane" is forbidden: User "admin" cannot impersonate resource "users" in API group "" at the cluster scope');
    expect([asked, await lines(world)]).toEqual([['impersonate users jane'], []]);
  });
});
