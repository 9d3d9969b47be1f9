// Files that are renewed under a running program.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createVirtualWorld } from '#testing';
import { followFiles } from './followed-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-followed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('changed files are taken over together, once all can be, and tried again until then', async () => {
  const world = createVirtualWorld({ seed: 1 });
  const stop = new AbortController();
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const put = (text: string): void => [cert, key].forEach((path) => writeFileSync(path, text));
  put('1');
  const taken: string[] = [];
  followFiles(world, [cert, key], stop.signal, (texts) => {
    if (texts[0] !== texts[1]) throw new Error('they do not belong together');
    taken.push(texts.join());
  });
  await world.clock.advance('2s');
  expect(taken).toEqual([]);
  writeFileSync(cert, '2');
  await world.clock.advance('2s');
  expect(taken).toEqual([]);
  writeFileSync(key, '2');
  await world.clock.advance('2s');
  rmSync(key);
  await world.clock.advance('2s');
  put('3');
  await world.clock.advance('2s');
  await world.clock.advance('2s');
  expect(taken).toEqual(['2,2', '3,3']);
  stop.abort();
});
