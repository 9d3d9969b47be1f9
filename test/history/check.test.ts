// The checker bites: each history below is broken in one way, and it says so.
import { expect, test } from 'vitest';
import { checkHistory } from './check.ts';
import type { History, Read, Seen, Write } from './record.ts';

const mark = (id: string, revision: number, startedMs: number, more: Partial<Write> = {}): Write => ({ id, kind: 'mark', key: 'a', startedMs, endedMs: startedMs + 1, outcome: 'done', revision, ...more });
const list = (revision: number, marks: readonly string[], at: number, startedMs = 0): Read => ({ startedMs, endedMs: startedMs + 1, key: undefined, revision, found: [{ key: 'a', revision: at, marks }] });
const event = (revision: number, marks: readonly string[], type: Seen['type'] = 'MODIFIED'): Seen => ({ type, state: { key: 'a', revision, marks } });

function good(): { -readonly [K in keyof History]: History[K] } {
  return {
    writes: [mark('x', 11, 10), mark('y', 12, 20, { expected: 11 })],
    reads: [{ startedMs: 15, endedMs: 16, key: 'a', revision: 0, found: [{ key: 'a', revision: 11, marks: ['x'] }] }],
    watches: [{ from: list(10, [], 10), events: [event(11, ['x']), event(12, ['x', 'y'])], completeTo: 12 }],
    last: list(12, ['x', 'y'], 12, 100),
  };
}

test('a sound history has nothing to tell', () => {
  expect(checkHistory(good())).toEqual([]);
});

test.each<readonly [string, RegExp, (history: ReturnType<typeof good>) => void]>([
  ['an acknowledged write is lost', /^lost: y/, (h) => (h.last = list(12, ['x'], 12, 100))],
  ['a refused write is there', /^ghost: y/, (h) => (h.writes[1] = mark('y', 12, 20, { outcome: 'refused' }))],
  ['two writes share a revision', /^doubled/, (h) => (h.writes[1] = mark('y', 11, 20))],
  ['a later write has a lower revision', /^reordered/, (h) => h.writes.push(mark('z', 9, 30))],
  ['a precondition was overlooked', /^unfair/, (h) => (h.writes[1] = mark('y', 12, 20, { expected: 10 }))],
  ['a watch goes back', /revision 11 of a came after 12/, (h) => h.watches[0]?.events.reverse()],
  ['a watch misses a write', /missed the acknowledged y/, (h) => h.watches[0]?.events.pop()],
  ['a watch repeats an event', /came after/, (h) => h.watches[0]?.events.push(event(12, ['x', 'y']))],
  ['a watch shows an addition of what is there', /added twice/, (h) => h.watches[0]?.events.splice(0, 1, event(11, ['x'], 'ADDED'))],
  ['two watches disagree', /disagree at 12/, (h) => h.watches.push({ from: list(10, [], 10), events: [event(11, ['x']), event(12, ['x'])], completeTo: 12 })],
  ['a read is stale', /^stale/, (h) => h.reads.push({ startedMs: 50, endedMs: 51, key: 'a', revision: 0, found: [{ key: 'a', revision: 11, marks: ['x'] }] })],
  ['a list is no moment', /the list at 12 shows a at 11/, (h) => h.reads.push({ ...list(12, ['x'], 11, 15) })],
  ['a deleted object is back', /^undeleted/, (h) => h.writes.push({ ...mark('d', 13, 40), kind: 'delete', key: 'a' })],
])('%s', (_name, expected, damage) => {
  const history = good();
  damage(history);
  expect(checkHistory(history).join('\n')).toMatch(new RegExp(expected.source, 'm'));
});
