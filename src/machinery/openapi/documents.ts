// The OpenAPI documents of a set of resources: /openapi/v2 whole, /openapi/v3 an index and one document per
// group and version. They are big and rarely asked for, so each is made on first demand, in slices that leave
// the event loop free in between, and then kept as bytes with an ETag until the resources change.
import { createHash } from 'node:crypto';
import { findType, isScalar } from '#api/schema.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { endOfTurn } from '#base/turn.ts';
import { definitionName } from './definition-name.ts';
import { findDescriptions, type Descriptions } from './descriptions.ts';
import { definitionOf, discoveryOperation, groupVersionPath, operationsOf, type Operation } from './operations.ts';
import { definitionV2Bytes, documentV2Bytes, pathV2Bytes } from './protobuf-v2.ts';
import { renderV2Path } from './render-v2.ts';
import { renderV3Path } from './render-v3.ts';
import { isUnionType, messageSchema, namedScalarSchema, referenceTo, type Dialect, type JsonDocument } from './schema-document.ts';

export interface OpenApiInput {
  readonly resources: readonly ResourceInfo[];
  /** The schema of a custom resource, as its definition gives it. */
  customSchema?(info: ResourceInfo): JsonDocument | undefined;
  readonly descriptions?: Descriptions;
  /** Told as the document's version ("v1.36.0"). */
  readonly serverVersion?: string;
}

export interface OpenApiDocument {
  readonly bytes: Uint8Array;
  /** Quoted, as the header wants it. */
  readonly etag: string;
}

/** Raised whenever rendering changes, so that clients drop what they cached. */
const renderingVersion = 1;
/** Members rendered in one turn of the event loop; a few milliseconds. */
const membersPerSlice = 40;

type GroupVersion = Pick<ResourceInfo, 'group' | 'version'>;

function groupVersions(resources: readonly ResourceInfo[]): GroupVersion[] {
  const seen = new Map<string, GroupVersion>();
  for (const { group, version } of resources) seen.set(`${group}/${version}`, { group, version });
  return [...seen.values()];
}

/** Yields to the event loop whenever a slice is used up. */
class Slices {
  #rendered = 0;

