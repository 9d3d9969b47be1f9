// Sets of fields large and small: what is quicker for thousands of members answers as what is asked for few.
import { randomInt, seededRandom, type Random } from '#base/random.ts';
import { expect, test } from 'vitest';
import { difference, isEmptySet, isWithin, leaf, paths, union, type FieldSet } from './field-set.ts';

const seed = 20261122;

/** Marked and unmarked parents, members without children that are the leaf and others. */
function randomSet(random: Random, depth: number): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (let count = randomInt(random, 4); count > 0; count--) out[`f:${'abcd'.charAt(randomInt(random, 4))}`] = depth === 0 ? {} : randomSet(random, depth - 1);
  if (Object.keys(out).length > 0 && randomInt(random, 2) === 0) out['.'] = {};
  return Object.keys(out).length === 0 && randomInt(random, 2) === 0 ? leaf : out;
}

/** The same set in thousands of steps that both sides have. */
const amongMany = (set: FieldSet): FieldSet => ({ ...set, ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`v:${i}`, {}])) });

test('a set is within another if their difference is empty', () => {
  const random = seededRandom(seed);
  for (let round = 0; round < 5_000; round++) {
    const [a, b] = [randomSet(random, 2), randomSet(random, 2)];
    expect(isWithin(a, b), `seed ${seed}, round ${round}: ${JSON.stringify([a, b])}`).toBe(isEmptySet(difference(a, b)));
    expect(isWithin(a, union(a, b))).toBe(true);
  }
});

test('what is taken from a wide set is what is taken from a narrow one', () => {
  const random = seededRandom(seed + 1);
  for (let round = 0; round < 1_000; round++) {
    const [a, b] = [randomSet(random, 2), randomSet(random, 2)];
    const told = `seed ${seed + 1}, round ${round}: ${JSON.stringify([a, b])}`;
    expect(paths(difference(amongMany(a), amongMany(b))), told).toEqual(paths(difference(a, b)));
    const wide = amongMany(a);
    if (difference(a, b) === a) expect(difference(wide, { ...amongMany(b), ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`v:${i}`, { 'f:z': {} }])) }), told).toBe(wide);
  }
});
