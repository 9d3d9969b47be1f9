// What the flags do that are set late: garbage goes, and nothing of the flag is left for the program's own texts.
import { expect, test } from 'vitest';
import { collectAll } from './late-flags.ts';

test('a collection takes what nobody holds, and no gc() stays behind', async () => {
  const had = globalThis.gc;
  const gone = new WeakRef(Array.from({ length: 100_000 }, () => 1.5));
  // A weak reference holds its target until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  await collectAll();
  expect(gone.deref()).toBeUndefined();
  expect(globalThis.gc).toBe(had);
});
