// Bound volumes stay; others may go.
import { expect, test } from 'vitest';
import { finalizer, reconcile } from './reconcile.ts';

test.each<[string, string[], boolean, string, string[] | undefined]>([
  ['living and unprotected', ['x'], false, 'Available', ['x', finalizer]],
  ['living and protected', [finalizer], false, 'Bound', undefined],
  ['dying and bound', [finalizer], true, 'Bound', undefined],
  ['dying and released', ['x', finalizer], true, 'Released', ['x']],
  ['dying and held by others', ['x'], true, 'Available', undefined],
])('%s', (_, finalizers, dying, phase, wanted) => {
  const volume = { metadata: { name: 'v', finalizers, ...(dying ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) }, status: { phase } };
  expect(reconcile(volume)?.metadata?.finalizers).toEqual(wanted);
});
