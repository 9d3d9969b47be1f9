// Request bodies to objects. A body is JSON, YAML or protobuf; what comes out has the type's shape in canonical
// form (wire-read.ts), unknown and duplicate fields are told, warned of or refused as `fieldValidation` asks
// (KEP-2885), and every refusal is the 400 that upstream answers, with its text. JSON in the common case costs
// one byte scan, JSON.parse and one walk.
import { readInPlace } from './canonical-form.ts';
import { CborError, decodeTypedCbor, decodingAnyCbor, diagnoseCbor, isCborType, typeMetaOfCbor, type DecodedCbor } from './cbor/index.ts';
import { goQuote } from './field-errors.ts';
import { formatApiVersion, gvkOfType, parseApiVersion, typeOfGvk } from './group-of-type.ts';
import { RawNumber } from './json-number.ts';
import { noteKeysRead } from './json-keys.ts';
import { parsingCarefully, type ParsedJson } from './json-parse.ts';
import { countingMembers, parsingFast, TooManyValuesError, type FastJson } from './json.ts';
import type { KnownSpecs } from './known-specs.ts';
import type { KubeObject } from './object.ts';
import { cloneJson, isObject, type JsonObject } from './patch/json-tree.ts';
import { decodingProtobuf, isProtobuf } from './protobuf/object.ts';
import type { WireBudget } from './protobuf/reader.ts';
import { atOnce, inSlices, type Sliced } from './slices.ts';
import { badRequest, requestEntityTooLarge, StatusError, unsupportedMediaType } from './status.ts';
import { planOf } from './type-plan.ts';
import { ReadContext, readMessage, UnmarshalError } from './wire-read.ts';
import { readingInPlace, readingMessage, slicedBytes } from './sliced-read.ts';
import { TypeMismatch } from './scalar-read.ts';
import { parseYamlAside } from './yaml-thread.ts';
import { parseYamlStrictly, type ParsedYaml } from './yaml.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodeOptions {
  /** As in the Content-Type header; parameters are ignored. Default JSON. */
  readonly contentType?: string;
  /** The schema type that the endpoint takes; without it the object stays as it came (custom resources). */
  readonly type?: string;
  /** Instead of a type: how the body of a custom resource is read. */
  readonly custom?: CustomReader;
  /** Default Warn, as the server's. */
  readonly fieldValidation?: FieldValidation;
  readonly limits?: { readonly maxDepth?: number; readonly maxValues?: number };
  /** CBOR is taken as well (the feature gate CBORServingAndStorage). */
  readonly cbor?: boolean;
  /** Of objects that are made from templates: the specs that came before. */
  readonly specs?: KnownSpecs | undefined;
}

/** Reads the bodies of one custom kind. */
export interface CustomReader {
  readonly kind: string;
  /** Prunes and coerces in place; answers the paths of unknown fields when they are to be told. Throws UnmarshalError. */
  settle(object: KubeObject, tellsUnknown: boolean): Sliced<readonly string[]>;
}

export interface Decoded {
  readonly object: KubeObject;
  /** For `Warning` headers: `unknown field "spec.foo"`. */
  readonly warnings: string[];
  /** Where `specs` was given, and nothing is wrong with the body. */
  readonly sent?: SentSpec;
}

/** A spec that came before, or one that may come again. */
export interface SentSpec {
  /** What was kept of it: the object has a copy, with all that was filled in then. */
  readonly twin?: JsonObject;
  /** Keeps what was made of the spec, for bodies that bring the same text. Nobody may change it any more. */
  keep?(made: JsonObject): void;
}

/** Objects nest far less; deeper ones would cost every later walker its stack. */
const maxObjectDepth = 1000;
const warningsKept = 100;

interface Body {
  readonly value: unknown;
  /** Members in the JSON text; undefined where duplicates are known. */
  readonly members?: number;
  readonly duplicates: readonly string[];
  /** Duplicates of YAML come as one ready message, as do unknown fields of CBOR. */
  readonly yamlProblem?: string;
  /** `value` has the type alone: the rest is read when it is known as what. */
  readonly isCbor?: boolean;
}

