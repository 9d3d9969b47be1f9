// The recent changes of one resource. A watcher is an index into this ring; whoever falls behind its start
// has lost changes and must list again. Bounded in number, in the bytes that only the ring still holds, and,
// beyond a small rest, in age.
import type { CacheEvent } from './entry.ts';

export interface RingLimits {
  readonly events: number;
  /** Bytes of states that have been overwritten or deleted since. */
  readonly supersededBytes: number;
  readonly ageMs: number;
}

const defaultRingLimits: RingLimits = { events: 16_384, supersededBytes: 24 << 20, ageMs: 300_000 };

/** So many events stay however old they are. */
const keptWhateverAge = 128;

interface Slot {
  readonly event: CacheEvent;
  readonly at: number;
}

export class EventRing {
  readonly #limits: RingLimits;
  #slots: (Slot | undefined)[] = [];
  #dead = 0;
  #firstSequence = 0;
  #superseded = 0;
  #floor: number;

  /** @param floor The revision of the state that the first event changes. */
  constructor(floor: number, limits: RingLimits = defaultRingLimits) {
    this.#floor = floor;
    this.#limits = limits;
  }

  /** All changes after this revision are in the ring. */
  get floor(): number {
    return this.#floor;
  }

  /** How many events it holds at most. */
  get capacity(): number {
    return this.#limits.events;
  }

  /** Sequence number of the oldest event held. */
  get start(): number {
    return this.#firstSequence;
  }

  /** Sequence number of the next event. */
  get end(): number {
    return this.#firstSequence + this.#slots.length - this.#dead;
  }

  at(sequence: number): CacheEvent {
    return (this.#slots[this.#dead + sequence - this.#firstSequence] as Slot).event;
  }

  push(event: CacheEvent, nowMs: number): void {
    this.#slots.push({ event, at: nowMs });
    this.#superseded += supersededBytes(event);
    const { events, supersededBytes: bytes, ageMs } = this.#limits;
    for (;;) {
      const held = this.#slots.length - this.#dead;
      const oldest = this.#slots[this.#dead];
      if (oldest === undefined || held <= 1) break;
      const tooOld = held > keptWhateverAge && nowMs - oldest.at > ageMs;
      if (held <= events && this.#superseded <= bytes && !tooOld) break;
      this.#drop(oldest.event);
    }
  }

  /** Sequence number of the first event after `revision`. */
  after(revision: number): number {
    let low = this.start;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(event: CacheEvent): void {
    this.#floor = event.revision;
    this.#superseded -= supersededBytes(event);
    this.#slots[this.#dead] = undefined;
    this.#firstSequence++;
    this.#dead++;
    if (this.#dead > 1024 && this.#dead * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#dead);
      this.#dead = 0;
    }
  }
}

function supersededBytes(event: CacheEvent): number {
  return (event.previous?.bytes.length ?? 0) + (event.type === 'DELETED' ? event.entry.bytes.length : 0);
}
