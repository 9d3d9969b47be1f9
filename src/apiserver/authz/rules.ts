// "What may I do in this namespace?" (SelfSubjectRulesReview): every authorizer adds the rules it knows; one that cannot
// list its rules makes the answer incomplete and says why.
import type { NonResourceRule, ResourceRule } from '#api/authorization/v1.ts';
import type { PolicyRule } from '#api/rbac/v1.ts';
import type { Authorizer, Identity } from '../contract.ts';

export interface KnownRules {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
  readonly incomplete: boolean;
  readonly error?: string;
}

/** An authorizer that can say what it would allow. */
export interface RuleSource extends Authorizer {
  knownRules(user: Identity, namespace: string): KnownRules;
}

export const noRules: KnownRules = { resourceRules: [], nonResourceRules: [], incomplete: false };

export function unlistable(error: string): KnownRules {
  return { ...noRules, incomplete: true, error };
}

/** RBAC's rules as reviews tell them. */
export function rulesOfPolicy(rules: readonly PolicyRule[], error: string | undefined): KnownRules {
  const resourceRules: ResourceRule[] = [];
  const nonResourceRules: NonResourceRule[] = [];
  for (const { verbs, apiGroups = [], resources = [], resourceNames, nonResourceURLs = [] } of rules) {
    if (resources.length > 0) resourceRules.push({ verbs, apiGroups, resources, ...(resourceNames === undefined ? {} : { resourceNames }) });
    if (nonResourceURLs.length > 0) nonResourceRules.push({ verbs, nonResourceURLs });
  }
  return { resourceRules, nonResourceRules, incomplete: false, ...(error === undefined ? {} : { error }) };
}

export const everything: KnownRules = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }], incomplete: false,
};

/** Texts of many errors as Go joins them. */
export function aggregate(errors: readonly string[]): string | undefined {
  const unique = [...new Set(errors)];
  if (unique.length === 0) return undefined;
  return unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`;
}

export function joinRules(sources: readonly RuleSource[], user: Identity, namespace: string): KnownRules {
  const all = sources.map((source) => source.knownRules(user, namespace));
  const error = aggregate(all.flatMap((rules) => (rules.error === undefined ? [] : [rules.error])));
  return {
    resourceRules: all.flatMap((rules) => rules.resourceRules), nonResourceRules: all.flatMap((rules) => rules.nonResourceRules), incomplete: all.some((rules) => rules.incomplete),
    ...(error === undefined ? {} : { error }),
  };
}
