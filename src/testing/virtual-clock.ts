// A clock under its owner's control: time stands still until it is moved, and moving it runs the timers on the
// way in their order, each only after everything that the one before set off has come to rest. At rest means:
// two whole turns of the real event loop in which nobody looked at this clock or set a timer on it, nothing
// else waited for its turn, and no request of this process to a file or a socket was on its way. (Node does not
// tell of work in its thread pool, compression and asynchronous crypto: parts under virtual time use neither.)
import { systemClock, type Clock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import { durationMs, type Duration } from './duration.ts';
import { createTimerHeap, type PendingTimer } from './timer-heap.ts';

export interface VirtualClock extends Clock {
  /** Moves time on by a duration, running what falls due, and returns at rest. */
  advance(by: Duration): Promise<void>;
  /** Moves time on, timer by timer, until `condition` holds at rest or `within` has passed; says which. */
  advanceUntil(condition: () => boolean | Promise<boolean>, within: Duration): Promise<boolean>;
  /** Lets everything that is due now run, without moving time. */
  settle(): Promise<void>;
  /** Timers set and neither run nor cancelled. */
  readonly pendingTimers: number;
}

/** Turns that must pass without a sign of life. */
const quietTurns = 2;
/** A disk may be slow; something that is not ours may be outstanding for ever. In real time. */
const outsideMs = 1_000;
/** Beyond this something polls without end. */
const mostTurns = 1_000_000;

const oneTurn = (): Promise<void> => new Promise((resolve) => endOfTurn(resolve));

/** Requests of this process on their way elsewhere, and callbacks that wait for their turn. */
function isOutstanding(): boolean {
  return process.getActiveResourcesInfo().some((kind) => kind === 'Immediate' || kind.includes('Req'));
}

/** A clock that stands at `startMs` until it is advanced. */
export function createVirtualClock(startMs: number): VirtualClock {
  const timers = createTimerHeap();
  let now = startMs;
  let serial = 0;
  /** Counts every look at the clock: whoever works in this house does that sooner or later. */
  let signs = 0;
  let moving = false;

  const runDue = (): boolean => {
    const next = timers.peek();
    if (next === undefined || next.at > now) return false;
    timers.pop();
    next.run();
    return true;
  };
  const settle = async (): Promise<void> => {
    let quiet = 0;
    let aliveAt = systemClock.monotonic();
    for (let turn = 0; quiet < quietTurns; turn++) {
      if (turn > mostTurns) throw new Error('virtual time: the system does not come to rest; something polls without waiting');
      const seen = signs;
      await oneTurn();
      if (runDue() || signs !== seen) {
        quiet = 0;
        aliveAt = systemClock.monotonic();
      } else if (isOutstanding() && systemClock.monotonic() - aliveAt < outsideMs) quiet = 0;
      else quiet++;
    }
  };
  /** Runs timers up to `end`, settling after each; true as soon as `done` does. */
  const move = async (end: number, done?: () => boolean | Promise<boolean>): Promise<boolean> => {
    if (moving) throw new Error('virtual time: it is being advanced already; await one advance before the next');
    moving = true;
    try {
      await settle();
      for (;;) {
        if (done !== undefined && (await done())) return true;
        // The condition itself may have asked the system something.
        if (done !== undefined) await settle();
        const next = timers.peek();
        if (next === undefined || next.at > end) break;
        now = Math.max(now, next.at);
        await settle();
      }
      now = end;
      return done !== undefined && (await done());
    } finally {
      moving = false;
    }
  };

  return {
    now() {
      signs++;
      return now;
    },
    monotonic() {
      signs++;
      return now - startMs;
    },
    after(delayMs, run) {
      signs++;
      const timer: PendingTimer = { at: now + (delayMs > 0 ? delayMs : 0), serial: serial++, run, state: 'waiting' };
      timers.push(timer);
      return {
        cancel() {
          if (timers.cancel(timer)) signs++;
        },
      };
    },
    async advance(by) {
      await move(now + durationMs(by));
    },
    advanceUntil: (condition, within) => move(now + durationMs(within), condition),
    settle,
    get pendingTimers() {
      return timers.size;
    },
  };
}
