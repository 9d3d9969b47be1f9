// The syntax of cron schedules with robfig/cron's complaints (ParseStandard).
import { CronError, daysOfMonth, daysOfWeek, hours, minutes, months, parseField } from '../../cron-fields.ts';

const fields = [minutes, hours, daysOfMonth, months, daysOfWeek];
const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

function fail(message: string): never {
  throw new CronError(message);
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
  for (const [i, bounds] of fields.entries()) parseField(parts[i] ?? '', bounds);
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
