// Certificates as read: PEM blocks, subject, names, validity, and the public key's hash by which a joining
// node pins its cluster's CA ("sha256:<hex>", kubeadm's form).
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { derChildren, derTag, oidText, readDer, type DerValue } from './der.ts';
import { type AlternativeNames, decodeAlternativeNames, decodeSubject, noNames, type Subject } from './names.ts';

export interface ParsedCertificate extends Subject, AlternativeNames {
  readonly issuer: Subject;
  readonly der: Uint8Array;
  readonly serialNumber: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isCa: boolean;
  /** Dotted OIDs of extendedKeyUsage. */
  readonly extendedKeyUsages: readonly string[];
  readonly fingerprintSha256: string;
}

/** Every PEM block of a text, in order; texts around the blocks are skipped. */
export function pemBlocks(text: string): { label: string; der: Buffer }[] {
  const found: { label: string; der: Buffer }[] = [];
  for (const match of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g)) {
    found.push({ label: match[1] ?? '', der: Buffer.from(match[2] ?? '', 'base64') });
  }
  return found;
}

export function pemEncode(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

interface TbsCertificate {
  readonly issuer: DerValue;
  readonly subject: DerValue;
  readonly extensions: readonly DerValue[];
}

function readTbs(der: Uint8Array): TbsCertificate {
  const [tbs] = derChildren(readDer(der).value);
  if (tbs === undefined) throw new Error('malformed certificate');
  const fields = derChildren(tbs);
  // An explicit version comes first in every certificate since v2.
  const shift = fields[0]?.tag === 0xa0 ? 1 : 0;
  const issuer = fields[2 + shift];
  const subject = fields[4 + shift];
  if (issuer === undefined || subject === undefined) throw new Error('malformed certificate');
  const wrapped = fields.find((field) => field.tag === 0xa3);
  const list = wrapped === undefined ? undefined : derChildren(wrapped)[0];
  return { issuer, subject, extensions: list === undefined ? [] : derChildren(list) };
}

/** The value of an extension in an Extensions list; undefined when it is not there. */
export function extensionValue(extensions: readonly DerValue[], oid: string): DerValue | undefined {
  for (const extension of extensions) {
    const [type, ...rest] = derChildren(extension);
    const value = rest.find((part) => part.tag === derTag.octetString);
    if (type !== undefined && value !== undefined && oidText(type) === oid) return readDer(value.content).value;
  }
  return undefined;
}

/** The subject of a DER certificate. */
export function parseSubject(der: Uint8Array): Subject {
  return decodeSubject(readTbs(der).subject);
}

/** Parses a certificate, PEM (its first CERTIFICATE block) or DER; throws when it is none. */
export function parseCertificate(input: string | Uint8Array): ParsedCertificate {
  const x509 = new X509Certificate(input);
  const tbs = readTbs(x509.raw);
  const names = extensionValue(tbs.extensions, '2.5.29.17');
  const usages = extensionValue(tbs.extensions, '2.5.29.37');
  return {
    ...decodeSubject(tbs.subject),
    ...(names === undefined ? noNames : decodeAlternativeNames(names)),
    issuer: decodeSubject(tbs.issuer),
    der: x509.raw,
    serialNumber: x509.serialNumber,
    notBeforeMs: x509.validFromDate.getTime(),
    notAfterMs: x509.validToDate.getTime(),
    isCa: x509.ca,
    extendedKeyUsages: usages === undefined ? [] : derChildren(usages).map(oidText),
    fingerprintSha256: createHash('sha256').update(x509.raw).digest('hex'),
  };
}

/** "sha256:<hex>" of the certificate's SubjectPublicKeyInfo. */
export function publicKeyHash(certificate: string | Uint8Array): string {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/** True when the PEM key belongs to the PEM certificate. */
export function keyMatches(certificate: string, key: string): boolean {
  const own = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).equals(own);
}

/** True when `certificate` was signed by `ca` and is within its validity at `nowMs`. */
export function verifiesAgainst(certificate: string | Uint8Array, ca: string, nowMs: number): boolean {
  const leaf = new X509Certificate(certificate);
  if (nowMs < leaf.validFromDate.getTime() || nowMs > leaf.validToDate.getTime()) return false;
  return pemBlocks(ca).some(({ der }) => {
    const issuer = new X509Certificate(der);
    return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
  });
}
