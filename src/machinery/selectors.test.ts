// Label and field selectors: matching, canonical texts and upstream's error texts.
import { expect, test } from 'vitest';
import { parseFieldSelector, parsingFieldSelector } from './selectors-field.ts';
import { parseLabelSelector, selectorFromObject } from './selectors-label.ts';
import { parsingLabelSelector } from './selectors-parse.ts';
import type { Sliced } from './slices.ts';

const labels = { app: 'web', tier: 'front', rank: '5', in: 'x' };

test.each([
  ['', true], ['app', true], ['!app', false], ['app=web', true], ['app==web,tier=front', true], ['app!=web', false], ['none!=web', true],
  ['app in (a,web)', true], ['app notin (web)', false], ['none notin (web)', true], ['rank>4', true], ['rank<5', false], ['in in (x)', true], ['app=', false],
  [' app = web , tier in ( front ) ', true], ['none in ()', false], ['x in (,a)', false],
])('%j', (text, expected) => expect(parseLabelSelector(text).matches(labels)).toBe(expected));

test('canonical text', () => {
  expect(parseLabelSelector('z,a in (c,b),!m,k>1').toString()).toBe('a in (b,c),k>1,!m,z');
});

test.each([
  ['app=web=x', "found '=', expected: ',' or 'end of string'"],
  ['app,', "found '', expected: identifier after ','"],
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['=x', "found '=', expected: !, identifier, or 'end of string'"],
])('%j is refused', (text, message) => expect(() => parseLabelSelector(text)).toThrow(message));

test('objects: absent matches nothing, empty everything', () => {
  expect(selectorFromObject(undefined).matches(labels)).toBe(false);
  expect(selectorFromObject({}).matches(labels)).toBe(true);
  expect(selectorFromObject({ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] }).matches(labels)).toBe(true);
  expect(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'Near' }] })).toThrow('"Near" is not a valid label selector operator');
});

test('field selectors', () => {
  const get = (field: string): string | undefined => ({ 'metadata.name': 'a,b', 'status.phase': 'Running' })[field];
  expect(parseFieldSelector('metadata.name=a\\,b,status.phase!=Failed').matches(get)).toBe(true);
  expect(parseFieldSelector('spec.nodeName!=').matches(get)).toBe(false);
  expect(parseFieldSelector('metadata.name==x').exact('metadata.name')).toBe('x');
  expect(() => parseFieldSelector('nonsense')).toThrow("invalid selector: 'nonsense'; can't understand 'nonsense'");
});

test('thousands of requirements mean what each of them means', () => {
  const many = Array.from({ length: 2000 }, (_, i) => `k${i}!=v`).join(',');
  const cases: [string, Record<string, string>, boolean][] = [
    [many, {}, true], [many, { k7: 'v' }, false], [many, { k7: 'w' }, true], [`${many},a`, {}, false], [`${many},a`, { a: '' }, true], [`${many},!b,c in (x,y)`, { c: 'y' }, true],
    [`${many},!b,c in (x,y)`, { c: 'z' }, false], [`${many},!b,c in (x,y)`, { c: 'x', b: '' }, false], [`${many},n>3`, { n: '4' }, true], [`${many},n>3`, { n: '3' }, false],
  ];
  for (const [text, found, expected] of cases) expect([text.slice(-20), found, parseLabelSelector(text).matches(found)]).toEqual([text.slice(-20), found, expected]);
});

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

test.each<[string, () => Sliced<readonly object[]>, number, object]>([
  ['labels', () => parsingLabelSelector(times(30_000, (i) => `k${29_999 - i}=v`).join()), 30_000, { key: 'k0', operator: '=', values: ['v'] }],
  ['values', () => parsingLabelSelector(`b,a in (${times(30_000, (i) => `v${(i * 7919) % 30_000}`).join()})`), 2, { key: 'a', operator: 'in', values: times(30_000, (i) => `v${i}`).sort() }],
  ['fields', () => parsingFieldSelector(times(30_000, (i) => `k${29_999 - i}!=v`).join()), 30_000, { field: 'k0', operator: '!=', value: 'v' }],
])('%s of a text as long as a body are read with pauses, and are in order', (_name, parsing, count, first) => {
  let pauses = 0;
  const work = parsing();
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) {
      expect(step.value).toHaveLength(count);
      expect(step.value[0]).toEqual(first);
      break;
    }
    pauses++;
  }
  expect(pauses).toBeGreaterThan(10);
});

test('bad values by the thousand are refused with as many as are told', () => {
  expect(() => parseLabelSelector(`a in (${times(30_000, (i) => `-${i}`).join()})`)).toThrow(expect.objectContaining({ message: expect.stringMatching(/^unable to parse requirement: \[values\[0\]\[a\]: Invalid value: "-0": [^]{0,1000000}\]$/) }));
});
