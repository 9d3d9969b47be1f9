// The ValidatingAdmissionPolicy plugin: every policy that matches is evaluated for each of its matching bindings and
// their parameters, and all are evaluated before the first denial is told (upstream's validating/dispatcher.go).
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1.ts';
import { errorText } from '#base/errors.ts';
import { forbidden, StatusError, type KubeObject } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, ObjectReader } from '../contract.ts';
import { namespaceOf, versionedObjects, type Match, type MatchingPorts, type VersionedObjects } from '../webhooks/index.ts';
import { accessOf, activationOf, type AccessValues } from './input.ts';
import type { ConditionPorts } from './match-conditions.ts';
import { collectParams, paramResource } from './params.ts';
import { errorTypeOf, type ValidatingPolicyMetrics } from './policy-metrics.ts';
import { isJudged, policySource, type Bound, type PolicyHook } from './sources.ts';
import { compileValidator, type Decision, type PolicyContext, type ValidateResult, type Validator } from './validator.ts';

export interface PolicyPorts {
  readonly conditions: ConditionPorts;
  readonly matching: MatchingPorts & { readonly reader: ObjectReader };
  readonly authorizer: Authorizer;
}

type Hook = PolicyHook<ValidatingAdmissionPolicy & KubeObject, ValidatingAdmissionPolicyBinding & KubeObject, Validator>;

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string;
}

const longestAnnotation = 10 * 1024;

export function validatingPolicies(ports: PolicyPorts, metrics: ValidatingPolicyMetrics): AdmissionPlugin {
  const source = policySource<Hook['policy'], Hook['bindings'][number]['binding'], Validator>(
    ports.matching, { policies: 'validatingadmissionpolicies', bindings: 'validatingadmissionpolicybindings' }, (policy) => compileValidator(ports.conditions, policy),
  );
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: (_operation, resource) => isJudged(resource),
    active: () => source.hooks().length > 0,
    async validate(request) {
      const denials: Denial[] = [];
      const access = accessOf(request, ports.authorizer);
      for (const hook of source.hooks()) await judge({ ports, metrics, request, access, hook, denials });
      const [first] = denials;
      if (first !== undefined) throw refusal(request, first);
    },
  };
}

interface Judging {
  readonly ports: PolicyPorts;
  readonly metrics: ValidatingPolicyMetrics;
  readonly request: AdmissionRequest;
  readonly access: AccessValues;
  readonly hook: Hook;
  readonly denials: Denial[];
}

/** What is configured wrongly refuses the request, unless failures are to be ignored. */
function misconfigured({ hook, denials }: Judging, error: unknown, binding: string | undefined): void {
  if (hook.policy.spec?.failurePolicy === 'Ignore') return;
  denials.push({ policy: hook.name, binding, message: `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${errorText(error)}`, reason: '' });
}

async function judge(judging: Judging): Promise<void> {
  const { ports, request, hook } = judging;
  let match: Match | undefined;
  try {
    match = await hook.matcher.matches(request);
    if (match === undefined) return;
    if (hook.policy.spec?.paramKind !== undefined) paramResource(ports.matching, hook.policy.spec.paramKind);
  } catch (error) {
    misconfigured(judging, error, undefined);
    return;
  }
  const annotations = new Map<string, Set<string>>();
  for (const bound of hook.bindings) await judgeBinding(judging, match, bound, annotations);
  for (const [key, values] of annotations) request.annotate(`${hook.name}/${key}`, [...values].join(', '));
}

async function judgeBinding(judging: Judging, match: Match, bound: Bound<Hook['bindings'][number]['binding']>, annotations: Map<string, Set<string>>): Promise<void> {
  const { ports, request, hook } = judging;
  let params: ReturnType<typeof collectParams>;
  let objects: VersionedObjects;
  try {
    if (bound.matcher !== undefined && (await bound.matcher.matches(request)) === undefined) return;
    params = collectParams(ports.matching, hook.policy.spec?.paramKind, bound.binding.spec?.paramRef, request.namespace);
    if (params.length === 0) return;
    objects = await versionedObjects(request, match);
  } catch (error) {
    misconfigured(judging, error, bound.name);
    return;
  }
  const namespace = await namespaceFor(ports.matching, request);
  for (const param of params) enforce(judging, bound, await hook.evaluator.validate(contextOf(judging, match, objects, namespace, param)), annotations);
}

