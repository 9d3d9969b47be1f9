// A service range as numbers: which addresses it has, in which order they are tried. The lower band is left to
// addresses that users choose as long as there are others (KEP-3070).
import { badRequest } from '#machinery';
import { randomInt, type Random } from '#base/random.ts';

export interface IpRange {
  readonly cidr: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly first: bigint;
  /** Addresses to hand out: without the network's own and, for IPv4, the broadcast address. */
  readonly size: bigint;
}

/** "10.96.0.1" as a number; undefined when it is no address of the family. */
function parseIp(text: string): { readonly family: 'IPv4' | 'IPv6'; readonly value: bigint } | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    if (parts.some((part) => part > 255)) return undefined;
    return { family: 'IPv4', value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (!text.includes(':') || !/^[0-9a-fA-F:]+$/.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const words = (part: string | undefined): string[] => (part === undefined || part === '' ? [] : part.split(':'));
  const head = words(halves[0]);
  const tail = words(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => '0'), ...tail];
  if (all.some((word) => word.length > 4 || word === '')) return undefined;
  return { family: 'IPv6', value: all.reduce((sum, word) => sum * 65_536n + BigInt(Number.parseInt(word, 16)), 0n) };
}

export function formatIp(family: 'IPv4' | 'IPv6', value: bigint): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const words = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt((7 - i) * 16)) & 0xffffn));
  // RFC 5952: the longest run of zeros, of two words at least, is left out.
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && words[i + length] === 0) length++;
    if (length > best.length) best = { at: i, length };
    i += length;
  }
  const hex = words.map((word) => word.toString(16));
  if (best.at < 0) return hex.join(':');
  return `${hex.slice(0, best.at).join(':')}::${hex.slice(best.at + best.length).join(':')}`;
}

/** Throws for a text that is no CIDR. */
export function parseCidr(cidr: string): IpRange {
  const [address = '', bits = ''] = cidr.split('/');
  const ip = parseIp(address);
  const width = ip?.family === 'IPv4' ? 32 : 128;
  const prefix = Number(bits);
  if (ip === undefined || !/^\d+$/.test(bits) || prefix > width) throw badRequest(`invalid CIDR address: ${cidr}`);
  const span = 1n << BigInt(width - prefix);
  const network = ip.value - (ip.value % span);
  // As upstream: a huge IPv6 range is used up to 2^64 addresses.
  const usable = (span > 1n << 64n ? 1n << 64n : span) - (ip.family === 'IPv4' ? 2n : 1n);
  return { cidr, family: ip.family, first: network + 1n, size: usable < 0n ? 0n : usable };
}

export function contains(range: IpRange, address: string): boolean {
  const ip = parseIp(address);
  return ip !== undefined && ip.family === range.family && ip.value >= range.first && ip.value < range.first + range.size;
}

/** Size of the band that dynamic allocation uses last: between 16 and 256, a sixteenth of the range. */
function lowerBand(size: bigint): bigint {
  if (size < 16n) return 0n;
  const share = size / 16n;
  return share < 16n ? 16n : share > 256n ? 256n : share;
}

/** Offsets in the order in which they are tried: a random start in the upper band, then the lower band. */
export function* candidates(random: Random, size: bigint, band = lowerBand(size)): Generator<bigint> {
  const upper = size - band;
  if (upper > 0n) {
    const start = BigInt(randomInt(random, Number(upper > 1n << 40n ? 1n << 40n : upper)));
    for (let i = 0n; i < upper; i++) yield band + ((start + i) % upper);
  }
  if (band > 0n) {
    const start = BigInt(randomInt(random, Number(band)));
    for (let i = 0n; i < band; i++) yield (start + i) % band;
  }
}
