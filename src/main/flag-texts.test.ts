// How flags are told, by their types.
import { expect, test } from 'vitest';
import { parseFlags, type FlagTable } from './flag-parse.ts';
import { flagTexts, keyValues } from './flag-texts.ts';

const table = {
  ttl: { type: 'duration', default: 120_000, help: '' },
  short: { type: 'duration', default: 0, help: '' },
  modes: { type: 'list', default: [], help: '' },
  'runtime-config': { type: 'list', default: [], help: '' },
  'feature-gates': { type: 'gates', default: [], help: '' },
  port: { type: 'int', default: 6443, help: '' },
} as const satisfies FlagTable;

test('flags are told as Go prints them', () => {
  const values = parseFlags(table, ['--short=1h0m5s', '--modes=Node,RBAC', '--runtime-config=b=2,a=1', '--feature-gates=X=true']);
  expect(flagTexts(table, values)).toEqual({ ttl: '2m0s', short: '1h0m5s', modes: '[Node,RBAC]', 'runtime-config': '[b=2,a=1]', 'feature-gates': 'X=true', port: '6443' });
});

test('pairs of a list', () => {
  expect(keyValues(['api/all=true', 'batch/v1', 'x=a=b'])).toEqual({ 'api/all': 'true', 'batch/v1': '', x: 'a=b' });
});
