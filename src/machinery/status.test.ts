// API errors: codes, reasons and texts.
import { expect, test } from 'vitest';
import { child, index, invalidValue, required, notSupported } from './field-errors.ts';
import { conflict, forbidden, invalid, isConflict, isNotFound, notFound, toStatusError } from './status.ts';

test('texts and codes are upstream\'s', () => {
  expect(notFound({ group: 'apps', resource: 'deployments' }, 'web').status).toEqual({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'deployments.apps "web" not found', reason: 'NotFound',
    details: { name: 'web', group: 'apps', kind: 'deployments' }, code: 404,
  });
  expect(forbidden({ group: '', resource: 'pods' }, 'a', 'no').message).toBe('pods "a" is forbidden: no');
  expect(isConflict(conflict({ group: '', resource: 'pods' }, 'a', 'modified'))).toBe(true);
  expect(isNotFound(new Error('x'))).toBe(false);
  expect(toStatusError(new Error('boom')).code).toBe(500);
});

test('invalid objects list every error', () => {
  const containers = child('spec', 'containers');
  const error = invalid({ group: '', kind: 'Pod' }, 'a', [required(child(index(containers, 0), 'name'), ''), notSupported('spec.x', 'a"b', ['A', 'B']), invalidValue('spec.n', -1, 'must be ≥ 0')]);
  expect(error.code).toBe(422);
  expect(error.message).toBe('Pod "a" is invalid: [spec.containers[0].name: Required value, spec.x: Unsupported value: "a\\"b": supported values: "A", "B", spec.n: Invalid value: -1: must be ≥ 0]');
  expect(error.status.details?.causes?.[0]).toEqual({ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers[0].name' });
});

test('a refusal is no larger than a request, however many errors there are and however much each lists', () => {
  const allowed = Array.from({ length: 2_000 }, (_, i) => `name-${i}`);
  const { detail } = notSupported('', '', allowed);
  const errors = Array.from({ length: 5_000 }, (_, i) => ({ type: 'NotSupported' as const, field: index('spec.list', i), badValue: `x${i}`, detail }));
  const { status } = invalid({ group: '', kind: 'Pod' }, 'a', errors);
  expect(status.details?.causes?.length).toBeGreaterThan(10);
  expect(JSON.stringify(status).length).toBeLessThan(4 * 2 ** 20);
});
