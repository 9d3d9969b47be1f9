// The syntax of cron schedules with robfig/cron's complaints (ParseStandard).

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const months = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const fields: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];
const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

class CronError extends Error {}

function fail(message: string): never {
  throw new CronError(message);
}

function number(text: string): number {
  if (!/^[-+]?\d+$/.test(text)) fail(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) fail(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  return value < 0 ? fail(`negative number (${value}) not allowed: ${text}`) : value;
}

function numberOrName(text: string, names: readonly string[]): number {
  const at = names.indexOf(text.toLowerCase());
  return at >= 0 && text !== '' ? at : number(text);
}

function checkRange(text: string, { min, max, names }: Field): void {
  const [range = '', stepText, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreBounds] = range.split('-');
  let [start, end] = [min, max];
  if (low !== '*' && low !== '?') {
    start = numberOrName(low, names);
    end = high === undefined ? start : numberOrName(high, names);
    if (moreBounds.length > 0) fail(`too many hyphens: ${text}`);
  }
  let step = 1;
  if (moreSteps.length > 0) fail(`too many slashes: ${text}`);
  if (stepText !== undefined) {
    step = number(stepText);
    if (high === undefined) end = max;
  }
  if (start < min) fail(`beginning of range (${start}) below minimum (${min}): ${text}`);
  if (end > max) fail(`end of range (${end}) above maximum (${max}): ${text}`);
  if (start > end) fail(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) fail(`step of range should be a positive number: ${text}`);
}

function checkDescriptor(text: string): void {
  if (descriptors.includes(text)) return;
  if (!text.startsWith('@every ')) fail(`unrecognized descriptor: ${text}`);
  const duration = text.slice('@every '.length);
  if (/^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(duration)) return;
  const quoted = JSON.stringify(duration);
  fail(`failed to parse duration ${text}: ${/^[-+]?\d+$/.test(duration) ? 'time: missing unit in duration' : 'time: invalid duration'} ${quoted}`);
}

function check(schedule: string): void {
  let text = schedule;
  if (text === '') fail('empty spec string');
  if (text.startsWith('TZ=') || text.startsWith('CRON_TZ=')) {
    const space = text.indexOf(' ');
    const from = text.indexOf('=') + 1;
    if (space < 0) fail(`invalid schedule format: runtime error: slice bounds out of range [:-1]`);
    const zone = text.slice(from, space);
    if (!isTimeZone(zone)) fail(`provided bad location ${zone}: unknown time zone ${zone}`);
    text = text.slice(space).trim();
  }
  if (text.startsWith('@')) return checkDescriptor(text);
  const parts = text.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== fields.length) fail(`expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(' ')}]`);
  for (const [i, field] of fields.entries()) {
    for (const range of (parts[i] ?? '').split(',')) if (range !== '') checkRange(range, field);
  }
}

/** What is wrong with a schedule; undefined when it is a good one. */
export function cronError(schedule: string): string | undefined {
  try {
    check(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof CronError) return error.message;
    throw error;
  }
}

/** A zone of the tz database; the empty name and UTC are always there. */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'UTC' || name === 'Local') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !/^[-+]/.test(name);
  } catch {
    return false;
  }
}
