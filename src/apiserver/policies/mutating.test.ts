// MutatingAdmissionPolicies through REST.
import { describe, expect, test } from 'vitest';
import { startPolicyCluster } from './policies.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] };
const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
const never = { reinvocationPolicy: 'Never' };

describe('ApplyConfiguration', () => {
  test('merges what it says', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.mutating('p', { ...never, mutations: [apply(`Object{metadata: Object.metadata{labels: {"team": "a"}}, data: {"added": object.metadata.name}}`)] });
    const { body } = await cluster.api.post(maps, { metadata: { name: 'x', labels: { own: 'yes' } }, data: { kept: '1' } });
    expect([body.metadata.labels, body.data]).toEqual([{ own: 'yes', team: 'a' }, { kept: '1', added: 'x' }]);
  });

  test('merges keyed lists by their keys', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.mutating('p', { ...never, matchConstraints: pods, mutations: [apply(`Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: "side", image: "side:1", restartPolicy: "Always"}],
      containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, env: [Object.spec.containers.env{name: "K", value: "v"}]})}}`)] });
    const { body } = await cluster.api.post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    expect([body.spec.initContainers?.[0]?.image, body.spec.containers[0].image, body.spec.containers[0].env]).toEqual(['side:1', 'i', [{ name: 'K', value: 'v' }]]);
  });

  test('refuses atomic lists, wrong types and unknown fields', async () => {
    await using cluster = await startPolicyCluster();
    const told = async (name: string, expression: string): Promise<unknown> => {
      await cluster.mutating(name, { ...never, matchConstraints: pods, mutations: [apply(expression)] });
      const { status, body } = await cluster.api.post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
      await cluster.api.del(`/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/${name}`);
      return [status, body.reason, body.message];
    };
    expect(await told('atomic', `Object{spec: Object.spec{containers: [Object.spec.containers{name: "c", args: ["a"]}]}}`)).toEqual([
      403, 'Invalid', `policy 'atomic' with binding 'atomic' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args`,
    ]);
    expect(await told('type', `Object{spec: Object.wrong{hostname: "x"}}`)).toEqual([
      403, 'Invalid', `policy 'type' with binding 'type' denied request: type mismatch: unexpected type name "Object.wrong", expected "Object.spec", which matches field name path from root Object type`,
    ]);
    expect(await told('field', `Object{spec: Object.spec{absent: "x"}}`)).toEqual([403, 'Invalid', expect.stringContaining(`.spec.absent: field not declared in schema`)]);
  });
});

describe('JSONPatch', () => {
  test('changes what it points at, in order', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.mutating('p', { ...never, mutations: [patch(`[
      JSONPatch{op: "test", path: "/data/kept", value: "1"},
      JSONPatch{op: "add", path: "/metadata/annotations", value: {"a/b": "1"}},
      JSONPatch{op: "replace", path: "/metadata/annotations/" + jsonpatch.escapeKey("a/b"), value: "2"},
      JSONPatch{op: "remove", path: "/data/kept"}]`)] });
    const { body } = await cluster.api.post(maps, { metadata: { name: 'x' }, data: { kept: '1', more: '2' } });
    expect([body.metadata.annotations, body.data]).toEqual([{ 'a/b': '2' }, { more: '2' }]);
    expect((await cluster.api.post(maps, { metadata: { name: 'y' }, data: { kept: '9' } })).body.data).toEqual({ kept: '9' });
  });

  test('that fails is judged by failurePolicy', async () => {
    await using cluster = await startPolicyCluster();
    await cluster.mutating('lax', { ...never, failurePolicy: 'Ignore', mutations: [patch(`[JSONPatch{op: "remove", path: "/data/absent"}]`)] });
    expect((await cluster.api.post(maps, { metadata: { name: 'x' } })).status).toBe(201);
    await cluster.mutating('strict', { ...never, mutations: [patch(`[JSONPatch{op: "remove", path: "/data/absent"}]`)] });
    const { status, body } = await cluster.api.post(maps, { metadata: { name: 'y' }, data: {} });
    expect([status, body.reason, body.message]).toEqual([403, 'Invalid', expect.stringMatching(/^policy 'strict' with binding 'strict' denied request: JSON Patch: /)]);
  });
});

test('policies see what those before them made; IfNeeded runs again when others change the object', async () => {
  await using cluster = await startPolicyCluster();
  const count = (name: string, value: string): string => `Object{data: {"${name}": ${value}}}`;
  await cluster.mutating('a', { reinvocationPolicy: 'IfNeeded', mutations: [apply(count('seen', `has(object.data) && "b" in object.data ? "b" : "nothing"`))] });
  await cluster.mutating('b', { ...never, mutations: [apply(count('b', `has(object.data) && "seen" in object.data ? object.data.seen : "none"`))] });
  const { body } = await cluster.api.post(maps, { metadata: { name: 'x' } });
  expect(body.data).toEqual({ seen: 'b', b: 'nothing' });
});

test('params, variables and conditions work as in validating policies', async () => {
  await using cluster = await startPolicyCluster();
  await cluster.api.post(maps, { metadata: { name: 'settings', namespace: 'default' }, data: { label: 'blue' } });
  await cluster.mutating('p', {
    ...never, paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, variables: [{ name: 'color', expression: 'params.data.label' }],
    matchConditions: [{ name: 'chosen', expression: `object.metadata.name != 'settings' && params.data.label != ''` }],
    mutations: [apply('Object{metadata: Object.metadata{labels: {"color": variables.color}}}')],
  }, { paramRef: { name: 'settings', parameterNotFoundAction: 'Deny' } });
  expect((await cluster.api.post(maps, { metadata: { name: 'x' } })).body.metadata.labels).toEqual({ color: 'blue' });
});
