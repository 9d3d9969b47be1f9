// Small checks that many core types share: names in fields, paths, quantities, IP addresses. Texts are
// upstream's (pkg/apis/core/validation, apimachinery/pkg/util/validation).
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { addAll, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { labelKeyErrors } from '../../label-syntax.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors, nameIsPathSegment, nameIsSubdomain, portNameErrors, portNumberErrors, regexError } from '../../names.ts';
import { parseQuantity, type Quantity } from '../../quantity.ts';

export function checkLabel1123(value: string, path: string): FieldError[] {
  return dns1123LabelErrors(value).map((message) => invalidValue(path, value, message));
}

export function checkSubdomain(value: string, path: string): FieldError[] {
  return dns1123SubdomainErrors(value).map((message) => invalidValue(path, value, message));
}

export function checkQualifiedName(value: string, path: string): FieldError[] {
  return labelKeyErrors(value).map((message) => invalidValue(path, value, message));
}

/** A reference to an object whose name is a DNS subdomain. */
export function checkObjectName(value: string, path: string): FieldError[] {
  return nameIsSubdomain(value, false).map((message) => invalidValue(path, value, message));
}

export function checkRequired(value: string | undefined, path: string, detail = ''): FieldError[] {
  return value === undefined || value === null || value === '' ? [required(path, detail)] : [];
}

/** One of a fixed set; sorted in the message as upstream's sets are. */
export function checkEnum(value: string, allowed: readonly string[], path: string): FieldError[] {
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

/** As checkEnum, with an error of its own for the empty value. */
export function checkRequiredEnum(value: string | undefined, allowed: readonly string[], path: string): FieldError[] {
  if (value === undefined || value === '') return [required(path, '')];
  return checkEnum(value, allowed, path);
}

export function checkPortOrName(port: number | string | undefined, path: string): FieldError[] {
  if (typeof port === 'string') return portNameErrors(port).map((message) => invalidValue(path, port, message));
  return portNumberErrors(port ?? 0).map((message) => invalidValue(path, port ?? 0, message));
}

export function checkNoBacksteps(value: string, path: string): FieldError[] {
  return value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : [];
}

/** A path below the volume: relative, without "..". */
export function checkDescendingPath(value: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (value.startsWith('/')) errors.push(invalidValue(path, value, 'must be a relative path'));
  addAll(errors, checkNoBacksteps(value, path));
  return errors;
}

/** As checkDescendingPath; names that start with ".." belong to the volume's own bookkeeping. */
export function checkVolumeFilePath(value: string, path: string): FieldError[] {
  const errors = checkDescendingPath(value, path);
  if (value.startsWith('..') && !value.startsWith('../')) errors.push(invalidValue(path, value, "must not start with '..'"));
  return errors;
}

export function checkFileMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || mode === null || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** The quantity, or zero for what cannot be parsed (decoding has refused that already). */
export function quantity(text: string | number | undefined): Quantity {
  try {
    return parseQuantity(text ?? '0');
  } catch {
    return parseQuantity('0');
  }
}

const mapped = /^::ffff:/i;

/** Do older fields refuse addresses that programs read in different ways? The feature gate StrictIPCIDRValidation. */
let refusesAmbiguous = true;

/** Said once, before the server starts: it holds for the process. */
export function refuseAmbiguousAddresses(on: boolean): void {
  refusesAmbiguous = on;
}

/** Of what is wrong with a value in an older field, what counts. */
function counting(errors: FieldError[]): FieldError[] {
  return refusesAmbiguous ? errors : errors.filter(({ detail }) => detail.startsWith('must be a valid'));
}

const none: ReadonlySet<string> = new Set();

/** An IP address in a field that predates strict checking: any spelling of IPv6, no leading zeros in IPv4. */
export function checkIp(value: string, path: string, old: ReadonlySet<string> = none): FieldError[] {
  return old.has(value) ? [] : counting(strictIpErrors(value, path));
}

/** The same whatever older fields take. */
export function strictIpErrors(value: string, path: string): FieldError[] {
  if (isIP(value) !== 0 && !value.includes('%')) {
    return mapped.test(value) && value.includes('.') ? [invalidValue(path, value, 'must not be an IPv4-mapped IPv6 address')] : [];
  }
  if (isIPv4(withoutLeadingZeros(value))) return [invalidValue(path, value, 'must not have leading 0s')];
  return [invalidValue(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
}

/** IPv4 without the leading zeros that older clients wrote. */
export function withoutLeadingZeros(value: string): string {
  if (!/(?:^|\.)0\d/.test(value)) return value;
  return value.split('.').map((part) => (/^0+\d+$/.test(part) ? part.replace(/^0+(?=\d)/, '') : part)).join('.');
}

/** A CIDR in a field that predates strict checking. */
export function checkCidr(value: string, path: string, old: ReadonlySet<string> = none): FieldError[] {
  return old.has(value) ? [] : counting(strictCidrErrors(value, path));
}

/** The same whatever older fields take. */
export function strictCidrErrors(value: string, path: string): FieldError[] {
  const bad = (detail: string): FieldError[] => [invalidValue(path, value, detail)];
  const slash = value.lastIndexOf('/');
  const address = value.slice(0, Math.max(slash, 0));
  const length = value.slice(slash + 1);
  const plain = withoutLeadingZeros(address);
  const bits = isIPv4(plain) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : 0;
  if (slash < 0 || bits === 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits) {
    return bad('must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
  }
  if (plain !== address || /^0\d/.test(length)) return bad('must not have leading 0s in IP or prefix length');
  if (mapped.test(address) && address.includes('.')) return bad('must not have an IPv4-mapped IPv6 address');
  if (!hasOnlyPrefixBits(address, Number(length), bits)) return bad('must not have bits set beyond the prefix length');
  return [];
}

function hasOnlyPrefixBits(address: string, length: number, bits: number): boolean {
  return (addressBits(address) & ((1n << BigInt(bits - length)) - 1n)) === 0n;
}

/** The address as a number. */
export function addressBits(address: string): bigint {
  if (isIPv4(address)) return BigInt(address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0));
  const [head = '', tail] = address.split('::');
  const words = (text: string): string[] =>
    text === '' ? [] : text.split(':').flatMap((word) => (word.includes('.') ? dottedWords(word) : [word]));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const middle = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...middle, ...right].reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n);
}

function dottedWords(text: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
}

/** Are these one IPv4 and one IPv6 address (in any number)? */
export function isDualStack(addresses: readonly string[]): boolean {
  return addresses.some((address) => isIPv4(address)) && addresses.some((address) => isIPv6(address));
}

/** The name of a certificate signer: "example.com/name". */
export function checkSignerName(name: string, path: string): FieldError[] {
  if (name === '') return [required(path, '')];
  const segments = name.split('/');
  const [domain = '', rest = ''] = segments;
  if (segments.length !== 2) {
    return [invalidValue(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  const errors: FieldError[] = [];
  if (domain.length > 253) errors.push({ type: 'TooLong', field: path, badValue: '<value omitted>', detail: 'may not be more than 253 bytes' });
  for (const label of domain.split('.')) {
    const messages = dns1123LabelErrors(label);
    for (const message of messages) errors.push(invalidValue(path, domain, `validating label ${JSON.stringify(label)}: ${message}`));
    if (messages.length > 0) break;
  }
  if (domain.split('.').length < 2) errors.push(invalidValue(path, domain, 'should be a domain with at least two segments separated by dots'));
  for (const label of rest.split('.')) {
    const messages = dns1123SubdomainErrors(label);
    for (const message of messages) errors.push(invalidValue(path, rest, `validating label ${JSON.stringify(label)}: ${message}`));
    if (messages.length > 0) break;
  }
  return errors;
}


const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathRegex = new RegExp(`^${pathPattern}$`);

/** A path below a domain: "acme.io/foo". */
export function checkDomainPath(name: string, path: string): FieldError[] {
  if (name === '') return [required(path, '')];
  const slash = name.indexOf('/');
  const [domain, rest] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
  if (domain === '' || rest === '') return [invalidValue(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = dns1123SubdomainErrors(domain).map((message) => invalidValue(path, domain, message));
  if (!pathRegex.test(rest)) errors.push(invalidValue(path, rest, regexError('Invalid path', pathPattern)));
  return errors;
}

/** A name or kind in a reference to an object of some other group. */
export function checkPathSegment(value: string | undefined, path: string): FieldError[] {
  if (value === undefined || value === '') return [required(path, '')];
  return nameIsPathSegment(value, false).map((message) => invalidValue(path, value, message));
}
