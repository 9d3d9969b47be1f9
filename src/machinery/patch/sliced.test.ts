// Patches of large objects, made with pauses, come to what they come to at once; and there are pauses.
import { expect, test } from 'vitest';
import type { KubeObject } from '../object.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { jsonPatch, patchingJson } from './json-patch.ts';
import { mergePatch, mergingPatch } from './merge-patch.ts';
import { strategicallyMerging, strategicMergePatch } from './strategic-merge.ts';

const many = <T>(n: number, item: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => item(i));
const mapOf = (n: number, value: (i: number) => unknown): object => Object.fromEntries(many(n, (i) => [`k${i}`, value(i)]));
const asObject = (value: object): KubeObject => ({ apiVersion: 'v1', kind: 'Any', ...value });

function outcome<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}

function slicesOf(work: Sliced<unknown>): number {
  let slices = 1;
  while (work.next().done !== true) slices++;
  return slices;
}

const live = asObject({ metadata: { finalizers: many(6_000, (i) => `a/${i}`) }, data: mapOf(9_000, (i) => `${i}`), spec: { containers: many(6_000, (i) => ({ name: `c${i}`, image: 'a', env: [{ name: 'x', value: '1' }] })), nodeSelector: { a: 'b' }, hostname: 'h' } });
const patches: readonly (readonly [string, object])[] = [
  ['a map', { data: mapOf(12_000, (i) => (i % 3 === 0 ? null : `new${i}`)) }],
  ['keyed items', { spec: { containers: many(7_000, (i) => ({ name: `c${i * 2}`, image: 'b', env: [{ name: i % 2 === 0 ? 'x' : 'y', value: '2' }] })), nodeSelector: { a: null, c: 'd' }, hostname: null } }],
  ['a set', { metadata: { finalizers: many(6_000, (i) => `a/${i + 3_000}`) } }],
  ['what is new', { metadata: { labels: mapOf(5_000, () => 'x') }, spec: { volumes: many(5_000, (i) => ({ name: `v${i}`, emptyDir: { medium: null } })) }, data: { ...mapOf(5_000, () => 'y'), $patch: 'replace' } }],
  ['items to delete', { spec: { containers: [{ $patch: 'delete', name: 'c7' }, ...many(5_000, (i) => ({ name: `n${i}` }))] } }],
  ['an item without its key', { spec: { containers: [...many(5_000, (i) => ({ name: `n${i}` })), { image: 'x' }] } }],
  ['an order', { spec: { '$setElementOrder/containers': many(6_000, (i) => ({ name: `c${5_999 - i}` })), containers: many(6_000, (i) => ({ name: `c${5_999 - i}`, image: 'c' })) }, data: mapOf(5_000, () => 'z') }],
  ['values to take from a set', { metadata: { '$deleteFromPrimitiveList/finalizers': many(3_000, (i) => `a/${i}`) }, data: mapOf(5_000, () => 'z') }],
];

test.each(patches)('%s', (name, patch) => {
  for (const type of ['core.v1.Pod', 'core.v1.ConfigMap']) {
    const merged = outcome(() => strategicMergePatch(type, live, patch));
    expect(outcome(() => JSON.stringify(atOnce(strategicallyMerging(type, live, patch))))).toBe(typeof merged === 'string' ? merged : JSON.stringify(merged));
    if (typeof merged !== 'string') expect(slicesOf(strategicallyMerging(type, live, patch))).toBeGreaterThan(1);
  }
  expect(JSON.stringify(atOnce(mergingPatch(live, patch)))).toBe(JSON.stringify(mergePatch(live, patch)));
  // Lists are taken as they are.
  if (name === 'a map') expect(slicesOf(mergingPatch(live, patch))).toBeGreaterThan(1);
});

test('thousands of operations of a JSON patch', () => {
  const operations = many(6_000, (i) => ({ op: ['add', 'replace', 'remove', 'copy'][i % 4], path: i % 4 === 0 ? '/metadata/finalizers/0' : `/data/k${i}`, from: '/kind', value: i }));
  expect(atOnce(patchingJson(live, operations))).toEqual(jsonPatch(live, operations));
  expect(slicesOf(patchingJson(live, operations))).toBeGreaterThan(20);
  const wrong = [...operations, { op: 'test', path: '/kind', value: 'x' }];
  expect(outcome(() => atOnce(patchingJson(live, wrong)))).toBe(outcome(() => jsonPatch(live, wrong)));
});
