// What lies behind a path of this server and does not know it (upstream: apimachinery's proxy.Transport): links of HTML
// pages and redirects that mean the target itself are made to go through that path again, and the target is told of it.
import { Readable } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import type { Headers } from '../contract.ts';
import { createLinkRewriter } from './page-links.ts';

export interface PagePlace {
  /** "/api/v1/namespaces/default/pods/p/proxy": the path of this server that stands for the target's root. */
  readonly prefix: string;
  /** host:port of the target */
  readonly host: string;
  /** The Host header of the request. */
  readonly requestHost: string;
}

/** A path without empty and dot segments; its last slash stays. */
function clean(path: string): string {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  return `/${steps.join('/')}${path.endsWith('/') && steps.length > 0 ? '/' : ''}`;
}

/** For X-Forwarded-Uri. @param path at the target, with or without a query */
export function forwardedUri(prefix: string, path: string): string {
  return clean(prefix + (path.split('?', 1)[0] ?? ''));
}

/** A URL that the target gave, as a client of this server must ask for it. */
export function seenFromOutside(url: string, { prefix, host, requestHost }: PagePlace): string {
  const parts = /^([a-zA-Z][a-zA-Z0-9+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)([^]*)$/.exec(url);
  const [, scheme = '', authority, path = '', rest = ''] = parts ?? [];
  const named = authority === undefined ? '' : authority.slice(authority.lastIndexOf('@') + 1);
  if (parts === null || (named !== '' && named !== host && named !== requestHost) || !path.startsWith('/')) return url;
  const origin = named !== '' && named === requestHost ? `${scheme}//${authority ?? ''}` : '';
  return origin + (path.startsWith(prefix) ? path : clean(prefix + path)) + rest;
}

function isPage(headers: Headers): boolean {
  return headers['content-type']?.split(';', 1)[0]?.trim() === 'text/html' && (headers.location ?? '') === '' && ['', 'gzip', 'deflate'].includes(headers['content-encoding'] ?? '');
}

/** The headers of the target's answer. */
export function pageHeaders(headers: Headers, place: PagePlace): Headers {
  if ((headers.location ?? '') !== '') return { ...headers, location: seenFromOutside(headers.location ?? '', place) };
  if (!isPage(headers)) return headers;
  const { 'content-length': _length, ...kept } = headers;
  return kept;
}

/** The body of the target's answer, decompressed for the while; as it comes when it is no page. */
export function pageBody(headers: Headers, body: AsyncIterable<Uint8Array>, place: PagePlace): AsyncIterable<Uint8Array> {
  if (!isPage(headers)) return body;
  const encoding = headers['content-encoding'] ?? '';
  if (encoding === '') return rewritten(body, place);
  const [open, close] = encoding === 'gzip' ? [createGunzip(), createGzip()] : [createInflateRaw(), createDeflateRaw()];
  const plain = through(body, open);
  return through(rewritten(plain, place), close);
}

function through(body: AsyncIterable<Uint8Array>, coder: ReturnType<typeof createGzip> | ReturnType<typeof createGunzip>): AsyncIterable<Uint8Array> {
  const source = Readable.from(body, { objectMode: false });
  source.once('error', (error) => coder.destroy(error));
  coder.once('close', () => source.destroy());
  return source.pipe(coder);
}

async function* rewritten(body: AsyncIterable<Uint8Array>, place: PagePlace): AsyncGenerator<Uint8Array> {
  const rewriter = createLinkRewriter((url) => seenFromOutside(url, place));
  for await (const chunk of body) {
    const out = rewriter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1'));
    if (out !== '') yield Buffer.from(out, 'latin1');
  }
  const rest = rewriter.end();
  if (rest !== '') yield Buffer.from(rest, 'latin1');
}
