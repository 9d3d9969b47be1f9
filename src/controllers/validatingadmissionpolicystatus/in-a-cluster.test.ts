// Type checking in a whole cluster, with the permissions that the controller has there.
import { expect, test } from 'vitest';
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1.ts';
import type { CustomResourceDefinition } from '#api/apiextensions/v1.ts';
import { startCluster } from '#testing';

test('policies tell what does not fit built-in and custom types', async () => {
  await using cluster = await startCluster({ nodes: 0 });
  const policies = cluster.client.resource<ValidatingAdmissionPolicy>('validatingadmissionpolicies.admissionregistration.k8s.io');
  await cluster.client.resource<CustomResourceDefinition>('customresourcedefinitions.apiextensions.k8s.io').create({
    metadata: { name: 'crontabs.stable.example.com' },
    spec: {
      group: 'stable.example.com', scope: 'Namespaced', names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { cronSpec: { type: 'string' }, replicas: { type: 'integer' } } } } } } }],
    },
  });
  await cluster.until(async () => cluster.client.raw('GET', '/openapi/v3/apis/stable.example.com/v1').then((bytes) => Buffer.from(bytes).includes('CronTab'), () => false), { within: '1m' });
  const make = (name: string, group: string, resource: string, expression: string) => policies.create({
    metadata: { name }, spec: { matchConstraints: { resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['*'], resources: [resource] }] }, validations: [{ expression }] },
  });
  await make('built-in', 'apps', 'deployments', "object.spec.replicas > '1'");
  await make('custom', 'stable.example.com', 'crontabs', 'object.spec.replicas == "1"');
  await make('right', 'stable.example.com', 'crontabs', "object.spec.replicas > 1 && object.spec.cronSpec != ''");
  const told: Record<string, unknown> = {};
  await cluster.until(async () => {
    const { items } = await policies.list();
    for (const { metadata, status } of items) told[metadata?.name ?? ''] = [status?.observedGeneration, status?.typeChecking?.expressionWarnings?.map(({ fieldRef, warning }) => `${fieldRef}: ${warning.split('\n')[0]}`)];
    return items.every(({ status }) => status?.typeChecking !== undefined);
  }, { within: '1m' });
  expect(told).toEqual({
    'built-in': [1, ["spec.validations[0].expression: apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'"]],
    custom: [1, ["spec.validations[0].expression: stable.example.com/v1, Kind=CronTab: ERROR: <input>:1:22: found no matching overload for '_==_' applied to '(int, string)'"]],
    right: [1, undefined],
  });
});
