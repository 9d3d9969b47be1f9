// /api, /apis and below, and /openapi: what is served, told to clients. The documents follow from the resource
// table; they are encoded once for each form and encoding, and kept with their hash as an ETag.
import { createHash } from 'node:crypto';
import type { APIGroupDiscoveryList } from '#api/apidiscovery/v2.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions, encodeCbor, encodeProtobuf, genericServerResponse, noSuchPath, notAcceptable, stringifyJson, stringifyYaml, type KubeObject } from '#machinery';
import type { DiscoveryMerge } from '../aggregation/index.ts';
import { answer, type Call } from '../request/call.ts';
import { contentTypes, type Encoding } from '../request/media-type.ts';
import { acceptsGzip, compress, compressFromBytes } from '../answer/compression.ts';
import type { OpenApiPaths } from './openapi-paths.ts';

export interface DiscoveryPaths {
  /** undefined: not a discovery path. */
  handle(call: Call): Promise<void> | undefined;
  paths(): string[];
}

export interface DiscoveryParts {
  /** What is served at the moment. */
  resources(): readonly ResourceInfo[];
  /** Grows when that changes. */
  revision(): number;
  /** Tells what extension API servers answer besides. */
  readonly merge?: DiscoveryMerge;
  /** host:port as clients reach the server. */
  readonly serverAddress: string;
  readonly openapi: OpenApiPaths;
}

interface Document {
  readonly type: string;
  make(): object;
}

