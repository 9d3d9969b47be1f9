// The string formats that validation knows (kube-openapi's strfmt): which are known at all, and what each accepts. Names
// count without hyphens, so "date-time" and "datetime" are one.
import { isIP } from 'node:net';
import { matchesPattern } from './pattern.ts';

type Check = (text: string) => boolean;

const any: Check = () => true;

function pattern(expression: RegExp): Check {
  return (text) => expression.test(text);
}

const uuid = (version: string, variant: string): Check => pattern(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'));

/** IPv4 with octets that may have leading zeros, as Go's old parser took them. */
function isIpv4(text: string): boolean {
  const octets = text.split('.');
  if (octets.length === 4 && octets.every((octet) => /^\d{1,}$/.test(octet) && Number(octet) <= 255)) return true;
  return text.includes('.') && text.includes(':') && isIpv6(text);
}

function isIpv6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && isIP(text) === 6;
}

function isCidr(text: string): boolean {
  const at = text.indexOf('/');
  if (at < 0) return false;
  const [address, length] = [text.slice(0, at), text.slice(at + 1)];
  if (!/^\d{1,3}$/.test(length)) return false;
  return isIpv6(address) ? Number(length) <= 128 : isIpv4(address) && Number(length) <= 32;
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t');
  if (text.length < 4 || time === undefined || !isDate(date)) return false;
  const match = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time);
  return match !== null && (match[1] ?? '') <= '23' && (match[2] ?? '') <= '59' && (match[3] ?? '') <= '59';
}

const goDuration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const durationUnits: readonly (readonly string[])[] = [
  ['ns', 'nano'], ['us', 'µs', 'micro'], ['ms', 'milli'], ['s', 'sec'], ['m', 'min'], ['h', 'hr', 'hour'], ['d', 'day'], ['w', 'wk', 'week'],
];

function isDuration(text: string): boolean {
  if (goDuration.test(text)) return true;
  for (const [, , unit = ''] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    const wanted = unit.toLowerCase();
    if (durationUnits.some((names) => names.includes(wanted) || wanted.startsWith(names.at(-1) ?? ''))) return true;
  }
  return false;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '');
  if (!/^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/.test(digits)) return false;
  let sum = 0;
  [...digits].reverse().forEach((digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1);
    sum += value >= 10 ? (value % 10) + 1 : value;
  });
  return sum % 10 === 0;
}

function isIsbn10(text: string): boolean {
  const clean = text.replace(/[\s-]+/g, '');
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(clean)) return false;
  const sum = [...clean].reduce((total, digit, i) => total + (i + 1) * (digit === 'X' ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const clean = text.replace(/[\s-]+/g, '');
  if (!/^[0-9]{13}$/.test(clean)) return false;
  const sum = [...clean.slice(0, 12)].reduce((total, digit, i) => total + (i % 2 === 0 ? 1 : 3) * Number(digit), 0);
  return Number(clean.charAt(12)) === (10 - (sum % 10)) % 10;
}

const hostname = String.raw`^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$`;

function isHostname(text: string): boolean {
  if (text.length > 255) return false;
  return matchesPattern(hostname, text) === true && text.split('.').every((part) => Buffer.byteLength(part) <= 63);
}

/** What net/url takes as a request URI: absolute, or a path from the root. */
function isRequestUri(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what makes a URL bad
  if (text === '' || /[\x00-\x1f\x7f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text.split('?', 1)[0] ?? '')) return false;
  if (text.startsWith('/')) return true;
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(text);
  if (scheme === null) return text === '*';
  const rest = text.slice(scheme[0].length);
  if (!rest.startsWith('//')) return true;
  const authority = /^\/\/([^/?]*)/.exec(rest)?.[1] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (/[\s<>"\\^`{|}]/.test(host)) return false;
  const port = /\]?:([^:\]]*)$/.exec(host)?.[1];
  return port === undefined || /^\d*$/.test(port);
}

/** RFC 5322 addresses as net/mail reads them: "a@b", "Name <a@b>". */
function isEmail(text: string): boolean {
  const atom = String.raw`[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~\u0080-\uffff-]+`;
  const local = String.raw`(?:${atom}(?:\.${atom})*|"(?:[^"\\\r\n]|\\.)+")`;
  const domain = String.raw`(?:${atom}(?:\.${atom})*|\[[^\[\]\\\r\n]*\])`;
  const bare = new RegExp(`^\\s*${local}@${domain}\\s*$`, 'u');
  const named = new RegExp(String.raw`^\s*(?:"(?:[^"\\]|\\.)*"|[^<>@,;:"]*)\s*<${local}@${domain}>\s*$`, 'u');
  return text.length <= 1000 && (bare.test(text) || named.test(text));
}

const checks: Readonly<Record<string, Check>> = {
  bsonobjectid: pattern(/^[0-9a-fA-F]{24}$/),
  uri: isRequestUri,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  cidr: isCidr,
  mac: pattern(/^(?:[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?:(?:\1[0-9a-f]{2}){2}|(?:\1[0-9a-f]{2}){14})?|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|(?:[0-9a-f]{4}\.){3}[0-9a-f]{4}|(?:[0-9a-f]{4}\.){9}[0-9a-f]{4})$/i),
  uuid: uuid('[0-9a-f]', '[0-9a-f]'),
  uuid3: uuid('3', '[0-9a-f]'),
  uuid4: uuid('4', '[89ab]'),
  uuid5: uuid('5', '[89ab]'),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => text.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: pattern(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: pattern(/^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/),
  byte: pattern(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  password: any,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text),
  k8slongname: (text) => text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text),
};

function normalized(format: string): string {
  return format.replaceAll('-', '');
}

/** Is the format validated for values of this type? */
export function isKnownFormat(type: string, format: string): boolean {
  switch (type) {
    case '':
    case 'string':
      return Object.hasOwn(checks, normalized(format));
    case 'integer':
      return format === 'int32' || format === 'int64';
    case 'number':
      return format === 'float' || format === 'double';
    default:
      return false;
  }
}

/** Unknown formats accept everything. */
export function hasFormat(format: string, text: string): boolean {
  return checks[normalized(format)]?.(text) ?? true;
}
