// POST, PUT, PATCH and DELETE of stored objects and of the subresources that change parts of them.
import { badRequest, decodingCborMap, genericServerResponse, goQuote, inSlices, isObject, jsonKind, parseJson, parseYamlAside, parseYamlStrictly, parsingCarefully, parsingJson, requestEntityTooLarge, TooManyValuesError, turn, unsupportedMediaType, yamlWarnings, JsonSyntaxError } from '#machinery';
import { answerStatus } from '../answer/status-answer.ts';
import { answerObject } from '../answer/object-answer.ts';
import { createObject } from '../registry/create.ts';
import { removeObject } from '../registry/delete.ts';
import { agreeOnNamespace, checkName } from '../registry/metadata.ts';
import { patchPlan, type PatchType } from '../registry/patch.ts';
import { isHeavy } from '../registry/pace.ts';
import { updateObject } from '../registry/update.ts';
import { warnOfDuplicates } from '../registry/create.ts';
import { tracked } from '../registry/tracking.ts';
import type { Written } from '../registry/write-request.ts';
import type { Call } from '../request/call.ts';
import { fieldValidationOf } from '../request/query-options.ts';
import { cloneJson } from '#machinery';
import { asksForUnsafeDeletion, deleteUnreadable } from './unsafe-delete.ts';
import { bodyLimits, bodyType, decodeCreated, decodeStored, deleteRequest, presentationOf, quickBytes, readBody, writeRequest, type Target } from './endpoint.ts';

function answerWritten(target: Target, written: Written): Promise<void> | void {
  return answerObject(target.call, written.created ? 201 : 200, presentationOf(target), { bytes: written.bytes, object: () => written.object });
}

export async function postObject(target: Target): Promise<void> {
  presentationOf(target);
  const request = writeRequest(target, 'CreateOptions');
  const { object, sent } = await decodeCreated(target, request.query);
  await answerWritten(target, await createObject(target.server.registry, request, object, sent));
}

/** The right to create, for updates that do. */
async function authorizeCreate(target: Target): Promise<void> {
  const { server, call } = target;
  const { info } = call;
  const attributes = {
    user: call.user, isResourceRequest: true, verb: 'create', path: info.path, apiGroup: info.apiGroup, apiVersion: info.apiVersion,
    namespace: info.namespace, resource: info.resource, subresource: info.subresource, name: info.name,
  };
  const verdict = await server.authorizer.authorize(attributes);
  if (verdict.decision !== 'allow') throw server.refusal(attributes, verdict.reason);
}

export async function putObject(target: Target): Promise<void> {
  presentationOf(target);
  const request = writeRequest(target, 'UpdateOptions');
  const sent = await decodeStored(target, request.query);
  agreeOnNamespace(sent, request.stored.namespaced, target.namespace);
  checkName(sent, target.name);
  warnOfDuplicates(request, sent, false);
  const written = await updateObject(target.server.registry, request, {
    mayCreate: request.stored.strategy.createOnUpdate && target.subresource === '',
    authorizeCreate: () => authorizeCreate(target),
    async build(current) {
      const heavy = isHeavy(request, current);
      const object = cloneJson(sent);
      if (heavy) await turn();
      return tracked(request, current?.object, object, heavy);
    },
  });
  await answerWritten(target, written);
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};
const cborApply = 'application/apply-patch+cbor';

function isCborApply(call: Call): boolean {
  return call.cbor && bodyType(call).split(';', 1)[0]?.trim() === cborApply;
}

/** Which patch a Content-Type announces. Throws 415. */
export function patchTypeOf(target: Target): PatchType {
  const mediaType = bodyType(target.call).split(';', 1)[0]?.trim() ?? '';
  const type = isCborApply(target.call) ? 'apply' : patchTypes[mediaType];
  const isCustom = target.served.info.type === undefined;
  if (type === undefined && !isCustom) throw genericServerResponse(415, '', { group: '', resource: '' }, '', '415: Unsupported Media Type');
  if (type === undefined || (type === 'strategic' && isCustom)) {
    const taken = Object.keys(patchTypes).filter((name) => !isCustom || patchTypes[name] !== 'strategic');
    throw unsupportedMediaType(target.call.cbor ? [...taken, cborApply] : taken);
  }
  return type;
}

/** The operations of a JSON patch have a bound of their own. */
const jsonPatchLimits = { maxValues: 2 * bodyLimits.maxValues };

interface ParsedPatch {
  readonly content: unknown;
  /** Paths of fields given twice, in JSON. */
  readonly duplicates: readonly string[];
  /** What strict reading of YAML has to say. */
  readonly yamlProblem?: string | undefined;
}

