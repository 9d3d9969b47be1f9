// NaCl's secretbox: XSalsa20 and Poly1305 with a random 24-byte nonce in front. The nonce is long enough that one key
// serves for any number of writes, which is why it is what a new cluster encrypts its Secrets with. Values are not
// bound to their place in the store, as upstream's are not.
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import type { Random } from '#base/random.ts';
import type { Transformer } from './transformer.ts';

const nonceBytes = 24;
const tagBytes = 16;

/** @param key 32 bytes. */
export function secretbox(random: Random, key: Uint8Array): Transformer {
  return {
    decrypt(value) {
      if (value.length < nonceBytes + tagBytes) throw new Error('the stored data was shorter than the required size');
      try {
        // The library refuses views of a pool that are not aligned: a copy is.
        const sealed = Uint8Array.prototype.slice.call(value, nonceBytes);
        const plain = xsalsa20poly1305(key, Uint8Array.prototype.slice.call(value, 0, nonceBytes)).decrypt(sealed);
        return { value: Buffer.from(plain.buffer, plain.byteOffset, plain.length), stale: false };
      } catch {
        throw new Error('output array was not large enough for encryption');
      }
    },
    encrypt(value) {
      const nonce = Uint8Array.from(random.bytes(nonceBytes));
      return Buffer.concat([nonce, xsalsa20poly1305(key, nonce).encrypt(Uint8Array.from(value))]);
    },
  };
}
