// A bounded queue between a producer that never waits and a consumer that iterates. When the consumer is
// too slow the queue overflows and ends with an error: the slow reader is cut off, never the server.

export class QueueOverflow extends Error {
  override name = 'QueueOverflow';
}

export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  #items: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length;
  }

  /** False when the queue is closed or has just overflowed. */
  push(item: T): boolean {
    if (this.#ended) return false;
    if (this.#items.length >= this.#limit) {
      this.fail(new QueueOverflow(`more than ${this.#limit} items waiting`));
      return false;
    }
    this.#items.push(item);
    this.#signal();
    return true;
  }

  /** Ends the iteration after what is queued. */
  end(): void {
    this.#ended = true;
    this.#signal();
  }

  /** Ends the iteration with an error after what is queued. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** All that waits, at once; undefined when the queue has ended. One consumer only. */
  async takeAll(): Promise<T[] | undefined> {
    while (this.#items.length === 0) {
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return undefined;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const items = this.#items;
    this.#items = [];
    return items;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const items = await this.takeAll();
      if (items === undefined) return;
      yield* items;
    }
  }
}
