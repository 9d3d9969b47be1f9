// A certificate authority: makes CAs, issues certificates and signs requests. ECDSA P-256 by default for its
// speed; RSA keys are accepted everywhere. Times and serial numbers come from the caller, so that a seeded
// run is repeatable apart from the keys themselves.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign as signBytes, X509Certificate } from 'node:crypto';
import type { Random } from '#base/random.ts';
import { der, derBitString, derChildren, derInteger, derSequence, derTag, derTime, readDer } from './der.ts';
import { pemEncode } from './certificate.ts';
import { type AlternativeNames, encodeAlternativeNames, encodeSubject, noNames, type Subject } from './names.ts';
import { parseCsr } from './csr.ts';
import { extension, signatureAlgorithm } from './signature.ts';
import { encodeUsages, type KeyUsage } from './usages.ts';

/** PEM texts that belong together. */
export interface CertifiedKey {
  readonly cert: string;
  readonly key: string;
}

export type KeyType = 'ecdsa-p256' | 'rsa-2048';

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface CertificateRequest extends Validity, Partial<AlternativeNames> {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly userIds?: readonly string[];
  readonly usages: readonly KeyUsage[];
  readonly keyType?: KeyType;
}

/** A new private key, PEM (PKCS #8). */
export function generateKey(type: KeyType = 'ecdsa-p256'): string {
  const { privateKey } = type === 'ecdsa-p256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A self-signed CA. */
export function createCa(random: Random, request: Validity & { readonly commonName: string; readonly keyType?: KeyType }): CertifiedKey {
  const key = generateKey(request.keyType);
  const privateKey = createPrivateKey(key);
  const subject = encodeSubject({ commonName: request.commonName, organizations: [] });
  const names: AlternativeNames = { ...noNames, dnsNames: [request.commonName] };
  const usages: KeyUsage[] = ['digital signature', 'key encipherment', 'cert sign'];
  const cert = certify({ random, signer: privateKey, issuer: subject, subject, publicKey: createPublicKey(privateKey), names, usages, isCa: true, validity: request });
  return { cert, key };
}

/** A new key and a certificate for it, signed by `ca`. */
export function issueCertificate(random: Random, ca: CertifiedKey, request: CertificateRequest): CertifiedKey {
  const key = generateKey(request.keyType);
  return { cert: certifyKey(random, ca, createPublicKey(key), request), key };
}

/**
 * The authority `subject` once more, under the signature of another one: who trusts that one alone believes what the new
 * one signs, when both are shown. Good as long as both are.
 */
export function crossSign(random: Random, by: CertifiedKey, subject: string, notBeforeMs: number): string {
  const [issuer, authority] = [new X509Certificate(by.cert), new X509Certificate(subject)];
  return certify({
    random, signer: createPrivateKey(by.key), issuer: subjectBytes(issuer), issuerKey: issuer.publicKey, subject: subjectBytes(authority), publicKey: authority.publicKey, names: noNames,
    usages: ['digital signature', 'key encipherment', 'cert sign'], isCa: true,
    validity: { notBeforeMs, notAfterMs: Math.min(issuer.validToDate.getTime(), authority.validToDate.getTime()) },
  });
}

/** A certificate for a request (PEM), with the request's own subject and names; throws when its signature is bad. */
export function signCsr(random: Random, ca: CertifiedKey, csr: string, options: Validity & { readonly usages: readonly KeyUsage[] }): string {
  const request = parseCsr(csr);
  return certifyKey(random, ca, request.publicKey, { ...request, ...options });
}

function certifyKey(random: Random, ca: CertifiedKey, publicKey: KeyObject, request: Omit<CertificateRequest, 'keyType'>): string {
  const issuer = new X509Certificate(ca.cert);
  const subject: Subject = { commonName: request.commonName, organizations: request.organizations ?? [], ...(request.userIds === undefined ? {} : { userIds: request.userIds }) };
  const names: AlternativeNames = {
    dnsNames: request.dnsNames ?? [],
    ipAddresses: request.ipAddresses ?? [],
    emailAddresses: request.emailAddresses ?? [],
    uris: request.uris ?? [],
  };
  return certify({
    random,
    signer: createPrivateKey(ca.key),
    issuer: subjectBytes(issuer),
    issuerKey: issuer.publicKey,
    subject: encodeSubject(subject),
    publicKey,
    names,
    usages: request.usages,
    isCa: false,
    // A certificate that outlives its CA would only verify until the CA's end.
    validity: { notBeforeMs: request.notBeforeMs, notAfterMs: Math.min(request.notAfterMs, issuer.validToDate.getTime()) },
  });
}

interface ToBeSigned {
  readonly random: Random;
  readonly signer: KeyObject;
  readonly issuer: Uint8Array;
  readonly issuerKey?: KeyObject;
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly names: AlternativeNames;
  readonly usages: readonly KeyUsage[];
  readonly isCa: boolean;
  readonly validity: Validity;
}

function certify(input: ToBeSigned): string {
  const algorithm = signatureAlgorithm(input.signer);
  const serial = Buffer.from(input.random.bytes(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const tbs = derSequence(
    der(0xa0, derInteger(Buffer.from([2]))),
    derInteger(serial),
    algorithm.identifier,
    input.issuer,
    derSequence(derTime(input.validity.notBeforeMs), derTime(input.validity.notAfterMs)),
    input.subject,
    input.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, derSequence(...extensions(input))),
  );
  const signature = signBytes(algorithm.digest, tbs, input.signer);
  return pemEncode('CERTIFICATE', derSequence(tbs, algorithm.identifier, derBitString(signature)));
}

function extensions(input: ToBeSigned): Buffer[] {
  const { keyUsage, extendedKeyUsage } = encodeUsages(input.usages);
  const list: Buffer[] = [];
  if (keyUsage !== undefined) list.push(extension('2.5.29.15', keyUsage, true));
  if (extendedKeyUsage !== undefined) list.push(extension('2.5.29.37', extendedKeyUsage));
  list.push(extension('2.5.29.19', derSequence(...(input.isCa ? [der(derTag.boolean, Buffer.from([0xff]))] : [])), true));
  if (input.isCa) list.push(extension('2.5.29.14', der(derTag.octetString, keyIdentifier(input.publicKey))));
  if (input.issuerKey !== undefined) list.push(extension('2.5.29.35', derSequence(der(0x80, keyIdentifier(input.issuerKey)))));
  const { names } = input;
  if (names.dnsNames.length + names.ipAddresses.length + names.emailAddresses.length + names.uris.length > 0) {
    list.push(extension('2.5.29.17', encodeAlternativeNames(names)));
  }
  return list;
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1').update(key.export({ type: 'spki', format: 'der' })).digest();
}

function subjectBytes(certificate: X509Certificate): Uint8Array {
  const [tbs] = derChildren(readDer(certificate.raw).value);
  const subject = tbs === undefined ? undefined : derChildren(tbs)[5];
  if (subject === undefined) throw new Error('the CA is not an X.509 v3 certificate');
  return subject.raw;
}
