// Definitions as large as a request may be are checked with pauses, and found to be as wrong as at once.
import { expect, it } from 'vitest';
import type { KubeObject } from '../../object.ts';
import type { Sliced } from '../../slices.ts';
import { validateCreate, validateUpdate, validatingChange, validatingCreate } from '../index.ts';

const type = 'apiextensions.v1.CustomResourceDefinition';

function definition(properties: Record<string, unknown>): KubeObject {
  const names = { plural: 'larges', singular: 'large', kind: 'Large', listKind: 'LargeList' };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'larges.a.example', resourceVersion: '1' },
    spec: { group: 'a.example', scope: 'Namespaced', names, versions, conversion: { strategy: 'None' } }, status: { storedVersions: ['v1'], acceptedNames: names },
  } as KubeObject;
}

function many(property: (i: number) => unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`p${i}`, property(i)]));
}

function run<T>(work: Sliced<T>): { pauses: number; value: T } {
  for (let pauses = 0; ; pauses++) {
    const step = work.next();
    if (step.done === true) return { pauses, value: step.value };
  }
}

it.each([
  ['patterns', (i: number) => ({ type: 'string', pattern: `^[a-z]{1,${(i % 90) + 1}}${i % 7 === 0 ? '(' : '$'}${i}` })],
  ['fields of no type', (i: number) => ({ type: i % 2 === 0 ? 'string' : 'text' })],
  ['alternatives', (i: number) => ({ type: 'string', anyOf: [{ maxLength: i, pattern: i % 3 === 0 ? `[${i}` : `${i}` }, { type: 'string' }] })],
  ['rules', (i: number) => (i % 100 === 0 ? { type: 'string', maxLength: 5, 'x-kubernetes-validations': [{ rule: i % 200 === 0 ? 'self.size() < 3' : 'self.sizes()' }] } : { type: 'string' })],
])('%s', (_, property) => {
  const object = definition(many(property));
  const created = run(validatingCreate(type, object));
  expect(created.pauses).toBeGreaterThan(5);
  expect(created.value.length).toBeGreaterThan(10);
  expect(created.value).toEqual(validateCreate(type, object));
  const old = definition(many(() => ({ type: 'string' })));
  const changed = run(validatingChange(type, '', object, old));
  expect(changed.pauses).toBeGreaterThan(5);
  expect(changed.value).toEqual(validateUpdate(type, object, old));
});
