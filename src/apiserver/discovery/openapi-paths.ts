// /openapi/v2 and /openapi/v3: the documents that the machinery renders, with ETags and the immutable caching
// that the hash in a v3 URL allows. JSON only: a client that insists on another encoding gets a 406.
import type { OpenApiDocument, OpenApiDocuments } from '#machinery';
import { acceptsGzip, compress, compressFromBytes } from '../answer/compression.ts';
import { answer, type Call } from '../request/call.ts';

export interface OpenApiPaths {
  /** undefined: no such document. */
  handle(call: Call): Promise<void> | undefined;
}

const v2Path = '/openapi/v2';
const v3Path = '/openapi/v3';
const v3Prefix = '/openapi/v3/';
const protobufV2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const encodings: Readonly<Record<string, 'json' | 'protobuf'>> = {
  'application/json': 'json', 'application/*': 'json', '*/*': 'json',
  [protobufV2]: 'protobuf', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf': 'protobuf',
};

/** The first encoding of `Accept` that is served. */
function wantedEncoding(accept: string | undefined): 'json' | 'protobuf' | undefined {
  if (accept === undefined || accept.trim() === '') return 'json';
  return accept.split(',').map((clause) => encodings[clause.split(';', 1)[0]?.trim() ?? '']).find((encoding) => encoding !== undefined);
}

export function createOpenApiPaths(documents: OpenApiDocuments): OpenApiPaths {
  const zipped = new WeakMap<OpenApiDocument, Promise<Buffer>>();
  const send = async (call: Call, document: OpenApiDocument | undefined, contentType = 'application/json'): Promise<void> => {
    if (document === undefined) {
      answer(call, 404, { 'content-type': 'text/plain; charset=utf-8' }, '404 page not found\n');
      return;
    }
    const headers: Record<string, string> = { 'content-type': contentType, etag: document.etag, vary: 'Accept' };
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
  const serve = async (call: Call, path: string): Promise<void> => {
    const encoding = wantedEncoding(call.exchange.headers.accept);
    if (path === v2Path && encoding === 'protobuf') return send(call, await documents.v2Protobuf(), protobufV2);
    const isIndex = path === v3Path || path === v3Prefix;
    const document = path === v2Path ? await documents.v2() : isIndex ? documents.index() : await documents.groupVersion(path.slice(v3Prefix.length));
    if (document !== undefined && encoding !== 'json') return answer(call, 406, { 'content-type': 'text/plain; charset=utf-8' }, '');
    return send(call, document);
  };
  return {
    handle: (call) => {
      const { path } = call.info;
      return path === v2Path || path === v3Path || path.startsWith(v3Prefix) ? serve(call, path) : undefined;
    },
  };
}
