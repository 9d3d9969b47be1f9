// When a refused client should come again. The delay doubles while a priority level keeps refusing and shrinks by a
// second once it refuses little: per level, from what was refused in the last seconds.

const longestSeconds = 32;

export class RetryAfter {
  seconds = 1;
  #history: { readonly second: number; readonly refusals: number }[] = [];
  #second = 0;
  #refusals = 0;
  #raisedAt = 0;

  /** @param second Unix time. */
  refused(second: number): void {
    if (second === this.#second) {
      this.#refusals++;
      return;
    }
    this.#history.push({ second: this.#second, refusals: this.#refusals });
    const oldest = this.#second - Math.min(2 * this.seconds, longestSeconds);
    this.#history = this.#history.filter((past) => past.second >= oldest);
    this.#second = second;
    this.#refusals = 1;
    this.#adjust(second);
  }

  #adjust(second: number): void {
    let recent = 0;
    for (const past of this.#history) if (second - past.second <= this.seconds && past.second < second) recent += past.refusals;
    if (second - this.#raisedAt >= this.seconds && recent >= 3 * this.seconds) {
      this.seconds = Math.min(longestSeconds, this.seconds * 2);
      this.#raisedAt = second;
    } else if (recent < this.seconds && this.seconds > 1) this.seconds--;
  }
}
