// The end of the current turn of the event loop: where work that arrived together is taken together
// (one disk write for all commits of a turn). Real time only; the simulator batches in microtasks.

/** Calls `run` once, after the callbacks of this turn of the event loop and before the next timers. */
export function endOfTurn(run: () => void): void {
  setImmediate(run);
}

/** Calls `run` as soon as everything that is already due has run: callbacks of promises and what they lead to. */
export function afterCallbacks(run: () => void): void {
  // A tick is taken before the callbacks of promises, unless one of those asks for it.
  queueMicrotask(() => process.nextTick(run));
}
