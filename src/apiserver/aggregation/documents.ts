// What extension API servers say about themselves: discovery of their group and version, and their OpenAPI. Asked
// when an APIService becomes available or changes, and again from time to time; what was learnt stays, marked
// stale, while a backend does not answer.
import type { APIResource, APIResourceList } from '#api/meta/v1.ts';
import type { APIGroupDiscoveryList, APIResourceDiscovery, APIVersionDiscovery } from '#api/apidiscovery/v2.ts';
import { isObject, parseJson, type KubeObject } from '#machinery';
import { readWhole, type TransportResponse } from '#wire';
import type { RemoteService } from './api-services.ts';
import { aggregatorIdentity, discoveryPath } from './availability.ts';
import { hostOf, identityHeaders, type Backends } from './backends.ts';

/** The members of a backend's OpenAPI v2 that belong to one group and version. */
export interface OpenApiV2Part {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly definitions: Readonly<Record<string, unknown>>;
}

export interface RemoteDocuments {
  readonly remote: RemoteService;
  readonly discovery: APIVersionDiscovery;
  /** The path of the backend's own OpenAPI v3 document, with its hash; undefined when it has none. */
  readonly openApiV3: string | undefined;
  readonly openApiV2: OpenApiV2Part | undefined;
  /** Everything that was asked for was answered. */
  readonly complete: boolean;
}

const largestDocumentBytes = 32 << 20;
const aggregatedAccept = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList', 'application/json',
].join(',');

interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
}

async function readJson(response: TransportResponse): Promise<unknown> {
  const document = await readWhole(response.body, largestDocumentBytes, () => new Error(`a document of more than ${largestDocumentBytes} bytes`));
  try {
    return parseJson(document, { maxValues: 2_000_000 }).value;
  } catch {
    return undefined;
  }
}

async function ask(backends: Backends, remote: RemoteService, path: string, accept: string, signal: AbortSignal): Promise<Answer> {
  const response = await backends.transportOf(remote).request({
    method: 'GET', path, headers: { accept, host: `${hostOf(remote)}:${remote.port}` }, repeatedHeaders: identityHeaders(aggregatorIdentity), signal,
  });
  return { status: response.status, contentType: response.headers['content-type'] ?? '', body: await readJson(response) };
}

function isList(value: unknown, kind: string): value is KubeObject {
  return isObject(value) && value.kind === kind;
}

function subresourceOf(resource: APIResource): NonNullable<APIResourceDiscovery['subresources']>[number] {
  return {
    subresource: resource.name.slice(resource.name.indexOf('/') + 1), responseKind: { group: resource.group ?? '', version: resource.version ?? '', kind: resource.kind }, verbs: [...resource.verbs],
  };
}

/** The older form of discovery as the newer one. */
function fromLegacyList(list: APIResourceList, version: string): APIVersionDiscovery {
  const resources = list.resources.filter((resource) => !resource.name.includes('/')).map((resource): APIResourceDiscovery => {
    const subresources = list.resources.filter((sub) => sub.name.startsWith(`${resource.name}/`)).map(subresourceOf);
    return {
      resource: resource.name,
      responseKind: { group: resource.group ?? '', version: resource.version ?? '', kind: resource.kind },
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: resource.singularName,
      verbs: [...resource.verbs],
      ...(resource.shortNames === undefined ? {} : { shortNames: [...resource.shortNames] }),
      ...(resource.categories === undefined ? {} : { categories: [...resource.categories] }),
      ...(subresources.length === 0 ? {} : { subresources }),
    };
  });
  return { version, resources, freshness: 'Current' };
}

const noKind = { group: '', version: '', kind: '' } as const;

/** Clients of 1.26 fall over resources without a kind: each has one, if an empty one. */
function withKinds(version: APIVersionDiscovery): APIVersionDiscovery {
  const named = <T extends { readonly responseKind?: APIResourceDiscovery['responseKind'] }>(each: T): T => (each.responseKind === undefined ? { ...each, responseKind: noKind } : each);
  if (version.resources === undefined) return version;
  return { ...version, resources: version.resources.map((resource) => ({ ...named(resource), ...(resource.subresources === undefined ? {} : { subresources: resource.subresources.map(named) }) })) };
}

