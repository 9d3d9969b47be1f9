// The last few of what came at one place, to be met again: the values of one field, the texts of one kind's bodies, the
// makes of one shape. Looked through from the one that was met last; the oldest makes room. Where nothing comes again,
// keeping costs more than it saves: after a row of misses only every few are worth it, until one is met.

const missesInARow = 32;
const lookedAtAfterThat = 8;

/** Slots are held against what is asked, which has up to two parts: no look allocates anything. */
export class RecentSlots<Slot, First, Second = undefined> {
  readonly #isMet: (slot: Slot, first: First, second: Second) => boolean;
  readonly #kept: number;
  readonly #slots: Slot[] = [];
  #next = 0;
  #latest = 0;
  /** In a row. */
  #misses = 0;

  constructor(isMet: (slot: Slot, first: First, second: Second) => boolean, kept = 4) {
    this.#isMet = isMet;
    this.#kept = kept;
  }

  find(first: First, second: Second): Slot | undefined {
    const slots = this.#slots;
    for (let i = 0; i < slots.length; i++) {
      const at = (this.#latest + i) % slots.length;
      const slot = slots[at];
      if (slot === undefined || !this.#isMet(slot, first, second)) continue;
      this.#latest = at;
      this.#misses = 0;
      return slot;
    }
    this.#misses++;
    return undefined;
  }

  /** For places where a look itself costs: is this one passed over, without a look? It counts as a miss. */
  passesOver(): boolean {
    return this.#misses >= missesInARow && this.#misses++ % lookedAtAfterThat !== 0;
  }

  /** Should what was just missed be kept? */
  isWorthKeeping(): boolean {
    return this.#misses <= missesInARow || this.#misses % lookedAtAfterThat === 0;
  }

  keep(slot: Slot): void {
    this.#slots[this.#next] = slot;
    this.#latest = this.#next;
    this.#next = (this.#next + 1) % this.#kept;
  }
}
