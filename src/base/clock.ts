// Time, as every room sees it. Production passes `systemClock`, tests and the simulator a virtual one
// (testing/virtual-clock.ts); nothing else in the tree may read the clock or set a timer, which is what
// makes a whole cluster replayable.
export interface Timer {
  /** Idempotent. After cancel the callback never runs. */
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back; for durations. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`. The timer keeps the process alive unless `background` is set. */
  after(delayMs: number, run: () => void, options?: { background?: boolean }): Timer;
}

/** The real clock. Delays beyond Node's 2^31-1 ms are chained. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run, options) {
    const longest = 2 ** 31 - 1;
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = setTimeout(() => (left > longest ? arm(left - longest) : run()), Math.max(0, Math.min(left, longest)));
      if (options?.background === true) handle.unref();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortReason(signal));
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(abortReason(signal as AbortSignal));
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

/** Calls `run` every `periodMs`, measured from the end of the previous call, until the signal aborts. */
export async function every(clock: Clock, periodMs: number, signal: AbortSignal, run: () => Promise<void> | void): Promise<void> {
  while (!signal.aborted) {
    await run();
    try {
      await sleep(clock, periodMs, signal);
    } catch {
      return;
    }
  }
}

let lastSecond = Number.NaN;
let lastText = '';

/** RFC 3339 with seconds, as metav1.Time is written. Writes of one second share its text. */
export function rfc3339(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** RFC 3339 with microseconds, as metav1.MicroTime is written. */
export function rfc3339Micro(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** RFC 3339 with nanosecond digits, as container logs are stamped. */
export function rfc3339Nano(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000000Z`;
}

/** Milliseconds since the epoch of an RFC 3339 text; NaN when it is none. */
export function parseTime(text: string | undefined): number {
  return text === undefined ? Number.NaN : Date.parse(text);
}
