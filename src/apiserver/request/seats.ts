// How many requests may run at once: upstream's --max-requests-inflight (400) and
// --max-mutating-requests-inflight (200), with a short bounded wait for a seat before a 429. Priority and
// fairness takes this place: it hands out the same seats, by flow.
import type { Clock } from '#base/clock.ts';
import { tooManyRequests } from '#machinery';
import type { Call } from './call.ts';

export interface SeatLimits {
  readonly readOnly: number;
  readonly mutating: number;
  /** Requests that may wait for a seat, of each kind. */
  readonly waiting: number;
  readonly waitMs: number;
}

export const defaultSeatLimits: SeatLimits = { readOnly: 400, mutating: 200, waiting: 4096, waitMs: 15_000 };

type Release = () => void;

export interface Seats {
  /** A seat, or a promise of one; both throw 429. undefined: this request needs none. */
  take(call: Call): Release | Promise<Release> | undefined;
  readonly inFlight: { readonly readOnly: number; readonly mutating: number };
}

const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

class Pool {
  readonly #limit: number;
  readonly #mostWaiting: number;
  #queue: (() => void)[] = [];
  taken = 0;

  constructor(limit: number, mostWaiting: number) {
    this.#limit = limit;
    this.#mostWaiting = mostWaiting;
  }

  readonly release = (): void => {
    const next = this.#queue.shift();
    if (next === undefined) this.taken--;
    else next();
  };

  take(clock: Clock, waitMs: number, signal: AbortSignal): Release | Promise<Release> {
    if (this.taken < this.#limit) {
      this.taken++;
      return this.release;
    }
    if (this.#queue.length >= this.#mostWaiting) throw overloaded();
    return new Promise((resolve, reject) => {
      const leave = (error: unknown): void => {
        const at = this.#queue.indexOf(enter);
        if (at < 0) return;
        this.#queue.splice(at, 1);
        timer.cancel();
        reject(error);
      };
      const enter = (): void => {
        timer.cancel();
        resolve(this.release);
      };
      const timer = clock.after(waitMs, () => leave(overloaded()), { background: true });
      signal.addEventListener('abort', () => leave(signal.reason), { once: true });
      this.#queue.push(enter);
    });
  }
}

function overloaded(): Error {
  return tooManyRequests('The server has received too many requests and has asked us to try again later', 1);
}

export function createSeats(clock: Clock, limits: SeatLimits = defaultSeatLimits): Seats {
  const readOnly = new Pool(limits.readOnly, limits.waiting);
  const mutating = new Pool(limits.mutating, limits.waiting);
  return {
    take(call) {
      if (!call.info.isResourceRequest || call.user.groups.includes('system:masters')) return undefined;
      return (readVerbs.has(call.info.verb) ? readOnly : mutating).take(clock, limits.waitMs, call.signal);
    },
    get inFlight() {
      return { readOnly: readOnly.taken, mutating: mutating.taken };
    },
  };
}
