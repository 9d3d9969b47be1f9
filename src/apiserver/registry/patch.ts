// Patches: JSON patch, merge patch, strategic merge patch and server-side apply as update plans. A patch is
// applied again to whatever a quicker writer left, so it conflicts only where the client asked for a
// resourceVersion or another manager owns a field.
import { applying, atOnce, cloneJson, cloningJson, inSlices, isTwin, jsonPatch, mergePatch, mergingPatch, notFound, patchingJson, strategicallyMerging, oncePerTwin, strategicMergePatch, type FieldValidation, type PatchedOptions } from '#machinery';
import type { KubeObject } from '../contract.ts';
import { asStored, type Current } from './current.ts';
import { agreeOnNamespace, checkName } from './metadata.ts';
import { fillSlowly, isHeavy, rest } from './pace.ts';
import type { Stored } from './strategy.ts';
import { convertFor, tracked } from './tracking.ts';
import { sharesAll, type UpdatePlan } from './update.ts';
import type { WriteRequest } from './write-request.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface Patch {
  readonly type: PatchType;
  /** Parsed; for apply the configuration as the client wrote it. */
  readonly content: unknown;
  readonly force: boolean;
  readonly fieldValidation: FieldValidation;
  /** What is wrong with its fields, where that is to be told: `duplicate field "spec.x"`. */
  readonly problems: readonly string[];
}

/** The plan of a patch. `content` is not changed. */
export function patchPlan(request: WriteRequest, patch: Patch, authorizeCreate: () => Promise<void>): UpdatePlan {
  return {
    mayCreate: patch.type === 'apply' && request.subresource === '',
    isPatch: true,
    authorizeCreate,
    build: (current) => (patch.type === 'apply' ? applied(request, patch, current) : patched(request, patch, current)),
  };
}

/** The current object in the version of the request, with its resourceVersion. */
function versioned(request: WriteRequest, current: Current): KubeObject {
  return request.served.fromStored(current.object);
}

async function patched(request: WriteRequest, patch: Patch, current: Current | undefined): Promise<Stored> {
  const { served } = request;
  if (current === undefined) throw notFound(served.groupResource, request.name);
  const before = versioned(request, current);
  const { type } = served.info;
  const { content } = patch;
  const heavy = isHeavy(request, current);
  const after = heavy
    ? await inSlices(patch.type === 'json' ? patchingJson(before, content) : patch.type === 'merge' ? mergingPatch(before, content) : strategicallyMerging(type, before, content))
    : patch.type === 'json' ? jsonPatch(before, content) : patch.type === 'merge' ? mergePatch(before, content) : strategicMergePatch(type, before, content);
  await rest(request, current);
  const object = await read(request, after, patch, current, before);
  await rest(request, current);
  return checked(request, await tracked(request, current.object, object, heavy));
}

async function applied(request: WriteRequest, patch: Patch, current: Current | undefined): Promise<Stored> {
  const { served } = request;
  const heavy = isHeavy(request, current);
  const merged = await (heavy ? inSlices : atOnce)(applying({
    type: served.info.type,
    shape: served.handling.shape,
    resetFields: served.handling.resetFields(request.subresource),
    convert: convertFor(served),
    live: current === undefined ? undefined : versioned(request, current),
    applied: (heavy ? await inSlices(cloningJson(patch.content)) : cloneJson(patch.content)) as KubeObject,
    manager: request.manager,
    force: patch.force,
    subresource: request.subresource,
    apiVersion: served.head.apiVersion,
    kind: served.info.kind,
    nowMs: request.nowMs,
    sliced: heavy,
  }));
  await rest(request, current);
  return checked(request, await read(request, merged, patch, current, undefined));
}

/** A patched object back through the decoder: shape, unknown fields, defaults. */
async function read(request: WriteRequest, value: KubeObject, patch: Patch, current: Current | undefined, before: KubeObject | undefined): Promise<Stored> {
  const { served } = request;
  const options: PatchedOptions = { fieldValidation: patch.fieldValidation, problems: patch.problems, known: before, applied: patch.type === 'apply', ...(patch.type === 'strategic' ? { strategic: patch.content } : {}) };
  const { steps } = served.handling;
  const { object, warnings } = steps?.decodePatched !== undefined && isHeavy(request, current) ? await inSlices(steps.decodePatched(value, options)) : served.handling.decodePatched(value, options);
  for (const warning of warnings) request.warn(warning);
  await rest(request, current);
  if (isHeavy(request, current)) await fillSlowly(served.handling, object);
  else fillDefaults(request, object, value, before);
  return asStored(served.toStored(object));
}

const isSettled = oncePerTwin<boolean>();

/** What was stored has its defaults: where a patch leaves a spec alone that many objects have, they are looked for once. */
function fillDefaults({ served }: WriteRequest, object: KubeObject, value: KubeObject, before: KubeObject | undefined): void {
  const spec = before?.['spec'];
  if (!isTwin(spec) || !Object.keys(value).every((name) => name === 'metadata' || value[name] === before?.[name])) return served.handling.applyDefaults(object);
  let filled = false;
  const settled = isSettled(spec, () => {
    filled = true;
    served.handling.applyDefaults(object);
    return sharesAll(object['spec'], spec);
  });
  if (!settled && !filled) served.handling.applyDefaults(object);
}

function checked(request: WriteRequest, object: KubeObject): Stored {
  const result = asStored(object);
  agreeOnNamespace(result, request.stored.namespaced, request.namespace);
  checkName(result, request.name);
  return result;
}
