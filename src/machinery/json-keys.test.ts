// Names of members are read as they are written, whatever names came before: V8's JSON.parse alone mistakes some.
import { expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom } from '#base/random.ts';
import { decodeObject } from './decode.ts';
import { parseJson, parsePlain } from './json.ts';

const names = ['"', '\\', '\n', '\t', 'a"', 'a\\', '"b', '\\b', 'a"b', 'a\\b', '\\"', '"\\', 'k:{"name":"c"}', 'k:{\\name', '/', 'a', 'ab', 'é', 'é"', 'é\\'];

test('objects with escaped names, one after the other', () => {
  const seed = randomInt(systemRandom, 2 ** 30);
  const random = seededRandom(seed);
  const object = (depth: number): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: 1 + randomInt(random, 3) }, () => [names[randomInt(random, names.length)] ?? '', depth > 1 || randomInt(random, 2) === 0 ? 1 : object(depth + 1)]));
  for (let i = 0; i < 20_000; i++) {
    // A text of its own, so that no object that was made for it tells V8 what to expect.
    const text = JSON.stringify(object(0));
    expect(JSON.stringify(parseJson(text).value), `seed ${seed}`).toBe(text);
    expect(JSON.stringify(parsePlain(text)), `seed ${seed}`).toBe(text);
  }
});

test('bodies after one with a backslash in a name', () => {
  const decoded = (text: string): string => {
    const { kind: _kind, apiVersion: _version, ...rest } = decodeObject(Buffer.from(`{"apiVersion":"e.com/v1","kind":"Free",${text.slice(1)}`)).object;
    return JSON.stringify(rest);
  };
  const [first, second] = ['{"spec":{"h":[],"\\\\":0}}', '{"spec":{"h":1,"\\"":2}}'];
  expect(decoded(first)).toBe(first);
  expect(decoded(second)).toBe(second);
  expect(JSON.stringify(parsePlain('{"h":1,"\\t":2}'))).toBe('{"h":1,"\\t":2}');
});

test('names that come by YAML are known as well', () => {
  const yaml = Buffer.from('apiVersion: e.com/v1\nkind: Free\nspec: {"g": 0, "\\\\": 1}\n');
  expect(decodeObject(yaml, { contentType: 'application/yaml' }).object['spec']).toEqual({ g: 0, '\\': 1 });
  expect(JSON.stringify(parsePlain('{"g":1,"\\n":2}'))).toBe('{"g":1,"\\n":2}');
});
