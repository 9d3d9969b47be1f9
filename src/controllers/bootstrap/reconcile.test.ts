// Bootstrap tokens: who signs, what a signature is, when a token is over.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Secret } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { detachedSignature, expiresInMs, signed, signingToken, tokenType } from './reconcile.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
function token(id: string, more: Record<string, string> = {}, name = `bootstrap-token-${id}`, type = tokenType): Secret {
  const data = { 'token-id': id, 'token-secret': 'wlaqbf5yhkxnk3wa', 'usage-bootstrap-signing': 'true', ...more };
  return { metadata: { name, namespace: 'kube-system' }, type, data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) };
}

test.each<[string, Secret, boolean]>([
  ['a good one', token('abcdef'), true],
  ['one that is not yet expired', token('abcdef', { expiration: rfc3339(now + 1000) }), true],
  ['one that is expired', token('abcdef', { expiration: rfc3339(now) }), false],
  ['one whose expiry is nonsense', token('abcdef', { expiration: 'soon' }), false],
  ['one that is not for signing', token('abcdef', { 'usage-bootstrap-signing': 'false' }), false],
  ['one of another name', token('abcdef', {}, 'bootstrap-token-fedcba'), false],
  ['one without a secret', token('abcdef', { 'token-secret': '' }), false],
  ['another kind of secret', token('abcdef', {}, undefined, 'Opaque'), false],
])('%s signs or not', (_, secret, signs) => expect(signingToken(secret, now) !== undefined).toBe(signs));

test('a signature is a JWS without its content', () => {
  const [header = '', content, signature] = detachedSignature('hello', { id: 'abcdef', secret: 's' }).split('.');
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' });
  expect([content, signature]).toEqual(['', createHmac('sha256', 's').update(`${header}.aGVsbG8`).digest('base64url')]);
});

test('signatures come and go with their tokens', () => {
  const info = { metadata: { name: 'cluster-info' }, data: { kubeconfig: 'x', other: 'y' } };
  const one = signed(info, [token('aaaaaa'), token('bbbbbb')], now);
  expect(Object.keys(one?.data ?? {})).toEqual(['kubeconfig', 'other', 'jws-kubeconfig-aaaaaa', 'jws-kubeconfig-bbbbbb']);
  expect(signed(one ?? {}, [token('bbbbbb'), token('aaaaaa')], now)).toBeUndefined();
  expect(Object.keys(signed(one ?? {}, [token('bbbbbb')], now)?.data ?? {})).toEqual(['kubeconfig', 'other', 'jws-kubeconfig-bbbbbb']);
  expect(signed({ ...one, data: { ...one?.data, kubeconfig: 'changed' } }, [token('aaaaaa'), token('bbbbbb')], now)?.data?.['jws-kubeconfig-aaaaaa']).not.toBe(one?.data?.['jws-kubeconfig-aaaaaa']);
  expect(signed({ data: {} }, [token('aaaaaa')], now)).toBeUndefined();
});

test('expiry', () => {
  expect([expiresInMs(token('a'), now), expiresInMs(token('a', { expiration: rfc3339(now + 5000) }), now), expiresInMs(token('a', { expiration: rfc3339(now - 5000) }), now)]).toEqual([undefined, 5000, 0]);
});