/** Decodes a body. Throws StatusError: 400 for a bad body, 413 beyond `limits`, 415 for an unknown content type. */
export function decodeObject(bytes: Uint8Array, options: DecodeOptions = {}): Decoded {
  return (options.specs === undefined ? undefined : decodeAroundSpec(bytes, options, options.specs)) ?? atOnce(decoding(bytes, options));
}

/** Reads what stands around a spec that came before; undefined where there is none, or the rest is not without faults. */
function decodeAroundSpec(bytes: Uint8Array, options: DecodeOptions, specs: KnownSpecs): Decoded | undefined {
  const { type } = options;
  if (type === undefined || mediaTypeOf(options) !== 'application/json') return undefined;
  const split = specs.split(bytes, type);
  if (split === undefined) return undefined;
  let around: FastJson;
  try {
    around = atOnce(parsingFast(split.rest, options.limits?.maxDepth ?? maxObjectDepth, options.limits?.maxValues));
  } catch {
    // What is wrong is told of the whole body.
    return undefined;
  }
  const { value, members, careful } = around;
  if (careful !== undefined || !isKubeObject(value) || value['spec'] !== null) return undefined;
  // Who leaves them out, or means another version, is read in full; so is who says more.
  const wanted = gvkOfType(type);
  if (value.kind !== wanted.kind || value.apiVersion !== formatApiVersion(wanted.group, wanted.version) || !isBare(value)) return undefined;
  value['spec'] = split.spec;
  const { apiVersion, kind } = value;
  const read = readInPlace(planOf(type), value, { spec: split.spec });
  if (read === undefined || read.members !== members) return undefined;
  return { object: Object.assign(read.object, { apiVersion, kind, spec: cloneJson(split.spec) }), warnings: [], sent: { twin: split.spec } };
}

/** Nothing but metadata and spec: no defaults are to be filled in beside the spec. */
function isBare(value: KubeObject): boolean {
  for (const key in value) {
    if (key === 'apiVersion' || key === 'kind' || key === 'metadata' || key === 'spec') continue;
    const part = value[key];
    if (key !== 'status' || !isObject(part) || Object.keys(part).length > 0) return false;
  }
  return true;
}

/** As decodeObject, in slices and with YAML read by a thread of its own: for large bodies. */
export async function decodeInSlices(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Decoded> {
  if (!isYamlType(mediaTypeOf(options))) return inSlices(decoding(bytes, options));
  let body: Body;
  try {
    body = bodyOfYaml(bytes, await parseYamlAside(bytes, options.limits?.maxValues));
  } catch (error) {
    throw unreadable(options, bytes, error);
  }
  return inSlices(decoding(bytes, options, body));
}

function bodyOfYaml(bytes: Uint8Array, { value, duplicates }: ParsedYaml): Body {
  noteKeysRead(bytes, value);
  return { value, duplicates: [], ...(duplicates === undefined ? {} : { yamlProblem: duplicates }) };
}

function mediaTypeOf(options: DecodeOptions): string {
  return (options.contentType ?? 'application/json').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isYamlType(mediaType: string): boolean {
  return mediaType === 'application/yaml' || mediaType.endsWith('+yaml');
}

/** @param given The body, where it has been read already. */
function* decoding(bytes: Uint8Array, options: DecodeOptions, given?: Body): Sliced<Decoded> {
  const mediaType = mediaTypeOf(options);
  if (mediaType === 'application/vnd.kubernetes.protobuf') return yield* decodeProtobufBody(bytes, options);
  const body = given ?? (isCborType(mediaType) && options.cbor === true ? yield* readCborBody(bytes, options) : yield* readBody(bytes, mediaType, options));
  yield;
  const value = body.value;
  if (!isKubeObject(value)) throw unrecognized(options, bytes, notAnObject(value));
  checkTypeMeta(value, bytes, options);
  if (options.type === undefined) {
    const extra = body.members !== undefined && (yield* countingMembers(value)) !== body.members ? yield* duplicatesOf(bytes) : body.duplicates;
    return conclude(value, options.custom === undefined ? [] : yield* settleCustom(value, options.custom, options), extra, body.yamlProblem, options, value);
  }
  return yield* decodeTyped(value, bytes, body, options.type, options);
}

/** JSON objects; what their fields hold is checked by the walk. */
function isKubeObject(value: unknown): value is KubeObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RawNumber);
}