interface Encoded {
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

interface Wanted {
  readonly encoding: Encoding;
  /** 'v2' or 'v2beta1': the aggregated form. */
  readonly aggregated: 'v2' | 'v2beta1' | undefined;
}

/** The first clause of Accept that discovery can serve. Throws 406 when none can. @param isRoot The aggregated form is there. */
function wantedOf(accept: string | undefined, cbor: boolean, isRoot: boolean): Wanted {
  if (accept === undefined || accept.trim() === '') return { encoding: 'json', aggregated: undefined };
  for (const clause of accept.split(',')) {
    const [range = '', ...parameters] = clause.trim().split(';').map((part) => part.trim());
    const values = new Map(parameters.map((p) => [p.slice(0, p.indexOf('=')), p.slice(p.indexOf('=') + 1)] as const));
    const encoding = (Object.keys(contentTypes) as Encoding[]).find((name) => contentTypes[name] === range && (name !== 'cbor' || cbor));
    const any = range === '*/*' || range === 'application/*' || range === '';
    const kind = values.get('as');
    if (kind === undefined) {
      if (encoding !== undefined) return { encoding, aggregated: undefined };
      if (any) return { encoding: 'json', aggregated: undefined };
      continue;
    }
    const version = values.get('v');
    if (isRoot && encoding !== undefined && kind === 'APIGroupDiscoveryList' && values.get('g') === 'apidiscovery.k8s.io' && (version === 'v2' || version === 'v2beta1')) {
      return { encoding, aggregated: version };
    }
  }
  throw notAcceptable(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', ...(cbor ? ['application/cbor'] : [])]);
}

function encode(encoding: Encoding, document: Document, aggregated: string | undefined): Encoded {
  const value = document.make() as KubeObject;
  const bytes = encoding === 'protobuf' ? encodeProtobuf(document.type, value) : encoding === 'cbor' ? encodeCbor(document.type, value) : Buffer.from(encoding === 'yaml' ? stringifyYaml(value) : `${stringifyJson(value)}\n`);
  const suffix = aggregated === undefined ? '' : `;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`;
  const etag = `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"`;
  return { contentType: contentTypes[encoding] + suffix, bytes: Buffer.from(bytes), etag };
}

export function createDiscoveryPaths(parts: DiscoveryParts): DiscoveryPaths {
  let resources = parts.resources();
  const { merge } = parts;
  const revisionNow = (): string => `${parts.revision()} ${merge?.revision ?? ''}`;
  let revision = revisionNow();
  const encoded = new Map<string, Encoded>();
  /** Custom resources come and go: what was made of others is made anew. */
  const refresh = (): void => {
    const now = revisionNow();
    if (now === revision) return;
    revision = now;
    resources = parts.resources();
    encoded.clear();
  };
  const groupsInOrder = (own: APIGroupDiscoveryList): APIGroupDiscoveryList => merge?.aggregated(own) ?? own;
  const documentOf = (path: string, aggregated: 'v2' | 'v2beta1' | undefined): Document | undefined => {
    const steps = path.split('/').filter((step) => step !== '');
    const [root, first = '', second = ''] = steps;
    if (root === 'api' && steps.length === 1) {
      if (aggregated !== undefined) return { type: `apidiscovery.${aggregated}.APIGroupDiscoveryList`, make: () => aggregatedDiscovery(resources, 'core', aggregated) };
      return { type: 'meta.v1.APIVersions', make: () => apiVersions(parts.serverAddress) };
    }
    if (root === 'api' && steps.length === 2) return listDocument('', first);
    if (root !== 'apis') return undefined;
    if (steps.length === 1) {
      if (aggregated !== undefined) return { type: `apidiscovery.${aggregated}.APIGroupDiscoveryList`, make: () => groupsInOrder(aggregatedDiscovery(resources, 'groups', aggregated)) };
      return { type: 'meta.v1.APIGroupList', make: () => merge?.groupList(apiGroupList(resources)) ?? apiGroupList(resources) };
    }
    if (steps.length === 2) {
      const group = merge === undefined ? apiGroup(resources, first) : merge.group(apiGroup(resources, first), first);
      return group === undefined ? undefined : { type: 'meta.v1.APIGroup', make: () => group };
    }
    return steps.length === 3 ? listDocument(first, second) : undefined;
  };
  const listDocument = (group: string, version: string): Document | undefined =>
    apiResourceList(resources, group, version) === undefined ? undefined : { type: 'meta.v1.APIResourceList', make: () => apiResourceList(resources, group, version) ?? {} };

  /** The resources of a version of the server's own are all that is told in CBOR. */
  const isBuiltInVersion = (path: string): boolean => {
    const [root, ...steps] = path.split('/').filter((step) => step !== '');
    const [group = '', version = ''] = root === 'api' ? ['', ...steps] : steps;
    return resources.some((info) => info.type !== undefined && info.group === group && info.version === version);
  };
  return {
    handle(call) {
      const { path } = call.info;
      if (path.startsWith('/openapi/')) return parts.openapi.handle(call);
      if (path !== '/api' && path !== '/apis' && !path.startsWith('/api/') && !path.startsWith('/apis/')) return undefined;
      refresh();
      const plain = documentOf(path, undefined);
      if (plain === undefined) {
        // A group that is served answers for what is below it; nobody answers for others.
        const [, root, group = ''] = path.split('/');
        if (root === 'api' || documentOf(`/apis/${group}`, undefined) !== undefined) throw noSuchPath();
        return undefined;
      }
      const { encoding, aggregated } = wantedOf(call.exchange.headers.accept, call.cbor && isBuiltInVersion(path), /^\/apis?\/?$/.test(path));
      const document = (aggregated === undefined ? undefined : documentOf(path, aggregated)) ?? plain;
      // Of these paths upstream asks no method; the others are routes for GET.
      const anyMethod = path.startsWith('/apis') && path.split('/').filter((step) => step !== '').length < 3;
      if (!anyMethod && call.exchange.method !== 'GET') throw genericServerResponse(405, call.exchange.method, { group: '', resource: '' }, '', '', 0, false);
      const key = `${path.replace(/\/$/, '')} ${encoding} ${aggregated ?? ''}`;
      let known = encoded.get(key);
      if (known === undefined) {
        known = encode(encoding, document, aggregated);
        encoded.set(key, known);
      }
      return send(call, known, aggregated !== undefined);
    },
    paths() {
      refresh();
      const versions = new Set(resources.map((r) => (r.group === '' ? `/api/${r.version}` : `/apis/${r.group}/${r.version}`)));
      const groups = new Set(resources.filter((r) => r.group !== '').map((r) => `/apis/${r.group}`));
      return ['/api', '/apis', ...new Set([...versions, ...groups, ...(merge?.paths() ?? [])]), '/openapi/v2', '/openapi/v3', '/openapi/v3/'];
    },
  };
}

/** ETags are for the aggregated documents: clients poll them. */
async function send(call: Call, document: Encoded, withEtag: boolean): Promise<void> {
  const headers: Record<string, string> = { 'content-type': document.contentType, vary: 'Accept' };
  if (withEtag) {
    headers.etag = document.etag;
    headers['cache-control'] = 'public';
    if (call.exchange.headers['if-none-match'] === document.etag) {
      answer(call, 304, headers, '');
      return;
    }
  }
  const zip = document.bytes.length >= compressFromBytes && acceptsGzip(call.exchange.headers['accept-encoding']);
  if (zip) headers['content-encoding'] = 'gzip';
  answer(call, 200, headers, zip ? await compress(document.bytes) : document.bytes);
}
