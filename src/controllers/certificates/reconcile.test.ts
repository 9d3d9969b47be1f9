// Certificate requests: what is approved, signed, refused, and cleared away.
import { describe, expect, test } from 'vitest';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#api/certificates/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { seededRandom } from '#base/random.ts';
import { createCa, createCsr, generateKey, parseCertificate, signCsr } from '#wire';
import { approvable, failure, isOutdated, isToSign, termsFor } from './reconcile.ts';
import { apiServerClient, kubeletClient, kubeletServing, pemOf, requestOf } from './requests.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const hour = 3_600_000;
const key = generateKey();
const node = { commonName: 'system:node:n1', organizations: ['system:nodes'] };
const clientUsages = ['digital signature', 'client auth'];
const servingUsages = ['digital signature', 'key encipherment', 'server auth'];

function csr(signerName: string, usages: string[], subject: Parameters<typeof createCsr>[1] = node, more: Partial<CertificateSigningRequest['spec']> = {}, conditions: CertificateSigningRequestCondition[] = []): CertificateSigningRequest {
  return { metadata: { name: 'r', creationTimestamp: rfc3339(now) }, spec: { signerName, usages, request: Buffer.from(createCsr(key, subject)).toString('base64'), ...more }, status: { conditions } };
}

test.each<[string, CertificateSigningRequest, string[]]>([
  ['a node’s own', csr(kubeletClient, clientUsages, node, { username: 'system:node:n1' }), ['selfnodeclient', 'nodeclient']],
  ['a new node’s', csr(kubeletClient, clientUsages, node, { username: 'system:bootstrap:abcdef' }), ['nodeclient']],
  ['one for serving', csr(kubeletServing, servingUsages, { ...node, dnsNames: ['n1'] }), []],
  ['one with names', csr(kubeletClient, clientUsages, { ...node, dnsNames: ['n1'] }), []],
  ['one of somebody else', csr(kubeletClient, clientUsages, { commonName: 'admin', organizations: ['system:masters'] }), []],
])('%s may be approved or not', (_, subject, wanted) => expect(approvable(subject, requestOf(subject)).map((claim) => claim.subresource)).toEqual(wanted));

test.each<[string, CertificateSigningRequest, string | undefined]>([
  ['a serving request', csr(kubeletServing, servingUsages, { ...node, ipAddresses: ['10.0.0.1'] }), undefined],
  ['without a name', csr(kubeletServing, servingUsages), 'DNS or IP subjectAltName is required'],
  ['for a client instead', csr(kubeletServing, clientUsages, { ...node, dnsNames: ['n1'] }), 'usages did not match [digital signature key encipherment server auth]'],
  ['of no node', csr(kubeletClient, clientUsages, { commonName: 'x', organizations: ['system:nodes'] }), 'subject common name does not begin with system:node:'],
  ['a client request', csr(apiServerClient, ['client auth'], { commonName: 'jane', organizations: [] }), undefined],
  ['a client request for serving', csr(apiServerClient, ['server auth'], { commonName: 'jane', organizations: [] }), 'invalid usage for client certificate: server auth'],
])('%s is refused or not', (_, subject, message) => expect(failure(subject, requestOf(subject), now)?.message).toBe(message));

test('only approved, undecided requests of known signers are signed', () => {
  const approved: CertificateSigningRequestCondition = { type: 'Approved', status: 'True' };
  expect(isToSign(csr(kubeletClient, clientUsages))).toBe(false);
  expect(isToSign(csr(kubeletClient, clientUsages, node, {}, [approved]))).toBe(true);
  expect(isToSign(csr(kubeletClient, clientUsages, node, {}, [approved, { type: 'Failed', status: 'True' }]))).toBe(false);
  expect(isToSign(csr('example.com/signer', clientUsages, node, {}, [approved]))).toBe(false);
});

describe('a certificate', () => {
  test.each<[string, number | undefined, number, number]>([
    ['as long as allowed', undefined, 24 * hour, 24 * hour - 300_000],
    ['as long as asked', 3600, 24 * hour, hour],
    ['not longer than allowed', 999_999, 24 * hour, 24 * hour - 300_000],
    ['ten minutes at least', 1, 24 * hour, 600_000],
    ['not longer than its CA', undefined, 9999 * hour, 100 * hour],
  ])('is good %s', (_, expirationSeconds, longest, good) => {
    const terms = termsFor(csr(kubeletClient, clientUsages, node, { expirationSeconds }), now + 100 * hour, longest, now);
    expect([terms.notBeforeMs, terms.notAfterMs]).toEqual([now - 300_000, now + good]);
  });

  test('carries the subject of its request', () => {
    const random = seededRandom(3);
    const ca = createCa(random, { commonName: 'ca', notBeforeMs: now - hour, notAfterMs: now + 1000 * hour });
    const subject = csr(kubeletClient, clientUsages);
    const certificate = parseCertificate(signCsr(random, ca, pemOf(subject), termsFor(subject, now + 1000 * hour, hour, now)));
    expect(certificate).toMatchObject({ ...node, isCa: false, extendedKeyUsages: ['1.3.6.1.5.5.7.3.2'] });
  });

  test('is refused by a CA that is over and for usages that nobody knows', () => {
    expect(() => termsFor(csr(kubeletClient, clientUsages), now - 1, hour, now)).toThrow('refusing to sign a certificate that expired in the past');
    expect(() => termsFor(csr(kubeletClient, ['fishing']), now + hour, hour, now)).toThrow('unrecognized usage values: ["fishing"]');
  });
});

test.each<[string, CertificateSigningRequest, number, boolean]>([
  ['pending for a day', csr(kubeletClient, clientUsages), 25, true],
  ['pending for an hour', csr(kubeletClient, clientUsages), 2, false],
  ['denied for an hour', csr(kubeletClient, clientUsages, node, {}, [{ type: 'Denied', status: 'True', lastUpdateTime: rfc3339(now) }]), 2, true],
  ['failed for an hour', csr(kubeletClient, clientUsages, node, {}, [{ type: 'Failed', status: 'True', lastUpdateTime: rfc3339(now) }]), 2, true],
  ['approved and not issued for hours', csr(kubeletClient, clientUsages, node, {}, [{ type: 'Approved', status: 'True', lastUpdateTime: rfc3339(now) }]), 2, false],
  ['approved and not issued for a day', csr(kubeletClient, clientUsages, node, {}, [{ type: 'Approved', status: 'True', lastUpdateTime: rfc3339(now) }]), 25, true],
])('%s is cleared away or not', (_, subject, hours, outdated) => expect(isOutdated(subject, now + hours * hour)).toBe(outdated));
