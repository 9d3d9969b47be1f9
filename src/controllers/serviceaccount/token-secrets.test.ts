// Token Secrets: what fills them, what deletes them, and that the token speaks for its account.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Secret, ServiceAccount } from '#api/core/v1.ts';
import { generateKey, parseJwt } from '#wire';
import { reconcileSecret, type TokenSigner } from './token-secrets.ts';

const privateKey = createPrivateKey(generateKey());
const signer: TokenSigner = { privateKey, publicKey: createPublicKey(privateKey), rootCa: 'CA' };
const account: ServiceAccount = { metadata: { name: 'sa', namespace: 'x', uid: 'u' } };
const secret = (annotations: Record<string, string>, data: Record<string, string> = {}): Secret => ({ type: 'kubernetes.io/service-account-token', metadata: { name: 's', namespace: 'x', annotations }, data });
const named = { 'kubernetes.io/service-account.name': 'sa' };

test('a new one gets token, CA, namespace and its account\'s UID, and then rests', () => {
  const action = reconcileSecret(secret(named), account, signer);
  if (typeof action !== 'object') throw new Error(action);
  const { data = {}, metadata } = action.fill;
  expect([Buffer.from(data['ca.crt'] ?? '', 'base64').toString(), Buffer.from(data.namespace ?? '', 'base64').toString(), metadata?.annotations?.['kubernetes.io/service-account.uid']]).toEqual(['CA', 'x', 'u']);
  expect(parseJwt(Buffer.from(data.token ?? '', 'base64').toString())?.claims).toEqual({
    iss: 'kubernetes/serviceaccount', 'kubernetes.io/serviceaccount/namespace': 'x', 'kubernetes.io/serviceaccount/secret.name': 's', 'kubernetes.io/serviceaccount/service-account.name': 'sa',
    'kubernetes.io/serviceaccount/service-account.uid': 'u', sub: 'system:serviceaccount:x:sa',
  });
  expect(reconcileSecret(action.fill, account, signer)).toBe('keep');
});

test('a token stays when the CA changes', () => {
  const action = reconcileSecret(secret({ ...named, 'kubernetes.io/service-account.uid': 'u' }, { token: 'dA==', 'ca.crt': 'b2xk', namespace: 'eA==' }), account, signer);
  expect(typeof action === 'object' ? action.fill.data : action).toEqual({ token: 'dA==', 'ca.crt': 'Q0E=', namespace: 'eA==' });
});

test('it goes with its account, or when that is another of the name; other Secrets are nobody\'s business', () => {
  expect(reconcileSecret(secret(named), undefined, signer)).toBe('delete');
  expect(reconcileSecret(secret({ ...named, 'kubernetes.io/service-account.uid': 'old' }), account, signer)).toBe('delete');
  expect(reconcileSecret({ ...secret(named), type: 'Opaque' }, undefined, signer)).toBe('keep');
  expect(reconcileSecret(secret({}), undefined, signer)).toBe('keep');
});
