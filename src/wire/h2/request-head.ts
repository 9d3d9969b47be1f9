// A request's fields as handlers see them, and whether they are a request at all (RFC 9113, section 8).
import type { Headers } from '../contract.ts';

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** Lower-case names; `host` is always there, pseudo headers are not. */
  readonly headers: Headers;
  /** As announced; undefined: not announced. */
  readonly contentLength: number | undefined;
}

/** Sent twice, the first counts; all others are joined. As Node does for HTTP/1.1. */
const single = new Set([
  'access-control-allow-credentials', 'access-control-max-age', 'access-control-request-method', 'age', 'authorization', 'content-encoding', 'content-language',
  'content-length', 'content-location', 'content-md5', 'content-range', 'content-type', 'date', 'dnt', 'etag', 'expires', 'from', 'host', 'if-match',
  'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'range', 'referer',
  'retry-after', 'tk', 'upgrade-insecure-requests', 'user-agent', 'x-content-type-options',
]);

/** The head of a request, or why its fields make none (the stream is reset then). `fields`: names and values in turn. */
export function requestHead(fields: readonly string[]): RequestHead | string {
  const headers: Record<string, string> = {};
  let method: string | undefined;
  let path: string | undefined;
  let scheme: string | undefined;
  let authority: string | undefined;
  let regular = false;
  let contentLength: number | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (name.charCodeAt(0) === 58) {
      if (regular) return `${name} comes after a regular field`;
      if (name === ':method' && method === undefined) method = value;
      else if (name === ':path' && path === undefined) path = value;
      else if (name === ':scheme' && scheme === undefined) scheme = value;
      else if (name === ':authority' && authority === undefined) authority = value;
      else return `${name} is unknown or there twice`;
      continue;
    }
    regular = true;
    switch (name) {
      case 'connection': case 'keep-alive': case 'proxy-connection': case 'transfer-encoding': case 'upgrade':
        return `${name} has no place in HTTP/2`;
      case 'te':
        if (value !== 'trailers') return 'te may only say trailers';
        break;
      case 'content-length':
        if (!/^\d{1,15}$/.test(value) || (contentLength !== undefined && contentLength !== Number(value))) return 'content-length is no number';
        contentLength = Number(value);
    }
    const before = headers[name];
    if (before === undefined || !Object.hasOwn(headers, name)) headers[name] = value;
    else if (!single.has(name)) headers[name] = name === 'cookie' ? `${before}; ${value}` : `${before}, ${value}`;
  }
  if (method === undefined) return ':method is missing';
  if (method === 'CONNECT') {
    if (scheme !== undefined || path !== undefined || authority === undefined) return 'CONNECT has an authority and nothing else';
  } else {
    if (scheme === undefined) return ':scheme is missing';
    if (path === undefined || path === '') return ':path is missing';
    if (path.charCodeAt(0) !== 47 && !(path === '*' && method === 'OPTIONS')) return ':path is no path';
  }
  headers['host'] ??= authority ?? '';
  return { method, url: path ?? '', headers, contentLength };
}

/** Trailers hold no pseudo headers (section 8.1). What they say is dropped: no handler asks for it. */
export function trailersAreSound(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i]?.charCodeAt(0) === 58) return false;
  return true;
}
