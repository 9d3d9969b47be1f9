// The MutatingAdmissionPolicy plugin: policies one after another, each seeing what the one before has changed. As with
// webhooks, a change makes the chain run once more, and policies with reinvocationPolicy IfNeeded take part in the
// second round when the object is no longer what they left (upstream's mutating/dispatcher.go).
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1.ts';
import { errorText } from '#base/errors.ts';
import { cloneJson, forbidden, jsonEqual, StatusError, type KubeObject } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, Reinvocation } from '../contract.ts';
import { builtInHandling, type KindHandling } from '../registry/kind-handling.ts';
import { memoryOf, replaceObject, requireAgain, versionedObjects, type Match, type ReinvocationMemory } from '../webhooks/index.ts';
import { accessOf, activationOf, type AccessValues } from './input.ts';
import { compileMutator, type Mutator } from './mutator.ts';
import { collectParams, paramResource } from './params.ts';
import { errorTypeOf, type MutatingPolicyMetrics } from './policy-metrics.ts';
import { isJudged, policySource, type Bound, type PolicyHook } from './sources.ts';
import { namespaceFor, shownName, type PolicyPorts } from './validating.ts';

const pluginName = 'MutatingAdmissionPolicy';

type Hook = PolicyHook<MutatingAdmissionPolicy & KubeObject, MutatingAdmissionPolicyBinding & KubeObject, Mutator>;
type Binding = Bound<MutatingAdmissionPolicyBinding & KubeObject>;

interface Invocation {
  readonly hook: Hook;
  readonly binding: Binding;
  readonly match: Match;
  readonly params: KubeObject | undefined;
  /** The same in both rounds. */
  readonly key: string;
}

export function mutatingPolicies(ports: PolicyPorts, metrics: MutatingPolicyMetrics): AdmissionPlugin {
  const source = policySource<Hook['policy'], Binding['binding'], Mutator>(
    ports.matching, { policies: 'mutatingadmissionpolicies', bindings: 'mutatingadmissionpolicybindings' }, (policy) => compileMutator(ports.conditions, policy),
  );
  return {
    name: pluginName,
    handles: (_operation, resource) => isJudged(resource),
    active: () => source.hooks().length > 0,
    async mutate(request) {
      const round = new Round(ports, metrics, request);
      await round.run(source.hooks());
    },
  };
}

/** One pass over the policies for one request. */
class Round {
  readonly #ports: PolicyPorts;
  readonly #metrics: MutatingPolicyMetrics;
  readonly #request: AdmissionRequest;
  readonly #access: AccessValues;
  readonly #failures: { readonly message: string; readonly reason: string }[] = [];

  constructor(ports: PolicyPorts, metrics: MutatingPolicyMetrics, request: AdmissionRequest) {
    this.#ports = ports;
    this.#metrics = metrics;
    this.#request = request;
    this.#access = accessOf(request, ports.authorizer);
  }

