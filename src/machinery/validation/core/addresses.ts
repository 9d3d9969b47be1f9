// IP addresses and CIDRs in newer fields, which take the canonical form only, and what older fields warn of
// (apimachinery/pkg/util/validation/ip.go, KEP-4858).
import { isIPv4 } from 'node:net';
import { goQuote, invalidValue, type FieldError } from '../../field-errors.ts';
import { addressBits, strictCidrErrors, strictIpErrors, withoutLeadingZeros } from './fields.ts';

const badInterface = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)';
const mappedPrefix = 0xffffn;

function textOfIpv4(bits: bigint): string {
  const number = Number(bits);
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

/** RFC 5952: lower case, the longest run of zero words (two at least) as "::". */
function textOfIpv6(bits: bigint): string {
  if (bits >> 32n === mappedPrefix) return textOfIpv4(bits & 0xffffffffn);
  const words = Array.from({ length: 8 }, (_, i) => (bits >> BigInt(112 - 16 * i)) & 0xffffn);
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && words[start + length] === 0n) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly bigint[]): string => part.map((word) => word.toString(16)).join(':');
  return best.start < 0 ? text(words) : `${text(words.slice(0, best.start))}::${text(words.slice(best.start + best.length))}`;
}

/** How Go prints the address, which may have leading zeros; mapped IPv6 comes out as IPv4. */
function canonicalIp(value: string): string {
  const plain = withoutLeadingZeros(value);
  return isIPv4(plain) ? textOfIpv4(addressBits(plain)) : textOfIpv6(addressBits(plain));
}

interface Network {
  readonly isV4: boolean;
  readonly bits: bigint;
  readonly length: number;
}

function parseCidr(value: string): Network {
  const [address = '', length = ''] = value.split('/');
  const plain = withoutLeadingZeros(address);
  return { isV4: isIPv4(plain), bits: addressBits(plain), length: Number(length) };
}

function masked({ isV4, bits, length }: Network): string {
  const size = isV4 ? 32 : 128;
  const network = (bits >> BigInt(size - length)) << BigInt(size - length);
  return `${isV4 ? textOfIpv4(network) : textOfIpv6(network)}/${length}`;
}

/** Why a value is not an IP address in canonical form. */
export function canonicalIpErrors(value: string): string[] {
  const errors = strictIpErrors(value, '').map((error) => error.detail);
  if (errors.length > 0) return errors;
  const text = canonicalIp(value);
  return text === value ? [] : [`must be in canonical form (${goQuote(text)})`];
}

/** A CIDR in canonical form without bits beyond its prefix. */
export function checkStrictCidr(value: string, path: string): FieldError[] {
  const errors = strictCidrErrors(value, path);
  if (errors.length > 0) return errors;
  const text = masked(parseCidr(value));
  return text === value ? [] : [invalidValue(path, value, `must be in canonical form (${goQuote(text)})`)];
}

/** The two refusals of older fields that still let the value be read. */
function isReadable(errors: readonly FieldError[], prefix: string): boolean {
  return !errors.some((error) => error.detail.startsWith(prefix));
}

/** An address with the length of its network, as `ip addr` shows it. */
export function checkInterfaceAddress(value: string, path: string): FieldError[] {
  if (!isReadable(strictCidrErrors(value, path), 'must be a valid CIDR value')) return [invalidValue(path, value, badInterface)];
  const { length } = parseCidr(value);
  const [address = ''] = value.split('/');
  const text = canonicalIp(address);
  const isMapped = isIPv4(text) && length > 32;
  const canonical = `${text}/${isMapped ? length - 96 : length}`;
  return canonical === value ? [] : [invalidValue(path, value, `must be in canonical form (${goQuote(canonical)})`)];
}

/** Warnings about an address in a field that takes other than canonical ones. */
export function ipWarnings(value: string, path: string): string[] {
  // Who has no leading zeros has no other spelling.
  if (isIPv4(value)) return [];
  const errors = strictIpErrors(value, path);
  if (!isReadable(errors, 'must be a valid IP')) return [];
  const text = canonicalIp(value);
  if (errors.length > 0) return [`${path}: non-standard IP address ${goQuote(value)} is invalid: use ${goQuote(text)}`];
  return isIPv4(value) || text === value ? [] : [`${path}: IPv6 address ${goQuote(value)} should be in RFC 5952 canonical format (${goQuote(text)})`];
}

/** Warnings about a CIDR in a field that takes other than canonical ones. */
export function cidrWarnings(value: string, path: string): string[] {
  const errors = strictCidrErrors(value, path);
  if (!isReadable(errors, 'must be a valid CIDR')) return [];
  const network = parseCidr(value);
  const size = network.isV4 ? 32 : 128;
  const text = masked(network);
  const hasHostBits = (network.bits & ((1n << BigInt(size - network.length)) - 1n)) !== 0n;
  const warnings: string[] = [];
  const [address = ''] = value.split('/');
  if (hasHostBits) {
    warnings.push(`${path}: CIDR value ${goQuote(value)} is ambiguous in this context (should be ${goQuote(text)} or ${goQuote(`${canonicalIp(address)}/${size}`)}?)`);
  }
  const isOdd = errors.some((error) => !error.detail.startsWith('must not have bits set'));
  if (isOdd) warnings.push(`${path}: non-standard CIDR value ${goQuote(value)} is invalid: use ${goQuote(text)}`);
  if (warnings.length === 0 && !network.isV4 && text !== value) {
    warnings.push(`${path}: IPv6 CIDR value ${goQuote(value)} should be in RFC 5952 canonical format (${goQuote(text)})`);
  }
  return warnings;
}
