// /openapi/v2 and /openapi/v3: the documents that the machinery renders, as JSON and in protobuf, with ETags and the
// immutable caching that the hash in a v3 URL allows. A client that insists on another encoding gets a 406.
import type { OpenApiDocument, OpenApiDocuments, OpenApiEncoding } from '#machinery';
import { acceptsGzip } from '../answer/compression.ts';
import { answer, type Call } from '../request/call.ts';

export interface OpenApiPaths {
  /** undefined: no such document. */
  handle(call: Call): Promise<void> | undefined;
}

const v2Path = '/openapi/v2';
const v3Path = '/openapi/v3';
const v3Prefix = '/openapi/v3/';

const json = { encoding: 'json', contentType: 'application/json' } as const;

interface Served {
  readonly encoding: OpenApiEncoding;
  readonly contentType: string;
}

/** What Accept may name, by version; the older spelling with `@` is not a media type but is asked for. */
function servedOf(version: 'v2' | 'v3'): Readonly<Record<string, Served>> {
  const protobuf = { encoding: 'protobuf', contentType: `application/com.github.proto-openapi.spec.${version}.v1.0+protobuf` } as const;
  return {
    'application/json': json, 'application/*': json, '*/*': json,
    [protobuf.contentType]: protobuf, [`application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`]: protobuf,
  };
}

const served = { v2: servedOf('v2'), v3: servedOf('v3') };

/** The first encoding of `Accept` that is served. */
function wanted(version: 'v2' | 'v3', accept: string | undefined): Served | undefined {
  if (accept === undefined || accept.trim() === '') return json;
  return accept.split(',').map((clause) => served[version][clause.split(';', 1)[0]?.trim() ?? '']).find((encoding) => encoding !== undefined);
}

/** @param immutable The URL names the content by its hash. */
async function send(call: Call, document: OpenApiDocument, contentType: string, immutable = false): Promise<void> {
  const headers: Record<string, string> = { 'content-type': contentType, etag: document.etag, vary: 'Accept, Accept-Encoding' };
  if (immutable) headers['cache-control'] = 'public, immutable';
  if (call.exchange.headers['if-none-match'] === document.etag) return answer(call, 304, headers, '');
  if (!acceptsGzip(call.exchange.headers['accept-encoding'])) return answer(call, 200, headers, Buffer.from(await document.bytes()));
  headers['content-encoding'] = 'gzip';
  answer(call, 200, headers, Buffer.from(document.zipped));
}

export function createOpenApiPaths(documents: OpenApiDocuments): OpenApiPaths {
  const serveV2 = async (call: Call): Promise<void> => {
    const form = wanted('v2', call.exchange.headers.accept);
    if (form === undefined) return answer(call, 406, { vary: 'Accept' }, '');
    await send(call, await documents.v2(form.encoding), form.contentType);
  };
  const serveV3 = async (call: Call, path: string): Promise<void> => {
    if (path === v3Path || path === v3Prefix) return send(call, await documents.index(), 'text/plain; charset=utf-8');
    const form = wanted('v3', call.exchange.headers.accept);
    const document = await documents.groupVersion(path.slice(v3Prefix.length), form?.encoding);
    if (document === undefined) return answer(call, 404, {}, '');
    if (form === undefined) return answer(call, 406, { vary: 'Accept' }, '');
    const hash = call.info.query.get('hash') ?? '';
    const now = document.etag.slice(1, -1);
    if (hash !== '' && hash !== now) {
      answer(call, 301, { 'content-type': form.contentType, etag: document.etag, location: `${path}?hash=${now}`, vary: 'Accept' }, '');
      return;
    }
    await send(call, document, form.contentType, hash !== '');
  };
  return {
    handle: (call) => {
      const { path } = call.info;
      if (path === v2Path) return serveV2(call);
      return path === v3Path || path.startsWith(v3Prefix) ? serveV3(call, path) : undefined;
    },
  };
}
