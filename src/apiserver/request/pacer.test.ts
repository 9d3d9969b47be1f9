// Pieces of work that come together are let through a budget per turn, in the order in which they came.
import { expect, test } from 'vitest';
import { createPacer } from './pacer.ts';

/** Work that costs `costMs` each, all of it asked for in one turn; tells in which turn each piece ran. */
async function turnsOf(pieces: number, costMs: number, budgetMs: number): Promise<number[]> {
  let now = 0;
  let turn = 0;
  let running = true;
  const next = (): void => {
    turn++;
    if (running) setImmediate(next);
  };
  setImmediate(next);
  const pacer = createPacer({ monotonic: () => now }, budgetMs);
  const ran: number[] = [];
  const piece = async (number: number): Promise<void> => {
    const later = pacer.pass();
    if (later !== undefined) await later;
    // As in the server, the work begins some callbacks later.
    await Promise.resolve();
    await Promise.resolve();
    now += costMs;
    ran.push(number, turn);
  };
  const all: Promise<void>[] = [];
  for (let i = 0; i < pieces; i++) all.push(new Promise((resolve) => queueMicrotask(() => resolve(piece(i)))));
  await Promise.all(all);
  running = false;
  expect(ran.filter((_, i) => i % 2 === 0)).toEqual(Array.from({ length: pieces }, (_, i) => i));
  return ran.filter((_, i) => i % 2 === 1);
}

test('what fits into the budget runs in the turn in which it came', async () => {
  expect(new Set(await turnsOf(50, 0.1, 10)).size).toBe(1);
});

test('what does not fit waits for later turns, in order, a budget each', async () => {
  const turns = await turnsOf(60, 2, 10);
  const each = new Map<number, number>();
  for (const turn of turns) each.set(turn, (each.get(turn) ?? 0) + 1);
  // Those that come in the very first turn are let in before any of them has cost anything.
  expect([...each.values()].slice(1).every((count) => count <= 6)).toBe(true);
  expect(turns).toEqual([...turns].sort((a, b) => a - b));
});

test('later work is let in again at once', async () => {
  let now = 0;
  const pacer = createPacer({ monotonic: () => now }, 10);
  expect(pacer.pass()).toBeUndefined();
  now += 11;
  const waits = pacer.pass();
  expect(waits).toBeDefined();
  await waits;
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(pacer.pass()).toBeUndefined();
});
