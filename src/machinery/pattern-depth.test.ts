// Patterns that nest too deeply are refused before they cost anything, wherever users may write one.
import { expect, test } from 'vitest';
import { compilePattern } from './cel/library/parse/pattern.ts';
import { refuseDeep } from './pattern-depth.ts';

test('groups within groups are counted, and nothing that only looks like one', () => {
  for (const pattern of ['(a)'.repeat(2_000), '\\('.repeat(2_000), `[${'('.repeat(2_000)}]`, `${'('.repeat(1_000)}${')'.repeat(1_000)}`]) expect(() => refuseDeep(pattern)).not.toThrow();
  expect(() => refuseDeep('('.repeat(1_001))).toThrow('error parsing regexp: expression nests too deeply: `((((');
});

test('CEL refuses what would take hundreds of megabytes to compile', () => {
  expect(() => compilePattern('('.repeat(2_000_000))).toThrow('expression nests too deeply');
});
