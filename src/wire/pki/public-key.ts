// Public keys as SubjectPublicKeyInfo (PKIX) bytes: how pods' certificates are asked for.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readDer } from './der.ts';

/** The key in the DER bytes; throws when they hold something else, or more. */
export function publicKeyOf(bytes: Uint8Array): KeyObject {
  if (readDer(bytes).rest.length > 0) throw new Error('trailing data after the public key');
  return createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' });
}
