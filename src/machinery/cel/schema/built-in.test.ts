// Expressions over built-in types, checked and evaluated by the API's own tables.
import { expect, it } from 'vitest';
import { formatValue, newEnvironment } from '../index.ts';
import { builtInNode } from './built-in.ts';
import { declaredType, typeProvider } from './declared.ts';
import { valueUnder } from './view.ts';

const node = builtInNode('apps.v1.Deployment');
const declared = declaredType(node, 'objectType', true);
if (declared === undefined) throw new Error('a Deployment is declared');
const environment = newEnvironment({ provider: typeProvider([declared], { keywordFields: true }), variables: { object: declared.type } });

const deployment = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop', creationTimestamp: '2024-01-02T03:04:05Z', labels: { app: 'web' } },
  spec: { replicas: 3, template: { spec: { containers: [{ name: 'a', image: 'nginx', ports: [{ containerPort: 80 }] }] } }, strategy: { rollingUpdate: { maxSurge: '25%' } } },
};

function evaluate(expression: string): string {
  const { ast, issues } = environment.compile(expression);
  if (ast === undefined) return issues.list.map((issue) => issue.message).join('; ');
  const object = valueUnder(node, deployment);
  return formatValue(environment.program(ast).evaluate({ find: () => object }).value);
}

it.each([
  ['object.spec.replicas > 2', 'true'],
  ['object.metadata.namespace', '"shop"'],
  ['object.metadata.creationTimestamp.getFullYear()', '2024'],
  ["object.metadata.labels['app']", '"web"'],
  ['object.spec.template.spec.containers.all(c, c.image.startsWith("nginx") && c.ports[0].containerPort < 1024)', 'true'],
  ["object.spec.strategy.rollingUpdate.maxSurge == '25%'", 'true'],
  ['object.spec.replica', "undefined field 'replica'"],
  ['object.spec.replicas == "3"', "found no matching overload for '_==_' applied to '(int, string)'"],
])('%s is %s', (expression, expected) => {
  expect(evaluate(expression)).toBe(expected);
});

it('declares types that contain themselves', () => {
  const type = declaredType(builtInNode('apiextensions.v1.CustomResourceDefinition'), 'crdType', true);
  expect(type?.fields?.has('spec')).toBe(true);
});
