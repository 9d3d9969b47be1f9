// Timestamps: RFC 3339 text, calendar fields in a time zone, and the range of years 1 to 9999. Texts and limits
// follow Go's time package, which upstream reads and prints them with.
import { CelDuration, CelError, CelTimestamp, type CelResult } from './values.ts';

const minSeconds = -62135596800;
const maxSeconds = 253402300799;
const billion = 1_000_000_000n;
const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

export const timestampOverflow = 'timestamp overflow';

/** A timestamp in range, or the overflow error. */
export function timestampAt(seconds: number, nanos: number, zone = 0): CelResult {
  return seconds < minSeconds || seconds > maxSeconds ? new CelError(timestampOverflow) : new CelTimestamp(seconds, nanos, zone);
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Reads RFC 3339; undefined when the text is not a time at all. */
export function parseTimestamp(text: string): CelResult | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return undefined;
  const zoneHours = Number(match[9] ?? 0);
  const zoneMinutes = Number(match[10] ?? 0);
  if (zoneHours > 24 || zoneMinutes > 60) return undefined;
  const zone = (match[8] === '-' ? -1 : 1) * (zoneHours * 3600 + zoneMinutes * 60);
  const nanos = Number((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return timestampAt(date.getTime() / 1000 + hour * 3600 + minute * 60 + second - zone, nanos, zone);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function fraction(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
}

/** RFC 3339 with as many fractional digits as there are, in the zone the timestamp was written with. */
export function timestampText(value: CelTimestamp, zone = value.zone): string {
  const date = new Date((value.seconds + zone) * 1000);
  const minutes = Math.trunc(Math.abs(zone) / 60);
  const suffix = zone === 0 ? 'Z' : `${zone < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const day = `${String(date.getUTCFullYear()).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  return `${day}T${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}${fraction(value.nanos)}${suffix}`;
}

/** Milliseconds of the whole second, for Date arithmetic. */
export function addDuration(value: CelTimestamp, nanos: bigint): CelResult {
  if (nanos < minInt64 || nanos > maxInt64) return new CelError('integer overflow');
  const total = BigInt(value.nanos) + nanos;
  let carry = total / billion;
  let rest = total % billion;
  if (rest < 0n) {
    rest += billion;
    carry -= 1n;
  }
  return timestampAt(value.seconds + Number(carry), Number(rest), value.zone);
}

export function betweenTimestamps(later: CelTimestamp, earlier: CelTimestamp): CelResult {
  const nanos = (BigInt(later.seconds) - BigInt(earlier.seconds)) * billion + BigInt(later.nanos - earlier.nanos);
  return nanos < minInt64 || nanos > maxInt64 ? new CelError('integer overflow') : new CelDuration(nanos);
}

const formats = new Map<string, Intl.DateTimeFormat | undefined>();
const maxZones = 600;

function zoneFormat(name: string): Intl.DateTimeFormat | undefined {
  if (formats.has(name)) return formats.get(name);
  let format: Intl.DateTimeFormat | undefined;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name, era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23',
    });
  } catch {
    format = undefined;
  }
  if (formats.size >= maxZones) formats.clear();
  formats.set(name, format);
  return format;
}

function namedOffset(format: Intl.DateTimeFormat, seconds: number): number {
  const parts = new Map(format.formatToParts(seconds * 1000).map((part) => [part.type, part.value]));
  const field = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name) ?? 0);
  const date = new Date(0);
  const year = parts.get('era') === 'BC' ? 1 - field('year') : field('year');
  date.setUTCFullYear(year, field('month') - 1, field('day'));
  date.setUTCHours(field('hour'), field('minute'), field('second'));
  return date.getTime() / 1000 - seconds;
}

function goAtoi(text: string): number | CelError {
  return /^[+-]?\d+$/.test(text) ? Number(text) : new CelError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Seconds east of UTC of a zone (IANA name, or hours and minutes with a colon) at a moment. */
function zoneOffset(zone: string, seconds: number): number | CelError {
  if (zone === '' || zone === 'UTC' || zone === 'Local') return 0;
  const colon = zone.indexOf(':');
  if (colon < 0) {
    const format = /^[A-Za-z]/.test(zone) ? zoneFormat(zone) : undefined;
    return format === undefined ? new CelError(`unknown time zone ${zone}`) : namedOffset(format, seconds);
  }
  const hours = goAtoi(zone.slice(0, colon));
  if (hours instanceof CelError) return hours;
  const minutes = goAtoi(zone.slice(colon + 1));
  if (minutes instanceof CelError) return minutes;
  return 60 * (zone.startsWith('-') ? hours * 60 - minutes : hours * 60 + minutes);
}

export type CalendarField = (local: Date, nanos: number) => number;

const dayMilliseconds = 86_400_000;

/** What the getters of the language read, each from the local time. */
export const calendarFields: Readonly<Record<string, CalendarField>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDayOfYear: (local) => {
    const newYear = new Date(0);
    newYear.setUTCFullYear(local.getUTCFullYear(), 0, 1);
    return Math.floor((local.getTime() - newYear.getTime()) / dayMilliseconds);
  },
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDate: (local) => local.getUTCDate(),
  getDayOfWeek: (local) => local.getUTCDay(),
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
  getMilliseconds: (_local, nanos) => Math.trunc(nanos / 1_000_000),
};

export function calendarField(value: CelTimestamp, field: CalendarField, zone: string): CelResult {
  const offset = zoneOffset(zone, value.seconds);
  if (typeof offset !== 'number') return offset;
  return BigInt(field(new Date((value.seconds + offset) * 1000), value.nanos));
}
