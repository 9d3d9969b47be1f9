// What a request holds while it runs: its seats, and for a watch its place among the watches. A watch gives its seats
// back when it has shown the state it begins with. Given back once, however often it is asked to.

export interface Permit {
  /** The request is over. */
  release(): void;
  /** A watch now only waits for events. */
  initialized(): void;
}

/** A refusal because of too much else to do: 429, as text. */
export class TooManyRequests extends Error {
  override readonly name = 'TooManyRequests';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('Too many requests, please try again later.');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Hands out permits. Throws TooManyRequests; undefined: this request needs none. */
export interface Doorman<C> {
  admit(call: C): Permit | Promise<Permit> | undefined;
}

const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

export function isReadOnly(verb: string): boolean {
  return readVerbs.has(verb);
}
