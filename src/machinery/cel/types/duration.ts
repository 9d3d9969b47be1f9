// Durations as Go writes and reads them: "1h30m", fractions, signs and the units from ns to h; the text of a
// duration is its seconds. The range is what int64 nanoseconds hold.
import { CelDuration } from './values.ts';

const units: Readonly<Record<string, bigint>> = {
  ns: 1n, us: 1_000n, 'µs': 1_000n, 'μs': 1_000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n,
};
const step = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;
const limit = 2n ** 63n;

/** Reads a duration; undefined when the text is none or does not fit. */
export function parseDuration(text: string): CelDuration | undefined {
  const negative = text.startsWith('-');
  const rest = negative || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return new CelDuration(0n);
  if (rest === '') return undefined;
  let nanos = 0n;
  step.lastIndex = 0;
  while (step.lastIndex < rest.length) {
    const match = step.exec(rest);
    if (match === null) return undefined;
    const [, whole = '', part = '', unit = ''] = match;
    const scale = units[unit];
    if (scale === undefined || (whole === '' && part === '')) return undefined;
    const wholeNanos = BigInt(whole === '' ? 0 : whole) * scale;
    nanos += wholeNanos + fractionNanos(part, scale);
    if (nanos > limit) return undefined;
  }
  if (nanos === limit && !negative) return undefined;
  return new CelDuration(negative ? -nanos : nanos);
}

function fractionNanos(digits: string, scale: bigint): bigint {
  const kept = digits.slice(0, 18);
  return kept === '' ? 0n : (BigInt(kept) * scale) / 10n ** BigInt(kept.length);
}

/** Seconds as a double, the way Go's Duration.Seconds computes them. */
export function durationSeconds(nanos: bigint): number {
  return Number(nanos / 1_000_000_000n) + Number(nanos % 1_000_000_000n) / 1e9;
}

/** As Go prints a duration: 1h2m3.5s, 1.5ms, 0s. */
export function durationText(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const all = nanos < 0n ? -nanos : nanos;
  const decimal = (value: bigint, unit: bigint) => {
    const rest = String(value % unit).padStart(String(unit).length - 1, '0').replace(/0+$/, '');
    return `${value / unit}${unit === 1n || rest === '' ? '' : `.${rest}`}`;
  };
  if (all < 1_000n) return `${sign}${all}ns`;
  if (all < 1_000_000n) return `${sign}${decimal(all, 1_000n)}µs`;
  if (all < 1_000_000_000n) return `${sign}${decimal(all, 1_000_000n)}ms`;
  const minutes = all / 60_000_000_000n;
  const seconds = `${decimal(all % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return sign + seconds;
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}
