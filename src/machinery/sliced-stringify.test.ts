// JSON that is written with pauses is the JSON that is written at once.
import { expect, test } from 'vitest';
import { parseJson } from './json.ts';
import { stringifying } from './sliced-stringify.ts';

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const members = (count: number, make: (i: number) => unknown): object => Object.fromEntries(many(count, (i) => [`k${i}`, make(i)]));

test.each<[string, unknown, boolean]>([
  ['scalars', ['a', 1, null, true, 1.5, '"\\\u2028'], false],
  ['what is empty', { a: {}, b: [], c: [{}, []] }, false],
  ['members without a value', { a: undefined, b: [undefined, 1], c: { d: undefined } }, false],
  ['odd names', JSON.parse('{"__proto__":1,"a\\"b":2,"1":3}'), false],
  ['numbers beyond doubles', parseJson('{"a":9007199254740993,"b":[12345678901234567890]}').value, false],
  ['a wide map', { a: { b: members(20_000, (i) => `"${i}`) } }, true],
  ['a wide map in a wide list', many(100, (i) => (i === 50 ? { c: members(20_000, (j) => ({ d: [j] })) } : i)), true],
  ['a long list', { a: many(20_000, (i) => ({ b: i, c: null })) }, true],
])('%s', (_name, value, isLarge) => {
  let pauses = 0;
  const work = stringifying(value);
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) {
      expect(step.value).toBe(JSON.stringify(value));
      break;
    }
    pauses++;
  }
  expect(pauses > 3).toBe(isLarge);
});
