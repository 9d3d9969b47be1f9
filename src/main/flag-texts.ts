// The values of flags as upstream's flag library prints them: what /flagz shows.
import type { FlagTable, FlagValues } from './flag-parse.ts';

/** Milliseconds as Go writes a duration: "1h2m3s", "500ms", "0s". */
function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (Math.abs(ms) < 1000) return `${ms}ms`;
  const hours = Math.trunc(ms / 3_600_000);
  const minutes = Math.trunc((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return `${hours === 0 ? '' : `${hours}h`}${hours === 0 && minutes === 0 ? '' : `${minutes}m`}${seconds}s`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every flag of the table with its value. */
export function flagTexts<T extends FlagTable>(table: T, values: FlagValues<T>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of Object.keys(table)) {
    const value: unknown = values.get(name);
    if (table[name]?.type === 'duration' && typeof value === 'number') texts[name] = goDuration(value);
    else if (Array.isArray(value)) texts[name] = `[${value.join(',')}]`;
    else if (isRecord(value)) texts[name] = Object.entries(value).map(([key, inner]) => `${key}=${String(inner)}`).sort().join(',');
    else texts[name] = String(value);
  }
  return texts;
}

/** Pairs of a list flag ("api/all=true"); a key alone has the value ''. */
export function keyValues(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => [pair.split('=', 1)[0]?.trim() ?? '', pair.includes('=') ? pair.slice(pair.indexOf('=') + 1).trim() : '']));
}
