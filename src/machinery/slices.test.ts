// What is read in slices, or by the YAML thread, is what is read at once: the same objects, warnings and refusals.
import { expect, test } from 'vitest';
import { decodePatched, decodingPatched } from './decode-patched.ts';
import { decodeInSlices, decodeObject, type DecodeOptions } from './decode.ts';
import { normalize, normalizing } from './normalize.ts';
import type { KubeObject } from './object.ts';
import { decodingProtobuf, encodeProtobuf } from './protobuf/object.ts';
import { readingMessage, slicedBytes } from './sliced-read.ts';
import { atOnce as atOnceOf } from './slices.ts';
import { planOf } from './type-plan.ts';
import { ReadContext, readMessage } from './wire-read.ts';
import { parseYamlAside } from './yaml-thread.ts';

const type = 'core.v1.ConfigMap';
const json = { type, contentType: 'application/json' };
const yaml = { type, contentType: 'application/yaml' };

const keys = (n: number, value: (i: number) => string): string => Array.from({ length: n }, (_, i) => `"k${i}":${value(i)}`).join(',');

const cases: readonly (readonly [string, string, DecodeOptions])[] = [
  ['a plain object', `{"metadata":{"name":"a"},"data":{${keys(30_000, (i) => `"${i}"`)}}}`, json],
  ['fields given twice', `{"metadata":{"name":"a"},"data":{${keys(20_000, () => '"v"')},"k7":"w"}}`, json],
  ['unknown fields', `{"metadata":{"name":"a"},"foo":{${keys(20_000, (i) => `${i}`)}},"data":{"a":"b"}}`, json],
  ['unknown fields, Strict', '{"metadata":{"name":"a"},"foo":1}', { ...json, fieldValidation: 'Strict' }],
  ['a long number', `{"metadata":{"name":"a"},"data":{${keys(20_000, () => '"v"')}},"big":12345678901234567890}`, json],
  ['a text without its end', `{"metadata":{"name":"a"},"data":{${keys(40_000, () => '"v"')}`, json],
  ['true YAML', 'metadata:\n  name: a\ndata:\n  on: "yes"\n  __proto__: x\n  n: "0777"\n', yaml],
  ['YAML with a wrong value', 'metadata: {name: a}\ndata: {a: 1}\n', yaml],
  ['YAML with a key twice', 'metadata: {name: a}\ndata:\n  a: x\n  a: y\n', yaml],
  ['broken YAML', 'a: [', yaml],
  ['JSON as YAML', '{"metadata":{"name":"a"},"data":{"a":"b"}}', yaml],
  ['too many values', `{"metadata":{"name":"a"},"data":{${keys(200, () => '"v"')}}}`, { ...json, limits: { maxValues: 100 } }],
];

test.each(cases)('%s', async (_name, text, options) => {
  const bytes = Buffer.from(text);
  const atOnce = await outcomeOf(() => decodeObject(bytes, options));
  expect(await outcomeOf(() => decodeInSlices(bytes, options))).toEqual(atOnce);
});

async function outcomeOf(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const many = <T>(n: number, item: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => item(i));
const podOf = (spec: unknown, more: object = {}): string => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', ...more }, spec });
const containers = many(3_000, (i) => ({ name: `c${i}`, image: 'i', env: [{ name: 'a', value: 'b' }, { name: 'e', value: '' }], ports: [{ containerPort: i }], resources: { limits: { cpu: '1000m' } } }));
const mapIn = (kind: string, field: string, value: (i: number) => unknown): string => JSON.stringify({ apiVersion: 'v1', kind, metadata: { name: 'a' }, [field]: Object.fromEntries(many(9_000, (i) => [`k${i}`, value(i)])) });
const schemas = (n: number, item: unknown): unknown => ({ type: 'object', properties: Object.fromEntries(many(n, (i) => [`k${i}`, item])) });
const definitionOf = (schema: unknown): string => JSON.stringify({ metadata: { name: 'a' }, spec: { group: 'a.io', versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] } });
const podType = { type: 'core.v1.Pod', contentType: 'application/json' };
const definitionType = { type: 'apiextensions.v1.CustomResourceDefinition', contentType: 'application/json' };

