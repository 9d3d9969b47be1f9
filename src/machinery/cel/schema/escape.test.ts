// Field names and their identifiers, both ways.
import { expect, it } from 'vitest';
import { escapeName, unescapeName } from './escape.ts';

it.each([
  ['namespace', '__namespace__'], ['if', '__if__'], ['self', 'self'], ['int', 'int'], ['a', 'a'], ['__a', '__underscores__a'], ['a.b', 'a__dot__b'],
  ['a-b', 'a__dash__b'], ['a/b', 'a__slash__b'], ['x____y', 'x__underscores____underscores__y'], ['a__dot__', 'a__underscores__dot__underscores__'],
  ['_', '_'], ['true', '__true__'],
])('%s is written %s', (name, escaped) => {
  expect(escapeName(name)).toBe(escaped);
  expect(unescapeName(escaped)).toBe(name);
});

it.each(['', '1a', 'a$b', 'a b', 'é'])('%j cannot be written', (name) => {
  expect(escapeName(name)).toBeUndefined();
});

it.each(['__unknown__', 'a__if__'])('%s means nothing', (escaped) => {
  expect(unescapeName(escaped)).toBeUndefined();
});
