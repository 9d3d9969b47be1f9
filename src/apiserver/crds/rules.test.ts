// Validation rules (x-kubernetes-validations) over REST: what a definition may say, and what its rules do to objects.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';
import { definition, definitions, establish, tab, until } from './crd.case.ts';

const tabs = '/apis/stable.example.com/v1/namespaces/default/crontabs';
let store: Store;
let api: TestServer;

beforeEach(async () => {
  store = openMemoryStore(testWorld());
  api = await startTestServer(store);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});

type Json = Record<string, unknown>;

function ruled(rules: Json[], properties: Json = { min: { type: 'integer' }, max: { type: 'integer' }, name: { type: 'string', maxLength: 10 } }, more: Json = {}): Json {
  const spec = { type: 'object', properties, 'x-kubernetes-validations': rules };
  return definition([{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } }, ...more }]);
}

it('are checked with every object, and say what is wrong', async () => {
  await establish(api, ruled([
    { rule: 'self.min <= self.max', message: 'min must not exceed max', fieldPath: '.min' },
    { rule: "!has(self.name) || self.name.startsWith('a')", messageExpression: "'no a in ' + self.name", reason: 'FieldValueForbidden' },
  ]));
  expect((await api.post(tabs, tab('good', { min: 1, max: 2, name: 'abc' }))).status).toBe(201);
  const bad = await api.post(tabs, tab('bad', { min: 3, max: 2, name: 'xyz' }));
  expect([bad.status, bad.body.message]).toEqual([422, 'CronTab.stable.example.com "bad" is invalid: [spec.min: Invalid value: min must not exceed max, spec: Forbidden: no a in xyz]']);
  const missing = await api.post(tabs, tab('none', { max: 2 }));
  expect(missing.body.message).toContain('spec: Invalid value: "object": no such key: min evaluating rule: min must not exceed max');
  const shapeless = await api.post(tabs, tab('shape', { min: 'x' }));
  expect(shapeless.body.message).toContain('some validation rules were not checked because the object was invalid; correct the existing errors to complete validation');
});

it('see the old value in updates, and leave alone what has not changed', async () => {
  await establish(api, ruled([{ rule: 'self.min == oldSelf.min', message: 'min is immutable' }, { rule: 'oldSelf.hasValue() || self.max < 100', optionalOldSelf: true, message: 'starts below 100' }]));
  expect((await api.post(tabs, tab('late', { min: 1, max: 100 }))).body.message).toContain('starts below 100');
  expect((await api.post(tabs, tab('a', { min: 1, max: 1 }))).status).toBe(201);
  expect((await api.patch(`${tabs}/a`, 'merge', { spec: { max: 200 } })).status).toBe(200);
  const changed = await api.patch(`${tabs}/a`, 'merge', { spec: { min: 2 } });
  expect([changed.status, changed.body.message]).toEqual([422, 'CronTab.stable.example.com "a" is invalid: spec: Invalid value: min is immutable']);
});

it('under the items of what is no array any more cannot be checked, which is told of what was there before', async () => {
  const replicas = { type: 'object', properties: { n: { type: 'integer' } }, 'x-kubernetes-validations': [{ rule: 'self.n <= 10' }] };
  const shaped = (type: string): Json => definition([{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { backend: { type, maxItems: 100, items: replicas } } } } } } }]);
  await establish(api, shaped('array'));
  expect((await api.post(tabs, tab('a', { backend: [{ n: 8 }] }))).status).toBe(201);
  const before = (await api.get(`${definitions}/crontabs.stable.example.com`)).body;
  expect((await api.put(`${definitions}/crontabs.stable.example.com`, { ...before, spec: shaped('object')['spec'] })).status).toBe(200);
  const refused = await until(() => api.patch(`${tabs}/a`, 'merge', { metadata: { labels: { a: 'b' } } }), ({ status }) => status === 422);
  expect(refused.body.message).toContain('spec.backend[0]: Invalid value: "object": rule compiler initialization error: failed to convert to declType for CEL validation rules');
});

it('are refused when they do not compile or cost too much', async () => {
  const wrong = await api.post(definitions, ruled([{ rule: 'self.nosuch == 1' }]));
  expect(wrong.status).toBe(422);
  expect(wrong.body.message).toContain('spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.nosuch == 1"');
  expect(wrong.body.message).toContain("compilation failed: ERROR: <input>:1:5: undefined field 'nosuch'");
  const list = { names: { type: 'array', items: { type: 'string' } } };
  const dear = await api.post(definitions, ruled([{ rule: 'self.names.all(x, self.names.all(y, x == y))' }], list));
  expect(dear.body.message).toContain('Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)');
  const old = await api.post(definitions, ruled([], { names: { type: 'array', items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } } }));
  expect(old.body.message).toContain('oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[spec].properties[names]');
});

it.each<[string, Json, string]>([
  ['no type', { type: 'object', properties: { a: {} } }, 'spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields'],
  ['a bad pattern', { type: 'object', properties: { a: { type: 'string', pattern: '[' } } }, 'must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ]: `[`'],
  ['a bad default', { type: 'object', properties: { a: { type: 'integer', default: 'x' } } }, 'spec.validation.openAPIV3Schema.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"'],
  ['uniqueItems', { type: 'object', properties: { a: { type: 'array', uniqueItems: true, items: { type: 'string' } } } }, 'Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic'],
  ['keys that may be missing', { type: 'object', properties: { a: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object', properties: { k: { type: 'string' } } } } } }, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'],
  ['shape in anyOf', { type: 'object', properties: { a: { type: 'string', anyOf: [{ type: 'string' }] } } }, 'anyOf[0].type: Forbidden: must be empty to be structural'],
])('definitions are refused with %s', async (_name, schema, text) => {
  const { status, body } = await api.post(definitions, definition([{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }]));
  expect(status).toBe(422);
  expect(body.message).toContain(text);
});

it('definitions are refused with bad names', async () => {
  const { body } = await api.post(definitions, { ...definition(), metadata: { name: 'other.stable.example.com' } });
  expect(body.message).toBe('CustomResourceDefinition.apiextensions.k8s.io "other.stable.example.com" is invalid: metadata.name: Invalid value: "other.stable.example.com": must be spec.names.plural+"."+spec.group');
  const protectedGroup: Json = { ...definition(), metadata: { name: 'crontabs.x.k8s.io' } };
  (protectedGroup['spec'] as Json)['group'] = 'x.k8s.io';
  expect((await api.post(definitions, protectedGroup)).body.message).toContain('metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111');
});
