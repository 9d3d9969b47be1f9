// Writes that arrive together are shared out over turns of the event loop. A hundred bodies may lie in the sockets when
// the loop comes round; worked on in one go they would hold up leases, watches and health checks for as long as all
// of them take. So a turn begins new work until its budget is used; what is left goes first in the next turn, in order.
import type { Clock } from '#base/clock.ts';
import { afterCallbacks, endOfTurn } from '#base/turn.ts';

export interface Pacer {
  /** undefined: go on now. Else wait for it; it never rejects. */
  pass(): Promise<void> | undefined;
}

/** @param budgetMs of one turn, in milliseconds. Who waits is bounded by the requests in flight. */
export function createPacer(clock: Pick<Clock, 'monotonic'>, budgetMs: number): Pacer {
  const waiting: (() => void)[] = [];
  let end: number | undefined;
  const begin = (): void => {
    end = clock.monotonic() + budgetMs;
    endOfTurn(finish);
  };
  const finish = (): void => {
    end = undefined;
    if (waiting.length === 0) return;
    begin();
    release();
  };
  const release = (): void => {
    if (end === undefined || clock.monotonic() >= end) return;
    waiting.shift()?.();
    if (waiting.length > 0) afterCallbacks(release);
  };
  return {
    pass() {
      if (waiting.length === 0) {
        if (end === undefined) begin();
        if (clock.monotonic() < (end ?? 0)) return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
