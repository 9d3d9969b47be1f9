// Cron expressions: when they fire next, in which zone, and how bad ones are refused.
import { describe, expect, test } from 'vitest';
import { parseSchedule } from './schedule.ts';
import { rfc3339In, timeZone, utc } from './time-zone.ts';

const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : `${new Date(at).toISOString().slice(0, 19)}Z`);

test.each([
  ['2012-07-09T14:45:00Z', '0/15 * * * *', '2012-07-09T15:00:00Z'],
  ['2012-07-09T14:59:59Z', '0/15 * * * *', '2012-07-09T15:00:00Z'],
  ['2012-07-09T15:45:00Z', '20-35/15 * * * *', '2012-07-09T16:20:00Z'],
  ['2012-07-09T23:46:00Z', '*/15 * * * *', '2012-07-10T00:00:00Z'],
  ['2012-07-09T23:35:51Z', '20-35/15 1/2 */2 * *', '2012-07-11T01:20:00Z'],
  ['2012-07-09T23:35:00Z', '0 0 9 Apr-Oct ?', '2012-08-09T00:00:00Z'],
  ['2012-07-09T23:35:00Z', '0 0 */5 Apr,Aug,Oct Mon', '2012-08-01T00:00:00Z'],
  ['2012-07-09T23:35:00Z', '0 0 */5 Oct Mon', '2012-10-01T00:00:00Z'],
  ['2012-07-09T23:35:00Z', '0 0 * Feb Mon', '2013-02-04T00:00:00Z'],
  ['2012-07-09T23:35:00Z', '0 0 * Feb Mon/2', '2013-02-01T00:00:00Z'],
  ['2012-12-31T23:59:45Z', '0 0 1 1 *', '2013-01-01T00:00:00Z'],
  ['2012-07-09T23:35:00Z', '0 0 29 Feb ?', '2016-02-29T00:00:00Z'],
  ['2012-07-09T23:35:00Z', '0 0 30 Feb ?', undefined],
  ['2012-07-09T23:35:00Z', '0 0 31 Apr ?', undefined],
  ['2026-01-01T10:00:30Z', '* * * * *', '2026-01-01T10:01:00Z'],
  ['2026-01-01T10:00:00Z', '@hourly', '2026-01-01T11:00:00Z'],
  ['2026-01-01T10:00:00Z', '@daily', '2026-01-02T00:00:00Z'],
  ['2026-01-01T10:00:00Z', '@weekly', '2026-01-04T00:00:00Z'],
  ['2026-01-01T10:00:00Z', '@every 1h30m', '2026-01-01T11:30:00Z'],
  ['2026-01-01T10:00:00Z', '@every 1ms', '2026-01-01T10:00:01Z'],
])('after %s, %s comes at %s', (from, text, wanted) => {
  expect(iso(parseSchedule(text).next(Date.parse(from)))).toBe(wanted);
});

describe('in a zone', () => {
  test.each([
    ['plain', 'Asia/Tokyo', '0 9 * * *', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['half an hour off', 'Asia/Kolkata', '30 5 * * *', '2026-01-01T00:00:01Z', '2026-01-02T00:00:00Z'],
    ['an hour that is skipped comes not that day', 'America/New_York', '30 2 * * *', '2012-03-11T05:00:00Z', '2012-03-12T06:30:00Z'],
    ['every hour over the gap', 'America/New_York', '0 * * * *', '2012-03-11T06:00:00Z', '2012-03-11T07:00:00Z'],
    ['an hour that repeats comes twice', 'America/New_York', '0 1 * * *', '2012-11-04T05:00:00Z', '2012-11-04T06:00:00Z'],
    ['a day without midnight', 'America/Sao_Paulo', '0 12 4 11 *', '2018-11-03T00:00:00Z', '2018-11-04T14:00:00Z'],
    ['a day without midnight, to the east', 'Asia/Beirut', '0 12 28 3 *', '2021-03-20T00:00:00Z', '2021-03-28T09:00:00Z'],
  ])('%s', (_, zone, text, from, wanted) => {
    expect(iso(parseSchedule(text, timeZone(zone)).next(Date.parse(from)))).toBe(wanted);
    expect(iso(parseSchedule(`TZ=${zone} ${text}`).next(Date.parse(from)))).toBe(wanted);
  });

  test.each(['Europe/Nowhere', 'europe/berlin', '+01:00', 'A/../B'])('%s is no zone', (name) => expect(timeZone(name)).toBeUndefined());

  test('times are written by its wall clock', () => {
    const at = Date.parse('2026-01-01T12:00:00Z');
    expect(rfc3339In(utc, at)).toBe('2026-01-01T12:00:00Z');
    expect(rfc3339In(timeZone('Asia/Kolkata') ?? utc, at)).toBe('2026-01-01T17:30:00+05:30');
    expect(rfc3339In(timeZone('America/New_York') ?? utc, at)).toBe('2026-01-01T07:00:00-05:00');
  });
});

test.each([
  ['', 'empty spec string'],
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['* 5 j * *', 'failed to parse int from j: strconv.Atoi: parsing "j": invalid syntax'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['5-3 * * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ['@unrecognized', 'unrecognized descriptor: @unrecognized'],
  ['@every x', 'failed to parse duration @every x: time: invalid duration "x"'],
])('%s is refused', (text, message) => expect(() => parseSchedule(text)).toThrow(message));