/** A namespace is no member of itself. */
export async function namespaceFor(ports: MatchingPorts, request: AdmissionRequest): Promise<KubeObject | undefined> {
  const isNamespace = request.resource.group === '' && request.resource.kind === 'Namespace';
  return isNamespace || request.namespace === '' ? undefined : namespaceOf(ports, request);
}

function contextOf({ ports, request, access }: Judging, match: Match, objects: VersionedObjects, namespace: KubeObject | undefined, params: KubeObject | undefined): PolicyContext {
  const parts = { request, kind: match.kind, resource: match.resource, ...objects, ...(namespace === undefined ? {} : { namespace }), ...(params === undefined ? {} : { params }) };
  return {
    activation: activationOf({ ...parts, access }),
    plain: activationOf(parts),
    operation: request.operation,
    now: () => ports.conditions.clock.monotonic(),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
}

function errorOf({ evaluation, message }: Decision): ReturnType<typeof errorTypeOf> {
  return evaluation === 'admit' ? 'no_error' : errorTypeOf(message);
}

/** Carries out what the binding's validationActions say. */
function enforce(judging: Judging, { name, binding }: Bound<Hook['bindings'][number]['binding']>, result: ValidateResult, annotations: Map<string, Set<string>>): void {
  const { request, hook, metrics, denials } = judging;
  const actions = binding.spec?.validationActions ?? [];
  for (const [index, decision] of result.decisions.entries()) {
    const count = (enforcement: 'allow' | 'deny' | 'audit' | 'warn'): void => metrics.checked(hook.name, name, errorOf(decision), enforcement, decision.seconds);
    if (decision.action === 'admit') {
      if (decision.evaluation === 'error') count('allow');
      continue;
    }
    for (const action of actions) {
      if (action === 'Deny') {
        denials.push({ policy: hook.name, binding: name, message: decision.message, reason: decision.reason });
        count('deny');
      } else if (action === 'Audit') {
        const failure = { message: decision.message, policy: binding.spec?.policyName ?? '', binding: name, expressionIndex: index, validationActions: actions };
        request.annotate('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]));
        count('audit');
      } else if (action === 'Warn') {
        request.warn(`Validation failed for ValidatingAdmissionPolicy '${hook.name}' with binding '${name}': ${decision.message}`);
        count('warn');
      }
    }
  }
  for (const annotation of result.annotations) {
    if (annotation.action === 'publish') {
      const values = annotations.get(annotation.key) ?? new Set<string>();
      annotations.set(annotation.key, values.add(annotation.value.slice(0, longestAnnotation)));
    } else {
      denials.push({ policy: hook.name, binding: name, message: annotation.error, reason: '' });
      metrics.checked(hook.name, name, errorTypeOf(annotation.error), 'deny', annotation.seconds);
    }
  }
}

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };

function refusal(request: AdmissionRequest, { policy, binding, message, reason }: Denial): StatusError {
  const text = `ValidatingAdmissionPolicy '${policy}'${binding === undefined ? '' : ` with binding '${binding}'`} denied request: ${message}`;
  const { status } = forbidden({ group: request.resource.group, resource: request.resource.plural }, shownName(request), text);
  const told = reason === '' ? 'Invalid' : reason;
  return new StatusError({ ...status, reason: told, code: codes[told] ?? 422, details: { ...status.details, causes: [...(status.details?.causes ?? []), { message: text }] } });
}

/** Names may not have been made up yet. */
export function shownName({ name, object }: AdmissionRequest): string {
  if (name !== '') return name;
  return object?.metadata?.name ?? object?.metadata?.generateName ?? 'Unknown';
}