function* decodeTyped(value: KubeObject, bytes: Uint8Array, body: Body, type: string, options: DecodeOptions): Sliced<Decoded> {
  const wanted = gvkOfType(type);
  const defaultVersion = formatApiVersion(wanted.group, wanted.version);
  // Absent, empty and null are one to Go.
  const apiVersion = value.apiVersion || defaultVersion;
  const kind = value.kind || wanted.kind;
  const given = parseApiVersion(apiVersion);
  const actual = typeOfGvk(given.group, given.version, kind);
  if (actual === undefined) {
    const message = `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)} in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`;
    throw cannotBeHandled(kind, given.version, wanted.kind, message);
  }
  if (gvkOfType(actual).kind !== wanted.kind) {
    const [pkg = ''] = type.split('.');
    const message = `converting (${given.version}.${kind}) to (${pkg}.${wanted.kind}): unknown conversion`;
    throw cannotBeHandled(kind, given.version, wanted.kind, message);
  }
  const readAs = actual === type || gvkOfType(actual).group === wanted.group ? actual : type;
  const read: DecodedCbor = body.isCbor === true ? readCborAs(bytes, readAs, kind, given.version, wanted.kind) : { value, unknown: body.yamlProblem };
  if (body.isCbor === true) yield;
  const isLarge = bytes.length > slicedBytes;
  const quick = isLarge ? yield* readingInPlace(planOf(readAs), read.value) : readInPlace(planOf(readAs), read.value);
  if (isLarge) yield;
  const context = new ReadContext(true, true, readAs);
  const object: KubeObject = quick?.object ?? (yield* readTyped(readAs, read.value, context, isLarge, (message) => cannotBeHandled(kind, given.version, wanted.kind, message)));
  object.apiVersion = apiVersion;
  object.kind = kind;
  const hasDuplicates = body.members !== undefined && (quick ?? context).members !== body.members;
  const isMixed = context.unknown.length > 0 && (hasDuplicates || body.duplicates.length > 0);
  const { specs } = options;
  if (specs !== undefined && quick !== undefined && body.members !== undefined && !hasDuplicates && readAs === type && isObject(object['spec'])) {
    return { object, warnings: [], sent: { keep: (made) => specs.keep(bytes, type, made) } };
  }
  if (!isMixed) return conclude(object, context.unknown, hasDuplicates ? yield* duplicatesOf(bytes) : body.duplicates, read.unknown, options, object);
  const { duplicates, problems } = yield* readAgain(bytes, new Set(context.unknown));
  return conclude(object, context.unknown, duplicates, read.unknown, options, object, problems);
}

function* settleCustom(object: KubeObject, reader: CustomReader, options: DecodeOptions): Sliced<readonly string[]> {
  try {
    return yield* reader.settle(object, (options.fieldValidation ?? 'Warn') !== 'Ignore');
  } catch (error) {
    if (error instanceof UnmarshalError) throw cannotBeHandled(object.kind ?? '', parseApiVersion(object.apiVersion ?? '').version, reader.kind, error.message);
    throw error;
  }
}

function* readTyped(type: string, value: unknown, context: ReadContext, isLarge: boolean, refusal: (message: string) => StatusError): Sliced<KubeObject> {
  try {
    return isLarge ? yield* readingMessage(planOf(type), value, context) : readMessage(planOf(type), value, context);
  } catch (error) {
    if (error instanceof UnmarshalError || error instanceof TypeMismatch) throw refusal(error.message);
    throw error;
  }
}

