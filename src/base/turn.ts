// The end of the current turn of the event loop: where work that arrived together is taken together
// (one disk write for all commits of a turn). Real time only; the simulator batches in microtasks.

/** Calls `run` once, after the callbacks of this turn of the event loop and before the next timers. */
export function endOfTurn(run: () => void): void {
  setImmediate(run);
}
