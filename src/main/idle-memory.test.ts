// When a program collects its heap: in quiet moments only, once for each burst, and never a heap that takes long.
import { expect, test } from 'vitest';
import { collectionPlan } from './idle-memory.ts';

const mb = 1024 ** 2;
const quiet = { cpuShare: 0.01, usedBytes: 20 * mb, committedBytes: 40 * mb };

test('a program that has become quiet after its start collects once', () => {
  const wanted = collectionPlan();
  expect(wanted({ ...quiet, cpuShare: 0.6 })).toBe(false);
  expect(wanted(quiet)).toBe(true);
  expect(wanted({ ...quiet, committedBytes: 24 * mb })).toBe(false);
  expect(wanted({ ...quiet, committedBytes: 20 * mb })).toBe(false);
  expect(wanted({ ...quiet, committedBytes: 23 * mb })).toBe(false);
});

test('a later burst is collected when it is over, measured from the smallest heap', () => {
  const wanted = collectionPlan();
  wanted(quiet);
  wanted({ ...quiet, committedBytes: 20 * mb });
  expect(wanted({ ...quiet, cpuShare: 0.3, committedBytes: 60 * mb })).toBe(false);
  expect(wanted({ ...quiet, committedBytes: 60 * mb })).toBe(true);
});

test('a heap too large for a short pause is left to V8', () => {
  expect(collectionPlan()({ ...quiet, usedBytes: 200 * mb, committedBytes: 300 * mb })).toBe(false);
});

test('a collection that frees nothing is not tried again and again', () => {
  const wanted = collectionPlan();
  expect(wanted(quiet)).toBe(true);
  for (let i = 0; i < 10; i++) expect(wanted(quiet)).toBe(false);
});
