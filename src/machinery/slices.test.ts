// What is read in slices, or by the YAML thread, is what is read at once: the same objects, warnings and refusals.
import { expect, test } from 'vitest';
import { decodeInSlices, decodeObject, type DecodeOptions } from './decode.ts';
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
  const outcome = async (run: () => unknown): Promise<unknown> => {
    try {
      return await run();
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  const atOnce = await outcome(() => decodeObject(bytes, options));
  expect(await outcome(() => decodeInSlices(bytes, options))).toEqual(atOnce);
});

test('many texts at a time each get their own answer', async () => {
  const read = await Promise.all(Array.from({ length: 40 }, (_, i) => parseYamlAside(Buffer.from(i % 7 === 3 ? 'a: [' : `a: ${i}\n`)).then(({ value }) => value, (error: Error) => error.message)));
  expect(read).toEqual(Array.from({ length: 40 }, (_, i) => (i % 7 === 3 ? expect.stringMatching(/^yaml: /) : { a: i })));
});
