// AES in the three forms that stored values have: GCM with a random nonce, CBC with PKCS#7 padding, and the extended
// nonce of KMS v2, where each value gets a key of its own derived from a seed (HKDF-SHA256, expand only), so that no
// count of writes wears the key out. Layouts and error texts are upstream's.
import { createCipheriv, createDecipheriv, createHmac, type CipherGCMTypes } from 'node:crypto';
import type { Random } from '#base/random.ts';
import type { Transformer } from './transformer.ts';

const nonceBytes = 12;
const tagBytes = 16;
const blockBytes = 16;
/** Of seeds, derived keys and the info that a key is derived with. */
export const seedBytes = 32;

const tooShort = 'the stored data was shorter than the required size';
const notAuthentic = 'cipher: message authentication failed';

function gcmCipher(key: Uint8Array): CipherGCMTypes {
  return key.length === 16 ? 'aes-128-gcm' : key.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

function seal(key: Uint8Array, nonce: Uint8Array, value: Uint8Array, context: Uint8Array): Uint8Array[] {
  const cipher = createCipheriv(gcmCipher(key), key, nonce);
  cipher.setAAD(context);
  return [nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()];
}

/** `value`: nonce, ciphertext, tag. */
function open(key: Uint8Array, value: Uint8Array, context: Uint8Array): Buffer {
  if (value.length < nonceBytes) throw new Error(tooShort);
  if (value.length < nonceBytes + tagBytes) throw new Error(notAuthentic);
  const decipher = createDecipheriv(gcmCipher(key), key, value.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(context);
  decipher.setAuthTag(value.subarray(value.length - tagBytes));
  const plain = decipher.update(value.subarray(nonceBytes, value.length - tagBytes));
  try {
    decipher.final();
  } catch {
    throw new Error(notAuthentic);
  }
  return plain;
}

/** @param key 16, 24 or 32 bytes. */
export function aesGcm(random: Random, key: Uint8Array): Transformer {
  return {
    decrypt: (value, context) => ({ value: open(key, value, context), stale: false }),
    encrypt: (value, context) => Buffer.concat(seal(key, random.bytes(nonceBytes), value, context)),
  };
}

/** @param key 16, 24 or 32 bytes. Values are not bound to their place: CBC authenticates nothing. */
export function aesCbc(random: Random, key: Uint8Array): Transformer {
  const cipherName = `aes-${key.length * 8}-cbc`;
  return {
    decrypt(value) {
      if (value.length < blockBytes) throw new Error(tooShort);
      const data = value.subarray(blockBytes);
      if (data.length % blockBytes !== 0) throw new Error('the stored data is not a multiple of the block size');
      if (data.length === 0) throw new Error('invalid PKCS7 data (empty or not padded)');
      const decipher = createDecipheriv(cipherName, key, value.subarray(0, blockBytes));
      decipher.setAutoPadding(false);
      const padded = Buffer.concat([decipher.update(data), decipher.final()]);
      const padding = padded[padded.length - 1] ?? 0;
      const size = padded.length - padding;
      if (padding === 0 || padding > padded.length) throw new Error('invalid PKCS7 data (empty or not padded)');
      for (let at = size; at < padded.length; at++) if (padded[at] !== padding) throw new Error('invalid padding on input');
      return { value: padded.subarray(0, size), stale: false };
    },
    encrypt(value) {
      const iv = random.bytes(blockBytes);
      const cipher = createCipheriv(cipherName, key, iv);
      return Buffer.concat([iv, cipher.update(value), cipher.final()]);
    },
  };
}

function derivedKey(seed: Uint8Array, info: Uint8Array): Buffer {
  return createHmac('sha256', seed).update(info).update(Buffer.of(1)).digest();
}

/** @param seed At least 32 random bytes. Stored: info (32), nonce (12), ciphertext, tag. */
export function extendedNonceGcm(random: Random, seed: Uint8Array): Transformer {
  if (seed.length < seedBytes) throw new Error(`invalid seed length ${seed.length} used for key generation`);
  return {
    decrypt(value, context) {
      if (value.length < seedBytes) throw new Error(tooShort);
      const info = value.subarray(0, seedBytes);
      return { value: open(derivedKey(seed, info), value.subarray(seedBytes), context), stale: false };
    },
    encrypt(value, context) {
      const info = random.bytes(seedBytes);
      return Buffer.concat([info, ...seal(derivedKey(seed, info), random.bytes(nonceBytes), value, context)]);
    },
  };
}