  async rest(): Promise<void> {
    if (++this.#rendered % membersPerSlice === 0) await new Promise<void>((resolve) => endOfTurn(resolve));
  }
}

/** Types that a type's fields mention, itself first. */
function reach(type: string, into: Set<string>): void {
  const left = [type];
  while (left.length > 0) {
    const next = left.pop() ?? '';
    if (into.has(next)) continue;
    into.add(next);
    for (const field of findType(next)?.fields ?? []) {
      if (!isScalar(field.type) || definitionName(field.type) !== undefined) left.push(field.type);
    }
    if (isUnionType(next)) left.push('apiextensions.v1.JSONSchemaProps');
  }
}

function typesFor(infos: readonly ResourceInfo[]): Set<string> {
  const types = new Set<string>();
  for (const base of ['Status', 'DeleteOptions', 'Patch', 'WatchEvent', 'APIResourceList', 'ObjectMeta', 'ListMeta']) reach(`meta.v1.${base}`, types);
  for (const info of infos) {
    if (info.type === undefined) continue;
    reach(info.type, types);
    if (info.verbs.includes('list')) reach(`${info.type}List`, types);
    for (const sub of info.subresources) {
      const carries = sub.name !== 'log' && !sub.type.endsWith('Options');
      if (carries && sub.type !== '') reach(sub.type, types);
    }
  }
  return types;
}

/** Renders members of a JSON object one by one. */
async function joinObject(entries: Iterable<readonly [string, () => unknown]>, slices: Slices): Promise<string> {
  const parts: string[] = [];
  for (const [name, make] of entries) {
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(make())}`);
    await slices.rest();
  }
  return `{${parts.join(',')}}`;
}

function schemaEntries(dialect: Dialect, infos: readonly ResourceInfo[], input: OpenApiInput, descriptions: Descriptions): [string, () => unknown][] {
  const all = groupVersions(input.resources);
  const entries: [string, () => unknown][] = [];
  for (const type of typesFor(infos)) {
    const name = definitionName(type);
    if (name === undefined) continue;
    const isNamedScalar = isScalar(type) || isUnionType(type);
    entries.push([name, () => (isNamedScalar ? namedScalarSchema(dialect, type) : messageSchema(dialect, type, descriptions, all))]);
  }
  for (const info of infos) {
    if (info.type !== undefined) continue;
    const name = definitionOf(info);
    entries.push([name, () => customSchema(dialect, info, input)], [`${name}List`, () => customListSchema(dialect, info)]);
  }
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

function gvkExtension(info: ResourceInfo, kind: string): JsonDocument {
  return { 'x-kubernetes-group-version-kind': [{ group: info.group, kind, version: info.version }] };
}

function customSchema(dialect: Dialect, info: ResourceInfo, input: OpenApiInput): JsonDocument {
  const schema = input.customSchema?.(info) ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const properties = schema['properties'];
  const meta = referenceTo(dialect, definitionName('meta.v1.ObjectMeta') ?? '');
  return {
    ...schema,
    type: 'object',
    properties: {
      ...(typeof properties === 'object' && properties !== null ? properties : {}),
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: dialect === 'v3' ? { allOf: [meta] } : meta,
    },
    ...gvkExtension(info, info.kind),
  };
}

function customListSchema(dialect: Dialect, info: ResourceInfo): JsonDocument {
  const meta = referenceTo(dialect, definitionName('meta.v1.ListMeta') ?? '');
  return {
    description: `${info.kind}List is a list of ${info.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: dialect === 'v3' ? { allOf: [meta] } : meta,
      items: { type: 'array', items: referenceTo(dialect, definitionOf(info)) },
    },
    ...gvkExtension(info, `${info.kind}List`),
  };
}

