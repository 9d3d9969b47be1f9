// Answers that are complete on the server's side and wait for a client that does not read. Their handlers are gone, and
// with them every deadline: left alone, each would keep its bytes for as long as the client likes. One slow clock looks
// after those that are worth it; an answer that nobody has taken in time is cut off, HTTP/2 streams by a reset.
import type { Clock, Timer } from '#base/clock.ts';

/** Smaller answers are not watched: as many as a connection may have open are a few megabytes. */
export const watchedAnswerBytes = 16 * 1024;

/** An answer that has been ended and is on its way. */
export interface SentAnswer {
  readonly closed: boolean;
  whenClosed(listener: () => void): void;
}

export interface AnswerWatch {
  /** `answer` has been ended; unless it closes in time, `cut` is called. */
  add(answer: SentAnswer, cut: () => void): void;
  readonly size: number;
  stop(): void;
}

interface Waiting {
  readonly untilMs: number;
  readonly cut: () => void;
}

/** @param answerMs how long an answer may wait; 0: for ever. */
export function watchAnswers(clock: Clock, answerMs: number): AnswerWatch {
  /** In the order of their ends, which is that of their arrival. */
  const waiting = new Set<Waiting>();
  const periodMs = Math.max(20, Math.min(answerMs / 4, 5_000));
  let timer: Timer | undefined;
  let stopped = false;
  const sweep = (): void => {
    timer = undefined;
    const now = clock.monotonic();
    for (const answer of waiting) {
      if (answer.untilMs > now) break;
      waiting.delete(answer);
      answer.cut();
    }
    wind();
  };
  const wind = (): void => {
    if (timer === undefined && waiting.size > 0 && !stopped) timer = clock.after(periodMs, sweep, { background: true });
  };
  return {
    add(sent, cut) {
      if (answerMs === 0 || sent.closed) return;
      const answer: Waiting = { untilMs: clock.monotonic() + answerMs, cut };
      waiting.add(answer);
      sent.whenClosed(() => waiting.delete(answer));
      wind();
    },
    get size() {
      return waiting.size;
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
