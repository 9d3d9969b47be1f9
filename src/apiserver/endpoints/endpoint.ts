// What the handlers of resource endpoints share: the server behind them, the request's place among the
// resources, and how bodies and options are read.
import type { DeleteOptions } from '#api/meta/v1.ts';
import type { World } from '#base/world.ts';
import {
  badRequest, decodeInSlices, decodeObject, invalid, managerFromUserAgent, requestEntityTooLarge, StatusError, turn, validateDeleteOptions, validatePatchOptions, validateWriteOptions,
  type Decoded, type KnownSpecs, type KubeObject, type SentSpec,
} from '#machinery';
import { BodyTooLargeError, headerText } from '#wire';
import type { Presentation } from '../answer/object-answer.ts';
import type { Authorizer, Creator, NodeProxy, ObjectReader } from '../contract.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { asStored } from '../registry/current.ts';
import { fillSlowly, heavyBytes } from '../registry/pace.ts';
import type { DeprecatedRequests } from '../registry/deprecations.ts';
import type { KindHandling } from '../registry/kind-handling.ts';
import type { ServedResource, StoredResource } from '../registry/resources.ts';
import type { Stored } from '../registry/strategy.ts';
import type { Registry, WriteRequest } from '../registry/write-request.ts';
import { notesOf, warn, type Call } from '../request/call.ts';
import { negotiate, type Form, type MediaType } from '../request/media-type.ts';
import { fieldValidationOf, parseDeleteQuery, parseWriteQuery, type WriteQuery } from '../request/query-options.ts';
import type { WatchHubs } from '../watch/watch-hubs.ts';
import type { LogMetrics } from './log-metrics.ts';

/** What handlers work with. */
export interface Server {
  readonly world: World;
  readonly cache: WatchCache;
  readonly registry: Registry;
  readonly reader: ObjectReader;
  readonly hubs: WatchHubs;
  readonly authorizer: Authorizer;
  refusal(attributes: Parameters<Authorizer['authorize']>[0], reason: string): Error;
  readonly creators: Readonly<Record<string, Creator>>;
  readonly nodeProxy: NodeProxy | undefined;
  /** Whoever asks for what is going away is told, and remembered. */
  readonly deprecated: DeprecatedRequests;
  readonly logMetrics: LogMetrics;
  /** Of watches that name no end; undefined: the default. */
  readonly minWatchSeconds: number | undefined;
  /** The feature gate AllowUnsafeMalformedObjectDeletion. */
  readonly unsafeDeletion: boolean;
  /** The feature gate CBORServingAndStorage. */
  readonly cbor: boolean;
}

/** A resource request, its resource found. */
export interface Target {
  readonly server: Server;
  readonly call: Call;
  readonly served: ServedResource;
  /** '' for the resource itself. */
  readonly subresource: string;
  /** '' for cluster-scoped resources. */
  readonly namespace: string;
  readonly name: string;
}

/** Members and list items of a body. Objects that fit into the store have fewer; more would cost too much to look at. */
export const bodyLimits = { maxValues: 60_000 };

/** Bodies that are read at once; larger ones are read in slices, YAML by another thread. */
export const quickBytes = 32 * 1024;

/** Upstream's bound on request bodies. */
const bodyLimitBytes = 3 * 1024 * 1024;

export async function readBody(call: Call): Promise<Uint8Array> {
  try {
    const bytes = await call.exchange.body(bodyLimitBytes);
    call.bodyBytes = bytes.length;
    const later = bytes.length === 0 ? undefined : call.pacer?.pass();
    if (later !== undefined) await later;
    return bytes;
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw requestEntityTooLarge(`limit is ${bodyLimitBytes}`);
    throw error;
  }
}

const allForms: readonly Form[] = ['object', 'table', 'metadata', 'metadata-list'];
/** Reviews have no columns. */
const formsOf = { object: allForms, review: ['object', 'metadata'], list: allForms, watch: ['object', 'table', 'metadata'] } as const;

/** Metadata of an object and of a list are asked for by different names. Throws 406. */
function checkForm({ served }: Target, what: keyof typeof formsOf, form: Form): void {
  const isList = what === 'list';
  if (what === 'watch' || form !== (isList ? 'metadata' : 'metadata-list')) return;
  const kind = isList ? served.listKind : served.info.kind;
  const goType = served.info.type === undefined ? `unstructured.Unstructured${isList ? 'List' : ''}` : `${served.info.type.slice(0, served.info.type.indexOf('.'))}.${kind}`;
  const told = isList ? 'PartialObjectMetadata, but the requested object is a list' : 'PartialObjectMetadataList, but the requested object is not a list';
  throw new StatusError({ status: 'Failure', reason: 'NotAcceptable', code: 406, message: `you requested ${told} (*${goType})` });
}

