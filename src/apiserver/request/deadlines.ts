// Requests that are not long-running have 60 seconds (--request-timeout), or less when the client says so with
// ?timeout=. One slow clock looks after all of them: a timer for each would cost more than most requests do. Whoever is
// asked on their behalf and does not answer keeps nobody waiting: the client hears at the deadline, as upstream.
import type { Clock } from '#base/clock.ts';
import { badRequest, goQuote, timeout } from '#machinery';
import type { Call } from './call.ts';

export const defaultRequestTimeoutMs = 60_000;
const tickMs = 500;

export interface OpenDeadline {
  readonly at: number;
  readonly call: Call;
}

export interface Deadlines {
  /** From now on the call is given up with a 504 when its time is over. */
  open(call: Call): OpenDeadline;
  /** Gives the call up now if its time is over, without waiting for the next look at the clock. */
  settle(call: Call): void;
  close(deadline: OpenDeadline): void;
}

const unitsMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, 'μs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's "30s", "1m30s", "500ms" in ms. Throws 400 for what is none. */
function parseDuration(text: string): number {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!/^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) {
    const problem = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? 'missing unit in' : 'invalid';
    throw badRequest(`invalid timeout specified in the request URL - time: ${problem} duration ${goQuote(text)}`);
  }
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) total += Number(amount) * (unitsMs[unit] ?? 0);
  return text.startsWith('-') ? -total : total;
}

function allowedMs(call: Call, limitMs: number): number {
  const text = call.info.query.size === 0 ? null : call.info.query.get('timeout');
  if (text === null || text === '') return limitMs;
  const asked = parseDuration(text);
  return asked <= 0 ? limitMs : Math.min(limitMs, asked);
}

/** Timers may be this early. */
const early = 2;

/** Is what was to be done by `deadline` late? */
export function isLate(clock: Pick<Clock, 'monotonic'>, deadline: number | undefined): boolean {
  return deadline !== undefined && clock.monotonic() >= deadline - early;
}

/** Waits for `work`, but no longer than `signal` allows: for others that are asked and may never answer. */
export async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const over = Promise.withResolvers<never>();
  const end = (): void => over.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function giveUp(call: Call): void {
  call.giveUp(timeout('request did not complete within the allotted timeout'));
}

/** @param tell Answers a call that has been given up and not answered yet. */
export function createDeadlines(clock: Clock, tell: (call: Call) => void, limitMs = defaultRequestTimeoutMs): Deadlines {
  const open = new Set<OpenDeadline>();
  let ticking = false;
  const tellLate = (call: Call): void => {
    if (call.exchange.responded) return;
    call.toldLate = true;
    tell(call);
  };
  const tick = (): void => {
    const now = clock.monotonic();
    for (const deadline of open) {
      if (now < deadline.at) continue;
      open.delete(deadline);
      giveUp(deadline.call);
      tellLate(deadline.call);
    }
    ticking = open.size > 0;
    if (ticking) clock.after(tickMs, tick, { background: true });
  };
  return {
    open(call) {
      call.allowedMs = allowedMs(call, limitMs);
      const deadline = { at: call.startedAt + call.allowedMs, call };
      open.add(deadline);
      if (!ticking) {
        ticking = true;
        clock.after(tickMs, tick, { background: true });
      }
      return deadline;
    },
    settle(call) {
      if (call.givenUp === undefined && isLate(clock, call.deadline)) giveUp(call);
    },
    close(deadline) {
      open.delete(deadline);
    },
  };
}
