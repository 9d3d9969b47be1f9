// The step of the chain: each request is classified, measured, and either runs, waits in a queue for a quarter of its
// time at most, or is refused with a 429 that says when to come again. Streams and proxies pass; watches hold their
// seats only until they have begun.
import type { Clock, Timer } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import type { Call } from '../request/call.ts';
import type { Classifier } from './classifier.ts';
import type { Configuration } from './configuration.ts';
import type { Occupant } from './fair-queue.ts';
import type { KindTallies } from './flow-metrics.ts';
import type { Level } from './level.ts';
import { isReadOnly, TooManyRequests, type Doorman, type Permit } from './permit.ts';
import { KindTally } from './tallies.ts';
import type { WatchCounts } from './watch-counts.ts';
import type { Estimator } from './work-estimate.ts';

const longestWaitMs = 60_000;

export interface DoormanParts {
  readonly clock: Clock;
  readonly configuration: Configuration;
  readonly classifier: Classifier;
  readonly estimator: Estimator;
  readonly watches: WatchCounts;
  /** How long a request without a deadline of its own, which is a watch, may wait. */
  readonly watchWaitMs: number;
  /** A level that nobody asks for any more has served what it held. */
  readonly drained: () => void;
}

class Seat implements Permit {
  readonly #parts: DoormanParts;
  readonly #occupant: Occupant;
  readonly #kind: KindTally;
  readonly #forget: (() => void) | undefined;
  readonly #startedMs: number;
  #held = true;

  constructor(parts: DoormanParts, occupant: Occupant, kind: KindTally, forget: (() => void) | undefined) {
    this.#parts = parts;
    this.#occupant = occupant;
    this.#kind = kind;
    this.#forget = forget;
    this.#startedMs = occupant.startedMs;
    kind.add(1, occupant.startedMs);
    const { tally, schema } = occupant.flow;
    tally.dispatched++;
    if (!schema.level.isExempt) tally.waitedAndRan.observe((occupant.startedMs - occupant.arrivedMs) / 1000);
  }

  initialized(): void {
    if (!this.#held) return;
    this.#held = false;
    const { tally, schema } = this.#occupant.flow;
    const { level } = schema;
    level.set.finish(this.#occupant);
    const now = this.#parts.clock.monotonic();
    this.#kind.add(-1, now);
    const seconds = (now - this.#startedMs) / 1000;
    (this.#forget === undefined ? tally.ran : tally.watchesStarted).observe(seconds);
    if (level.quiescing && level.set.isIdle) this.#parts.drained();
  }

  release(): void {
    this.initialized();
    this.#forget?.();
  }
}

export function createKindTallies(clock: Clock): KindTallies {
  const made = (): KindTally => new KindTally(clock.monotonic());
  return { executing: { readOnly: made(), mutating: made() }, waiting: { readOnly: made(), mutating: made() } };
}

/** Of the present turn; asked of the event loop once, however many there are. */
function atTurnEnds(): (run: () => void) => void {
  let waiting: (() => void)[] = [];
  return (run) => {
    if (waiting.push(run) > 1) return;
    endOfTurn(() => {
      const due = waiting;
      waiting = [];
      for (const each of due) each();
    });
  };
}

export function createDoorman(parts: DoormanParts, kinds: KindTallies): Doorman<Call> {
  const { clock, classifier, estimator, watches } = parts;
  const refusal = (level: Level): TooManyRequests => {
    level.retryAfter.refused(Math.floor(clock.now() / 1000));
    return new TooManyRequests(level.retryAfter.seconds);
  };
  const seatOf = (call: Call, occupant: Occupant): Permit => {
    const kind = isReadOnly(call.info.verb) ? kinds.executing.readOnly : kinds.executing.mutating;
    return new Seat(parts, occupant, kind, call.info.verb === 'watch' ? watches.add(call.info) : undefined);
  };
  // Most waits end with the turn: only those that do not need a timer and an ear for the client.
  const turnEnd = atTurnEnds();
  const wait = (call: Call, occupant: Occupant): Promise<Permit> => {
    const { level } = occupant.flow.schema;
    const kind = isReadOnly(call.info.verb) ? kinds.waiting.readOnly : kinds.waiting.mutating;
    kind.add(1, occupant.arrivedMs);
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const leave = (): void => {
        if (timer !== undefined) {
          timer.cancel();
          call.signal.removeEventListener('abort', giveUp);
        }
        kind.add(-1, clock.monotonic());
      };
      const giveUp = (): void => {
        leave();
        level.set.cancel(occupant);
        occupant.flow.tally.waitedInVain.observe((clock.monotonic() - occupant.arrivedMs) / 1000);
        if (level.quiescing && level.set.isIdle) parts.drained();
        reject(refusal(level));
      };
      occupant.onDispatch = () => {
        leave();
        resolve(seatOf(call, occupant));
      };
      turnEnd(() => {
        if (occupant.state !== 'waiting') return;
        const { signal } = call;
        const waitMs = Math.min(longestWaitMs, call.allowedMs === 0 ? parts.watchWaitMs : call.allowedMs / 4);
        timer = clock.after(Math.max(0, call.startedAt + waitMs - clock.monotonic()), giveUp, { background: true });
        signal.addEventListener('abort', giveUp, { once: true });
        if (signal.aborted) giveUp();
      });
    });
  };
  return {
    admit(call) {
      const { info } = call;
      if (call.longRunning && info.verb !== 'watch') return undefined;
      const flow = classifier.classify(call.user, info);
      const { schema } = flow;
      const { level } = schema;
      call.flow = schema;
      const width = estimator.widthOf(info, level, flow.tally);
      flow.tally.estimatedSeats.observe(Math.max(width.initialSeats, width.finalSeats));
      const occupant = level.set.start(flow, call, width);
      if (occupant === undefined) {
        if (!level.isExempt) flow.tally.waitedInVain.observe(0);
        throw refusal(level);
      }
      return occupant.state === 'executing' ? seatOf(call, occupant) : wait(call, occupant);
    },
  };
}
