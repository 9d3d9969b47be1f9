// The streams of one connection: those that are open, those that are answered while their client is still sending, and,
// of those that we have reset, the last ones: what was on its way to them is dropped in silence (RFC 9113, 5.1).
import type { Clock, Timer } from '#base/clock.ts';
import type { Http2Stream } from './stream.ts';

const mostRemembered = 1000;
/**
 * From the end of an answer to the reset of its stream, for a client that is still sending: most stop by themselves when they
 * have read the answer, and some (curl 7.88) take an answer for lost when its reset comes with it.
 */
const unreadMs = 250;

export class StreamTable {
  readonly streams = new Map<number, Http2Stream>();
  /** The highest number that the client has used. */
  last = 0;
  readonly #clock: Clock;
  readonly #stop: (id: number) => void;
  readonly #unread = new Map<number, Timer>();
  /** Newest last. */
  readonly #reset = new Set<number>();

  /** `stop`: the client of an answered stream is to be told to send no more. */
  constructor(clock: Clock, stop: (id: number) => void) {
    this.#clock = clock;
    this.#stop = stop;
  }

  /** How many a client counts as open. */
  get open(): number {
    return this.streams.size + this.#unread.size;
  }

  /** Whether we have reset the stream, and not too long ago. */
  wasReset(id: number): boolean {
    return this.#reset.has(id);
  }

  remember(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= mostRemembered) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      break;
    }
  }

  /** The stream is answered, and its client is still sending. */
  leaveUnread(id: number): void {
    const stop = (): void => {
      this.#unread.delete(id);
      this.#stop(id);
    };
    this.#unread.set(id, this.#clock.after(unreadMs, stop, { background: true }));
  }

  /** Whether a frame belongs to such a stream; `last`: its client has sent all, or has given it up. */
  isUnread(id: number, last: boolean): boolean {
    const timer = this.#unread.get(id);
    if (timer === undefined) return false;
    if (last) {
      timer.cancel();
      this.#unread.delete(id);
    }
    return true;
  }

  closeAll(): void {
    for (const timer of this.#unread.values()) timer.cancel();
    this.#unread.clear();
    const open = [...this.streams.values()];
    this.streams.clear();
    for (const stream of open) stream.close();
  }
}
