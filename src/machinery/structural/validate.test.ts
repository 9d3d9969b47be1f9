// Values against schemas where sizes hurt: time may grow with the value, not with its square.
import { expect, it } from 'vitest';
import { parseJson } from '../json.ts';
import { validateValue, validatingValue } from './validate.ts';

/** So many that work which grows with their square would not end within a test's time. */
const many = 100_000;

const list = (items: object): object => ({ type: 'object', properties: { a: { type: 'array', items } } });

it('tells every fault of a long list in linear time', () => {
  const schema = list({ type: 'object', properties: { x: { type: 'integer' } } });
  const value = (count: number): unknown => ({ a: Array.from({ length: count }, () => ({ x: 'no' })) });
  expect(validateValue(schema, value(100)).map(({ field }) => field)).toEqual(Array.from({ length: 100 }, (_, i) => `a[${i}].x`));
  // Of more than are told those that come first.
  expect(validateValue(schema, value(many)).map(({ field }) => field)).toEqual(Array.from({ length: 1_001 }, (_, i) => `a[${i}].x`));
});

it('looks values up in a long enum', () => {
  const values = Array.from({ length: many }, (_, i) => `e${i}`);
  const schema = list({ type: 'string', enum: values });
  expect(validateValue(schema, { a: values })).toEqual([]);
  expect(validateValue({ enum: [1, { b: 1, a: [null] }, 'x'] }, { a: [null], b: 1 })).toEqual([]);
  expect(validateValue({ enum: [1, 'x'] }, '1')).toEqual([{ type: 'NotSupported', field: '', badValue: '1', detail: 'supported values: "1", "x"' }]);
  expect(validateValue({ enum: [parseJson('9007199254740993').value] }, parseJson('9007199254740992').value)).toHaveLength(1);
});

it('tells a message once, however often alternatives give it', () => {
  const faults = validateValue({ type: 'object', allOf: Array.from({ length: 20 }, () => ({ required: ['x'] })) }, {});
  expect(faults.map(({ type }) => type)).toEqual(['Required', 'Invalid']);
});

it('pauses again and again in a large value, and not at all in a small one', () => {
  const schema = list({ type: 'object', properties: { x: { type: 'integer' } } });
  const pauses = (count: number): number => [...validatingValue(schema, { a: Array.from({ length: count }, (_, i) => ({ x: i })) })].length;
  expect(pauses(20_000)).toBeGreaterThan(15);
  expect(pauses(20)).toBe(1);
});

it('pauses in what is checked through alternatives, and tells the same faults', () => {
  const items = (maxLength: number): object => ({ properties: { a: { items: { maxLength } } } });
  const schema = { ...list({ type: 'string' }), anyOf: [items(2), items(3)], allOf: [{ not: items(9) }], oneOf: [items(8), items(1)] };
  const value = { a: Array.from({ length: 20_000 }, (_, i) => `text ${10_000 + i}`) };
  const work = validatingValue(schema, value);
  let pauses = 0;
  let step = work.next();
  for (; step.done !== true; step = work.next()) pauses++;
  expect(pauses).toBeGreaterThan(30);
  expect(step.value).toHaveLength(1_001);
  expect(validateValue(schema, value)).toEqual(step.value);
  const told = (errors: typeof step.value): string[] => errors.map(({ field, detail }) => `${field} ${detail}`);
  expect(told(validateValue(schema, { a: value.a.slice(0, 1_500) }))).toEqual(told(step.value));
  const fewer = told(validateValue(schema, { a: value.a.slice(0, 50) }));
  expect(fewer.length).toBeGreaterThan(50);
  expect(told(step.value).slice(0, 20)).toEqual(fewer.slice(0, 20));
});

it('chooses of alternatives by all that they match, however many faults there are', () => {
  const items = (rule: object): object => ({ properties: { a: { items: rule } } });
  // The second comes nearer: it holds for half of the values, behind more faults than are told.
  const schema = { ...list({ type: 'string' }), anyOf: [items({ pattern: '^x' }), items({ maxLength: 3 })] };
  const value = { a: Array.from({ length: 8_000 }, (_, i) => (i < 4_000 ? 'long' : 'abc')) };
  const faults = validateValue(schema, value);
  expect(faults).toHaveLength(1_001);
  expect(faults[0]?.detail).toBe('"" must validate at least one schema (anyOf)');
  expect(new Set(faults.slice(1).map(({ type }) => type)).size).toBe(1);
  expect(faults[1]).toEqual(validateValue(schema, { a: [...value.a.slice(0, 40), ...value.a.slice(4_000, 4_040)] })[1]);
});
