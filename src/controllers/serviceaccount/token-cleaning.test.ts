// Which tokens are marked, deleted, or left alone.
import { expect, test } from 'vitest';
import type { ConfigMap, Secret, ServiceAccount } from '#api/core/v1.ts';
import { startCluster } from '#testing';
import { cleaningOf, secretNames, trackedLongEnough } from './token-cleaning.ts';

const year = 365 * 86_400_000;
const now = Date.parse('2026-06-01T00:00:00Z');
const account: ServiceAccount = { metadata: { name: 'a', uid: 'u' }, secrets: [{ name: 's' }] };
const secret = (labels: Record<string, string> = {}, created = '2024-01-01T00:00:00Z', more: Partial<Secret> = {}): Secret => ({
  type: 'kubernetes.io/service-account-token', metadata: { name: 's', namespace: 'n', creationTimestamp: created, labels, annotations: { 'kubernetes.io/service-account.name': 'a', 'kubernetes.io/service-account.uid': 'u' } }, ...more,
});
const used = 'kubernetes.io/legacy-token-last-used';
const invalid = 'kubernetes.io/legacy-token-invalid-since';

test.each<[string, Secret, ServiceAccount | undefined, boolean, string]>([
  ['never used', secret(), account, false, 'mark'],
  ['used long ago', secret({ [used]: '2025-05-01' }), account, false, 'mark'],
  ['used within the year', secret({ [used]: '2025-06-01' }), account, false, 'keep'],
  ['with a use that is no day', secret({ [used]: 'yesterday' }), account, false, 'keep'],
  ['young', secret({}, '2026-01-01T00:00:00Z'), account, false, 'keep'],
  ['mounted', secret(), account, true, 'keep'],
  ['made by hand', secret(), { ...account, secrets: [] }, false, 'keep'],
  ['of an account that is gone', secret(), undefined, false, 'keep'],
  ['of an account of that name', secret(), { ...account, metadata: { name: 'a', uid: 'other' } }, false, 'keep'],
  ['of another type', secret({}, '2024-01-01T00:00:00Z', { type: 'Opaque' }), account, false, 'keep'],
  ['marked lately', secret({ [invalid]: '2026-01-01' }), account, false, 'keep'],
  ['marked badly', secret({ [invalid]: 'x' }), account, false, 'mark'],
  ['marked a year ago', secret({ [invalid]: '2025-05-30' }), account, false, 'delete'],
])('a token %s', (_, subject, of, mounted, wanted) => expect(cleaningOf(subject, of, () => mounted, year, now)).toBe(wanted));

test('nothing happens before uses have been noted for the period and a day', () => {
  expect(trackedLongEnough('2025-06-01', year, now)).toBe(false);
  expect(trackedLongEnough('2025-05-31', year, now)).toBe(true);
  expect(() => trackedLongEnough(undefined, year, now)).toThrow('since');
});

test('every way in which a pod refers to a Secret', () => {
  const names = secretNames({ spec: { imagePullSecrets: [{ name: 'pull' }], volumes: [{ name: 'v', secret: { secretName: 'volume' } }, { name: 'p', projected: { sources: [{ secret: { name: 'projected' } }] } }], containers: [{ name: 'c', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }], envFrom: [{ secretRef: { name: 'from' } }] }] } });
  expect([...names].sort()).toEqual(['env', 'from', 'projected', 'pull', 'volume']);
});

test('the API server says since when uses are noted', async () => {
  await using cluster = await startCluster({ nodes: 0, scheduler: false, controllers: [], startMs: now });
  const map = await cluster.client.resource<ConfigMap>('configmaps').in('kube-system').get('kube-apiserver-legacy-service-account-token-tracking');
  expect(map.data).toEqual({ since: '2026-06-01' });
});
