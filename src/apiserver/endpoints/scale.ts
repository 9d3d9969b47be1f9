// The scale subresource: spec.replicas of a workload as an autoscaling/v1 Scale, whatever the workload. What a
// manager owns through the Scale it owns as replicas of the workload.
import type { Scale } from '#api/autoscaling/v1.ts';
import {
  applyDefaults, badRequest, cloneJson, decodePatched, goType, inSlices, internalError, isObject, jsonPatch, mergePatch, mergingPatch, notFound, parentEntries, scaleEntries, selectorFromObject, serverSideApply, strategicallyMerging, strategicMergePatch, trackUpdate, turn,
  validateCreate, invalid, type KubeObject, type ReplicasPaths,
} from '#machinery';
import { answerVersioned } from '../answer/object-answer.ts';
import { admissionRequest, createAdmissionChain } from '../registry/admission-chain.ts';
import { freshCurrent, type Current } from '../registry/current.ts';
import { objectKey } from '../registry/storage-layout.ts';
import type { Stored } from '../registry/strategy.ts';
import { builtInHandling, type ScalePaths } from '../registry/kind-handling.ts';
import { isHeavy } from '../registry/pace.ts';
import { updateObject } from '../registry/update.ts';
import type { WriteRequest } from '../registry/write-request.ts';
import { fieldValidationOf } from '../request/query-options.ts';
import { presentationFor } from './creators.ts';
import { decodeBody, readBody, storedOf, writeRequest, type Target } from './endpoint.ts';
import { parsePatch, patchTypeOf } from './write.ts';

const scaleType = 'autoscaling.v1.Scale';

function field(object: unknown, name: string): unknown {
  return isObject(object) ? object[name] : undefined;
}

interface Numbers {
  /** undefined: the workload does not say. */
  readonly replicas: number | undefined;
  readonly current: number;
  readonly selector: string;
}

/** What the workload says, in its own words. */
function numbersOf(object: Stored, custom: ScalePaths | undefined): Numbers {
  if (custom !== undefined) return customNumbers(object, custom);
  const selector = field(object.spec, 'selector');
  const isMap = object.kind === 'ReplicationController';
  return {
    replicas: Number(field(object.spec, 'replicas') ?? 0),
    current: Number(field(object.status, 'replicas') ?? 0),
    selector: isMap ? mapSelectorText(selector) : selectorFromObject(isObject(selector) ? selector : undefined).toString(),
  };
}

function customNumbers(object: Stored, paths: ScalePaths): Numbers {
  const selector = paths.labelSelector === undefined ? undefined : valueAt(object, paths.labelSelector);
  if (selector !== undefined && typeof selector !== 'string') throw badRequest(`.${paths.labelSelector ?? ''} accessor error: ${String(selector)} is of the type ${goType(selector)}, expected string`);
  return { replicas: integerAt(object, paths.specReplicas), current: integerAt(object, paths.statusReplicas) ?? 0, selector: selector ?? '' };
}

function integerAt(object: Stored, path: string): number | undefined {
  const value = valueAt(object, path);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw badRequest(`.${path} accessor error: ${String(value)} is of the type ${goType(value)}, expected int64`);
  return value;
}

function valueAt(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const step of path.split('.')) value = field(value, step);
  return value;
}

function setAt(object: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  let at = object;
  for (const step of steps) {
    const below = at[step];
    const next = isObject(below) ? below : {};
    at[step] = next;
    at = next;
  }
  at[last] = value;
}

/** The Scale of a workload. */
function scaleOf(object: Stored, paths: ReplicasPaths, custom: ScalePaths | undefined): KubeObject & Scale {
  const { metadata } = object;
  const { replicas = 0, current, selector: text } = numbersOf(object, custom);
  const managed = scaleEntries(metadata.managedFields, paths);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: metadata.name ?? '',
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
      ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
      ...(metadata.creationTimestamp === undefined ? {} : { creationTimestamp: metadata.creationTimestamp }),
      ...(managed === undefined ? {} : { managedFields: managed }),
    },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: current, ...(text === '' ? {} : { selector: text }) },
  };
}

function mapSelectorText(selector: unknown): string {
  if (!isObject(selector)) return '';
  return Object.entries(selector).map(([key, value]) => `${key}=${String(value)}`).sort().join(',');
}

function pathsOf(target: Target): ReplicasPaths {
  return target.served.handling.scale?.byVersion ?? { [storedOf(target).head.apiVersion]: 'spec.replicas' };
}

export async function getScale(target: Target): Promise<void> {
  const stored = storedOf(target);
  const current = await freshCurrent(target.server.registry, stored, objectKey(stored.namespaced, target.namespace, target.name), target.call.signal);
  if (current === undefined) throw notFound(target.served.groupResource, target.name);
  const custom = target.served.handling.scale;
  const scale = scaleOf(current.object, pathsOf(target), custom);
  if (custom !== undefined && numbersOf(current.object, custom).replicas === undefined) throw internalError(new Error(`the spec replicas field ".${custom.specReplicas}" does not exist`));
  await answerVersioned(target.call, 200, presentationFor(target, scaleType), scale);
}

