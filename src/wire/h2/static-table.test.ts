// The static table against RFC 7541's Appendix A, by some of its rows.
import { expect, test } from 'vitest';
import { staticBytes, staticCount, staticIndexOf, staticNames, staticValues } from './static-table.ts';

test('names, values and sizes by index', () => {
  const row = (index: number): unknown[] => [staticNames[index], staticValues[index], staticBytes[index]];
  expect([1, 2, 7, 8, 14, 15, 16, 28, 31, 58, 61].map(row)).toEqual([
    [':authority', '', 42],
    [':method', 'GET', 42],
    [':scheme', 'https', 44],
    [':status', '200', 42],
    [':status', '500', 42],
    ['accept-charset', '', 46],
    ['accept-encoding', 'gzip, deflate', 60],
    ['content-length', '', 46],
    ['content-type', '', 44],
    ['user-agent', '', 42],
    ['www-authenticate', '', 48],
  ]);
  expect([staticCount, staticNames.length, staticValues.length]).toEqual([61, 62, 62]);
});

test('a name has its first index', () => {
  expect([':method', ':status', 'content-type', 'www-authenticate', 'audit-id', ''].map(staticIndexOf)).toEqual([2, 8, 31, 61, 0, 0]);
});
