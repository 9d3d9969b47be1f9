// /openapi/v2 and /openapi/v3: the documents that the machinery renders, with ETags and the immutable caching
// that the hash in a v3 URL allows. JSON only: a client that insists on another encoding gets a 406.
import type { OpenApiDocument, OpenApiDocuments } from '#machinery';
import { acceptsGzip, compress, compressFromBytes } from '../answer/compression.ts';
import { answer, type Call } from '../request/call.ts';

export interface OpenApiPaths {
  /** undefined: no such document. */
  handle(call: Call): Promise<void> | undefined;
}

function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((clause) => ['application/json', 'application/*', '*/*'].includes(clause.split(';', 1)[0]?.trim() ?? ''));
}

export function createOpenApiPaths(documents: OpenApiDocuments): OpenApiPaths {
  const zipped = new WeakMap<OpenApiDocument, Promise<Buffer>>();
  const send = async (call: Call, document: OpenApiDocument | undefined): Promise<void> => {
    if (document === undefined) {
      answer(call, 404, { 'content-type': 'text/plain; charset=utf-8' }, '404 page not found\n');
      return;
    }
    if (!acceptsJson(call.exchange.headers.accept)) {
      answer(call, 406, { 'content-type': 'text/plain; charset=utf-8' }, '');
      return;
    }
    const headers: Record<string, string> = { 'content-type': 'application/json', etag: document.etag, vary: 'Accept' };
    const hash = call.info.query.get('hash');
    if (hash !== null && hash !== '') headers['cache-control'] = 'public, immutable';
    if (call.exchange.headers['if-none-match'] === document.etag) {
      answer(call, 304, headers, '');
      return;
    }
    if (document.bytes.length < compressFromBytes || !acceptsGzip(call.exchange.headers['accept-encoding'])) {
      answer(call, 200, headers, document.bytes);
      return;
    }
    let bytes = zipped.get(document);
    if (bytes === undefined) {
      bytes = compress(document.bytes);
      zipped.set(document, bytes);
    }
    headers['content-encoding'] = 'gzip';
    answer(call, 200, headers, await bytes);
  };
  return {
    handle(call) {
      const { path } = call.info;
      if (path === '/openapi/v2') return documents.v2().then((document) => send(call, document));
      if (path === '/openapi/v3' || path === '/openapi/v3/') return send(call, documents.index());
      const prefix = '/openapi/v3/';
      if (!path.startsWith(prefix)) return undefined;
      return documents.groupVersion(path.slice(prefix.length)).then((document) => send(call, document));
    },
  };
}