/** The patch itself, parsed. Throws 400 and 413. */
export async function parsePatch(call: Call, type: PatchType, bytes: Uint8Array): Promise<ParsedPatch> {
  const isLarge = bytes.length > quickBytes;
  try {
    if (isCborApply(call)) return { content: await inSlices(decodingCborMap(bytes, bodyLimits.maxValues)), duplicates: [] };
    if (type === 'apply') {
      const { value, duplicates } = isLarge ? await parseYamlAside(bytes, bodyLimits.maxValues) : parseYamlStrictly(bytes);
      // To Go, null is the empty map.
      return { content: value ?? {}, duplicates: [], yamlProblem: duplicates === undefined ? undefined : `error converting YAML to JSON: ${duplicates}` };
    }
    const limits = type === 'json' ? jsonPatchLimits : bodyLimits;
    const { value, duplicates } = isLarge ? await inSlices(parsingJson(bytes, limits)) : parseJson(bytes);
    return { content: value, duplicates };
  } catch (error) {
    if (error instanceof TooManyValuesError) throw requestEntityTooLarge(`the body has ${error.message}`);
    const text = error instanceof Error ? error.message : String(error);
    if (type === 'apply') throw badRequest(`error decoding YAML: ${text}`);
    throw badRequest(type === 'strategic' || !(error instanceof JsonSyntaxError) ? text : `error decoding patch: ${text}`);
  }
}

const operationFields: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

/** Fields of a patch that are given twice, and of JSON patches those that no operation has. */
function patchProblems(type: PatchType, content: unknown, duplicates: readonly string[], bytes: Uint8Array): Promise<string[]> | string[] {
  if (type !== 'json' || !Array.isArray(content)) return duplicates.map((path) => `duplicate field ${goQuote(path)}`);
  const unknown = new Set(content.flatMap((operation: unknown, i) => (isObject(operation) ? Object.keys(operation).filter((name) => !operationFields.has(name)).map((name) => `[${i}].${name}`) : [])));
  if (unknown.size === 0) return duplicates.map((path) => `json patch duplicate field ${goQuote(path)}`);
  return inSlices(parsingCarefully(Buffer.from(bytes).toString(), 1000, unknown)).then(({ problems }) => (problems ?? []).map((path) => `json patch ${unknown.has(path) ? 'unknown' : 'duplicate'} field ${goQuote(path)}`));
}

export async function patchObject(target: Target): Promise<void> {
  presentationOf(target);
  const type = patchTypeOf(target);
  const bytes = await readBody(target.call);
  const request = writeRequest(target, 'PatchOptions', type === 'apply');
  const { content, duplicates, yamlProblem } = await parsePatch(target.call, type, bytes);
  target.call.audit?.requestPatch(content);
  const fieldValidation = fieldValidationOf(request.query.fieldValidation);
  // Who wants fields to be judged has the operations read by the judge first, whose words these are.
  if (type === 'json' && fieldValidation !== 'Ignore' && content !== null && !Array.isArray(content)) throw badRequest(`error decoding patch: json: cannot unmarshal ${jsonKind(content)} into Go value of type []handlers.jsonPatchOp`);
  if (fieldValidation === 'Strict' && yamlProblem !== undefined) throw badRequest(`error strict decoding YAML: ${yamlProblem}`);
  if (fieldValidation === 'Warn') {
    for (const warning of yamlProblem === undefined ? [] : yamlWarnings(yamlProblem)) request.warn(warning);
  }
  const found = fieldValidation === 'Ignore' ? [] : patchProblems(type, content, duplicates, bytes);
  const problems = found instanceof Promise ? await found : found;
  const patch = { type, content, force: request.query.force === true, fieldValidation, problems };
  const plan = patchPlan(request, patch, () => authorizeCreate(target));
  await answerWritten(target, await updateObject(target.server.registry, request, plan));
}

export async function deleteObject(target: Target): Promise<void> {
  const { call, served } = target;
  const presentation = presentationOf(target);
  const request = await deleteRequest(target);
  if (asksForUnsafeDeletion(request.deleteOptions)) return deleteUnreadable(target, request.deleteOptions);
  const deleted = await removeObject(target.server.registry, request, request.deleteOptions);
  const code = !deleted.gone && request.deleteOptions.orphanDependents === false ? 202 : 200;
  if (!deleted.gone || request.stored.strategy.returnsDeleted) {
    await answerObject(call, code, presentation, { bytes: deleted.bytes, object: () => deleted.object });
    return;
  }
  const { name = '', uid } = deleted.object.metadata;
  const { group, plural } = served.info;
  answerStatus(call, code, { status: 'Success', details: { name, ...(group === '' ? {} : { group }), kind: plural, ...(uid === undefined ? {} : { uid }) } });
}
