// What large objects own and how they differ, found with pauses, is what is found at once; and there are pauses.
import { expect, test } from 'vitest';
import { seededRandom, randomInt, type Random } from '#base/random.ts';
import { cloneJson, cloningJson } from '../patch/json-tree.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { checkingShape, checkShape } from './check-shape.ts';
import { comparing, compareObjects } from './compare.ts';
import { encodeManagers, encodingManagers, type Manager } from './managed-fields.ts';
import { ownedFields, owningFields } from './owned-fields.ts';
import { shapeOf } from './shape.ts';
import { leaf } from './field-set.ts';

const many = <T>(n: number, item: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => item(i));
const mapOf = (n: number, value: (i: number) => unknown): object => Object.fromEntries(many(n, (i) => [`k${i}`, value(i)]));
const pod = (spec: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: mapOf(200, () => 'x') }, spec });
const containers = (n: number, env: number, value: string): object[] => many(n, (i) => ({ name: `c${i}`, image: `i:${value}`, env: many(env, (j) => ({ name: `e${j}`, value: `${value}${j % 3}` })), resources: { limits: { cpu: '1' } }, args: ['a'] }));

function slicesOf<T>(work: Sliced<T>): { result: T; slices: number } {
  for (let slices = 1; ; slices++) {
    const step = work.next();
    if (step.done === true) return { result: step.value, slices };
  }
}

const pairs: readonly (readonly [string, string | undefined, object, object])[] = [
  ['items of lists in lists', 'core.v1.Pod', pod({ containers: containers(70, 70, 'a') }), pod({ containers: containers(75, 68, 'b') })],
  ['one list', 'core.v1.Pod', pod({ containers: containers(1, 9_000, 'a') }), pod({ containers: containers(1, 9_500, 'b') })],
  ['items twice', 'core.v1.Pod', pod({ containers: [...containers(1_000, 1, 'a'), ...containers(2, 1, 'b')] }), pod({ containers: [...containers(1_000, 1, 'b'), ...containers(5, 1, 'b')] })],
  ['sets', 'core.v1.ConfigMap', { metadata: { finalizers: many(9_000, (i) => `a/${i}`) } }, { metadata: { finalizers: many(9_000, (i) => `a/${i + 7}`) } }],
  ['maps', 'core.v1.ConfigMap', { data: mapOf(9_000, (i) => `${i}`) }, { data: mapOf(9_500, (i) => `${i % 5_000}`), binaryData: {} }],
  ['a map that is new, and one that is gone', 'core.v1.ConfigMap', { binaryData: mapOf(9_000, () => 'YQ==') }, { data: mapOf(9_000, () => 'a'), metadata: {} }],
  ['what has no schema', undefined, { spec: mapOf(900, (i) => ({ a: { b: [i], c: null, d: {} }, ...mapOf(9, () => i) })) }, { spec: { ...mapOf(950, (i) => ({ a: { b: [i % 7], c: { e: 1 } } })), k3: 5, k4: null } }],
  ['lists and maps where there were none', 'core.v1.Pod', { spec: { containers: null, volumes: 'x' }, status: null, metadata: null }, pod({ containers: [{ name: 'a', resources: { limits: mapOf(9_000, () => '1') } }, ...containers(2, 5, 'a'), ...containers(1, 5, 'b')], volumes: [{ name: 'v' }] })],
  ['what has no schema and was none', undefined, { a: null, b: 5, c: [], d: {} }, { a: mapOf(5_000, () => ({})), b: mapOf(300, () => 1), c: {}, d: null }],
  ['nothing', 'core.v1.Pod', {}, pod({ containers: containers(4_000, 1, 'a'), volumes: [] })],
];

test('faults are told as they are met', () => {
  const shape = shapeOf('core.v1.Pod');
  for (const wrong of [{ containers: [...containers(900, 2, 'a'), { name: 'c7', foo: 1 }, { image: 'x' }] }, { containers: containers(70, 70, 'a').map((item) => ({ ...item, env: [{ name: 1 }, { name: 'a', value: {} }] })), x: 1 }]) {
    const told = slicesOf(checkingShape(shape, pod(wrong)));
    expect(told.result).toEqual(checkShape(shape, pod(wrong)));
    expect(told.result.length).toBeGreaterThan(1);
  }
  expect(slicesOf(checkingShape(shape, pod({ containers: containers(5_000, 2, 'a') }))).slices).toBeGreaterThan(5);
});

test.each(pairs)('%s', (name, type, before, after) => {
  const shape = shapeOf(type);
  for (const [left, right] of [[before, after], [after, before], [after, structuredClone(after)], [{}, after]] as const) {
    expect(JSON.stringify(atOnce(comparing(shape, left, right)))).toBe(JSON.stringify(compareObjects(shape, left, right)));
  }
  expect(atOnce(checkingShape(shape, after))).toEqual(checkShape(shape, after));
  const owned = slicesOf(owningFields(shape, after));
  expect(JSON.stringify(owned.result)).toBe(JSON.stringify(ownedFields(shape, after)));
  // Sets of scalars are compared at once.
  expect(slicesOf(comparing(shape, before, after)).slices > 1).toBe(name !== 'sets');
  expect(owned.slices).toBeGreaterThan(1);
  const clone = slicesOf(cloningJson(after));
  expect([clone.result, clone.slices > 1]).toEqual([after, true]);
});

function anything(random: Random, depth: number): unknown {
  const choice = randomInt(random, depth === 0 ? 4 : 7);
  if (choice < 4) return [null, 'x', 5, true][choice];
  const count = randomInt(random, 10) === 0 ? 90 : randomInt(random, 4);
  return choice === 4 ? many(count, () => anything(random, depth - 1)) : Object.fromEntries(many(count, (i) => [`k${randomInt(random, 2) + i}`, anything(random, depth - 1)]));
}

test('random values', () => {
  const seed = randomInt(seededRandom(process.pid), 2 ** 30);
  const random = seededRandom(seed);
  const shape = shapeOf(undefined);
  for (let i = 0; i < 300; i++) {
    const [before, after] = [{ spec: anything(random, 4) }, { spec: anything(random, 4) }];
    expect(atOnce(comparing(shape, before, after)), `seed ${seed}`).toEqual(compareObjects(shape, before, after));
    expect(atOnce(owningFields(shape, after)), `seed ${seed}`).toEqual(ownedFields(shape, after));
    expect(atOnce(cloningJson(after))).toEqual(cloneJson(after));
  }
  expect(atOnce(owningFields(shape, {}))).toBe(leaf);
});

test('the sets of several managers are written one by one', () => {
  const manager = (name: string): Manager => ({ name, operation: 'Apply', apiVersion: 'v1', subresource: '', time: undefined, fields: ownedFields(shapeOf('core.v1.ConfigMap'), { data: mapOf(100, (i) => `${name}${i}`) }) });
  const managers = new Map(['b', 'a', 'c'].map((name) => [name, manager(name)]));
  const written = slicesOf(encodingManagers(managers));
  expect(written.slices).toBeGreaterThan(3);
  expect(written.result?.map((entry) => entry.manager)).toEqual(['a', 'b', 'c']);
  expect(written.result).toEqual(encodeManagers(managers));
});
