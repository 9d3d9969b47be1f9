// Objects whose bytes hold texts that were written before are read as if nothing were known.
import { expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom } from '#base/random.ts';
import { parseCarefully, recentValues } from '#machinery';
import type { KubeObject } from '../contract.ts';
import { setsByText, specsByText, parseAroundKnown } from './known-parts.ts';
import { encodeStored, kindHead, parseServed, serveStored } from './stored-form.ts';

const head = kindHead('Pod', 'v1');
const set = { 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } }, 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {} } } } };
const spec = { containers: [{ name: 'c', image: 'i', args: ['}"{', '\\', '"fieldsV1":{', ',"spec":{'] }], nodeSelector: { 'fieldsV1': 'x' } };
const entry = (fieldsV1: unknown, manager = 'm') => ({ manager, operation: 'Update' as const, apiVersion: 'v1', time: '2026-01-02T03:04:05Z', fieldsType: 'FieldsV1', fieldsV1 });
const pod = (name: string, its: unknown, ...entries: object[]): KubeObject => ({ kind: 'Pod', apiVersion: 'v1', metadata: { name, annotations: { a: '"fieldsV1":{', b: ',"spec":{}' }, managedFields: entries }, spec: its, status: { phase: 'Running', note: 'ü' } }) as KubeObject;

const specs = recentValues();
specs.meet(spec);
const twin = specs.meet(structuredClone(spec));

const bytesOf = (object: KubeObject): Buffer => serveStored(head, encodeStored(head, object), 7);
const parseWhole = (bytes: Buffer): unknown => parseCarefully(bytes.toString(), 1000).value;

test('sets and the specs of twins are shared by the objects that have them', () => {
  bytesOf(pod('a', twin, entry(structuredClone(set))));
  const [one, two] = ['b', 'c'].map((name) => {
    const bytes = bytesOf(pod(name, twin, entry(structuredClone(set)), entry({ [`f:${name}`]: {} }, 'other')));
    const read = parseServed(bytes);
    expect(read).toEqual(parseWhole(bytes));
    expect(JSON.stringify(read)).toBe(bytes.toString());
    return read;
  });
  expect(one?.['spec']).toBe(twin);
  expect(two?.['spec']).toBe(twin);
  expect(one?.metadata?.managedFields?.[0]?.fieldsV1).toBe(two?.metadata?.managedFields?.[0]?.fieldsV1);
});

test('the same texts elsewhere change nothing', () => {
  bytesOf(pod('a', twin, entry(structuredClone(set))));
  const texts = [
    pod('a', { inner: { fieldsV1: set, spec } }, entry(set)), pod('a', { inner: [{ fieldsV1: set }] }), pod('a', twin, entry(0), entry(set)), pod('a', twin, entry(undefined), entry(set)),
    { ...pod('a', 0, entry(set)), other: { spec } }, { ...pod('a', undefined, entry(set)), extra: { a: 1, spec } }, { kind: 'Pod', apiVersion: 'v1', spec, metadata: { managedFields: [entry(set)] } },
    { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'x', managedFields: 'none' }, fieldsV1: set },
  ].map((object) => Buffer.from(JSON.stringify(object)));
  for (const bytes of texts) expect(parseServed(bytes)).toEqual(parseWhole(bytes));
});

test('random objects are read as they were written', () => {
  const seed = randomInt(systemRandom, 2 ** 30);
  const random = seededRandom(seed);
  const names = ['a', 'fieldsV1', 'spec', 'f:a', '"', '\\', '}', 'ü', 'k:{"name":"c"}'];
  const any = (depth: number): unknown => {
    const kind = randomInt(random, depth > 3 ? 3 : 6);
    if (kind < 2) return names[randomInt(random, names.length)];
    if (kind === 2) return randomInt(random, 3);
    if (kind === 3) return Array.from({ length: randomInt(random, 3) }, () => any(depth + 1));
    if (kind === 4) return randomInt(random, 2) === 0 ? set : spec;
    return Object.fromEntries(Array.from({ length: randomInt(random, 4) }, () => [names[randomInt(random, names.length)], any(depth + 1)]));
  };
  const object = (): unknown => Object.fromEntries(Array.from({ length: randomInt(random, 3) }, () => [names[randomInt(random, names.length)], any(1)]));
  for (let i = 0; i < 3_000; i++) {
    const written = pod('a', randomInt(random, 3) === 0 ? twin : any(0), ...Array.from({ length: randomInt(random, 3) }, () => entry(randomInt(random, 2) === 0 ? structuredClone(set) : object())));
    const bytes = bytesOf({ ...written, ...(randomInt(random, 3) === 0 ? { more: any(0) } : {}) });
    expect(parseServed(bytes), `seed ${seed}: ${bytes.toString()}`).toEqual(parseWhole(bytes));
  }
});

test('what is not known, or too long, is left to be parsed', () => {
  expect(parseAroundKnown(Buffer.from('{"metadata":{"managedFields":[{"fieldsV1":{"f:never":{}}}]}}'), JSON.parse)).toBeUndefined();
  for (const known of [setsByText, specsByText]) {
    expect(known.lacks('x'.repeat(8 * 1024 + 1))).toBe(false);
    expect(known.lacks('{"ü":1}')).toBe(false);
    for (let i = 0; i < 1_000; i++) known.keep(`{"n":${i}}`, {});
    expect([known.get('{"n":0}'), known.get('{"n":999}')]).toEqual([undefined, {}]);
  }
});
