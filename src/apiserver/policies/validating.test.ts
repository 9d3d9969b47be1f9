// ValidatingAdmissionPolicies through REST.
import { describe, expect, test } from 'vitest';
import type { Authorizer } from '../contract.ts';
import { startPolicyCluster, type PolicyCluster } from './policies.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';

async function told(cluster: PolicyCluster, object: Record<string, unknown>): Promise<unknown> {
  const { status, body } = await cluster.api.post(maps, object);
  return [status, body.reason, body.message];
}

describe('denials', () => {
  test('carry policy, binding, message and reason', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.validating('short', { validations: [{ expression: "object.metadata.name.size() < 5", message: ' too long ', reason: 'Forbidden' }] });
    expect(await told(cluster, { metadata: { name: 'ok' } })).toEqual([201, undefined, undefined]);
    expect(await told(cluster, { metadata: { name: 'longer' } })).toEqual([
      403, 'Forbidden', `configmaps "longer" is forbidden: ValidatingAdmissionPolicy 'short' with binding 'short' denied request: too long`,
    ]);
  });

  test('fall back from messageExpression to message to the expression', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.validating('p', { validations: [
      { expression: "object.metadata.name != 'a'", messageExpression: "'name is ' + object.metadata.name", message: 'fixed' },
      { expression: "object.metadata.name != 'b'", messageExpression: "string(object.data.absent)", message: 'fixed' },
      { expression: " object.metadata.name != 'c' " },
    ] });
    const message = async (name: string): Promise<unknown> => (await cluster.api.post(maps, { metadata: { name } })).body.details.causes[0].message;
    expect([await message('a'), await message('b'), await message('c')]).toEqual([
      `ValidatingAdmissionPolicy 'p' with binding 'p' denied request: name is a`,
      `ValidatingAdmissionPolicy 'p' with binding 'p' denied request: fixed`,
      `ValidatingAdmissionPolicy 'p' with binding 'p' denied request: failed expression: object.metadata.name != 'c'`,
    ]);
  });

  test('of failing expressions follow failurePolicy', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.validating('lax', { failurePolicy: 'Ignore', validations: [{ expression: "object.data.absent == '1'" }] });
    expect(await told(cluster, { metadata: { name: 'a' }, data: {} })).toEqual([201, undefined, undefined]);
    await cluster.validating('strict', { validations: [{ expression: "object.data.absent == '1'" }] });
    expect(await told(cluster, { metadata: { name: 'b' }, data: { x: 'y' } })).toEqual([
      422, 'Invalid', `configmaps "b" is forbidden: ValidatingAdmissionPolicy 'strict' with binding 'strict' denied request: expression 'object.data.absent == '1'' resulted in error: no such key: absent`,
    ]);
    expect(await cluster.metrics()).toContain('apiserver_validating_admission_policy_check_total{enforcement_action="deny",error_type="invalid_error",policy="strict",policy_binding="strict"} 1');
  });

  test('end when the budget is spent', async () => {
    await using cluster = await startPolicyCluster();
    const numbers = `[${Array.from({ length: 100 }, (_, i) => i).join(',')}]`;
    await cluster.validating('loops', { validations: [{ expression: `${numbers}.all(x, ${numbers}.all(y, ${numbers}.all(z, x + y + z >= 0)))` }] });
    expect(await told(cluster, { metadata: { name: 'a' } })).toEqual([422, 'Invalid', expect.stringContaining('operation cancelled: actual cost limit exceeded')]);
  });
});

test('variables are computed once, when they are read, and see those before them', async () => {
  await using cluster = await startPolicyCluster();
  await cluster.validating('p', {
    variables: [{ name: 'labels', expression: "object.metadata.?labels.orValue({})" }, { name: 'team', expression: "'team' in variables.labels ? variables.labels['team'] : 'none'" }],
    validations: [{ expression: "variables.team == 'a'", messageExpression: "'team is ' + variables.team" }],
  });
  expect(await told(cluster, { metadata: { name: 'a', labels: { team: 'a' } } })).toEqual([201, undefined, undefined]);
  expect(await told(cluster, { metadata: { name: 'b' } })).toEqual([422, 'Invalid', expect.stringMatching(/denied request: team is none$/)]);
});