const typed: readonly (readonly [string, string, DecodeOptions])[] = [
  ['lists of messages', podOf({ containers }), podType],
  ['empty items and nulls', podOf({ containers: many(20_000, (i) => (i % 3 === 0 ? null : {})) }), podType],
  ['unknown fields in items', podOf({ containers: containers.map((item, i) => (i % 7 === 0 ? { ...item, foo: { a: i } } : item)), bar: 1 }, { baz: 1 }), podType],
  ['unknown fields in items, Strict', podOf({ bar: 1, containers: containers.map((item) => ({ ...item, foo: 1 })) }), { ...podType, fieldValidation: 'Strict' }],
  ['fields given twice in items', podOf({ containers }).replace('"name":"c7"', '"name":"x","name":"c7"').replace('"image":"i"', '"foo":1,"image":"i"'), podType],
  ['an item of another kind', podOf({ containers: [...containers, 1] }), podType],
  ['a wrong value deep inside', podOf({ containers: [...containers, { name: 'x', env: [{ name: 1 }] }], priority: 'x' }), podType],
  ['a wrong value before a list', podOf({ activeDeadlineSeconds: 'x', containers: [...containers, 1] }), podType],
  ['a list that is none', podOf({ containers, volumes: { a: [{ name: 'x' }] } }), podType],
  ['maps of messages', definitionOf(schemas(8_000, { type: 'string', description: 'd' })), definitionType],
  ['schemas in schemas', definitionOf(schemas(40, { type: 'array', items: schemas(60, { type: 'object', additionalProperties: schemas(2, { type: 'string', default: { a: [1] } }) }) })), definitionType],
  ['wrong schemas', definitionOf(schemas(8_000, { type: 'string', maxLength: 'x' })), definitionType],
  ['an item with thousands of unknown fields', podOf({ containers: [{ name: 'a' }, Object.fromEntries(many(9_000, (i) => [`k${i}`, { a: i }]))] }), podType],
  ['a map of texts', mapIn('ConfigMap', 'data', (i) => `v${i}`), { ...podType, type: 'core.v1.ConfigMap' }],
  ['a map of texts and nulls', mapIn('ConfigMap', 'data', (i) => (i === 3_000 ? null : `v${i}`)), { ...podType, type: 'core.v1.ConfigMap' }],
  ['a map of texts and a number', mapIn('ConfigMap', 'data', (i) => (i === 5_000 ? 1 : `v${i}`)), { ...podType, type: 'core.v1.ConfigMap' }],
  ['a map of bytes', mapIn('Secret', 'data', (i) => (i === 4_000 ? 'YWJj\nZGVm' : 'YQ==')), { ...podType, type: 'core.v1.Secret' }],
  ['bytes that are none', mapIn('Secret', 'data', (i) => (i === 4_000 ? 'x' : 'YQ==')), { ...podType, type: 'core.v1.Secret' }],
  ['amounts', podOf({ containers: [{ name: 'a', resources: { requests: Object.fromEntries(many(9_000, (i) => [`a.io/${i}`, i % 7 === 0 ? i : `${i}m`])) } }] }), podType],
  ['nulls in a map', definitionOf(schemas(20_000, null)), definitionType],
];

test.each(typed)('typed: %s', async (name, text, options) => {
  const bytes = Buffer.from(text);
  expect(bytes.length).toBeGreaterThan(slicedBytes);
  const atOnce = await outcomeOf(() => {
    const context = new ReadContext(true, true, options.type);
    const object = readMessage(planOf(options.type ?? ''), JSON.parse(text), context);
    return { object, unknown: context.unknown };
  });
  let slices = 0;
  const sliced = await outcomeOf(() => {
    const context = new ReadContext(true, true, options.type);
    const work = readingMessage(planOf(options.type ?? ''), JSON.parse(text), context);
    for (;;) {
      const step = work.next();
      if (step.done === true) return { object: step.value, unknown: context.unknown };
      slices++;
    }
  });
  expect(sliced).toEqual(atOnce);
  expect(JSON.stringify(sliced)).toBe(JSON.stringify(atOnce));
  // What is unknown is passed by at once.
  if (typeof sliced === 'object' && !name.endsWith('unknown fields')) expect(slices).toBeGreaterThan(0);
  // The same by the way of a patch, and in canonical form.
  const value = JSON.parse(text) as KubeObject;
  expect(await outcomeOf(() => atOnceOf(decodingPatched(options.type ?? '', value, { known: { metadata: {} }, fieldValidation: 'Warn' })))).toEqual(await outcomeOf(() => decodePatched(options.type ?? '', value, { known: { metadata: {} }, fieldValidation: 'Warn' })));
  const settled = await outcomeOf(() => JSON.stringify(normalize(options.type ?? '', value)));
  if (typeof atOnce === 'object') expect(await outcomeOf(() => JSON.stringify(atOnceOf(normalizing(options.type ?? '', value))))).toEqual(settled);
});

test.each(typed.filter(([name]) => /^(lists of messages|a map of (texts|bytes)|amounts)$/.test(name)))('protobuf: %s', (_name, text, { type = '' }) => {
  const object = normalize(type, JSON.parse(text) as KubeObject);
  const work = decodingProtobuf(encodeProtobuf(type, object));
  let slices = 1;
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) {
      expect(step.value.object).toEqual(object);
      break;
    }
    slices++;
  }
  expect(slices).toBeGreaterThan(3);
});

test('what is canonical already is answered itself', () => {
  const type = 'core.v1.Pod';
  const canonical = normalize(type, JSON.parse(podOf({ containers })) as KubeObject);
  expect(atOnceOf(normalizing(type, canonical))).toBe(canonical);
  const changed = { ...canonical, spec: { ...(canonical['spec'] as object), hostname: '' } };
  expect(atOnceOf(normalizing(type, changed, canonical))).toEqual(canonical);
});

test('a long list of messages is read with pauses', async () => {
  let turns = 0;
  const work = normalizing('core.v1.Pod', JSON.parse(podOf({ containers: many(20_000, () => ({})) })) as KubeObject);
  while (work.next().done !== true) turns++;
  expect(turns).toBeGreaterThan(5);
});

test('many texts at a time each get their own answer', async () => {
  const read = await Promise.all(Array.from({ length: 40 }, (_, i) => parseYamlAside(Buffer.from(i % 7 === 3 ? 'a: [' : `a: ${i}\n`)).then(({ value }) => value, (error: Error) => error.message)));
  expect(read).toEqual(Array.from({ length: 40 }, (_, i) => (i % 7 === 3 ? expect.stringMatching(/^yaml: /) : { a: i })));
});