function byPath(infos: readonly ResourceInfo[]): Map<string, Operation[]> {
  const paths = new Map<string, Operation[]>();
  for (const { group, version } of groupVersions(infos)) {
    const operation = discoveryOperation(group, version);
    paths.set(operation.path, [operation]);
  }
  for (const info of infos) {
    for (const operation of operationsOf(info)) paths.set(operation.path, [...(paths.get(operation.path) ?? []), operation]);
  }
  return new Map([...paths].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const v2Security = {
  securityDefinitions: { BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' } },
  security: [{ BearerToken: [] }],
};

function v2Entries(input: OpenApiInput): { info: unknown; definitions: [string, () => unknown][]; paths: [string, () => unknown][] } {
  return {
    info: { title: 'Kubernetes', version: input.serverVersion ?? 'unversioned' },
    definitions: schemaEntries('v2', input.resources, input, input.descriptions ?? findDescriptions()),
    paths: [...byPath(input.resources)].map(([path, operations]) => [path, () => renderV2Path(path, operations)]),
  };
}

/** /openapi/v2 as JSON. */
export async function openApiV2(input: OpenApiInput): Promise<Uint8Array> {
  const slices = new Slices();
  const { info, definitions, paths } = v2Entries(input);
  const definitionsText = await joinObject(definitions, slices);
  const pathsText = await joinObject(paths, slices);
  return Buffer.from(`{"swagger":"2.0","info":${JSON.stringify(info)},"paths":${pathsText},"definitions":${definitionsText},${JSON.stringify(v2Security).slice(1)}`);
}

/** /openapi/v2 in gnostic's protobuf, as client-go reads it. */
export async function openApiV2Protobuf(input: OpenApiInput): Promise<Uint8Array> {
  const slices = new Slices();
  const { info, ...entries } = v2Entries(input);
  const rendered = async (members: [string, () => unknown][], bytes: (name: string, value: unknown) => Buffer): Promise<Buffer[]> => {
    const parts: Buffer[] = [];
    for (const [name, make] of members) {
      parts.push(bytes(name, make()));
      await slices.rest();
    }
    return parts;
  };
  const definitions = await rendered(entries.definitions, definitionV2Bytes);
  const paths = await rendered(entries.paths, pathV2Bytes);
  return documentV2Bytes({ info, ...v2Security, definitions, paths });
}

/** /openapi/v3/<path> ("api/v1", "apis/apps/v1"); undefined when the group and version are not served. */
export async function openApiV3GroupVersion(input: OpenApiInput, path: string): Promise<Uint8Array | undefined> {
  const infos = input.resources.filter((info) => groupVersionPath(info.group, info.version) === `/${path}`);
  if (infos.length === 0) return undefined;
  const slices = new Slices();
  const descriptions = input.descriptions ?? findDescriptions();
  const schemas = await joinObject(schemaEntries('v3', infos, input, descriptions), slices);
  const paths = await joinObject([...byPath(infos)].map(([at, operations]) => [at, () => renderV3Path(at, operations)] as const), slices);
  const head = JSON.stringify({ title: 'Kubernetes', version: input.serverVersion ?? 'unversioned' });
  const security = '"securitySchemes":{"BearerToken":{"description":"Bearer Token authentication","in":"header","name":"authorization","type":"apiKey"}}';
  return Buffer.from(`{"openapi":"3.0.0","info":${head},"paths":${paths},"components":{"schemas":${schemas},${security}}}`);
}

/** What decides a group-version's document, as a hash for its URL. */
function contentHash(input: OpenApiInput, infos: readonly ResourceInfo[]): string {
  const custom = infos.map((info) => (info.type === undefined ? input.customSchema?.(info) : undefined));
  return createHash('sha256').update(JSON.stringify([renderingVersion, input.serverVersion, infos, custom])).digest('hex').toUpperCase();
}

/** /openapi/v3: where each group and version's document is. */
export function openApiV3Index(input: OpenApiInput): { paths: Record<string, { serverRelativeURL: string }> } {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const { group, version } of groupVersions(input.resources)) {
    const path = groupVersionPath(group, version).slice(1);
    const infos = input.resources.filter((info) => info.group === group && info.version === version);
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${contentHash(input, infos)}` };
  }
  return { paths };
}

export interface OpenApiDocuments {
  v2(): Promise<OpenApiDocument>;
  v2Protobuf(): Promise<OpenApiDocument>;
  index(): OpenApiDocument;
  groupVersion(path: string): Promise<OpenApiDocument | undefined>;
}

/** The documents of one set of resources, each made once on demand. Make a new one when the resources change. */
export function openApiDocuments(input: OpenApiInput): OpenApiDocuments {
  const descriptions = input.descriptions ?? findDescriptions();
  const full = { ...input, descriptions };
  const made = new Map<string, Promise<OpenApiDocument | undefined>>();
  const once = (key: string, make: () => Promise<Uint8Array | undefined>): Promise<OpenApiDocument | undefined> => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const document = make().then((bytes) => (bytes === undefined ? undefined : withEtag(bytes)));
    made.set(key, document);
    document.catch(() => made.delete(key));
    return document;
  };
  const served = new Set(groupVersions(input.resources).map(({ group, version }) => groupVersionPath(group, version).slice(1)));
  const whole = async (key: string, make: (from: OpenApiInput) => Promise<Uint8Array>): Promise<OpenApiDocument> => {
    const document = await once(key, () => make(full));
    if (document === undefined) throw new Error('openapi: no document');
    return document;
  };
  let index: OpenApiDocument | undefined;
  return {
    v2: () => whole('v2', openApiV2),
    v2Protobuf: () => whole('v2 protobuf', openApiV2Protobuf),
    index: () => (index ??= withEtag(Buffer.from(JSON.stringify(openApiV3Index(full))))),
    groupVersion: (path) => (served.has(path) ? once(path, () => openApiV3GroupVersion(full, path)) : Promise.resolve(undefined)),
  };
}

function withEtag(bytes: Uint8Array): OpenApiDocument {
  return { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
}