test('request, oldObject and namespaceObject are seen', async () => {
  await using cluster = await startPolicyCluster();
  await cluster.validating('p', { validations: [
    { expression: "request.operation != 'UPDATE' || object.data == oldObject.data", message: 'data is fixed' },
    { expression: "namespaceObject.metadata.name == 'default' && request.namespace == 'default' && request.resource.resource == 'configmaps' && request.userInfo.username != ''", message: 'elsewhere' },
    { expression: "request.operation == 'DELETE' ? object == null : has(object.metadata)", message: 'shape' },
  ] });
  expect((await cluster.api.post(maps, { metadata: { name: 'a' }, data: { k: 'v' } })).status).toBe(201);
  expect((await cluster.api.patch(`${maps}/a`, 'merge', { data: { k: 'w' } })).body.message).toMatch(/data is fixed$/);
  expect((await cluster.api.del(`${maps}/a`)).status).toBe(200);
});

describe('match', () => {
  test('conditions choose requests; one that is false decides before errors', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.validating('p', {
      matchConditions: [{ name: 'broken', expression: "object.data.absent == '1'" }, { name: 'chosen', expression: "object.metadata.name.startsWith('judged')" }],
      validations: [{ expression: 'false' }],
    });
    expect(await told(cluster, { metadata: { name: 'free' } })).toEqual([201, undefined, undefined]);
    expect(await told(cluster, { metadata: { name: 'judged' }, data: { a: 'b' } })).toEqual([422, 'Invalid', expect.stringContaining("expression 'object.data.absent == '1'' resulted in error")]);
  });

  test('bindings narrow by namespace and object labels', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.validating('p', { validations: [{ expression: 'false', message: 'no' }] }, { matchResources: { objectSelector: { matchLabels: { judged: 'yes' } } } });
    expect((await cluster.api.post(maps, { metadata: { name: 'a' } })).status).toBe(201);
    expect((await cluster.api.post(maps, { metadata: { name: 'b', labels: { judged: 'yes' } } })).status).toBe(422);
  });
});

describe('params', () => {
  const limit = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }] }, validations: [{ expression: 'object.spec.replicas <= int(params.data.limit)', messageExpression: "'at most ' + params.data.limit" }] };
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const deployment = (replicas: number): Record<string, unknown> => ({
    metadata: { name: `d${replicas}` }, spec: { replicas, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
  });

  test('come by name, from the request\'s namespace or another', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.api.post(maps, { metadata: { name: 'limit' }, data: { limit: '3' } });
    await cluster.validating('p', limit, { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } });
    expect((await cluster.api.post(deployments, deployment(3))).status).toBe(201);
    expect((await cluster.api.post(deployments, deployment(4))).body.message).toMatch(/denied request: at most 3$/);
  });

  test('come by labels, each judging for itself', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.api.post(maps, { metadata: { name: 'a', labels: { limits: 'x' } }, data: { limit: '9' } });
    await cluster.api.post(maps, { metadata: { name: 'b', labels: { limits: 'x' } }, data: { limit: '2' } });
    await cluster.validating('p', limit, { paramRef: { namespace: 'default', selector: { matchLabels: { limits: 'x' } }, parameterNotFoundAction: 'Allow' } });
    expect((await cluster.api.post(deployments, deployment(2))).status).toBe(201);
    expect((await cluster.api.post(deployments, deployment(3))).body.message).toMatch(/denied request: at most 2$/);
  });

  test('that are missing deny or allow as asked', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.validating('allow', limit, { paramRef: { name: 'absent', parameterNotFoundAction: 'Allow' } });
    expect((await cluster.api.post(deployments, deployment(1))).status).toBe(201);
    await cluster.validating('deny', limit, { paramRef: { name: 'absent', parameterNotFoundAction: 'Deny' } });
    expect((await cluster.api.post(deployments, deployment(2))).body.message).toBe(
      `deployments.apps "d2" is forbidden: ValidatingAdmissionPolicy 'deny' with binding 'deny' denied request: failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
    );
  });

  test('of a kind nobody serves are a wrong configuration', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.validating('p', { paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' }, validations: [{ expression: 'true' }] }, { paramRef: { name: 'x', parameterNotFoundAction: 'Allow' } });
    expect((await cluster.api.post(maps, { metadata: { name: 'a' } })).body.message).toBe(
      `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'`,
    );
  });
});

