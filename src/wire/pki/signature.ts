// What certificates and requests share when they are built: extensions and the signature's algorithm.
import type { KeyObject } from 'node:crypto';
import { der, derOid, derSequence, derTag } from './der.ts';

/** One X.509 extension around a DER value. */
export function extension(oid: string, value: Uint8Array, critical = false): Buffer {
  return derSequence(derOid(oid), ...(critical ? [der(derTag.boolean, Buffer.from([0xff]))] : []), der(derTag.octetString, value));
}

/** How a key signs: Node's digest name and the AlgorithmIdentifier. */
export function signatureAlgorithm(key: KeyObject): { digest: string | null; identifier: Buffer } {
  const nothing = der(derTag.null);
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { digest: 'sha256', identifier: derSequence(derOid('1.2.840.113549.1.1.11'), nothing) };
    case 'ec': {
      const wide = key.asymmetricKeyDetails?.namedCurve === 'secp384r1';
      return wide
        ? { digest: 'sha384', identifier: derSequence(derOid('1.2.840.10045.4.3.3')) }
        : { digest: 'sha256', identifier: derSequence(derOid('1.2.840.10045.4.3.2')) };
    }
    case 'ed25519':
      return { digest: null, identifier: derSequence(derOid('1.3.101.112')) };
    default:
      throw new Error(`keys of type ${key.asymmetricKeyType ?? 'unknown'} cannot sign certificates`);
  }
}
