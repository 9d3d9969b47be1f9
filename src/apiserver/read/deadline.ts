// A signal that aborts with another one or after a while, whichever is first, and lets go of both on dispose.
import type { Clock } from '#base/clock.ts';

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

export function deadline(clock: Clock, ms: number, outer: AbortSignal): Deadline {
  const own = new AbortController();
  const timer = clock.after(ms, () => own.abort(new Error(`timed out after ${ms} ms`)), { background: true });
  const onAbort = (): void => own.abort(outer.reason);
  if (outer.aborted) onAbort();
  else outer.addEventListener('abort', onAbort, { once: true });
  return {
    signal: own.signal,
    [Symbol.dispose]() {
      timer.cancel();
      outer.removeEventListener('abort', onAbort);
    },
  };
}
