// A program whose code was kept is the same program; code that does not belong to it, or is torn, is left alone.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeFile, loadProgram, stampBytes } from './compiled-program.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'skiff-program-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (answer: string, stamp: string): string => `exports.answer = () => '${answer}'; exports.self = exports; exports.later = () => require('./part.cjs').self;\n//${stamp.padEnd(stampBytes, '-')}`;

let files = 0;
/** Each under a name of its own: V8 remembers what it compiled in this process by name and text. */
function load(text: string, code?: Buffer): { readonly file: string; readonly codeTaken: boolean; readonly answer: string; code(): Buffer; later(): unknown; readonly self: unknown } {
  const file = join(folder, `program-${files++}.cjs`);
  writeFileSync(file, text);
  if (code !== undefined) writeFileSync(codeFile(file), code);
  const loaded = loadProgram(file);
  const { answer, later, self } = loaded.exports as { answer(): string; later(): unknown; self: unknown };
  return { file, codeTaken: loaded.codeTaken, answer: answer(), code: loaded.code, later, self };
}

test('a program runs without code, and with the code of its own functions after a start', () => {
  const first = load(program('one', 'a'));
  expect(first).toMatchObject({ codeTaken: false, answer: 'one' });
  expect(load(program('one', 'a'), first.code())).toMatchObject({ codeTaken: true, answer: 'one' });
});

test('code of another text is not taken, though both are as long', () => {
  const code = load(program('one', 'a')).code();
  expect(load(program('two', 'b'), code)).toMatchObject({ codeTaken: false, answer: 'two' });
});

test.each([0, 8, stampBytes, 200])('code torn after %i bytes is not taken', (bytes) => {
  const code = load(program('one', 'a')).code();
  expect(load(program('one', 'a'), code.subarray(0, bytes))).toMatchObject({ codeTaken: false, answer: 'one' });
});

test('a part that is loaded later meets the program that loaded it', () => {
  const { file, later, self } = load(program('one', 'a'));
  writeFileSync(join(folder, 'part.cjs'), `exports.self = require(${JSON.stringify(file)}).self;`);
  expect(later()).toBe(self);
});
