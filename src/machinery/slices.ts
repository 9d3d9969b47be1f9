// Long computations in slices. What may take long is written as a generator that yields where it can be
// interrupted: small inputs run it at once, large ones give the event loop to others at every yield, so that
// no single request holds up the server.
import { endOfTurn } from '#base/turn.ts';

export type Sliced<T> = Generator<void, T, void>;

/** Runs the work to its end without a pause. */
export function atOnce<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Runs the work, others in between. Rejects with what the work throws. */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await turn();
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
