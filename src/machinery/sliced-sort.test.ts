// Sorts with pauses order as sorts without, equal items in the order in which they came.
import { seededRandom, randomInt } from '#base/random.ts';
import { expect, test } from 'vitest';
import { compareTexts, sorting } from './sliced-sort.ts';

const seed = 20261121;

test.each([0, 1, 2, 8_192, 8_193, 50_000])('%i items', (count) => {
  const random = seededRandom(seed + count);
  const items = Array.from({ length: count }, (_, i) => ({ key: `k${randomInt(random, 1 + count / 3)}`, i }));
  const compare = (a: { key: string }, b: { key: string }): number => compareTexts(a.key, b.key);
  const work = sorting([...items], compare);
  let pauses = 0;
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) {
      expect(step.value, `seed ${seed}`).toEqual(items.toSorted(compare));
      break;
    }
    pauses++;
  }
  expect(pauses > 0).toBe(count > 8_192);
});
