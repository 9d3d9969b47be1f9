// The OpenAPI documents of a set of resources: /openapi/v2 whole, /openapi/v3 an index and one document per
// group and version (and per root path), each as JSON and in protobuf. They are big and rarely asked for, so each is
// made on first demand, in slices that leave the event loop free in between, and then kept compressed with an ETag
// until the resources change.
import { createHash } from 'node:crypto';
import { gunzip, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { ResourceInfo } from '#api/resources.ts';
import { endOfTurn } from '#base/turn.ts';
import type { CustomSchema } from './custom-schema.ts';
import { definitionEntries, type Entries } from './definitions.ts';
import { findDescriptions, type Descriptions } from './descriptions.ts';
import { groupVersionPath, operationsOf, type Operation } from './operations.ts';
import { definitionV2Bytes, documentV2Bytes, pathV2Bytes } from './protobuf-v2.ts';
import { documentV3Bytes, pathV3Bytes, schemaV3Bytes } from './protobuf-v3.ts';
import { renderV2Path } from './render-v2.ts';
import { renderV3Path } from './render-v3.ts';
import type { Dialect } from './schema-document.ts';
import { discoveryOperation, serverDocuments } from './server-operations.ts';

export interface OpenApiInput {
  readonly resources: readonly ResourceInfo[];
  /** The schema of a custom resource, as its definition gives it. */
  customSchema?(info: ResourceInfo): CustomSchema | undefined;
  readonly descriptions?: Descriptions;
  /** False: which values a field may have is not told (the feature gate OpenAPIEnums). */
  readonly enums?: boolean;
  /** Told as the document's version ("1.36"). */
  readonly serverVersion?: string;
  /** What earlier documents of the same server leave to later ones: those of groups that are what they were. */
  readonly reuse?: OpenApiReuse;
}

/** Documents of /openapi/v3 by "path encoding", with what decided them. */
export type OpenApiReuse = Map<string, { readonly hash: string; readonly document: Promise<OpenApiDocument> }>;

export interface OpenApiDocument {
  /** Quoted, as the header wants it. */
  readonly etag: string;
  /** The document in gzip: what is kept. */
  readonly zipped: Uint8Array;
  bytes(): Promise<Uint8Array>;
}

export type OpenApiEncoding = 'json' | 'protobuf';

/** Raised whenever rendering changes, so that clients drop what they cached. */
const renderingVersion = 2;
/** Members rendered in one turn of the event loop; a few milliseconds. */
const membersPerSlice = 40;
/** Groups whose documents' hashes are worked out in one turn. */
const hashesPerSlice = 8;

type GroupVersion = Pick<ResourceInfo, 'group' | 'version'>;

function groupVersions(resources: readonly ResourceInfo[]): GroupVersion[] {
  const seen = new Map<string, GroupVersion>();
  for (const { group, version } of resources) seen.set(`${group}/${version}`, { group, version });
  return [...seen.values()];
}

/**
 * The groups and versions that upstream's types know, served or not: some kinds travel in all of them, and v2 tells so.
 * Columns: group ('-' is core) / versions.
 */
const knownVersions =
  '-/v1 admission.k8s.io/v1,v1beta1 admissionregistration.k8s.io/v1,v1alpha1,v1beta1 apiextensions.k8s.io/v1,v1beta1 apiregistration.k8s.io/v1,v1beta1 apps/v1,v1beta1,v1beta2 ' +
  'authentication.k8s.io/v1,v1alpha1,v1beta1 authorization.k8s.io/v1,v1beta1 autoscaling/v1,v2 batch/v1,v1beta1 certificates.k8s.io/v1,v1alpha1,v1beta1 ' +
  'coordination.k8s.io/v1,v1alpha2,v1beta1 discovery.k8s.io/v1,v1beta1 events.k8s.io/v1,v1beta1 extensions/v1beta1 flowcontrol.apiserver.k8s.io/v1,v1beta1,v1beta2,v1beta3 ' +
  'imagepolicy.k8s.io/v1alpha1 internal.apiserver.k8s.io/v1alpha1 networking.k8s.io/v1,v1beta1 node.k8s.io/v1,v1alpha1,v1beta1 policy/v1,v1beta1 ' +
  'rbac.authorization.k8s.io/v1,v1alpha1,v1beta1 resource.k8s.io/v1,v1alpha3,v1beta1,v1beta2 scheduling.k8s.io/v1,v1alpha2,v1beta1 storage.k8s.io/v1,v1alpha1,v1beta1 ' +
  'storagemigration.k8s.io/v1beta1';

function everyGroupVersion(infos: readonly ResourceInfo[]): GroupVersion[] {
  const known = knownVersions.split(' ').flatMap((row) => {
    const [group = '', versions = ''] = row.split('/');
    return versions.split(',').map((version) => ({ group: group === '-' ? '' : group, version }));
  });
  const custom = groupVersions(infos.filter((info) => info.type === undefined));
  return [...known, ...custom.filter(({ group, version }) => !known.some((own) => own.group === group && own.version === version))];
}

/** Yields to the event loop whenever a slice is used up. */
class Slices {
  #rendered = 0;

  async rest(): Promise<void> {
    if (++this.#rendered % membersPerSlice === 0) await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => endOfTurn(resolve));
}

/** Renders members of a JSON object one by one. */
async function joinObject(entries: Entries, slices: Slices): Promise<string> {
  const parts: string[] = [];
  for (const [name, make] of entries) {
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(make())}`);
    await slices.rest();
  }
  return `{${parts.join(',')}}`;
}

async function joinBytes(entries: Entries, slices: Slices, bytes: (name: string, value: unknown) => Buffer): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for (const [name, make] of entries) {
    parts.push(bytes(name, make()));
    await slices.rest();
  }
  return parts;
}

/** What a document tells: resources with their operations, or a single operation. */
interface Contents {
  readonly infos: readonly ResourceInfo[];
  readonly operations: readonly Operation[];
}

function contentsOf(infos: readonly ResourceInfo[]): Contents {
  return { infos, operations: [...groupVersions(infos).map(({ group, version }) => discoveryOperation(group, version)), ...infos.flatMap(operationsOf)] };
}

function serverContents(input: OpenApiInput): Map<string, Contents> {
  const groups = [...new Set(input.resources.map(({ group }) => group))];
  return new Map(serverDocuments(groups).map(({ name, operation }) => [name, { infos: [], operations: [operation] }]));
}

function pathEntries(dialect: Dialect, operations: readonly Operation[]): Entries {
  const paths = new Map<string, Operation[]>();
  for (const operation of operations) paths.set(operation.path, [...(paths.get(operation.path) ?? []), operation]);
  const render = dialect === 'v2' ? renderV2Path : renderV3Path;
  return [...paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, own]) => [path, () => render(path, own)]);
}

const bearer = { BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' } };
const v2Security = { securityDefinitions: bearer, security: [{ BearerToken: [] }] };

async function makeV2(input: OpenApiInput, descriptions: Descriptions, encoding: OpenApiEncoding): Promise<Uint8Array> {
  const slices = new Slices();
  const infos = input.resources;
  const operations: Operation[] = groupVersions(infos).map(({ group, version }) => discoveryOperation(group, version));
  for (const info of infos) {
    operations.push(...operationsOf(info));
    await slices.rest();
  }
  for (const contents of serverContents(input).values()) operations.push(...contents.operations);
  await nextTurn();
  const info = { title: 'Kubernetes', version: input.serverVersion ?? 'unversioned' };
  const definitions = definitionEntries({ ...input, dialect: 'v2', infos, operations, groupVersions: everyGroupVersion(infos), descriptions });
  await nextTurn();
  const paths = pathEntries('v2', operations);
  await nextTurn();
  if (encoding === 'protobuf') {
    return documentV2Bytes({ info, ...v2Security, definitions: await joinBytes(definitions, slices, definitionV2Bytes), paths: await joinBytes(paths, slices, pathV2Bytes) });
  }
  const definitionsText = await joinObject(definitions, slices);
  const pathsText = await joinObject(paths, slices);
  await nextTurn();
  return Buffer.from(`{"swagger":"2.0","info":${JSON.stringify(info)},"paths":${pathsText},"definitions":${definitionsText},${JSON.stringify(v2Security).slice(1)}`);
}

async function makeV3(input: OpenApiInput, descriptions: Descriptions, { infos, operations }: Contents, encoding: OpenApiEncoding): Promise<Uint8Array> {
  const slices = new Slices();
  const info = { title: 'Kubernetes', version: input.serverVersion ?? 'unversioned' };
  const schemas = definitionEntries({ ...input, dialect: 'v3', infos, operations, groupVersions: groupVersions(infos), descriptions });
  const paths = pathEntries('v3', operations);
  if (encoding === 'protobuf') {
    return documentV3Bytes({ info, securitySchemes: bearer, schemas: await joinBytes(schemas, slices, schemaV3Bytes), paths: await joinBytes(paths, slices, pathV3Bytes) });
  }
  const schemasText = schemas.length === 0 ? '' : `"schemas":${await joinObject(schemas, slices)},`;
  return Buffer.from(`{"openapi":"3.0.0","info":${JSON.stringify(info)},"paths":${await joinObject(paths, slices)},"components":{${schemasText}"securitySchemes":${JSON.stringify(bearer)}}}`);
}

const schemaHashes = new WeakMap<CustomSchema, string>();

/** Definitions are big, and most of them are what they were when others change. */
function schemaHash(schema: CustomSchema | undefined): string {
  if (schema === undefined) return '';
  let hash = schemaHashes.get(schema);
  if (hash === undefined) schemaHashes.set(schema, (hash = createHash('sha512').update(JSON.stringify(schema)).digest('hex')));
  return hash;
}

/** What decides a document, as a hash for its URL. */
function contentHash(input: OpenApiInput, { infos, operations }: Contents): string {
  const custom = infos.map((info) => (info.type === undefined ? schemaHash(input.customSchema?.(info)) : undefined));
  const own = infos.length === 0 ? operations : infos;
  return createHash('sha512').update(JSON.stringify([renderingVersion, input.serverVersion, own, custom])).digest('hex').toUpperCase();
}

/** Every document of /openapi/v3 by its name: "api/v1", "apis/apps", "version". */
function v3Contents(input: OpenApiInput): Map<string, () => Contents> {
  const all = new Map<string, () => Contents>([...serverContents(input)].map(([name, contents]) => [name, () => contents]));
  const byPath = new Map<string, ResourceInfo[]>();
  for (const info of input.resources) {
    const path = groupVersionPath(info.group, info.version).slice(1);
    const infos = byPath.get(path);
    if (infos === undefined) byPath.set(path, [info]);
    else infos.push(info);
  }
  for (const [path, infos] of byPath) all.set(path, () => contentsOf(infos));
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface OpenApiDocuments {
  v2(encoding?: OpenApiEncoding): Promise<OpenApiDocument>;
  /** /openapi/v3: where each document is. */
  index(): Promise<OpenApiDocument>;
  /** /openapi/v3/<path> ("api/v1", "apis/apps/v1"); undefined when there is none. */
  groupVersion(path: string, encoding?: OpenApiEncoding): Promise<OpenApiDocument | undefined>;
}

/** The documents of one set of resources, each made once on demand. Make a new one when the resources change. */
export function openApiDocuments(input: OpenApiInput): OpenApiDocuments {
  let descriptions = input.descriptions;
  const prose = (): Descriptions => (descriptions ??= findDescriptions());
  const made = new Map<string, Promise<OpenApiDocument>>();
  let found: Map<string, () => Contents> | undefined;
  const contentsByPath = (): Map<string, () => Contents> => (found ??= v3Contents(input));
  const once = (key: string, make: () => Promise<Uint8Array>, hash?: string): Promise<OpenApiDocument> => {
    const known = made.get(key);
    if (known !== undefined) return known;
    // Its hash, of megabytes, is in a turn of its own.
    const document = make().then((bytes) => nextTurn().then(() => kept(bytes, hash)));
    made.set(key, document);
    document.catch(() => made.delete(key));
    return document;
  };
  return {
    v2: (encoding = 'json') => once(`v2 ${encoding}`, () => makeV2(input, prose(), encoding)),
    index: () => once('index', async () => {
      const paths: Record<string, { serverRelativeURL: string }> = {};
      for (const [at, [name, contents]] of [...contentsByPath()].entries()) {
        paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${contentHash(input, contents())}` };
        if (at % hashesPerSlice === 0) await nextTurn();
      }
      return Buffer.from(JSON.stringify({ paths }));
    }),
    async groupVersion(path, encoding = 'json') {
      const key = `${path} ${encoding}`;
      const known = made.get(key);
      if (known !== undefined) return known;
      const contents = contentsByPath().get(path)?.();
      if (contents === undefined) return undefined;
      const hash = contentHash(input, contents);
      const earlier = input.reuse?.get(key);
      if (earlier?.hash === hash) return earlier.document;
      const document = once(key, () => makeV3(input, prose(), contents, encoding), hash);
      input.reuse?.set(key, { hash, document });
      document.catch(() => input.reuse?.delete(key));
      return document;
    },
  };
}

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** @param hash What the document's URL says; without one, that of the bytes. */
async function kept(bytes: Uint8Array, hash = createHash('sha512').update(bytes).digest('hex').toUpperCase()): Promise<OpenApiDocument> {
  const etag = `"${hash}"`;
  const zipped = await zip(bytes);
  return { etag, zipped, bytes: () => unzip(zipped) };
}
