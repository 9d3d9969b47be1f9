// Policies about custom resources, and with custom resources as parameters.
import { expect, test, vi } from 'vitest';
import { startPolicyCluster, type PolicyCluster } from './policies.case.ts';

const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const matchConstraints = { resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['widgets'] }] };

async function define(cluster: PolicyCluster): Promise<void> {
  const properties = { spec: { type: 'object', properties: { size: { type: 'integer' }, color: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } }, names: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } } } } };
  const { status, text } = await cluster.api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties } } }] },
  });
  if (status !== 201) throw new Error(text);
  await vi.waitFor(async () => expect((await cluster.api.get(widgets)).status).toBe(200));
}

const widget = (name: string, spec: object): object => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec });

test('are validated, also against custom parameters', async () => {
  await using cluster = await startPolicyCluster();
  await define(cluster);
  await cluster.api.post(widgets, widget('limit', { size: 5 }));
  await cluster.validating('p', { matchConstraints, paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' }, validations: [{ expression: 'object.spec.size <= params.spec.size', messageExpression: `'at most ' + string(params.spec.size)` }] }, { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } });
  expect((await cluster.api.post(widgets, widget('a', { size: 5 }))).status).toBe(201);
  expect((await cluster.api.post(widgets, widget('b', { size: 6 }))).body.message).toBe(`widgets.example.com "b" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: at most 5`);
});

test('are mutated by the merge rules of their schema', async () => {
  await using cluster = await startPolicyCluster();
  await define(cluster);
  await cluster.mutating('p', { matchConstraints, reinvocationPolicy: 'Never', mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{color: "blue", names: ["b"]}}' } }] });
  expect((await cluster.api.post(widgets, widget('a', { size: 1, names: ['a'] }))).body.spec).toEqual({ size: 1, color: 'blue', names: ['a', 'b'] });
  await cluster.mutating('q', { matchConstraints, reinvocationPolicy: 'Never', mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{tags: ["b"]}}' } }] });
  expect((await cluster.api.post(widgets, widget('b', { tags: ['a'] }))).body.message).toMatch(/may not mutate atomic arrays, maps or structs: \.spec\.tags$/);
});
