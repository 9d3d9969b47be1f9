// IP addresses and prefixes as Kubernetes' CEL libraries read them: strictly (no leading zeros, no mapped
// IPv4, no zones), with the error texts of Go's net/netip. An address is its 4 or 16 bytes.
import { goQuote } from '../../../field-errors.ts';

export interface IpAddress {
  readonly bytes: Uint8Array;
}

export interface IpPrefix {
  readonly address: IpAddress;
  readonly bits: number;
}

class AddressError extends Error {
  constructor(whole: string, problem: string, at?: string) {
    super(`ParseAddr(${goQuote(whole)}): ${problem}${at === undefined ? '' : ` (at ${goQuote(at)})`}`);
  }
}

interface Parsed {
  readonly bytes: Uint8Array;
  readonly zone: string;
}

/** Throws an Error with the text that `ip()` reports. */
export function parseIpAddress(text: string): IpAddress {
  let parsed: Parsed;
  try {
    parsed = parse(text);
  } catch (error) {
    throw new Error(`IP Address ${goQuote(text)} parse error during conversion from string: ${message(error)}`, { cause: error });
  }
  if (parsed.zone !== '') throw new Error(`IP address ${goQuote(text)} with zone value is not allowed`);
  if (isMapped(parsed.bytes)) throw new Error(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return { bytes: parsed.bytes };
}

/** Throws an Error with the text that `cidr()` reports. */
export function parseIpPrefix(text: string): IpPrefix {
  let prefix: IpPrefix;
  try {
    prefix = parsePrefix(text);
  } catch (error) {
    throw new Error(`network address parse error during conversion from string: ${message(error)}`, { cause: error });
  }
  if (isMapped(prefix.address.bytes)) throw new Error(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`);
  return prefix;
}

/** Is this an IPv6 address by Go's reading, zone allowed? What must stand between brackets in a URL's host. */
export function checkBracketedHost(text: string): void {
  let parsed: Parsed;
  try {
    parsed = parse(text);
  } catch (error) {
    throw new Error(`invalid host: ${message(error)}`, { cause: error });
  }
  if (parsed.bytes.length === 4) throw new Error('invalid IP-literal');
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
}

function parsePrefix(text: string): IpPrefix {
  const fail = (problem: string): Error => new Error(`netip.ParsePrefix(${goQuote(text)}): ${problem}`);
  const slash = text.lastIndexOf('/');
  if (slash < 0) throw fail("no '/'");
  let parsed: Parsed;
  try {
    parsed = parse(text.slice(0, slash));
  } catch (error) {
    throw fail(message(error));
  }
  if (parsed.zone !== '') throw fail('IPv6 zones cannot be present in a prefix');
  const bitsText = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]*)$/.test(bitsText) || bitsText.length > 18) throw fail(`bad bits after slash: ${goQuote(bitsText)}`);
  const bits = Number(bitsText);
  if (bits > parsed.bytes.length * 8) throw fail('prefix length out of range');
  return { address: { bytes: parsed.bytes }, bits };
}

function parse(text: string): Parsed {
  const first = /[.:%]/.exec(text)?.[0];
  if (first === '.') return { bytes: parseIpv4(text, text), zone: '' };
  if (first === ':') return parseIpv6(text);
  throw new AddressError(text, first === '%' ? 'missing IPv6 address' : 'unable to parse IP');
}

/** `text` is the IPv4 part of `whole`. */
function parseIpv4(whole: string, text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  let [value, position, digits] = [0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character >= '0' && character <= '9') {
      if (digits === 1 && value === 0) throw new AddressError(whole, 'IPv4 field has octet with leading zero');
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) throw new AddressError(whole, 'IPv4 field has value >255');
    } else if (character === '.') {
      if (i === 0 || i === text.length - 1 || text.charAt(i - 1) === '.') throw new AddressError(whole, 'IPv4 field must have at least one digit', text.slice(i));
      if (position === 3) throw new AddressError(whole, 'IPv4 address too long');
      bytes[position++] = value;
      [value, digits] = [0, 0];
    } else {
      throw new AddressError(whole, 'unexpected character', text.slice(i));
    }
  }
  if (position < 3) throw new AddressError(whole, 'IPv4 address too short');
  bytes[3] = value;
  return bytes;
}

function parseIpv6(whole: string): Parsed {
  const percent = whole.indexOf('%');
  const zone = percent < 0 ? '' : whole.slice(percent + 1);
  if (percent >= 0 && zone === '') throw new AddressError(whole, 'zone must be a non-empty string');
  let rest = percent < 0 ? whole : whole.slice(0, percent);
  const bytes = new Uint8Array(16);
  let ellipsis = -1;
  if (rest.startsWith('::')) {
    ellipsis = 0;
    rest = rest.slice(2);
    if (rest === '') return { bytes, zone };
  }
  let filled = 0;
  while (filled < 16) {
    const digits = hexField(whole, rest);
    if (rest.charAt(digits.length) === '.') {
      if (ellipsis < 0 && filled !== 12) throw new AddressError(whole, 'embedded IPv4 address must replace the final 2 fields of the address', rest);
      if (filled + 4 > 16) throw new AddressError(whole, 'too many hex fields to fit an embedded IPv4 at the end of the address', rest);
      bytes.set(parseIpv4(whole, rest), filled);
      filled += 4;
      rest = '';
      break;
    }
    const value = Number.parseInt(digits, 16);
    bytes[filled] = value >> 8;
    bytes[filled + 1] = value & 255;
    filled += 2;
    rest = rest.slice(digits.length);
    if (rest === '') break;
    rest = afterColon(whole, rest);
    if (rest.startsWith(':')) {
      if (ellipsis >= 0) throw new AddressError(whole, 'multiple :: in address', rest);
      ellipsis = filled;
      rest = rest.slice(1);
      if (rest === '') break;
    }
  }
  if (rest !== '') throw new AddressError(whole, 'trailing garbage after address', rest);
  expand(whole, bytes, filled, ellipsis);
  return { bytes, zone };
}

function hexField(whole: string, rest: string): string {
  const digits = /^[0-9a-fA-F]*/.exec(rest)?.[0] ?? '';
  if (digits.length > 4) throw new AddressError(whole, 'each group must have 4 or less digits', rest);
  if (digits === '') throw new AddressError(whole, 'each colon-separated field must have at least one digit', rest);
  return digits;
}

function afterColon(whole: string, rest: string): string {
  if (!rest.startsWith(':')) throw new AddressError(whole, 'unexpected character, want colon', rest);
  if (rest.length === 1) throw new AddressError(whole, 'colon must be followed by more characters', rest);
  return rest.slice(1);
}

/** Puts the zeros where the `::` stood. */
function expand(whole: string, bytes: Uint8Array, filled: number, ellipsis: number): void {
  if (filled === 16) {
    if (ellipsis >= 0) throw new AddressError(whole, 'the :: must expand to at least one field of zeros');
    return;
  }
  if (ellipsis < 0) throw new AddressError(whole, 'address string too short');
  bytes.copyWithin(ellipsis + 16 - filled, ellipsis, filled);
  bytes.fill(0, ellipsis, ellipsis + 16 - filled);
}

/** The canonical text (RFC 5952). */
export function ipText({ bytes }: IpAddress): string {
  if (bytes.length === 4) return bytes.join('.');
  const fields = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let [start, length] = [-1, 0];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && fields[end] === 0) end++;
    if (end - i > length && end - i > 1) [start, length] = [i, end - i];
  }
  const hex = fields.map((field) => field.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** "10.0.0.0/8" */
export function prefixText({ address, bits }: IpPrefix): string {
  return `${ipText(address)}/${bits}`;
}

/** The prefix with the bits behind its length cleared. */
export function maskedPrefix({ address, bits }: IpPrefix): IpPrefix {
  return { address: { bytes: address.bytes.map((byte, i) => byte & maskByte(bits, i)) }, bits };
}

function maskByte(bits: number, index: number): number {
  const here = Math.min(8, Math.max(0, bits - 8 * index));
  return (0xff00 >> here) & 0xff;
}

/** Is the address within the prefix? Never across families. */
export function prefixContains({ address, bits }: IpPrefix, ip: IpAddress): boolean {
  return address.bytes.length === ip.bytes.length && address.bytes.every((byte, i) => ((byte ^ (ip.bytes[i] ?? 0)) & maskByte(bits, i)) === 0);
}

export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, i) => byte === b.bytes[i]);
}

const equals = (bytes: Uint8Array, ...expected: number[]): boolean => bytes.every((byte, i) => byte === (expected[i] ?? 0));

export function isUnspecified({ bytes }: IpAddress): boolean {
  return equals(bytes);
}

export function isLoopback({ bytes }: IpAddress): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : equals(bytes.subarray(0, 15)) && bytes[15] === 1;
}

export function isMulticast({ bytes }: IpAddress): boolean {
  return bytes.length === 4 ? ((bytes[0] ?? 0) & 0xf0) === 0xe0 : bytes[0] === 0xff;
}

export function isLinkLocalMulticast({ bytes }: IpAddress): boolean {
  return bytes.length === 4 ? equals(bytes.subarray(0, 3), 224, 0, 0) : bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 2;
}

export function isLinkLocalUnicast({ bytes }: IpAddress): boolean {
  return bytes.length === 4 ? equals(bytes.subarray(0, 2), 169, 254) : bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

export function isGlobalUnicast(ip: IpAddress): boolean {
  if (ip.bytes.length === 4 && equals(ip.bytes, 255, 255, 255, 255)) return false;
  return !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);
}
