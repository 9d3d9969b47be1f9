// The five fields of a cron expression: lists of numbers, names, ranges and steps, read as the robfig/cron standard
// parser reads them and refused in its words. Validation asks whether they can be read, the CronJob controller what
// they mean.

export class CronError extends Error {
  override name = 'CronError';
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

export interface Field {
  readonly values: ReadonlySet<number>;
  /** It was "*" or "?": between day of month and day of week, a star leaves the word to the other. */
  readonly star: boolean;
}

export const minutes: Bounds = { min: 0, max: 59 };
export const hours: Bounds = { min: 0, max: 23 };
export const daysOfMonth: Bounds = { min: 1, max: 31 };
export const months: Bounds = { min: 1, max: 12, names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] };
export const daysOfWeek: Bounds = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

/** Reads one field; throws a CronError that says what is wrong. */
export function parseField(text: string, bounds: Bounds): Field {
  const values = new Set<number>();
  let star = false;
  for (const part of text.split(',').filter((each) => each !== '')) {
    const range = parseRange(part, bounds);
    star ||= range.star;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return { values, star };
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly star: boolean;
}

function parseRange(text: string, bounds: Bounds): Range {
  const [body = '', stepText, ...moreSlashes] = text.split('/');
  const [low = '', high, ...moreHyphens] = body.split('-');
  const any = low === '*' || low === '?';
  const from = any ? bounds.min : parseNumber(low, bounds);
  if (!any && moreHyphens.length > 0) throw new CronError(`too many hyphens: ${text}`);
  let to = any ? bounds.max : high === undefined ? from : parseNumber(high, bounds);
  if (moreSlashes.length > 0) throw new CronError(`too many slashes: ${text}`);
  let step = 1;
  if (stepText !== undefined) {
    step = parseNumber(stepText);
    // "5/15" goes on to the end of the field.
    if (high === undefined) to = bounds.max;
  }
  if (from < bounds.min) throw new CronError(`beginning of range (${from}) below minimum (${bounds.min}): ${text}`);
  if (to > bounds.max) throw new CronError(`end of range (${to}) above maximum (${bounds.max}): ${text}`);
  if (from > to) throw new CronError(`beginning of range (${from}) beyond end of range (${to}): ${text}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${text}`);
  return { from, to, step, star: any && step === 1 };
}

function parseNumber(text: string, bounds?: Bounds): number {
  const named = text === '' ? -1 : (bounds?.names?.indexOf(text.toLowerCase()) ?? -1);
  if (named >= 0) return named;
  if (!/^[+-]?[0-9]+$/.test(text)) throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": value out of range`);
  if (value < 0) throw new CronError(`negative number (${value}) not allowed: ${text}`);
  return value;
}
