// Key usages under the names that certificates.k8s.io gives them, as X.509 extensions.
import { derBitString, derOid, derSequence } from './der.ts';

const usageBits = {
  'digital signature': 0,
  signing: 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
} as const;

const extendedUsages = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
} as const;

export type KeyUsage = keyof typeof usageBits | keyof typeof extendedUsages;

/** True for a usage that certificates can carry. */
export function isKeyUsage(text: string): text is KeyUsage {
  return Object.hasOwn(usageBits, text) || Object.hasOwn(extendedUsages, text);
}

/** The values of the keyUsage and extendedKeyUsage extensions; undefined when there is nothing to say. */
export function encodeUsages(usages: readonly KeyUsage[]): { keyUsage: Buffer | undefined; extendedKeyUsage: Buffer | undefined } {
  let bits = 0;
  const extended = new Set<string>();
  for (const usage of usages) {
    const found = Object.entries(usageBits).find(([name]) => name === usage);
    if (found !== undefined) bits |= 0x8000 >> found[1];
    const oid = Object.entries(extendedUsages).find(([name]) => name === usage);
    if (oid !== undefined) extended.add(oid[1]);
  }
  return {
    keyUsage: bits === 0 ? undefined : encodeBits(bits),
    extendedKeyUsage: extended.size === 0 ? undefined : derSequence(...[...extended].map(derOid)),
  };
}

/** A named bit list: trailing zero bits are left out. */
function encodeBits(bits: number): Buffer {
  const bytes = (bits & 0xff) === 0 ? Buffer.from([bits >> 8]) : Buffer.from([bits >> 8, bits & 0xff]);
  let unused = 0;
  const last = bytes[bytes.length - 1] ?? 0;
  while (unused < 7 && ((last >> unused) & 1) === 0) unused++;
  return derBitString(bytes, unused);
}
