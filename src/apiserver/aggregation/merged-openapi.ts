// OpenAPI of everything: /openapi/v3 lists the documents of extension API servers beside this server's own and passes
// them through, kept by their hash; /openapi/v2 is one document with the paths and definitions of all. A definition
// that both sides name is this server's: extension servers are built from the same libraries.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Clock } from '#base/clock.ts';
import { additionV2Bytes, isObject, parseJson, type OpenApiDocument, type OpenApiDocuments, type OpenApiEncoding } from '#machinery';
import { readWhole } from '#wire';
import type { ApiServices } from './api-services.ts';
import { aggregatorIdentity, discoveryPath } from './availability.ts';
import { hostOf, identityHeaders, type Backends } from './backends.ts';
import type { OpenApiV2Part, RemoteDocuments } from './documents.ts';

export interface OpenApiMerge {
  /** This server's documents with those of extension API servers. */
  over(local: OpenApiDocuments): OpenApiDocuments;
}

export interface OpenApiMergePorts {
  readonly services: () => ApiServices;
  readonly documents: ReadonlyMap<string, RemoteDocuments>;
  readonly documentsRevision: () => number;
  readonly backends: Backends;
  readonly clock: Clock;
}

const zip = promisify(gzip);
const unzip = promisify(gunzip);
const mostDocuments = 100;
const largestDocumentBytes = 32 << 20;
const fetchTimeoutMs = 5000;

/** @param hash As a document's URL says it; without one, that of the bytes. */
async function keep(bytes: Uint8Array, hash = createHash('sha512').update(bytes).digest('hex').toUpperCase()): Promise<OpenApiDocument> {
  const etag = `"${hash}"`;
  const zipped = await zip(bytes);
  return { etag, zipped, bytes: () => unzip(zipped) };
}

const v3Encodings: Readonly<Record<OpenApiEncoding, string>> = { json: 'application/json', protobuf: 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf' };

async function fetchDocument(ports: OpenApiMergePorts, found: RemoteDocuments, encoding: OpenApiEncoding): Promise<OpenApiDocument> {
  const abort = new AbortController();
  const timer = ports.clock.after(fetchTimeoutMs, () => abort.abort(new Error('context deadline exceeded')));
  try {
    return await readDocument(ports.backends, found, encoding, abort.signal);
  } finally {
    timer.cancel();
  }
}

async function readDocument(backends: Backends, { remote, openApiV3 = '' }: RemoteDocuments, encoding: OpenApiEncoding, signal: AbortSignal): Promise<OpenApiDocument> {
  const response = await backends.transportOf(remote).request({
    method: 'GET', path: openApiV3, headers: { accept: v3Encodings[encoding], host: `${hostOf(remote)}:${remote.port}` }, repeatedHeaders: identityHeaders(aggregatorIdentity),
    signal,
  });
  const document = await readWhole(response.body, largestDocumentBytes, () => new Error(`OpenAPI of ${remote.name}: more than ${largestDocumentBytes} bytes`));
  if (response.status !== 200) throw new Error(`OpenAPI of ${remote.name}: status ${response.status}`);
  const hash = new URLSearchParams(openApiV3.slice(openApiV3.indexOf('?') + 1)).get('hash');
  return keep(document, hash === null || !openApiV3.includes('?') ? undefined : hash);
}

/** Puts members at the beginning of the object called `name`. */
function insert(document: Buffer, name: string, members: Readonly<Record<string, unknown>>): Buffer {
  const text = Object.entries(members).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',');
  const mark = `"${name}":{`;
  const at = document.indexOf(mark);
  if (text === '' || at < 0) return document;
  const start = at + mark.length;
  const isEmpty = document[start] === '}'.charCodeAt(0);
  return Buffer.concat([document.subarray(0, start), Buffer.from(isEmpty ? text : `${text},`), document.subarray(start)]);
}

/** What the parts add to a document that has this text. */
function additions(local: Buffer, parts: readonly OpenApiV2Part[]): OpenApiV2Part {
  const from = local.indexOf('"definitions":{');
  const isNew = (name: string): boolean => local.indexOf(`${JSON.stringify(name)}:{`, Math.max(0, from)) < 0;
  const paths = Object.assign({}, ...parts.map((part) => part.paths)) as Record<string, unknown>;
  const definitions = Object.assign({}, ...parts.map((part) => part.definitions)) as Record<string, unknown>;
  return { paths, definitions: Object.fromEntries(Object.entries(definitions).filter(([name]) => isNew(name))) };
}

async function mergeV2(local: OpenApiDocuments, parts: readonly OpenApiV2Part[], encoding: OpenApiEncoding): Promise<OpenApiDocument> {
  const text = Buffer.from(await (await local.v2('json')).bytes());
  const added = additions(text, parts);
  if (encoding === 'json') return keep(insert(insert(text, 'paths', added.paths), 'definitions', added.definitions));
  // Messages that follow one another are one message with the members of all.
  return keep(Buffer.concat([await (await local.v2('protobuf')).bytes(), additionV2Bytes(added)]));
}

async function mergeIndex(local: OpenApiDocuments, remotes: readonly RemoteDocuments[]): Promise<OpenApiDocument> {
  const { value } = parseJson(await (await local.index()).bytes());
  const own = isObject(value) && isObject(value.paths) ? value.paths : {};
  const paths: Record<string, unknown> = { ...own };
  for (const { remote, openApiV3 } of remotes) if (openApiV3 !== undefined) paths[discoveryPath(remote).slice(1)] = { serverRelativeURL: openApiV3 };
  return keep(Buffer.from(JSON.stringify({ paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))) })));
}

export function createOpenApiMerge(ports: OpenApiMergePorts): OpenApiMerge {
  const { services, documents, documentsRevision } = ports;
  const kept = new Map<string, Promise<OpenApiDocument>>();
  const current = (): RemoteDocuments[] => [...services().remotes.values()].flatMap(({ name }) => documents.get(name) ?? []);
  const once = (key: string, make: () => Promise<OpenApiDocument>): Promise<OpenApiDocument> => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    kept.set(key, made);
    made.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > mostDocuments && oldest !== undefined) kept.delete(oldest);
    return made;
  };
  const remoteAt = (path: string): RemoteDocuments | undefined => current().find(({ remote, openApiV3 }) => openApiV3 !== undefined && discoveryPath(remote).slice(1) === path);
  return {
    over: (local) => ({
      async v2(encoding = 'json') {
        // The key must name the documents that go in, not those that come while this server's own is made.
        const parts = current().flatMap(({ openApiV2 }) => openApiV2 ?? []);
        const revision = documentsRevision();
        const own = await local.v2(encoding);
        return parts.length === 0 ? own : once(`v2 ${encoding} ${own.etag} ${revision}`, () => mergeV2(local, parts, encoding));
      },
      async index() {
        const remotes = current();
        const revision = documentsRevision();
        const own = await local.index();
        return remotes.length === 0 ? own : once(`index ${own.etag} ${revision}`, () => mergeIndex(local, remotes));
      },
      async groupVersion(path, encoding = 'json') {
        const found = services().remotes.size === 0 ? undefined : remoteAt(path);
        return found === undefined ? local.groupVersion(path, encoding) : once(`${found.remote.name} ${found.openApiV3 ?? ''} ${encoding}`, () => fetchDocument(ports, found, encoding));
      },
    }),
  };
}