  async run(hooks: readonly Hook[]): Promise<void> {
    const invocations: Invocation[] = [];
    for (const hook of hooks) invocations.push(...(await this.#invocations(hook)));
    if (invocations.length > 0) await this.#invokeAll(invocations);
    const [first] = this.#failures;
    if (first === undefined) return;
    const { resource } = this.#request;
    const { status } = forbidden({ group: resource.group, resource: resource.plural }, shownName(this.#request), '');
    throw new StatusError({
      ...status, message: first.message, ...(first.reason === '' ? {} : { reason: first.reason }),
      details: { ...status.details, causes: [...(status.details?.causes ?? []), ...this.#failures.map(({ message }) => ({ message }))] },
    });
  }

  #fail(hook: Hook, binding: string | undefined, text: string, reason: string): void {
    if (hook.policy.spec?.failurePolicy === 'Ignore') return;
    const message = binding === undefined ? `policy "${hook.name}" denied request: ${text}` : `policy '${hook.name}' with binding '${binding}' denied request: ${text}`;
    this.#failures.push({ message, reason });
  }

  async #invocations(hook: Hook): Promise<Invocation[]> {
    const { paramKind } = hook.policy.spec ?? {};
    let match: Match | undefined;
    try {
      match = await hook.matcher.matches(this.#request);
      if (match === undefined) return [];
      if (paramKind !== undefined) paramResource(this.#ports.matching, paramKind);
    } catch (error) {
      this.#fail(hook, undefined, `failed to configure policy: ${errorText(error)}`, '');
      return [];
    }
    const found: Invocation[] = [];
    for (const binding of hook.bindings) {
      try {
        if (binding.matcher !== undefined && (await binding.matcher.matches(this.#request)) === undefined) continue;
        for (const params of collectParams(this.#ports.matching, paramKind, binding.binding.spec?.paramRef, this.#request.namespace)) {
          const key = JSON.stringify([hook.name, binding.name, params?.metadata?.namespace ?? '', params?.metadata?.name ?? '']);
          found.push({ hook, binding, match, params, key });
        }
      } catch (error) {
        this.#fail(hook, binding.name, `failed to configure binding: ${errorText(error)}`, '');
      }
    }
    return found;
  }

  async #invokeAll(invocations: readonly Invocation[]): Promise<void> {
    const reinvocation = this.#request.reinvocation ?? { isReinvoke: false, requested: false, memory: new Map() };
    const memory = memoryOf(reinvocation, pluginName);
    // In-tree plugins or webhooks have changed what the policies left.
    if (reinvocation.isReinvoke && !jsonEqual(memory.output, this.#request.object)) requireAgain(memory);
    const namespace = await namespaceFor(this.#ports.matching, this.#request);
    try {
      for (const invocation of invocations) await this.#invoke(invocation, namespace, reinvocation, memory);
    } finally {
      if (this.#request.object !== undefined && !reinvocation.isReinvoke) memory.output = cloneJson(this.#request.object);
    }
  }

  async #invoke({ hook, binding, match, params, key }: Invocation, namespace: KubeObject | undefined, reinvocation: Reinvocation, memory: ReinvocationMemory): Promise<void> {
    const request = this.#request;
    const objects = await versionedObjects(request, match);
    const now = (): number => this.#ports.conditions.clock.monotonic();
    const activation = (object: KubeObject | undefined) => activationOf({
      request, kind: match.kind, resource: match.resource, object, oldObject: objects.oldObject, access: this.#access,
      ...(namespace === undefined ? {} : { namespace }), ...(params === undefined ? {} : { params }),
    });
    const { conditions, mutations } = hook.evaluator;
    const limits = { now, ...(request.signal === undefined ? {} : { signal: request.signal }) };
    if (conditions !== undefined) {
      const matched = await conditions.evaluate({ activation: activation(objects.object), ...limits }, { name: hook.name, kind: 'policy', type: 'validate', operation: request.operation });
      if ('error' in matched) return this.#fail(hook, binding.name, matched.error, 'Invalid');
      if (!matched.matches) return;
    }
    if (reinvocation.isReinvoke && !memory.again.has(key)) return;
    let { object } = objects;
    let isDirty = false;
    for (const mutation of mutations) {
      if (object === undefined) break;
      const startedAt = now();
      const count = (text: string | undefined): void => this.#metrics.checked(hook.name, binding.name, text === undefined ? 'no_error' : errorTypeOf(text), (now() - startedAt) / 1000);
      try {
        const handling = handlingOf(match, object);
        object = completed(handling, await mutation({ activation: activation(object), object, shape: handling.shape, ...limits }));
        isDirty = true;
        count(undefined);
      } catch (error) {
        const text = errorText(error);
        count(text);
        if (error instanceof StatusError) throw error;
        this.#fail(hook, binding.name, text, 'Invalid');
      }
    }
    if (isDirty && object !== undefined) {
      await replaceObject(request, match, object);
      requireAgain(memory);
      reinvocation.requested = true;
    }
    if (hook.policy.spec?.reinvocationPolicy === 'IfNeeded') memory.invoked.add(key);
  }
}

/** How objects of this kind are merged and read: the resource's own, or a subresource's (Scale). */
function handlingOf({ served }: Match, object: KubeObject): KindHandling {
  if (object.kind === served.info.kind) return served.handling;
  const type = served.info.subresources.find((sub) => sub.type.endsWith(`.${object.kind ?? ''}`))?.type;
  return type === undefined ? served.handling : builtInHandling(type);
}

/** The mutated object in its kind's shape, with defaults. */
function completed(handling: KindHandling, mutated: KubeObject): KubeObject {
  const { object } = handling.decodePatched(cloneJson(mutated), {});
  handling.applyDefaults(object);
  return object;
}
