// Address ranges as numbers: "10.244.0.0/16" and the networks of a given size in it. IPv4 and IPv6 alike.

export interface Cidr {
  readonly base: bigint;
  readonly prefix: number;
  readonly bits: 32 | 128;
}

/** Reads a CIDR; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([0-9a-fA-F:.]+)\/([0-9]{1,3})$/.exec(text.trim());
  if (match === null) return undefined;
  const [, address = '', prefixText = ''] = match;
  const bits = address.includes(':') ? 128 : 32;
  const value = bits === 32 ? parseIPv4(address) : parseIPv6(address);
  const prefix = Number(prefixText);
  if (value === undefined || prefix > bits) return undefined;
  const host = BigInt(bits - prefix);
  return { base: (value >> host) << host, prefix, bits };
}

function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIPv6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

export function formatCidr({ base, prefix, bits }: Cidr): string {
  const part = (shift: bigint, mask: bigint): bigint => (base >> shift) & mask;
  if (bits === 32) return `${[24n, 16n, 8n, 0n].map((shift) => part(shift, 0xffn)).join('.')}/${prefix}`;
  const text = Array.from({ length: 8 }, (_, at) => part(BigInt(112 - 16 * at), 0xffffn).toString(16)).join(':');
  return `${text.replace(/(^|:)0(:0)+(:|$)/, '::')}/${prefix}`;
}

/** The first network of `prefix` bits in `range` that overlaps none of `used`; undefined when all are taken. */
export function firstFreeNetwork(range: Cidr, prefix: number, used: readonly Cidr[]): Cidr | undefined {
  const step = 1n << BigInt(range.bits - prefix);
  const taken = new Set<bigint>();
  const end = range.base + (1n << BigInt(range.bits - range.prefix));
  for (const each of used) {
    if (each.bits !== range.bits || each.prefix < range.prefix) continue;
    const last = each.base + (1n << BigInt(each.bits - each.prefix));
    for (let at = (each.base / step) * step; at < last; at += step) taken.add(at);
  }
  for (let base = range.base; base < end; base += step) if (!taken.has(base)) return { base, prefix, bits: range.bits };
  return undefined;
}
