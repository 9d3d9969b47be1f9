// The policies that are in force: each with its bindings, compiled, in the order of their names. Derived anew when a
// policy or binding changes; what has not changed keeps what was compiled. A policy without bindings does nothing.
import type { MatchResources, ParamKind, ParamRef } from '#api/admissionregistration/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { KubeObject, ObjectReader } from '../contract.ts';
import { createMatcher, type Matcher, type MatchingPorts } from '../webhooks/index.ts';

export interface PolicyObject extends KubeObject {
  spec?: { readonly failurePolicy?: string; readonly paramKind?: ParamKind; readonly matchConstraints?: MatchResources };
}

export interface BindingObject extends KubeObject {
  spec?: { readonly policyName?: string; readonly paramRef?: ParamRef; readonly matchResources?: MatchResources };
}

export interface Bound<B extends BindingObject> {
  readonly name: string;
  readonly binding: B;
  /** undefined: whatever the policy matches. */
  readonly matcher: Matcher | undefined;
}

export interface PolicyHook<P extends PolicyObject, B extends BindingObject, E> {
  readonly name: string;
  readonly policy: P;
  readonly matcher: Matcher;
  readonly bindings: readonly Bound<B>[];
  readonly evaluator: E;
}

export interface PolicySource<P extends PolicyObject, B extends BindingObject, E> {
  hooks(): readonly PolicyHook<P, B, E>[];
}

const group = 'admissionregistration.k8s.io';

/** Questions of who may what are not for policies to judge, nor are policies themselves. */
const neverJudged: Readonly<Record<string, readonly string[]>> = {
  [group]: ['validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'],
  'authentication.k8s.io': ['selfsubjectreviews', 'tokenreviews'],
  'authorization.k8s.io': ['localsubjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'subjectaccessreviews'],
};

export function isJudged(resource: ResourceInfo): boolean {
  return !(neverJudged[resource.group] ?? []).includes(resource.plural);
}

function matcherOf(ports: MatchingPorts, resources: MatchResources, emptyMatchesAll: boolean): Matcher {
  return createMatcher(ports, {
    rules: resources.resourceRules ?? [], excludeRules: resources.excludeResourceRules ?? [], emptyMatchesAll, matchPolicy: resources.matchPolicy ?? 'Equivalent',
    namespaceSelector: resources.namespaceSelector, objectSelector: resources.objectSelector,
  });
}

const nameOf = (object: KubeObject): string => object.metadata?.name ?? '';
const byName = (a: KubeObject, b: KubeObject): number => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0);

/** `plurals` names the policies' and the bindings' resource. */
export function policySource<P extends PolicyObject, B extends BindingObject, E>(
  ports: MatchingPorts & { readonly reader: ObjectReader }, plurals: { readonly policies: string; readonly bindings: string }, compile: (policy: P) => E,
): PolicySource<P, B, E> {
  const evaluators = new WeakMap<object, { readonly matcher: Matcher; readonly evaluator: E }>();
  const bound = new WeakMap<object, Bound<B>>();
  let policies = -1;
  let bindingsAt = -1;
  let known: readonly PolicyHook<P, B, E>[] = [];
  const derive = (): PolicyHook<P, B, E>[] => {
    const byPolicy = Map.groupBy(ports.reader.list(group, plurals.bindings).toSorted(byName) as B[], (binding) => binding.spec?.policyName ?? '');
    return (ports.reader.list(group, plurals.policies).toSorted(byName) as P[]).flatMap((policy) => {
      const name = nameOf(policy);
      const bindings = byPolicy.get(name);
      if (bindings === undefined) return [];
      let compiled = evaluators.get(policy);
      if (compiled === undefined) {
        compiled = { matcher: matcherOf(ports, policy.spec?.matchConstraints ?? {}, false), evaluator: compile(policy) };
        evaluators.set(policy, compiled);
      }
      return [{ name, policy, ...compiled, bindings: bindings.map(bind) }];
    });
  };
  const bind = (binding: B): Bound<B> => {
    let made = bound.get(binding);
    if (made === undefined) {
      const resources = binding.spec?.matchResources;
      made = { name: nameOf(binding), binding, matcher: resources === undefined ? undefined : matcherOf(ports, resources, true) };
      bound.set(binding, made);
    }
    return made;
  };
  return {
    hooks() {
      const now = ports.reader.revision(group, plurals.policies);
      const bindingsNow = ports.reader.revision(group, plurals.bindings);
      if (now !== policies || bindingsNow !== bindingsAt) {
        known = derive();
        policies = now;
        bindingsAt = bindingsNow;
      }
      return known;
    },
  };
}
