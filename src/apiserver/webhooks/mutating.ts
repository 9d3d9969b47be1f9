// The MutatingAdmissionWebhook plugin: webhooks one after another, each seeing what the one before has changed. A
// change makes the chain run once more, and then those with reinvocationPolicy IfNeeded are asked again when the
// object is no longer what they have seen.
import type { MutatingWebhook } from '#api/admissionregistration/v1.ts';
import { errorText } from '#base/errors.ts';
import {
  cloneJson, decodeManagers, goQuote, internalError, isObject, jsonEqual, jsonPatch, parseJson, StatusError, type KubeObject,
} from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, Reinvocation } from '../contract.ts';
import { anyHandling, builtInHandling, type KindHandling } from '../registry/kind-handling.ts';
import { ask, checkTime, CallingWebhookError, failed, heed, invocationOf, succeeded, type CallingPorts, type Invocation } from './calling.ts';
import type { Hook, HookSource } from './hooks.ts';
import { isExempt } from './matching.ts';
import { memoryOf, requireAgain, type ReinvocationMemory } from './reinvocation-memory.ts';
import { denial, type Verdict } from './review.ts';
import { replaceObject } from './versioned-request.ts';

const pluginName = 'MutatingAdmissionWebhook';
const mutationPrefix = 'mutation.webhook.admission.k8s.io/';
const patchPrefix = 'patch.webhook.admission.k8s.io/';

export function mutatingWebhooks(ports: CallingPorts, source: HookSource<MutatingWebhook>): AdmissionPlugin {
  return {
    name: pluginName,
    handles: (_operation, resource) => !isExempt(resource),
    active: () => source.hooks().length > 0,
    async mutate(request) {
      const reinvocation = request.reinvocation ?? { isReinvoke: false, requested: false, memory: new Map() };
      const memory = memoryOf(reinvocation, pluginName);
      // In-tree plugins have changed in their second round what the webhooks left.
      if (reinvocation.isReinvoke && memory.output !== undefined && !jsonEqual(memory.output, request.object)) requireAgain(memory);
      try {
        for (const [index, hook] of source.hooks().entries()) await runHook(ports, hook, index, request, reinvocation, memory);
      } finally {
        if (memory.invoked.size > 0 && !reinvocation.isReinvoke && request.object !== undefined) memory.output = cloneJson(request.object);
      }
    },
  };
}

async function runHook(ports: CallingPorts, hook: Hook<MutatingWebhook>, index: number, request: AdmissionRequest, reinvocation: Reinvocation, memory: ReinvocationMemory): Promise<void> {
  const invocation = await invocationOf(ports, hook, request, 'admit');
  // The second round is for those that took part in the first.
  if (invocation === undefined || (reinvocation.isReinvoke && !memory.again.has(hook.uid))) return;
  const { webhook } = hook;
  const place = `round_${reinvocation.isReinvoke ? 1 : 0}_index_${index}`;
  const outcome = { webhook, operation: request.operation, startedAt: ports.world.clock.monotonic(), type: 'admit' };
  let changed = false;
  let refusal: Error | undefined;
  try {
    changed = await callHook(ports, invocation, request, place);
    succeeded(ports, outcome);
  } catch (error) {
    refusal = failed(ports, outcome, error);
    if (refusal === undefined && error instanceof CallingWebhookError && !error.canceled) request.annotate(`failed-open.${mutationPrefix}${place}`, webhook.name);
  } finally {
    request.annotate(mutationPrefix + place, JSON.stringify({ configuration: hook.configuration, webhook: webhook.name, mutated: changed }));
  }
  if (changed) {
    requireAgain(memory);
    reinvocation.requested = true;
  }
  if (webhook.reinvocationPolicy === 'IfNeeded') memory.invoked.add(hook.uid);
  if (refusal !== undefined) throw refusal;
  checkTime(ports, request);
}

/** True when the webhook changed the object. */
async function callHook(ports: CallingPorts, invocation: Invocation<MutatingWebhook>, request: AdmissionRequest, place: string): Promise<boolean> {
  const { hook: { webhook, configuration }, objects } = invocation;
  const verdict = await ask(ports, invocation, request, true);
  heed(webhook.name, verdict, request);
  if (verdict.patch === '') return false;
  const operations = operationsOf(webhook.name, verdict);
  if (operations.length === 0) return false;
  const before = objects.object;
  if (before === undefined) throw internalError(new Error(`admission webhook ${goQuote(webhook.name)} attempted to modify the object, which is not supported for this operation`));
  if (verdict.patchType !== 'JSONPatch') {
    throw new CallingWebhookError(webhook.name, `unsupported patch type ${goQuote(verdict.patchType)}`, denial(webhook.name, verdict.status).code);
  }
  const handling = handlingOf(invocation, before);
  const after = patchedObject(handling, before, operations);
  const changed = !jsonEqual(before, after);
  request.annotate(patchPrefix + place, JSON.stringify({ configuration, webhook: webhook.name, patch: operations, patchType: 'JSONPatch' }));
  handling.applyDefaults(after);
  keepOwnership(request, before, after);
  await replaceObject(request, invocation.match, after);
  return changed;
}

function operationsOf(webhook: string, verdict: Verdict): unknown[] {
  let parsed: unknown;
  try {
    parsed = parseJson(Buffer.from(verdict.patch, 'base64')).value;
    if (parsed !== null && !Array.isArray(parsed)) throw new Error('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  } catch (error) {
    throw new CallingWebhookError(webhook, `received undecodable patch in webhook response: ${errorText(error)}`, 503);
  }
  return parsed ?? [];
}

/** How the object that travels is read and defaulted: the resource's own way, or that of a subresource's kind. */
function handlingOf({ match: { served } }: Invocation<MutatingWebhook>, object: KubeObject): Pick<KindHandling, 'decodePatched' | 'applyDefaults'> {
  if (object.kind === served.info.kind) return served.handling;
  const type = served.info.subresources.find((sub) => sub.type.endsWith(`.${object.kind ?? ''}`))?.type;
  return type === undefined ? anyHandling : builtInHandling(type);
}

/** The patched object in its kind's shape. Throws internal errors, as the server's own fault. */
function patchedObject(handling: Pick<KindHandling, 'decodePatched'>, before: KubeObject, operations: unknown): KubeObject {
  try {
    return handling.decodePatched(jsonPatch(before, operations), {}).object;
  } catch (error) {
    const cause = error instanceof StatusError && error.cause instanceof Error ? error.cause : error;
    throw internalError(cause);
  }
}

/** A webhook built against an old API may lose or garble managedFields: then they stay as they were. */
function keepOwnership(request: AdmissionRequest, before: KubeObject, after: KubeObject): void {
  try {
    decodeManagers(after.metadata?.managedFields ?? []);
  } catch (error) {
    if (isObject(after.metadata)) {
      if (before.metadata?.managedFields === undefined) delete after.metadata.managedFields;
      else after.metadata.managedFields = before.metadata.managedFields;
    }
    request.warn(`.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${errorText(error)}`);
  }
}
