// PKCS #10 certificate requests: read and verified (kubelet bootstrap, CertificateSigningRequest), and made.
import { createPrivateKey, createPublicKey, type KeyObject, sign as signBytes, verify } from 'node:crypto';
import { der, derBitString, derChildren, derInteger, derOid, derSequence, derTag, oidText, readDer } from './der.ts';
import { extension, signatureAlgorithm } from './signature.ts';
import { extensionValue, pemBlocks, pemEncode } from './certificate.ts';
import { type AlternativeNames, decodeAlternativeNames, decodeSubject, encodeAlternativeNames, encodeSubject, noNames, type Subject } from './names.ts';

export interface ParsedCsr extends Subject, AlternativeNames {
  readonly publicKey: KeyObject;
}

const extensionRequestOid = '1.2.840.113549.1.9.14';

/** Of signature algorithms. SHA-1 is good enough for proving a key here, as Go's library has it for requests. */
const digests: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

/** A request as it stands in DER, its signature not yet believed. */
export interface UncheckedCsr extends ParsedCsr {
  /** Is it signed by its own key? Throws when nobody here knows the algorithm. */
  verifies(): boolean;
}

/** Reads a request (DER); throws when it is none. */
export function readCsr(bytes: Uint8Array): UncheckedCsr {
  const { value: request, rest } = readDer(bytes);
  const [info, algorithm, signature] = derChildren(request);
  if (info === undefined || algorithm === undefined || signature === undefined || rest.length > 0) throw new Error('malformed certificate request');
  const [, subject, keyInfo, attributes] = derChildren(info);
  if (subject === undefined || keyInfo === undefined) throw new Error('malformed certificate request');
  const publicKey = createPublicKey({ key: Buffer.from(keyInfo.raw), format: 'der', type: 'spki' });
  let names = noNames;
  for (const attribute of attributes === undefined ? [] : derChildren(attributes)) {
    const [type, values] = derChildren(attribute);
    if (type === undefined || values === undefined || oidText(type) !== extensionRequestOid) continue;
    const list = derChildren(values)[0];
    const found = list === undefined ? undefined : extensionValue(derChildren(list), '2.5.29.17');
    if (found !== undefined) names = decodeAlternativeNames(found);
  }
  return {
    ...decodeSubject(subject), ...names, publicKey,
    verifies() {
      const [oid] = derChildren(algorithm);
      const digest = oid === undefined ? undefined : digests[oidText(oid)];
      if (digest === undefined) throw new Error('certificate request is signed with an unsupported algorithm');
      return verify(digest, info.raw, publicKey, signature.content.subarray(1));
    },
  };
}

/** Reads a request (PEM) and checks that it is signed by its own key; throws when it is not a good one. */
export function parseCsr(pem: string): ParsedCsr {
  const block = pemBlocks(pem)[0];
  if (block === undefined || !/^(NEW )?CERTIFICATE REQUEST$/.test(block.label)) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const { verifies, ...request } = readCsr(block.der);
  if (!verifies()) throw new Error('the signature of the certificate request is invalid');
  return request;
}

/** A request (PEM) for the key (PEM). */
export function createCsr(key: string, request: Subject & Partial<AlternativeNames>): string {
  const privateKey = createPrivateKey(key);
  const names: AlternativeNames = { ...noNames, ...request };
  const wantsNames = names.dnsNames.length + names.ipAddresses.length + names.emailAddresses.length + names.uris.length > 0;
  const asked = derSequence(extension('2.5.29.17', encodeAlternativeNames(names)));
  const attributes = wantsNames ? [derSequence(derOid(extensionRequestOid), der(derTag.set, asked))] : [];
  const info = derSequence(
    derInteger(Buffer.from([0])),
    encodeSubject(request),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    der(0xa0, ...attributes),
  );
  const { digest, identifier } = signatureAlgorithm(privateKey);
  return pemEncode('CERTIFICATE REQUEST', derSequence(info, identifier, derBitString(signBytes(digest, info, privateKey))));
}
