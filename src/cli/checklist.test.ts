// The checklist as a log file sees it (plain lines) and as a terminal sees it (redrawn in place).
import { expect, test } from 'vitest';
import { createChecklist } from './checklist.ts';

function fakeClock() {
  let now = 0;
  const due: { at: number; run: () => void }[] = [];
  return {
    clock: { now: () => now, monotonic: () => now, after: (ms: number, run: () => void) => { const entry = { at: now + ms, run }; due.push(entry); return { cancel: () => { const i = due.indexOf(entry); if (i >= 0) due.splice(i, 1); } }; } },
    pass(ms: number) {
      const end = now + ms;
      for (;;) {
        const next = due.filter((d) => d.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        now = next.at;
        next.run();
      }
      now = end;
    },
  };
}

test('plain output: a line a step, with its time; a long step says once that it is under way', async () => {
  const { clock, pass } = fakeClock();
  let text = '';
  const list = createChecklist({ write: (t) => (text += t) }, clock);
  await list.step('quick', async () => pass(250));
  await list.step('slow', async (step) => { step.note('1/2'); pass(3000); });
  await expect(list.step('broken', async () => { throw new Error('no'); })).rejects.toThrow('no');
  list.close();
  expect(text).toMatch(/^✓ quick +0\.25 s\n… slow {2}1\/2\n✓ slow +3\.00 s {2}1\/2\n✗ broken +0\.00 s\n$/);
  expect(list.elapsedSeconds).toBe(3.25);
});

test('on a terminal running steps are redrawn in place, with a spinner after a second', async () => {
  const { clock, pass } = fakeClock();
  let text = '';
  const list = createChecklist({ write: (t) => (text += t), isTTY: true }, clock);
  await list.step('work', async () => pass(1500));
  list.close();
  expect(text).toContain('· work\n');
  expect(text).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] work {2}1\.\d\d s\n/);
  expect(text).toContain('\x1b[1A\x1b[J');
  expect(text.endsWith('✓ work                                 1.50 s\n')).toBe(true);
});
