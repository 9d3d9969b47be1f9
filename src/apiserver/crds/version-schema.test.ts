// What a schema does to large objects has pauses between its steps, and comes to what it comes to at once.
import { expect, test } from 'vitest';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#api/apiextensions/v1.ts';
import type { KubeObject } from '../contract.ts';
import { versionSchema } from './version-schema.ts';

const version: CustomResourceDefinitionVersion = {
  name: 'v1', served: true, storage: true,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { items: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } } } } } } },
};
const definition: CustomResourceDefinition = { metadata: { name: 'tabs.a.io' }, spec: { group: 'a.io', scope: 'Namespaced', names: { plural: 'tabs', kind: 'Tab' }, versions: [version] } };
const tab = (): KubeObject => ({ apiVersion: 'a.io/v1', kind: 'Tab', metadata: { name: 'a' }, spec: { items: [{ name: 'a', foo: 1 }, { name: null }, {}], bar: 2 } });

test('unknown fields and nulls are taken out in steps', () => {
  const schema = versionSchema(definition, version);
  const unknown: string[] = [];
  const [atOnce, object] = [tab(), tab()];
  schema.settle(atOnce, { fromStore: true });
  const work = schema.settling(object, { fromStore: true, unknown });
  let slices = 1;
  while (work.next().done !== true) slices++;
  expect(object).toEqual({ apiVersion: 'a.io/v1', kind: 'Tab', metadata: { name: 'a', generation: 1 }, spec: { items: [{ name: 'a' }, {}, {}] } });
  expect(object).toEqual(atOnce);
  expect(unknown).toEqual(['spec.bar', 'spec.items[0].foo']);
  expect(slices).toBeGreaterThan(3);
});
