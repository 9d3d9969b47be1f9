// The rules of an aggregated ClusterRole: the union, each once, of the rules of the roles that its selectors find,
// role by role in the order of their names. Pure. Upstream: pkg/controller/clusterroleaggregation.
import type { ClusterRole, PolicyRule } from '#api/rbac/v1.ts';
import { selectorFromObject } from '#machinery';
import { sameValue } from '../same-value.ts';

/** The rules that `role` is to have; undefined when it is not aggregated or has them already. */
export function reconcile(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] | undefined {
  if (role.aggregationRule === undefined) return undefined;
  const byName = [...all].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const matcher = selectorFromObject(selector);
    for (const each of byName) {
      if (each.metadata?.name === role.metadata?.name || !matcher.matches(each.metadata?.labels ?? {})) continue;
      for (const rule of each.rules ?? []) if (!rules.some((known) => sameValue(known, rule))) rules.push(rule);
    }
  }
  return sameValue(rules, role.rules) ? undefined : rules;
}
