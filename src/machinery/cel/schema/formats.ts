// Strings of a format as the values they mean: durations (Go's notation or words), dates, date-times, base64.
import { parseDuration } from '../types/duration.ts';
import { parseTimestamp } from '../types/timestamp.ts';
import { CelBytes, CelDuration, CelError, CelTimestamp, isError, type CelResult } from '../types/values.ts';

const second = 1_000_000_000n;
/** Words of a unit; the last also begins longer ones. */
const units: readonly (readonly [nanos: bigint, ...words: string[]])[] = [
  [1n, 'ns', 'nano'], [1000n, 'us', 'µs', 'micro'], [1_000_000n, 'ms', 'milli'], [second, 's', 'sec'], [60n * second, 'm', 'min'],
  [3600n * second, 'h', 'hr', 'hour'], [86_400n * second, 'd', 'day'], [604_800n * second, 'w', 'wk', 'week'],
];
const wordDuration = /((\d+)\s*([A-Za-zµ]+))/g;

function unitNanos(word: string): bigint | undefined {
  let found: bigint | undefined;
  for (const [nanos, ...words] of units) {
    if (words.includes(word) || word.startsWith(words.at(-1) ?? word)) found = nanos;
  }
  return found;
}

function durationOf(text: string): CelResult {
  const plain = parseDuration(text);
  if (plain !== undefined) return plain;
  let nanos = 0n;
  let known = false;
  for (const [, , count = '0', word = ''] of text.matchAll(wordDuration)) {
    const unit = unitNanos(word.toLowerCase());
    if (unit === undefined) continue;
    known = true;
    nanos += BigInt(count) * unit;
  }
  return known ? new CelDuration(BigInt.asIntN(64, nanos)) : new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`);
}

function dateOf(text: string): CelResult {
  const parsed = /^\d{4}-\d\d-\d\d$/.test(text) ? parseTimestamp(`${text}T00:00:00Z`) : undefined;
  return parsed === undefined || isError(parsed) ? new CelError(`Invalid date formatted string ${text}: parsing time ${JSON.stringify(text)} as "2006-01-02"`) : parsed;
}

function dateTimeOf(text: string): CelResult {
  if (text === '') return new CelTimestamp(0, 0);
  const parsed = parseTimestamp(text) ?? parseTimestamp(`${text}Z`);
  return parsed === undefined || isError(parsed) ? new CelError(`Invalid date-time formatted string ${text}: parsing time ${JSON.stringify(text)}`) : parsed;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function bytesOf(text: string): CelResult {
  const plain = text.replaceAll(/[\r\n]/g, '');
  if (!base64.test(plain)) return new CelError(`Invalid byte formatted string ${text}: illegal base64 data`);
  return new CelBytes(new Uint8Array(Buffer.from(plain, 'base64')));
}

/** How strings of a format are read; undefined: as they are. */
export function formatReader(format: string | undefined): ((text: string) => CelResult) | undefined {
  switch (format) {
    case 'duration': return durationOf;
    case 'date': return dateOf;
    case 'date-time': return dateTimeOf;
    case 'byte': return bytesOf;
    default: return undefined;
  }
}