/** How the answer is to look. Throws 406. */
export function presentationOf(target: Target, what: 'object' | 'review' | 'list' | 'watch' = 'object'): Presentation {
  const { call, served, server } = target;
  const { headers } = call.exchange;
  const isTyped = served.info.type !== undefined;
  const media: MediaType = negotiate(headers.accept, call.info.query, headers['user-agent'] ?? '', {
    forms: formsOf[what], protobuf: isTyped || 'metadata', cbor: call.cbor, stream: what === 'watch', yaml: what !== 'watch', ...(isTyped ? { routed: what === 'list' || what === 'watch' ? 'list' : 'object' } : {}),
  });
  checkForm(target, what, media.form);
  const include = media.form === 'table' ? (call.info.query.get('includeObject') ?? '') : '';
  const includeObject = include === 'None' || include === 'Object' ? include : 'Metadata';
  if (include !== '' && include !== includeObject) {
    throw badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`);
  }
  return { served, media, includeObject, nowMs: server.world.clock.now() };
}

export function storedOf(target: Target): StoredResource {
  const { stored } = target.served;
  if (stored === undefined) throw new Error(`${target.served.info.plural} is not stored`);
  return stored;
}

/** Field manager: the option, else the program's name. */
function managerOf(call: Call, query: WriteQuery): string {
  return query.fieldManager === '' ? managerFromUserAgent(headerText(call.exchange.headers['user-agent'] ?? '')) : query.fieldManager;
}

/** Reads and checks the options of a write. Throws 422. */
export function writeRequest(target: Target, kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions', isApply = false): WriteRequest & { readonly query: WriteQuery } {
  const { call, server } = target;
  const query = parseWriteQuery(call.info.query);
  const errors = kind === 'PatchOptions' ? validatePatchOptions(query, isApply) : validateWriteOptions(query);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
  const options = {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(query.dryRun.length === 0 ? {} : { dryRun: [...query.dryRun] }),
    ...(query.fieldManager === '' ? {} : { fieldManager: query.fieldManager }),
    ...(query.fieldValidation === '' ? {} : { fieldValidation: query.fieldValidation }),
    ...(query.force === undefined ? {} : { force: query.force }),
  };
  return { ...baseRequest(target, options, query.dryRun.length > 0, server), manager: managerOf(call, query), query, isApply };
}

function baseRequest(target: Target, options: Record<string, unknown>, dryRun: boolean, server: Server): Omit<WriteRequest, 'manager'> {
  const { call } = target;
  return {
    served: target.served,
    stored: storedOf(target),
    subresource: target.subresource,
    namespace: target.namespace,
    name: target.name,
    options,
    dryRun,
    nowMs: server.world.clock.now(),
    reader: server.reader,
    user: call.user,
    signal: call.signal,
    heavy: () => call.bodyBytes > heavyBytes,
    ...notesOf(call),
  };
}

/** DeleteOptions from the body, or else from the query. Throws 400 and 422. */
export async function deleteRequest(target: Target): Promise<WriteRequest & { readonly deleteOptions: DeleteOptions }> {
  const { call, server } = target;
  const body = await readBody(call);
  const { ignoreStoreReadErrorWithClusterBreakingPotential: unsafe, ...safe }: DeleteOptions = body.length === 0 ? parseDeleteQuery(call.info.query) : await decodeDeleteOptions(call, body);
  const options: DeleteOptions = unsafe === undefined || !server.unsafeDeletion ? safe : { ...safe, ignoreStoreReadErrorWithClusterBreakingPotential: unsafe };
  const errors = validateDeleteOptions(options);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  const seen = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...options };
  return { ...baseRequest(target, seen, (options.dryRun ?? []).length > 0, server), manager: '', deleteOptions: options };
}

async function decodeDeleteOptions(call: Call, body: Uint8Array): Promise<DeleteOptions> {
  const reading = { contentType: bodyType(call), type: 'meta.v1.DeleteOptions', fieldValidation: 'Ignore', limits: bodyLimits, cbor: call.cbor } as const;
  const { object } = body.length > quickBytes ? await decodeInSlices(body, reading) : decodeObject(body, reading);
  call.audit?.requestObject(object);
  const { kind: _kind, apiVersion: _version, ...options } = object;
  return options as DeleteOptions;
}

export function bodyType(call: Call): string {
  const type = call.exchange.headers['content-type'];
  return type === undefined || type === '' ? 'application/json' : type;
}

/**
 * The object in the body of a create or update, defaulted, in the version of the request.
 * @param alike Further versions that are read as this one.
 */
export async function decodeBody(target: Target, query: WriteQuery, handling: KindHandling, apiVersion: string, alike: readonly string[] = []): Promise<KubeObject> {
  return (await decodeSent(target, query, handling, apiVersion, alike)).object;
}

async function decodeSent(target: Target, query: WriteQuery, handling: KindHandling, apiVersion: string, alike: readonly string[], specs?: KnownSpecs): Promise<Decoded> {
  const { call } = target;
  const bytes = await readBody(call);
  const decoding = handling.decode(bytes, { contentType: bodyType(call), fieldValidation: fieldValidationOf(query.fieldValidation), limits: bodyLimits, cbor: call.cbor, specs }, bytes.length > quickBytes);
  const decoded = decoding instanceof Promise ? await decoding : decoding;
  const { object } = decoded;
  for (const warning of decoded.warnings) warn(call, warning);
  if (object.apiVersion !== apiVersion) {
    // The core group may be written as an empty one.
    if ((object.apiVersion === `/${apiVersion}` && !apiVersion.includes('/')) || alike.includes(object.apiVersion ?? '')) object.apiVersion = apiVersion;
    else throw badRequest(`the API version in the data (${object.apiVersion ?? ''}) does not match the expected API version (${apiVersion})`);
  }
  const heavy = call.bodyBytes > heavyBytes;
  if (heavy) {
    await turn();
    await fillSlowly(handling, object);
  } else if (decoded.sent?.twin === undefined) {
    handling.applyDefaults(object);
  }
  call.audit?.requestObject(object);
  return decoded;
}

/** The same in the stored version. */
export async function decodeStored(target: Target, query: WriteQuery): Promise<Stored> {
  const { served } = target;
  const object = await decodeBody(target, query, served.handling, served.head.apiVersion);
  return asStored(served.toStored(object));
}

/** The body of a create, and what is known of its spec. */
export async function decodeCreated(target: Target, query: WriteQuery): Promise<{ readonly object: Stored; readonly sent: SentSpec | undefined }> {
  const { served } = target;
  const { object, sent } = await decodeSent(target, query, served.handling, served.head.apiVersion, [], served.stored?.specs?.bodies);
  return { object: asStored(served.toStored(object)), sent };
}
