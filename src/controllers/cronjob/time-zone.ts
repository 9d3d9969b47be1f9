// Wall clocks of the world, by the time zone data that the runtime carries. Nothing here depends on the zone of this
// machine: without a name it is UTC.

export interface TimeZone {
  /** What to add to UTC for the wall clock of this moment, in milliseconds. */
  offsetMs(epochMs: number): number;
}

export const utc: TimeZone = { offsetMs: () => 0 };

/** The zone of a name such as "Europe/Berlin"; undefined when there is none. Names are case-sensitive. */
export function timeZone(name: string): TimeZone | undefined {
  if (name === '' || name === 'UTC') return utc;
  // Intl also takes "+01:00" and any case; the zone database does not.
  if (!/^[A-Za-z]/.test(name)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
  } catch {
    return undefined;
  }
  const resolved = format.resolvedOptions().timeZone;
  if (resolved !== name && resolved.toLowerCase() === name.toLowerCase()) return undefined;
  return {
    offsetMs(epochMs) {
      const seconds = Math.floor(epochMs / 1000) * 1000;
      const parts = new Map(format.formatToParts(seconds).map((part) => [part.type, part.value]));
      const field = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
      const year = parts.get('era') === 'BC' ? 1 - field('year') : field('year');
      return Date.UTC(year, field('month') - 1, field('day'), field('hour'), field('minute'), field('second')) - seconds;
    },
  };
}

/** RFC 3339 by the zone's wall clock: "2026-01-01T13:00:00+01:00", with Z where the offset is zero. */
export function rfc3339In(zone: TimeZone, epochMs: number): string {
  const offset = zone.offsetMs(epochMs);
  const wall = new Date(epochMs + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${wall}Z`;
  const minutes = Math.floor(Math.abs(offset) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${wall}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