test('Warn and Audit let the request through', async () => {
  await using cluster = await startPolicyCluster();
  await cluster.validating('p', { validations: [{ expression: 'false', message: 'mind this' }] }, { validationActions: ['Warn', 'Audit'] });
  const { status, headers } = await cluster.api.post(maps, { metadata: { name: 'a' } });
  expect([status, headers.warning]).toEqual([201, `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p': mind this"`]);
});

test('the authorizer is asked in the requester\'s name, also one that answers later', async () => {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    name: 'later',
    async authorize({ user, verb, resource, namespace, name }) {
      asked.push(`${user.name} ${verb} ${resource} ${namespace}/${name}`);
      return { decision: verb === 'approve' ? 'allow' : 'none', reason: 'because' };
    },
  };
  await using cluster = await startPolicyCluster(authorizer);
  await cluster.validating('p', { validations: [
    { expression: "authorizer.requestResource.check('approve').allowed() && authorizer.requestResource.check('approve').reason() == 'because'" },
    { expression: "authorizer.group('').resource('secrets').namespace('x').name('y').check('get').allowed()", message: 'no secrets' },
  ] });
  const { body } = await cluster.api.post(maps, { metadata: { name: 'a' } });
  expect(body.message).toMatch(/denied request: no secrets$/);
  expect(asked).toEqual(['tester approve configmaps default/a', 'tester get secrets x/y']);
});

test('who may not read parameters may not let a policy read them', async () => {
  await using cluster = await startPolicyCluster({ name: 'none', authorize: () => ({ decision: 'none', reason: '' }) }, ['ordinary']);
  const spec = { matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['*'], resources: ['deployments'] }] }, paramKind: { apiVersion: 'v1', kind: 'Secret' }, validations: [{ expression: 'true' }] };
  const { status, body } = await cluster.api.post('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', { metadata: { name: 'p' }, spec });
  expect([status, body.message]).toEqual([
    422,
    'ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user &{tester  [ordinary] map[]} must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)',
  ]);
});

test('excluded rules, resource names and namespaces narrow what a policy is about', async () => {
  await using cluster = await startPolicyCluster();
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] };
  const validations = [{ expression: 'false', message: 'no' }];
  await cluster.validating('excluding', { matchConstraints: { resourceRules: [rule], excludeResourceRules: [{ ...rule, resourceNames: ['free'] }], namespaceSelector: { matchLabels: { judged: 'yes' } } }, validations });
  expect((await cluster.api.post(maps, { metadata: { name: 'elsewhere' } })).status).toBe(201);
  await cluster.api.patch('/api/v1/namespaces/default', 'merge', { metadata: { labels: { judged: 'yes' } } });
  expect((await cluster.api.post(maps, { metadata: { name: 'free' } })).status).toBe(201);
  expect((await cluster.api.post(maps, { metadata: { name: 'other' } })).status).toBe(422);
});

test('policies are never judged by policies, and act from their binding on until they are gone', async () => {
  await using cluster = await startPolicyCluster();
  const all = { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }] };
  await cluster.validating('everything', { matchConstraints: all, validations: [{ expression: 'false' }] });
  expect((await cluster.api.post(maps, { metadata: { name: 'a' } })).status).toBe(422);
  expect((await cluster.api.post('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', { metadata: { name: 'w' } })).status).toBe(422);
  expect((await cluster.api.del('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/everything')).status).toBe(200);
  expect((await cluster.api.post(maps, { metadata: { name: 'a' } })).status).toBe(201);
});
