// Long computations in slices. What may take long is written as a generator that yields where it can be
// interrupted: small inputs run it at once, large ones give the event loop to others at every yield, so that
// no single request holds up the server.
import { endOfTurn } from '#base/turn.ts';

export type Sliced<T> = Generator<void, T, void>;

/** How far a walk over many small things is from its next pause. */
export interface Pace {
  spent: number;
}

const thingsPerSlice = 4096;

/** What is no scalar has some things in it. */
const thingsInside = 8;

/** Counts one thing more; true when it is time for a pause. */
export function isDue(pace: Pace, thing?: unknown): boolean {
  pace.spent += typeof thing === 'object' ? thingsInside : 1;
  if (pace.spent < thingsPerSlice) return false;
  pace.spent = 0;
  return true;
}

/** Runs the work to its end without a pause. */
export function atOnce<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Runs the work, others in between. What took several slices has each of them in a turn of its own, the last as well:
 * what comes after it is not added to it. Rejects with what the work throws.
 */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  for (let paused = false; ; paused = true) {
    const step = work.next();
    if (step.done === true && !paused) return step.value;
    await turn();
    if (step.done === true) return step.value;
  }
}

/** Slices that are due, in the order in which they were asked for. */
const due: (() => void)[] = [];

/** Lets everything else that waits have its turn. One slice runs at a time, whoever asked for it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    due.push(resolve);
    if (due.length === 1) endOfTurn(runNext);
  });
}

function runNext(): void {
  due[0]?.();
  due.shift();
  if (due.length > 0) endOfTurn(runNext);
}
