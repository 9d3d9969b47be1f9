// When a cron expression fires next, as robfig/cron's standard parser has it: five fields, @daily and its kin,
// @every, an optional TZ= prefix. The search walks the wall clock of the schedule's zone from months down to minutes;
// where daylight saving skips the hour, the time does not come that day, and where it repeats it comes again.
import { cronFields } from '#machinery';
import { timeZone, utc, type TimeZone } from './time-zone.ts';

const { daysOfMonth, daysOfWeek, hours, minutes, months, parseField } = cronFields;
type Field = cronFields.Field;

export interface Schedule {
  /** The first time after `epochMs`; undefined when none comes within five years (the 31st of February). */
  next(epochMs: number): number | undefined;
}

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const everyPrefix = '@every ';
const secondMs = 1000;
const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Reads a schedule; throws an Error in the words of the reference parser. */
export function parseSchedule(text: string, zone: TimeZone = utc): Schedule {
  if (text === '') throw new Error('empty spec string');
  const prefix = /^(?:CRON_)?TZ=([^ ]*)( .*)?$/.exec(text);
  if (prefix !== null) {
    if (prefix[2] === undefined) throw new Error('invalid schedule format: runtime error: slice bounds out of range [:-1]');
    const named = timeZone(prefix[1] ?? '');
    if (named === undefined) throw new Error(`provided bad location ${prefix[1]}: unknown time zone ${prefix[1]}`);
    return parseSpec(prefix[2].trim(), named);
  }
  return parseSpec(text, zone);
}

function parseSpec(text: string, zone: TimeZone): Schedule {
  if (text.startsWith(everyPrefix)) return every(text.slice(everyPrefix.length));
  if (text.startsWith('@') && descriptors[text] === undefined) throw new Error(`unrecognized descriptor: ${text}`);
  const fields = (descriptors[text] ?? text).split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const spec: Spec = {
    minute: parseField(minute, minutes),
    hour: parseField(hour, hours),
    day: parseField(day, daysOfMonth),
    month: parseField(month, months),
    weekday: parseField(weekday, daysOfWeek),
  };
  return { next: (epochMs) => nextOf(spec, zone, epochMs) };
}

function every(text: string): Schedule {
  const duration = parseDuration(text);
  if (duration === undefined) throw new Error(`failed to parse duration ${everyPrefix}${text}: time: invalid duration ${JSON.stringify(text)}`);
  const delay = Math.max(secondMs, Math.floor(duration / secondMs) * secondMs);
  return { next: (epochMs) => Math.floor(epochMs / secondMs) * secondMs + delay };
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: secondMs, m: minuteMs, h: hourMs };

/** "1h30m" in milliseconds. */
function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)([a-zµμ]+)/g)) total += Number(amount) * (units[unit ?? ''] ?? 0);
  return text.startsWith('-') ? -total : total;
}

interface Spec {
  readonly minute: Field;
  readonly hour: Field;
  readonly day: Field;
  readonly month: Field;
  readonly weekday: Field;
}

const yearsAhead = 5;

function nextOf(spec: Spec, zone: TimeZone, epochMs: number): number | undefined {
  // The wall clock's fields, as a Date that is read by its UTC members.
  const wall = (at: number): Date => new Date(at + zone.offsetMs(at));
  /** The moment at which the wall clock shows these fields. */
  const moment = (year: number, month: number, day: number, hour = 0): number => {
    const shown = Date.UTC(year, month, day, hour);
    return shown - zone.offsetMs(shown - zone.offsetMs(shown));
  };
  /** The beginning of a day; where there is no midnight, the first hour that there is. */
  const dayStart = (year: number, month: number, day: number): number => {
    const start = moment(year, month, day);
    const hour = wall(start).getUTCHours();
    return hour > 12 ? start + (24 - hour) * hourMs : start;
  };
  let at = Math.floor(epochMs / secondMs) * secondMs + secondMs;
  const lastYear = wall(at).getUTCFullYear() + yearsAhead;
  // The first step down to a field starts at its beginning; before that, the given time itself may match.
  let cut = false;
  for (;;) {
    const now = wall(at);
    if (now.getUTCFullYear() > lastYear) return undefined;
    if (!spec.month.values.has(now.getUTCMonth() + 1)) {
      at = dayStart(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
      cut = true;
      continue;
    }
    if (!dayMatches(spec, now)) {
      at = dayStart(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
      cut = true;
      continue;
    }
    if (!spec.hour.values.has(now.getUTCHours())) {
      if (!cut) at = moment(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), now.getUTCHours());
      at += hourMs;
      cut = true;
      continue;
    }
    if (!spec.minute.values.has(now.getUTCMinutes())) {
      at = Math.floor(at / minuteMs) * minuteMs + minuteMs;
      cut = true;
      continue;
    }
    if (now.getUTCSeconds() === 0) return at;
    at = Math.floor(at / minuteMs) * minuteMs + minuteMs;
    cut = true;
  }
}

function dayMatches(spec: Spec, now: Date): boolean {
  const byDate = spec.day.values.has(now.getUTCDate());
  const byWeekday = spec.weekday.values.has(now.getUTCDay());
  return spec.day.star || spec.weekday.star ? byDate && byWeekday : byDate || byWeekday;
}
