// Trust bundles and pods' certificate requests: what is refused, in upstream's words.
import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import type { PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import { rfc3339 } from '#base/clock.ts';
import { seededRandom } from '#base/random.ts';
import { createCa, createCsr, issueCertificate, pemBlocks, signCsr } from '#wire';
import { errorText } from '../../field-errors.ts';
import type { KubeObject } from '../../object.ts';
import { validateCreate, validateUpdate } from '../index.ts';
import { podCertificateStatusErrors } from './pod-status.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const hour = 3_600_000;
const random = seededRandom(1);
const ca = createCa(random, { commonName: 'ca', notBeforeMs: now - hour, notAfterMs: now + 9999 * hour });
const other = createCa(random, { commonName: 'other', notBeforeMs: now - hour, notAfterMs: now + 9999 * hour });
const leaf = issueCertificate(random, ca, { commonName: 'leaf', usages: [], notBeforeMs: now, notAfterMs: now + hour });
const meta = { uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '1' };
const texts = (type: string, object: object): string[] => validateCreate(type, object as KubeObject).map(errorText);

const bundleType = 'certificates.v1beta1.ClusterTrustBundle';
const bundle = (trustBundle: string, signerName?: string, name = 'b'): object => ({ metadata: { ...meta, name }, spec: { trustBundle, ...(signerName === undefined ? {} : { signerName }) } });
const withHeader = ca.cert.replace('-----\n', '-----\nA: b\n\n');
const path = 'spec.trustBundle: Invalid value: "<value omitted>":';

test.each<[string, object, string[]]>([
  ['a good one', bundle(`text before\n${ca.cert}between\n${other.cert}`), []],
  ['one of a signer', bundle(ca.cert, 'example.com/s', 'example.com:s:one'), []],
  ['named after another signer', bundle(ca.cert, 'example.com/s', 'one'), ['metadata.name: Invalid value: "one": ClusterTrustBundle for signerName example.com/s must be named with prefix example.com:s:']],
  ['named as if it had a signer', bundle(ca.cert, undefined, 'a:b'), ['metadata.name: Invalid value: "a:b": ClusterTrustBundle without signer name must not have ":" in its name']],
  ['of a bad signer', bundle(ca.cert, 'x', 'x:a'), ["spec.signerName: Invalid value: \"x\": must be a fully qualified domain and path of the form 'example.com/signer-name'"]],
  ['without an anchor', bundle('nothing'), [`${path} at least one trust anchor must be provided`]],
  ['with a twin', bundle(ca.cert + other.cert + ca.cert), [`${path} duplicate trust anchor (indices [0 2])`]],
  ['with a leaf', bundle(ca.cert + leaf.cert), [`${path} entry 1 does not have the CA bit set`]],
  ['with a key', bundle(leaf.key), [`${path} entry 0 has bad block type: PRIVATE KEY`]],
  ['with headers', bundle(withHeader), [`${path} entry 0 has PEM block headers`]],
  ['with rubbish', bundle('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), [`${path} entry 0 does not parse as X.509`]],
  ['cut short', bundle(`${ca.cert.slice(0, 100)}\n${other.cert}`), []],
  ['too long', bundle('x'.repeat(1024 * 1024 + 1)), ['spec.trustBundle: Too long: may not be more than 1048576 bytes']],
])('a trust bundle %s', (_, object, errors) => expect(texts(bundleType, object)).toEqual(errors));

test('a stored bundle is not read again, and keeps its signer', () => {
  const [old, next] = [bundle('nothing'), bundle('nothing', 'example.com/s', 'example.com:s:b')] as KubeObject[];
  expect(validateUpdate(bundleType, old ?? {}, old ?? {}).map(errorText)).toEqual([]);
  expect(validateUpdate(bundleType, next ?? {}, { ...next, spec: { trustBundle: 'nothing', signerName: 'example.com/t' } }).map(errorText)).toEqual(['spec.signerName: Invalid value: "example.com/s": field is immutable']);
});

const requestType = 'certificates.v1beta1.PodCertificateRequest';
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const stubOf = (key: KeyObject): Buffer => pemBlocks(createCsr(pem(key), { commonName: '', organizations: [] }))[0]?.der ?? Buffer.alloc(0);
const ed = generateKeyPairSync('ed25519').privateKey;
const curve = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const [p256, p224, rsa2048, rsa3072] = [curve('P-256'), curve('secp224r1'), rsa(2048), rsa(3072)];
const spec = { signerName: 'example.com/s', podName: 'p', podUID: 'pu', serviceAccountName: 'sa', serviceAccountUID: 'su', nodeName: 'n', nodeUID: 'nu', maxExpirationSeconds: 86_400 };
const request = (more: object): PodCertificateRequest & KubeObject => ({ metadata: { ...meta, name: 'r', namespace: 'default' }, spec: { ...spec, ...more } }) as PodCertificateRequest & KubeObject;
const proven = (key: KeyObject, uid = 'pu'): object => {
  const message = Buffer.from(uid);
  const proof = key.asymmetricKeyType === 'rsa' ? sign('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }) : sign(key.asymmetricKeyType === 'ec' ? 'sha256' : null, message, key);
  return { pkixPublicKey: base64(createPublicKey(pem(key)).export({ type: 'spki', format: 'der' })), proofOfPossession: base64(proof) };
};
const stub = { stubPKCS10Request: base64(stubOf(p256)) };
const bad = stubOf(p256);
bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
const unknownKey = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' });

test.each<[string, object, string[]]>([
  ['with a request', stub, []],
  ['with a request of Ed25519', { stubPKCS10Request: base64(stubOf(ed)) }, []],
  ['with a request of RSA', { stubPKCS10Request: base64(stubOf(rsa3072)) }, []],
  ['proven by Ed25519', proven(ed), []],
  ['proven by P-384', proven(curve('P-384')), []],
  ['proven by P-521', proven(curve('P-521')), []],
  ['proven by RSA', proven(rsa3072), []],
  ['proven for another pod', proven(ed, 'x'), ['spec.proofOfPossession: Invalid value: could not verify proof-of-possession signature']],
  ['of a weak curve', proven(p224), ['spec.pkixPublicKey: Invalid value: "curve P-224": elliptic public keys must use curve P256 or P384']],
  ['of a small modulus', proven(rsa2048), ['spec.pkixPublicKey: Invalid value: "2048-bit modulus": RSA keys must have modulus size 3072 or 4096']],
  ['of a key that signs nothing', { pkixPublicKey: base64(unknownKey), proofOfPossession: 'AA==' }, [`spec.pkixPublicKey: Invalid value: "${base64(unknownKey)}": unknown public key type; supported types are Ed25519, ECDSA, and RSA`]],
  ['of no key', { pkixPublicKey: 'AAAA', proofOfPossession: 'AA==' }, ['spec.pkixPublicKey: Invalid value: "AAAA": must be a valid PKIX-serialized public key']],
  ['with a request of a weak curve', { stubPKCS10Request: base64(stubOf(p224)) }, ['spec.stubPKCS10Request: Invalid value: "curve P-224": elliptic public keys must use curve P256, P384, or P521']],
  ['with no request', { stubPKCS10Request: 'AAAA' }, ['spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR']],
  ['with a forged request', { stubPKCS10Request: base64(bad) }, ['spec.stubPKCS10Request: Invalid value: invalid signature']],
  ['with both', { ...stub, ...proven(ed) }, ['spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set']],
  ['without a time', { ...stub, maxExpirationSeconds: undefined }, ['spec.maxExpirationSeconds: Required value: must be set']],
  ['too short', { ...stub, maxExpirationSeconds: 60 }, ['spec.maxExpirationSeconds: Invalid value: 60: must be in the range [3600, 7862400]']],
  ['too long for Kubernetes', { ...stub, signerName: 'kubernetes.io/s', maxExpirationSeconds: 86_401 }, ['spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]']],
  ['long', { ...stub, signerName: 'notkubernetes.io/s', maxExpirationSeconds: 7_862_400 }, []],
  ['without UIDs', { ...stub, podUID: '', nodeUID: 'x'.repeat(129) }, ['spec.podUID: Invalid value: "": must not be empty', 'spec.nodeUID: Too long: may not be more than 128 bytes']],
  ['with a plain annotation', { ...stub, unverifiedUserAnnotations: { a: 'b' } }, ['spec.unverifiedUserAnnotations: Invalid value: "a": must be a domain-prefixed key (such as "acme.io/foo")']],
])('a request %s', (_, more, errors) => expect(texts(requestType, request(more))).toEqual(errors));

test('a request stays as it was made', () => {
  expect(validateUpdate(requestType, request({ ...stub, podName: 'q' }), request(stub)).map((error) => `${error.field} ${error.detail}`)).toEqual(['spec field is immutable']);
});

const condition = (type: string, status = 'True'): object => ({ type, status, reason: 'R', message: '', lastTransitionTime: rfc3339(now) });
const asked = request(stub);
const withStatus = (status: object): PodCertificateRequest => ({ ...asked, status }) as PodCertificateRequest;
const issue = (fromMs: number, toMs: number): string => signCsr(random, ca, createCsr(pem(p256), { commonName: '', organizations: [] }), { usages: ['client auth'], notBeforeMs: fromMs, notAfterMs: toMs });
const issued = (certificateChain: string, fromMs = now, toMs = now + 2 * hour, refreshMs = now + hour): PodCertificateRequest =>
  withStatus({ conditions: [condition('Issued')], certificateChain, notBefore: rfc3339(fromMs), notAfter: rfc3339(toMs), beginRefreshAt: rfc3339(refreshMs) });
const good = issue(now, now + 2 * hour);
const shown = (chain: string): string => JSON.stringify(chain);

test.each<[string, PodCertificateRequest, string[]]>([
  ['issued', issued(good + ca.cert), []],
  ['denied', withStatus({ conditions: [condition('Denied')] }), []],
  ['denied and signed', withStatus({ conditions: [condition('Failed')], certificateChain: good }), ['status: Invalid value: non-condition status fields must be empty when denying or failing the PodCertificateRequest']],
  ['undecided and signed', withStatus({ certificateChain: good }), ['status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"']],
  ['decided twice', withStatus({ conditions: [condition('Issued'), condition('Denied')] }), ['status.conditions.[1].type: Invalid value: "Denied": There may be at most one condition with type "Issued", "Denied", or "Failed"']],
  ['half decided', withStatus({ conditions: [condition('Issued', 'False')] }), ['status.conditions.[0].status: Unsupported value: "False": supported values: "True"']],
  ['decided some other way', withStatus({ conditions: [condition('Odd')] }), ['status.conditions.[0].type: Unsupported value: "Odd": supported values: "Issued", "Denied", "Failed"']],
  ['issued nothing', issued(''), ['status.certificateChain: Invalid value: "": issued certificate chain must contain at least one certificate']],
  ['issued a key', issued(leaf.key), [`status.certificateChain: Invalid value: ${shown(leaf.key)}: issued certificate chain must consist entirely of CERTIFICATE PEM blocks`]],
  ['issued for another key', issued(leaf.cert), [`status.certificateChain: Invalid value: ${shown(leaf.cert)}: leaf certificate was not issued to the requested public key`]],
  ['issued with a key behind', issued(good + leaf.key), [`status.certificateChain: Invalid value: ${shown(good + leaf.key)}: issued certificate chain must consist entirely of CERTFICATE PEM blocks`]],
  ['issued without times', withStatus({ conditions: [condition('Issued')], certificateChain: good }), [
    'status.notBefore: Required value: must be present and consistent with the issued certificate',
    'status.notAfter: Required value: must be present and consistent with the issued certificate',
    'status.beginRefreshAt: Required value: must be present and in the range [notbefore+10min, notafter-10min]',
  ]],
  ['issued at another time', issued(good, now + 1000), ['status.notBefore: Invalid value: "2026-01-01T12:00:01Z": must be set to the NotBefore time encoded in the leaf certificate']],
  ['issued long ago', issued(issue(now - hour, now + hour), now - hour, now + hour), ["status.notBefore: Invalid value: \"2026-01-01T11:00:00Z\": must be set to within 5 minutes of kube-apiserver's current time"]],
  ['issued for another time', issued(good, now, now + hour), ['status.notAfter: Invalid value: "2026-01-01T13:00:00Z": must be set to the NotAfter time encoded in the leaf certificate']],
  ['issued for minutes', issued(issue(now, now + hour / 2), now, now + hour / 2), ['status.certificateChain: Invalid value: 1800000000000: leaf certificate lifetime must be >= 1 hour']],
  ['issued for days', issued(issue(now, now + 48 * hour), now, now + 48 * hour), ['status.certificateChain: Invalid value: 172800000000000: leaf certificate lifetime must be <= spec.maxExpirationSeconds (86400)']],
  ['to be renewed at once', issued(good, now, now + 2 * hour, now), ['status.beginRefreshAt: Invalid value: "2026-01-01T12:00:00Z": must be at least 10 minutes after status.notBefore']],
  ['to be renewed too late', issued(good, now, now + 2 * hour, now + 2 * hour), ['status.beginRefreshAt: Invalid value: "2026-01-01T14:00:00Z": must be at least 10 minutes before status.notAfter']],
])('a request that is %s', (_, object, errors) => expect(podCertificateStatusErrors(object, asked, now).map(errorText)).toEqual(errors));

test('what is decided stays', () => {
  const [denied, done] = [withStatus({ conditions: [condition('Denied')] }), issued(good)];
  expect(podCertificateStatusErrors(done, denied, now).map((error) => error.detail)).toEqual(['immutable after PodCertificateRequest is issued, denied, or failed']);
  expect(podCertificateStatusErrors(denied, denied, now)).toEqual([]);
});