async function fetchDiscovery(backends: Backends, remote: RemoteService, signal: AbortSignal): Promise<APIVersionDiscovery> {
  const { group, version } = remote;
  const root = await ask(backends, remote, '/apis', aggregatedAccept, signal);
  if (root.status === 200 && root.contentType.includes('as=APIGroupDiscoveryList') && isList(root.body, 'APIGroupDiscoveryList')) {
    const { items = [] } = root.body as KubeObject & APIGroupDiscoveryList;
    const own = items.find((item) => item.metadata?.name === group)?.versions?.find((each) => each.version === version);
    if (own !== undefined) return { ...withKinds(own), freshness: 'Current' };
    return { version, freshness: 'Current' };
  }
  // It is there and cannot answer now: nothing is to be concluded from its older form.
  if (root.status === 503) throw new Error(`discovery of ${group}/${version} answered 503`);
  const legacy = await ask(backends, remote, discoveryPath(remote), 'application/json', signal);
  if (legacy.status !== 200 || !isList(legacy.body, 'APIResourceList')) throw new Error(`discovery of ${group}/${version} answered ${legacy.status}`);
  return fromLegacyList(legacy.body as KubeObject & APIResourceList, version);
}

async function fetchOpenApiV3(backends: Backends, remote: RemoteService, signal: AbortSignal): Promise<string | undefined> {
  const { status, body } = await ask(backends, remote, '/openapi/v3', 'application/json', signal);
  const paths = status === 200 && isObject(body) ? body.paths : undefined;
  const own = isObject(paths) ? paths[discoveryPath(remote).slice(1)] : undefined;
  const url = isObject(own) ? own.serverRelativeURL : undefined;
  return typeof url === 'string' && url.startsWith('/openapi/v3/') ? url : undefined;
}

function referencesIn(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value as unknown[]) referencesIn(item, found);
  else if (isObject(value)) {
    const reference = value.$ref;
    if (typeof reference === 'string' && reference.startsWith('#/definitions/')) found.add(reference.slice('#/definitions/'.length));
    for (const member of Object.values(value)) referencesIn(member, found);
  }
}

/** The paths of one group and version with the definitions that they need. */
function openApiV2Part(document: unknown, remote: RemoteService): OpenApiV2Part | undefined {
  if (!isObject(document) || !isObject(document.paths)) return undefined;
  const { definitions: all } = document;
  const known = isObject(all) ? all : {};
  const prefix = discoveryPath(remote);
  const paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => path === prefix || path.startsWith(`${prefix}/`)));
  const names = new Set<string>();
  referencesIn(paths, names);
  // A set grows while it is gone through: what definitions refer to follows.
  for (const name of names) referencesIn(known[name], names);
  const definitions = Object.fromEntries([...names].flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]] as const])));
  return { paths, definitions };
}

/**
 * Asks for everything; a backend without OpenAPI is one without descriptions, and one without discovery stays as `known`,
 * stale. One that is not available is asked for discovery alone, as upstream asks it.
 */
export async function fetchDocuments(backends: Backends, remote: RemoteService, known: RemoteDocuments | undefined, isAvailable: boolean, signal: AbortSignal): Promise<RemoteDocuments> {
  const asked = fetchDiscovery(backends, remote, signal);
  const described = isAvailable ? [fetchOpenApiV3(backends, remote, signal), ask(backends, remote, '/openapi/v2', 'application/json', signal)] as const : [];
  const [discovery, v3, v2] = await Promise.allSettled([asked, ...described] as const);
  const told = discovery.status === 'fulfilled' ? discovery.value : staleDocuments(remote, known).discovery;
  if (v3 === undefined || v2 === undefined) return { remote, discovery: told, openApiV3: known?.openApiV3, openApiV2: known?.openApiV2, complete: false };
  return {
    remote,
    discovery: told,
    openApiV3: v3.status === 'fulfilled' ? v3.value : known?.openApiV3,
    openApiV2: v2.status === 'rejected' ? known?.openApiV2 : v2.value.status === 200 ? openApiV2Part(v2.value.body, remote) : undefined,
    complete: discovery.status === 'fulfilled' && v3.status === 'fulfilled' && v2.status === 'fulfilled',
  };
}

/** What is told about a backend that has never answered, or does not answer now. */
export function staleDocuments(remote: RemoteService, known: RemoteDocuments | undefined): RemoteDocuments {
  if (known === undefined) return { remote, discovery: { version: remote.version, freshness: 'Stale' }, openApiV3: undefined, openApiV2: undefined, complete: false };
  return { ...known, remote, discovery: { ...known.discovery, freshness: 'Stale' } };
}
