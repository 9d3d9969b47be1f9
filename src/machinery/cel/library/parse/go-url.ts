// URLs as Kubernetes reads them (Go's net/url): what an absolute URL or path is, its parts and its canonical
// text, with Go's error texts. Escapes stand for bytes, therefore the work happens on the UTF-8 bytes,
// one character each, and only what leaves this file is text again.
import { goQuote } from '../../../field-errors.ts';
import { checkBracketedHost } from './ip-address.ts';

export interface GoUrl {
  readonly scheme: string;
  /** What follows the scheme when no slash does. */
  readonly opaque: string;
  /** Escaped, with its "@"; '' without one. */
  readonly userinfo: string;
  /** Host and port. */
  readonly host: string;
  readonly escapedPath: string;
  readonly rawQuery: string;
  /** Without escapes. */
  readonly fragment: string;
  readonly text: string;
}

type Place = 'path' | 'userPassword' | 'host' | 'zone' | 'query' | 'fragment';

const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const toText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

const subDelimiters = /[!$&'()*+,;=:[\]<>"]/;
const escapedReserved: Readonly<Record<Place, RegExp>> = {
  path: /[?]/, userPassword: /[@/?:]/, query: /./, fragment: /(?!)/, host: /./, zone: /./,
};

function needsEscape(character: string, place: Place): boolean {
  if (/[A-Za-z0-9\-_.~]/.test(character)) return false;
  if ((place === 'host' || place === 'zone') && subDelimiters.test(character)) return false;
  if (/[$&+,/:;=?@]/.test(character)) return escapedReserved[place].test(character);
  return !(place === 'fragment' && /[!()*]/.test(character));
}

/** Escapes and what may not stand there: all else, which may be millions of characters, is taken as it is. */
const oddInHosts = /%[^]{0,2}|[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\u00ff]/g;
const oddInQueries = /%[^]{0,2}|\+/g;
const oddElsewhere = /%[^]{0,2}/g;

function unescape(bytes: string, place: Place): string {
  const odd = place === 'host' || place === 'zone' ? oddInHosts : place === 'query' ? oddInQueries : oddElsewhere;
  return bytes.replace(odd, (found) => {
    if (found === '+') return ' ';
    if (!found.startsWith('%')) throw new Error(`invalid character ${goQuote(found)} in host name`);
    if (!/^%[0-9a-fA-F]{2}$/.test(found)) throw escapeError(found);
    const value = Number.parseInt(found.slice(1), 16);
    if (place === 'host' && value < 0x80 && found !== '%25') throw escapeError(found);
    if (place === 'zone' && found !== '%25' && value !== 0x20 && needsEscape(String.fromCharCode(value), 'host')) throw escapeError(found);
    return String.fromCharCode(value);
  });
}

function escapeError(escape: string): Error {
  return new Error(`invalid URL escape ${goQuote(toText(escape))}`);
}

function escape(bytes: string, place: Place): string {
  return bytes.replace(/[^A-Za-z0-9\-_.~]/g, (character) => (needsEscape(character, place) ? `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : character));
}

/** An absolute URL or absolute path, a fragment being part of what precedes it. Throws Go's "parse ...: ..." */
export function checkRequestUri(text: string): void {
  try {
    parse(toBytes(text), true);
  } catch (error) {
    throw parseError(text, error);
  }
}

/** Any URL reference. Throws Go's "parse ...: ..." */
export function parseGoUrl(text: string): GoUrl {
  const hash = text.indexOf('#');
  const before = hash < 0 ? text : text.slice(0, hash);
  const fragment = hash < 0 ? '' : toBytes(text.slice(hash + 1));
  let parts: Parts;
  try {
    parts = parse(toBytes(before), false);
  } catch (error) {
    throw parseError(before, error);
  }
  let fragmentText = '';
  try {
    if (fragment !== '') fragmentText = `#${canonical(fragment, 'fragment')}`;
  } catch (error) {
    throw parseError(text, error);
  }
  return {
    scheme: parts.scheme,
    opaque: toText(parts.opaque),
    userinfo: toText(parts.userinfo),
    host: toText(parts.host),
    escapedPath: toText(parts.path),
    rawQuery: toText(parts.query),
    fragment: toText(unescape(fragment, 'fragment')),
    text: toText(textOf(parts) + fragmentText),
  };
}

function parseError(text: string, error: unknown): Error {
  return new Error(`parse ${goQuote(text)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

interface Parts {
  readonly scheme: string;
  opaque: string;
  userinfo: string;
  host: string;
  omitsHost: boolean;
  path: string;
  readonly query: string;
  readonly hasQuery: boolean;
}

function parse(raw: string, isRequest: boolean): Parts {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x1f\x7f]/.test(raw)) throw new Error('net/url: invalid control character in URL');
  if (raw === '' && isRequest) throw new Error('empty url');
  const bare = { opaque: '', userinfo: '', host: '', omitsHost: false, query: '', hasQuery: false };
  if (raw === '*') return { ...bare, scheme: '', path: '*' };
  if (raw.startsWith(':')) throw new Error('missing protocol scheme');
  const scheme = /^([A-Za-z][A-Za-z0-9+\-.]*):/.exec(raw)?.[1] ?? '';
  let rest = scheme === '' ? raw : raw.slice(scheme.length + 1);
  const mark = rest.indexOf('?');
  const parts: Parts = { ...bare, scheme: scheme.toLowerCase(), path: '', query: mark < 0 ? '' : rest.slice(mark + 1), hasQuery: mark >= 0 };
  if (mark >= 0) rest = rest.slice(0, mark);
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...parts, opaque: rest };
    if (isRequest) throw new Error('invalid URI for request');
    if ((rest.split('/')[0] ?? '').includes(':')) throw new Error('first path segment in URL cannot contain colon');
  }
  if (rest.startsWith('//') && (scheme !== '' || (!isRequest && !rest.startsWith('///')))) {
    const slash = rest.indexOf('/', 2);
    setAuthority(parts, slash < 0 ? rest.slice(2) : rest.slice(2, slash));
    rest = slash < 0 ? '' : rest.slice(slash);
  } else if (scheme !== '' && rest.startsWith('/')) {
    parts.omitsHost = true;
  }
  parts.path = canonical(rest, 'path');
  return parts;
}

/** The escaped form that is shown: as given when it is a valid encoding, otherwise encoded anew. */
function canonical(given: string, place: 'path' | 'fragment'): string {
  const plain = unescape(given, place);
  const isValid = [...given].every((character) => /[!$&'()*+,;=:@[\]%]/.test(character) || !needsEscape(character, place));
  if (isValid) return given;
  return plain === '*' ? '*' : escape(plain, place);
}

function setAuthority(parts: Parts, authority: string): void {
  const at = authority.lastIndexOf('@');
  parts.host = parseHost(parts.scheme, at < 0 ? authority : authority.slice(at + 1));
  if (at < 0) return;
  const userinfo = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw new Error('net/url: invalid userinfo');
  const colon = userinfo.indexOf(':');
  const encoded = (text: string): string => escape(unescape(text, 'userPassword'), 'userPassword');
  parts.userinfo = colon < 0 ? `${encoded(userinfo)}@` : `${encoded(userinfo.slice(0, colon))}:${encoded(userinfo.slice(colon + 1))}@`;
}

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf('[');
  if (open > 0) throw new Error('invalid IP-literal');
  if (open === 0) return parseBracketed(host);
  const first = host.indexOf(':');
  if (first >= 0) {
    const isStrict = scheme === 'http' || scheme === 'https';
    checkPort(host.slice(isStrict ? first : host.lastIndexOf(':')));
  }
  return unescape(host, 'host');
}

function parseBracketed(host: string): string {
  const close = host.lastIndexOf(']');
  if (close < 0) throw new Error("missing ']' in host");
  const port = host.slice(close + 1);
  checkPort(port);
  const name = host.slice(1, close);
  const zone = name.indexOf('%25');
  const plain = zone < 0 ? unescape(name, 'host') : unescape(name.slice(0, zone), 'host') + unescape(name.slice(zone), 'zone');
  checkBracketedHost(toText(plain));
  return `[${plain}]${unescape(port, 'host')}`;
}

function checkPort(port: string): void {
  if (port !== '' && !/^:[0-9]*$/.test(port)) throw new Error(`invalid port ${goQuote(toText(port))} after host`);
}

function textOf(parts: Parts): string {
  let out = parts.scheme === '' ? '' : `${parts.scheme}:`;
  const query = parts.hasQuery ? `?${parts.query}` : '';
  if (parts.opaque !== '') return `${out}${parts.opaque}${query}`;
  const hasAuthority = parts.host !== '' || parts.userinfo !== '';
  if ((parts.scheme !== '' || hasAuthority) && !(parts.omitsHost && !hasAuthority)) {
    if (hasAuthority || parts.path !== '') out += '//';
    out += parts.userinfo + escape(parts.host, 'host');
  }
  if (parts.path !== '' && !parts.path.startsWith('/') && parts.host !== '') out += '/';
  if (out === '' && (parts.path.split('/')[0] ?? '').includes(':')) out += './';
  return out + parts.path + query;
}

/** The host without port and brackets. */
export function hostName(url: GoUrl): string {
  const { host } = url;
  const name = portOf(host) === undefined ? host : host.slice(0, host.lastIndexOf(':'));
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

/** Digits behind the host, '' without. */
export function portText(url: GoUrl): string {
  return portOf(url.host) ?? '';
}

function portOf(host: string): string | undefined {
  return /:([0-9]*)$/.exec(host)?.[1];
}

/** Parameters in order of their keys' first appearance; what cannot be read is left out. */
export function queryValues(url: GoUrl): Map<string, string[]> {
  const values = new Map<string, string[]>();
  const parts = url.rawQuery.split('&');
  if (parts.length > 10_000) return values;
  for (const part of parts) {
    if (part === '' || part.includes(';')) continue;
    const equals = part.indexOf('=');
    try {
      const key = toText(unescape(toBytes(equals < 0 ? part : part.slice(0, equals)), 'query'));
      const value = equals < 0 ? '' : toText(unescape(toBytes(part.slice(equals + 1)), 'query'));
      const known = values.get(key);
      if (known === undefined) values.set(key, [value]);
      else known.push(value);
    } catch {
      // A parameter with a broken escape does not exist.
    }
  }
  return values;
}