export async function putScale(target: Target): Promise<void> {
  const request = writeRequest(target, 'UpdateOptions');
  const sent = await decodeBody(target, request.query, builtInHandling(scaleType), 'autoscaling/v1');
  await writeScale(target, request, () => cloneJson(sent));
}

export async function patchScale(target: Target): Promise<void> {
  const type = patchTypeOf(target);
  const bytes = await readBody(target.call);
  const request = writeRequest(target, 'PatchOptions', type === 'apply');
  const { content } = await parsePatch(target.call, type, bytes);
  target.call.audit?.requestPatch(content);
  await writeScale(target, request, async (scale) => {
    const heavy = isHeavy(request);
    // What is large in it has nothing to say, but all of it is looked at.
    if (heavy) await turn();
    const patched =
      heavy && type === 'strategic' ? await inSlices(strategicallyMerging(scaleType, scale, content))
      : heavy && type === 'merge' ? await inSlices(mergingPatch(scale, content))
      : type === 'json' ? jsonPatch(scale, content)
      : type === 'merge' ? mergePatch(scale, content)
      : type === 'strategic' ? strategicMergePatch(scaleType, scale, content)
      : serverSideApply({ type: scaleType, apiVersion: 'autoscaling/v1', kind: 'Scale', live: scale, applied: cloneJson(content) as KubeObject, manager: request.manager, force: request.query.force === true, subresource: 'scale', nowMs: request.nowMs });
    const { object } = decodePatched(scaleType, patched, { fieldValidation: fieldValidationOf(request.query.fieldValidation), ...(type === 'strategic' ? { strategic: content } : {}) });
    applyDefaults(scaleType, object);
    if (heavy) await turn();
    return object;
  }, { isPatch: true, isApply: type === 'apply' });
}

/** The workload's own update is no concern of admission: the Scale is, and has been judged. */
const alreadyAdmitted = createAdmissionChain([]);

/** Admission sees the Scale, under the workload's resource. undefined: nobody cares. */
async function admitScale(target: Target, request: WriteRequest, before: KubeObject, after: KubeObject): Promise<{ validate(): Promise<void> } | undefined> {
  const { admission } = target.server.registry;
  if (admission.ignores('UPDATE', target.served.info, 'scale')) return undefined;
  const judged = admissionRequest({ ...request, subresource: 'scale' }, 'UPDATE', after, before);
  await admission.mutate(judged);
  return { validate: () => admission.validate(judged) };
}

async function writeScale(target: Target, request: WriteRequest, change: (scale: KubeObject) => Promise<KubeObject> | KubeObject, { isPatch = false, isApply = false } = {}): Promise<void> {
  const paths = pathsOf(target);
  const custom = target.served.handling.scale;
  const build = async (current: Current | undefined): Promise<Stored> => {
    if (current === undefined) throw notFound(target.served.groupResource, target.name);
    const before = scaleOf(current.object, paths, custom);
    const changing = change(before);
    const changed = changing instanceof Promise ? await changing : changing;
    const after = isApply ? changed : trackUpdate({ type: scaleType, before, after: changed, manager: request.manager, subresource: 'scale', apiVersion: 'autoscaling/v1', nowMs: request.nowMs });
    const judged = await admitScale(target, request, before, after);
    const errors = validateCreate(scaleType, after).filter((error) => error.field.startsWith('spec.'));
    if (errors.length > 0) throw invalid({ group: 'autoscaling', kind: 'Scale' }, target.name, errors);
    await judged?.validate();
    const object = cloneJson(current.object);
    setAt(object, custom?.specReplicas ?? 'spec.replicas', Number(field(after.spec, 'replicas') ?? 0));
    const version = after.metadata?.resourceVersion;
    // A Scale without one is for the workload as it is now, whether the kind takes unconditional updates or not.
    if (version !== undefined && version !== '') object.metadata.resourceVersion = version;
    if (after.metadata?.uid !== undefined) object.metadata.uid = after.metadata.uid;
    const managed = parentEntries(object.metadata.managedFields, after.metadata?.managedFields, request.stored.head.apiVersion, paths);
    if (managed === undefined) delete object.metadata.managedFields;
    else object.metadata.managedFields = managed;
    return object;
  };
  // The workload's own strategy applies: its generation grows, its status stays.
  const registry = { ...target.server.registry, admission: alreadyAdmitted };
  const written = await updateObject(registry, { ...request, subresource: '' }, { mayCreate: false, isPatch, build });
  await answerVersioned(target.call, 200, presentationFor(target, scaleType), scaleOf(written.object as Stored, paths, custom));
}
