// contains, startsWith, endsWith, matches (RE2), and the getters of timestamps and durations.
import type { FunctionDeclaration, Overload } from '../contract.ts';
import type { RE2JS } from 're2js';
import { compilePattern } from '../library/parse/pattern.ts';
import { noSuchOverload } from '../run/compare.ts';
import { calendarField, calendarFields } from '../types/timestamp.ts';
import { unsupported } from './arithmetic.ts';
import { boolType, durationType, intType, stringType, timestampType } from '../types/types.ts';
import { CelDuration, CelError, CelTimestamp, type CelResult, type CelValue } from '../types/values.ts';

function ofTexts(test: (text: string, other: string) => CelResult): (x: CelValue | undefined, y: CelValue | undefined) => CelResult {
  return (x, y) => (typeof x === 'string' && typeof y === 'string' ? test(x, y) : noSuchOverload());
}

/** These check their arguments themselves: their failure does not name the function. */
function textTest(name: string, id: string, test: (text: string, other: string) => boolean): FunctionDeclaration {
  return { name, overloads: [{ id, params: [stringType, stringType], result: boolType, member: true }], call: ofTexts(test) };
}

function compiled(pattern: string): RE2JS | CelError {
  try {
    return compilePattern(pattern);
  } catch (error) {
    return new CelError(error instanceof Error ? error.message : String(error));
  }
}

function matches(text: CelValue, pattern: CelValue): CelResult {
  if (typeof text !== 'string') return unsupported(text, 'matches');
  if (typeof pattern !== 'string') return noSuchOverload();
  const known = compiled(pattern);
  return known instanceof CelError ? known : known.test(text);
}

const matchPattern: Pick<Overload, 'params' | 'result' | 'prepare'> = {
  params: [stringType, stringType], result: boolType,
  prepare: ([, pattern]) => {
    if (typeof pattern !== 'string') return undefined;
    const known = compiled(pattern);
    return known instanceof CelError ? known : (text) => (typeof text === 'string' ? known.test(text) : noSuchOverload());
  },
};

/** Overload ids of the getters, with the odd ones upstream has. */
const getters: Readonly<Record<string, readonly [plain: string, zoned: string]>> = {
  getFullYear: ['timestamp_to_year', 'timestamp_to_year_with_tz'],
  getMonth: ['timestamp_to_month', 'timestamp_to_month_with_tz'],
  getDayOfYear: ['timestamp_to_day_of_year', 'timestamp_to_day_of_year_with_tz'],
  getDayOfMonth: ['timestamp_to_day_of_month', 'timestamp_to_day_of_month_with_tz'],
  getDate: ['timestamp_to_day_of_month_1_based', 'timestamp_to_day_of_month_1_based_with_tz'],
  getDayOfWeek: ['timestamp_to_day_of_week', 'timestamp_to_day_of_week_with_tz'],
  getHours: ['timestamp_to_hours', 'timestamp_to_hours_with_tz'],
  getMinutes: ['timestamp_to_minutes', 'timestamp_to_minutes_with_tz'],
  getSeconds: ['timestamp_to_seconds', 'timestamp_to_seconds_tz'],
  getMilliseconds: ['timestamp_to_milliseconds', 'timestamp_to_milliseconds_with_tz'],
};

const durationUnits: Readonly<Record<string, bigint>> = {
  getHours: 3_600_000_000_000n, getMinutes: 60_000_000_000n, getSeconds: 1_000_000_000n, getMilliseconds: 1_000_000n,
};

function getter(name: string, [plain, zoned]: readonly [string, string]): FunctionDeclaration {
  const field = calendarFields[name] ?? (() => 0);
  const overloads: Overload[] = [
    {
      id: plain, member: true, params: [timestampType], result: intType,
      call: (value) => (value instanceof CelTimestamp ? calendarField(value, field, '') : noSuchOverload()),
    },
    {
      id: zoned, member: true, params: [timestampType, stringType], result: intType,
      call: (value, zone) => (value instanceof CelTimestamp && typeof zone === 'string' ? calendarField(value, field, zone) : noSuchOverload()),
    },
  ];
  const unit = durationUnits[name];
  if (unit !== undefined) {
    overloads.push({
      id: `duration_to_${name.slice(3).toLowerCase()}`, member: true, params: [durationType], result: intType,
      call: (value) => (value instanceof CelDuration ? value.nanos / unit : noSuchOverload()),
    });
  }
  return { name, overloads };
}

export const stringsAndTimes: readonly FunctionDeclaration[] = [
  textTest('contains', 'contains_string', (text, part) => text.includes(part)),
  textTest('startsWith', 'starts_with_string', (text, start) => text.startsWith(start)),
  textTest('endsWith', 'ends_with_string', (text, end) => text.endsWith(end)),
  { name: 'matches', overloads: [{ id: 'matches', ...matchPattern }, { id: 'matches_string', member: true, ...matchPattern }], call: (text, pattern) => matches(text ?? null, pattern ?? null) },
  ...Object.entries(getters).map(([name, ids]) => getter(name, ids)),
];
