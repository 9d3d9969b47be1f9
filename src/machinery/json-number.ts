// Integers that a double cannot hold. JSON text may carry integers up to 2^63, which clients expect back digit
// by digit; where JavaScript would round them they travel as a RawNumber, a scalar that prints its own text.

/** Node 24 has JSON.rawJSON (ECMAScript proposal "JSON.parse source text access"); the library types lag behind. */
interface RawJson {
  rawJSON(text: string): unknown;
}

function hasRawJson(json: unknown): json is RawJson {
  return typeof json === 'object' && json !== null && 'rawJSON' in json;
}

/** An integer with |value| > 2^53-1, kept as its digits. Immutable. */
export class RawNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** JSON.stringify writes the digits themselves. */
  toJSON(): unknown {
    const json: unknown = JSON;
    if (!hasRawJson(json)) throw new Error('this Node cannot write raw JSON numbers; Node 22 or later is needed');
    return json.rawJSON(this.text);
  }
}

const integer = /^-?\d+$/;
const min = -(2n ** 63n);
const max = 2n ** 63n - 1n;

/** The value of a JSON number's text: a RawNumber for 64-bit integers beyond 2^53-1, else a double. */
export function numberOf(text: string): number | RawNumber {
  const value = Number(text);
  if (Number.isSafeInteger(value) || !integer.test(text)) return value;
  if (text.length > 20) return value;
  const exact = BigInt(text);
  return exact < min || exact > max ? value : new RawNumber(text);
}
