// What the status of a policy tells about expressions that do not fit their types.
import { expect, test } from 'vitest';
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1.ts';
import { statusOf } from './controller.ts';
import { kindSchemas } from './kinds.ts';

const documents: Readonly<Record<string, unknown>> = {
  '/apis/example.com/v1': { kind: 'APIResourceList', resources: [{ name: 'crontabs', kind: 'CronTab' }] },
  '/openapi/v3/apis/example.com/v1': { components: { schemas: { 'com.example.v1.CronTab': {
    type: 'object', 'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'CronTab' }],
    properties: { metadata: { allOf: [{ $ref: '#/x' }] }, spec: { type: 'object', properties: { replicas: { type: 'integer' } } } },
  } } } },
};

const schemas = kindSchemas({
  raw: async (_method, path) => {
    if (!Object.hasOwn(documents, path)) throw new Error('not found');
    return Buffer.from(JSON.stringify(documents[path]));
  },
});

function policy(group: string, resource: string, validations: { expression: string; messageExpression?: string }[], more: object = {}): ValidatingAdmissionPolicy {
  return { metadata: { generation: 1 }, spec: { matchConstraints: { resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['*'], resources: [resource] }] }, validations, ...more } };
}

test('built-in kinds: operators on the wrong types are told', async () => {
  const status = await statusOf(policy('apps', 'deployments', [
    { expression: "object.spec.replicas > '1'", messageExpression: "'wants replicas > 1, got ' + object.spec.replicas" },
    { expression: 'object.spec.replicas > 1 && object.metadata.namespace != "" && request.operation == "CREATE"' },
  ]), schemas);
  expect(status).toEqual({ observedGeneration: 1, typeChecking: { expressionWarnings: [
    { fieldRef: 'spec.validations[0].expression', warning: expect.stringContaining("apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'") },
    { fieldRef: 'spec.validations[0].messageExpression', warning: expect.stringContaining("found no matching overload for '_+_' applied to '(string, int)'") },
  ] } });
});

test('custom kinds are known by what the server publishes', async () => {
  const status = await statusOf(policy('example.com', 'crontabs', [{ expression: 'object.spec.replicas > 1' }, { expression: 'object.spec.replicaCount > 1' }]), schemas);
  expect(status).toMatchObject({ typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[1].expression', warning: expect.stringContaining("example.com/v1, Kind=CronTab: ERROR: <input>:1:12: undefined field 'replicaCount'") }] } });
});

test('wildcards, unknown kinds and generations already told are left alone', async () => {
  expect(await statusOf(policy('*', 'deployments', [{ expression: 'object.absent' }]), schemas)).toEqual({ observedGeneration: 1, typeChecking: {} });
  expect(await statusOf(policy('unknown.io', 'things', [{ expression: 'object.absent' }]), schemas)).toEqual({ observedGeneration: 1, typeChecking: {} });
  expect(await statusOf({ ...policy('apps', 'deployments', []), status: { observedGeneration: 1 } }, schemas)).toBeUndefined();
});

test('variables and params have their types', async () => {
  const status = await statusOf(policy('apps', 'deployments', [{ expression: "variables.count > 'x'" }, { expression: "params.data.limit == 1" }], {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, variables: [{ name: 'count', expression: 'object.spec.replicas' }],
  }), schemas);
  expect(status).toMatchObject({ typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[0].expression' }, { fieldRef: 'spec.validations[1].expression' }] } });
});