function* readBody(bytes: Uint8Array, mediaType: string, options: DecodeOptions): Sliced<Body> {
  const isYaml = isYamlType(mediaType);
  if (!isYaml && mediaType !== 'application/json' && mediaType !== '' && !mediaType.endsWith('+json')) {
    throw unsupportedMediaType(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', ...(options.cbor === true ? ['application/cbor'] : [])]);
  }
  try {
    if (isYaml) return bodyOfYaml(bytes, parseYamlStrictly(bytes));
    const fast: FastJson = yield* parsingFast(bytes, options.limits?.maxDepth ?? maxObjectDepth, options.limits?.maxValues);
    return fast.careful === undefined ? { value: fast.value, members: fast.members, duplicates: [] } : fast.careful;
  } catch (error) {
    throw unreadable(options, bytes, error);
  }
}

/** For typed objects the type alone: what the rest is read as follows from it. */
function* readCborBody(bytes: Uint8Array, options: DecodeOptions): Sliced<Body> {
  const limits = { maxDepth: options.limits?.maxDepth ?? maxObjectDepth, maxValues: options.limits?.maxValues ?? Infinity };
  let meta: { readonly kind: string; readonly apiVersion: string };
  try {
    meta = yield* typeMetaOfCbor(bytes, limits);
  } catch (error) {
    if (error instanceof TooManyValuesError) throw requestEntityTooLarge(`the body has ${error.message}`);
    throw unrecognized(options, bytes, `unable to determine group/version/kind: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (options.type !== undefined) return { value: { ...meta }, duplicates: [], isCbor: true };
  try {
    const value = yield* decodingAnyCbor(bytes, limits);
    noteKeysRead(bytes, value);
    return { value, duplicates: [] };
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    throw cannotBeHandled(meta.kind, parseApiVersion(meta.apiVersion).version, options.custom?.kind ?? 'Unstructured', error.message);
  }
}

function readCborAs(bytes: Uint8Array, type: string, kind: string, version: string, wanted: string): DecodedCbor {
  try {
    return decodeTypedCbor(bytes, type);
  } catch (error) {
    if (error instanceof CborError) throw cannotBeHandled(kind, version, wanted, error.message);
    throw error;
  }
}

function unreadable(options: DecodeOptions, bytes: Uint8Array, error: unknown): StatusError {
  if (error instanceof TooManyValuesError) return requestEntityTooLarge(`the body has ${error.message}`);
  const text = error instanceof Error ? error.message : String(error);
  return unrecognized(options, bytes, `couldn't get version/kind; json parse error: ${text}`);
}

function notAnObject(value: unknown): string {
  const name = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
  if (value === null) return "Object 'Kind' is missing in 'null'";
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${name} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
}

function checkTypeMeta(value: KubeObject, bytes: Uint8Array, options: DecodeOptions): void {
  for (const name of ['apiVersion', 'kind']) {
    const text: unknown = value[name];
    if (text === undefined || text === null || typeof text === 'string') continue;
    const is = Array.isArray(text) ? 'array' : typeof text === 'boolean' ? 'bool' : typeof text;
    throw unrecognized(options, bytes, `couldn't get version/kind; json parse error: json: cannot unmarshal ${is} into Go struct field .${name} of type string`);
  }
  if (options.type === undefined && (value.kind === undefined || value.kind === '')) {
    const message = `Object 'Kind' is missing in '${isCborType(mediaTypeOf(options)) ? diagnoseCbor(bytes) : Buffer.from(bytes).toString('utf8').slice(0, 1024)}'`;
    throw options.custom !== undefined ? unrecognized(options, bytes, message) : badRequest(message);
  }
}

function conclude(
  object: KubeObject, unknown: readonly string[], duplicates: readonly string[], yamlProblem: string | undefined, options: DecodeOptions, named: KubeObject, order: readonly string[] = [],
): Decoded {
  const mode = options.fieldValidation ?? 'Warn';
  const known = unknown.length === 0 && duplicates.length === 0 && yamlProblem === undefined;
  if (known || mode === 'Ignore') return { object, warnings: [] };
  const isUnderUnknown = (path: string): boolean => options.custom === undefined && unknown.some((u) => path === u || path.startsWith(`${u}.`) || path.startsWith(`${u}[`));
  const unknowns = unknown.map((path) => ({ path, text: `unknown field ${goQuote(path)}` }));
  const doubles = duplicates.filter((path) => !isUnderUnknown(path)).map((path) => ({ path, text: `duplicate field ${goQuote(path)}` }));
  // The typed decoder tells both as it meets them, that of custom resources duplicate ones first.
  const met = new Map(order.map((path, i) => [path, i]));
  const found = [...doubles, ...unknowns].sort((a, b) => (met.get(a.path) ?? 0) - (met.get(b.path) ?? 0)).map(({ text }) => text);
  const problems = [...(yamlProblem === undefined ? [] : [yamlProblem]), ...found].slice(0, warningsKept);
  if (mode === 'Warn') return { object, warnings: problems.flatMap(yamlWarnings) };
  const kind = String(named.kind ?? '');
  const version = parseApiVersion(String(named.apiVersion ?? '')).version;
  const wanted = options.type === undefined ? (options.custom?.kind ?? kind) : gvkOfType(options.type).kind;
  throw cannotBeHandled(kind, version, wanted, `strict decoding error: ${problems.join(', ')}`);
}

function* duplicatesOf(bytes: Uint8Array): Sliced<string[]> {
  return (yield* readAgain(bytes)).duplicates;
}

function* readAgain(bytes: Uint8Array, watched?: ReadonlySet<string>): Sliced<ParsedJson> {
  yield;
  return yield* parsingCarefully(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), maxObjectDepth, watched);
}

/** A warning for each line of what the YAML reader found; of anything else one. */
export function yamlWarnings(problem: string): string[] {
  const lines = /^(?:error converting YAML to JSON: )?yaml: unmarshal errors:\n([^]*)$/.exec(problem)?.[1];
  return lines === undefined ? [problem] : lines.split('\n').map((line) => line.trim());
}

function cannotBeHandled(kind: string, version: string, wanted: string, message: string): StatusError {
  return badRequest(`${kind} in version ${goQuote(version)} cannot be handled as a ${wanted}: ${message}`);
}

function unrecognized(options: DecodeOptions, bytes: Uint8Array, message: string): StatusError {
  const kind = options.type === undefined ? (options.custom?.kind ?? 'Unstructured') : gvkOfType(options.type).kind;
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${message} (${summary(bytes)})`);
}

/** The start of the body: text when it looks like JSON, else hex. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const head = Buffer.from(bytes.subarray(0, 30));
  return `${bytes[0] === 0x7b ? head.toString('utf8') : head.toString('hex')}${bytes.length > 30 ? ' ...' : ''}`;
}

/** Protobuf writes the empty messages that JSON leaves out: it may have more values. */
function budgetOf({ limits }: DecodeOptions): WireBudget | undefined {
  const most = limits?.maxValues;
  return most === undefined ? undefined : { left: 2 * most, refusal: () => new TooManyValuesError(`more than ${most} values`) };
}

function* decodeProtobufBody(bytes: Uint8Array, options: DecodeOptions): Sliced<Decoded> {
  if (!isProtobuf(bytes)) {
    throw unrecognized(options, bytes, 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  let decoded: KubeObject;
  try {
    decoded = (yield* decodingProtobuf(bytes, options.type, budgetOf(options))).object;
  } catch (error) {
    if (error instanceof TooManyValuesError) throw requestEntityTooLarge(`the body has ${error.message}`);
    if (error instanceof StatusError) throw error;
    throw unrecognized(options, bytes, error instanceof Error ? error.message : String(error));
  }
  if (options.type === undefined) return { object: decoded, warnings: [] };
  yield;
  return yield* decodeTyped(decoded, bytes, { value: decoded, duplicates: [] }, options.type, { ...options, fieldValidation: 'Ignore' });
}
