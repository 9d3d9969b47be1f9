// Putting what was restored in the place of what was there. The plan is on the disk before the first rename; whoever opens
// the state next finishes it. So a kill at any point leaves either the old state or the new one, never neither.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncPath } from '../embedded/lmdb-journal.ts';

/** Names within the state folder. */
export interface Swap {
  readonly fresh: string;
  readonly target: string;
  readonly kept: string;
}

const planFile = 'restore-plan.json';

/** Writes the plan and carries it out. */
export function swapIn(state: string, swaps: readonly Swap[]): void {
  const plan = join(state, planFile);
  writeFileSync(`${plan}.new`, JSON.stringify(swaps), { mode: 0o600, flush: true });
  renameSync(`${plan}.new`, plan);
  syncPath(state);
  finishSwap(state);
}

/** Finishes a plan that was interrupted; nothing to do when there is none. */
export function finishSwap(state: string): void {
  const plan = join(state, planFile);
  if (!existsSync(plan)) return;
  for (const { fresh, target, kept } of JSON.parse(readFileSync(plan, 'utf8')) as Swap[]) {
    const [from, to, aside] = [join(state, fresh), join(state, target), join(state, kept)];
    if (!existsSync(from)) continue;
    if (existsSync(to)) renameSync(to, aside);
    renameSync(from, to);
  }
  syncPath(state);
  rmSync(plan);
  syncPath(state);
}
