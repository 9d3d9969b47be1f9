// The result of a patch back through the decoder. What it refuses is told as upstream's patch handler tells
// it: 422 on a field "patch", for JSON and merge patches with the whole result and the decoder's words, for
// strategic ones with the patch alone and the words of the converter that upstream uses for them.
import { readOver } from './canonical-form.ts';
import type { Decoded, FieldValidation } from './decode.ts';
import { goQuote } from './field-errors.ts';
import type { KubeObject } from './object.ts';
import { goText } from './patch/go-text.ts';
import { readingMessage, readingOver } from './sliced-read.ts';
import type { Sliced } from './slices.ts';
import { invalid, StatusError } from './status.ts';
import { planOf } from './type-plan.ts';
import { ReadContext, readMessage, UnmarshalError } from './wire-read.ts';

export interface PatchedOptions {
  /** Default Ignore. */
  readonly fieldValidation?: FieldValidation;
  /** What was patched, in canonical form: the result shares what is deep in it and was left alone. */
  readonly known?: KubeObject | undefined;
  /** The patch, when it is a strategic one. */
  readonly strategic?: unknown;
  /** What was found in the patch itself; told with the unknown fields of the result, before them. */
  readonly problems?: readonly string[];
  /** The value is what server-side apply made: upstream's field manager converts that, and has words of its own. */
  readonly applied?: boolean;
}

const warningsKept = 100;

/** Checks and normalizes a patched object; unknown fields are handled as `fieldValidation` says. Throws StatusError 422. */
export function decodePatched(type: string, value: KubeObject, options: PatchedOptions = {}): Decoded {
  const context = contextOf(type, options);
  return concluded(value, read(type, value, context, options), context, options);
}

/** As decodePatched, in slices. */
export function* decodingPatched(type: string, value: KubeObject, options: PatchedOptions = {}): Sliced<Decoded> {
  const context = contextOf(type, options);
  return concluded(value, yield* reading(type, value, context, options), context, options);
}

function contextOf(type: string, { fieldValidation = 'Ignore' }: PatchedOptions): ReadContext {
  return new ReadContext(fieldValidation !== 'Ignore', true, type);
}

function concluded(value: KubeObject, object: KubeObject, context: ReadContext, options: PatchedOptions): Decoded {
  const problems = [...(options.problems ?? []), ...context.unknown.slice(0, warningsKept).sort().map((path) => `unknown field ${goQuote(path)}`)];
  if (problems.length > 0 && options.fieldValidation === 'Strict') throw refusal(value, options, `strict decoding error: ${problems.join(', ')}`);
  return { object, warnings: problems };
}

function read(type: string, value: KubeObject, context: ReadContext, options: PatchedOptions): KubeObject {
  const { known } = options;
  try {
    return known === undefined ? readMessage(planOf(type), value, context) : readOver(planOf(type), value, known, context);
  } catch (error) {
    throw told(error, value, options);
  }
}

function* reading(type: string, value: KubeObject, context: ReadContext, options: PatchedOptions): Sliced<KubeObject> {
  const { known } = options;
  try {
    return yield* known === undefined ? readingMessage(planOf(type), value, context) : readingOver(planOf(type), value, known, context);
  } catch (error) {
    throw told(error, value, options);
  }
}

function told(error: unknown, value: KubeObject, options: PatchedOptions): unknown {
  if (!(error instanceof UnmarshalError)) return error;
  if (options.applied === true) return inconvertible(value, conversionText(error));
  return refusal(value, options, options.strategic === undefined ? error.message : conversionText(error));
}

function refusal(value: KubeObject, options: PatchedOptions, detail: string): Error {
  const badValue = options.strategic === undefined ? JSON.stringify(value) : goText(options.strategic);
  const error = invalid({ group: '', kind: '' }, '', [{ type: 'Invalid', field: 'patch', badValue, detail }]);
  error.cause = new Error(detail);
  return error;
}

function inconvertible({ metadata, apiVersion = '', kind = '' }: KubeObject, detail: string): StatusError {
  const gvk = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
  const message = `failed to convert new object (${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${gvk}) to proper version: unable to convert unstructured object to ${gvk}: ${detail}`;
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

const basicTypes: ReadonlySet<string> = new Set(['string', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'float64']);
/** These read themselves and so keep their own words. */
const ownReaders = /^(v1\.(Time|MicroTime|Duration|FieldsV1|JSON\w*)|resource\.Quantity|intstr\.IntOrString|runtime\.RawExtension)$/;
const kinds: Readonly<Record<string, string>> = { array: 'slice', object: 'map' };

/** How upstream's converter from JSON values to Go types names a mismatch. */
function conversionText(error: UnmarshalError): string {
  const { mismatch } = error;
  if (mismatch === undefined || ownReaders.test(mismatch.wanted)) return error.message.startsWith('illegal base64') ? `error decoding from json: ${error.message}` : error.message;
  const { found, wanted } = mismatch;
  const [json = '', number = ''] = found.split(' ');
  const kind = json === 'number' ? (/[.eE]/.test(number) ? 'float64' : 'int64') : (kinds[json] ?? json);
  if (wanted.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (wanted.startsWith('map[') || wanted === 'v1.ResourceList') return `cannot restore map from ${kind}`;
  if (!basicTypes.has(wanted)) return `cannot restore struct from: ${kind}`;
  const isConvertible = (kind === 'int64' && wanted !== 'bool') || (kind === 'float64' && wanted !== 'bool' && wanted !== 'string');
  return isConvertible ? `cannot convert ${kind} to ${wanted}` : `unrecognized type: ${wanted}`;
}
