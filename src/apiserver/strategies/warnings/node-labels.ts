// Warnings about node labels that have newer names, wherever selectors use them.
import type { NodeSelectorTerm } from '#api/core/v1.ts';
import type { LabelSelector } from '#api/meta/v1.ts';
import { labelValueErrors } from '#machinery';

const deprecated: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

/** What to say about a node label; undefined for good ones. */
export function deprecatedLabel(key: string): string | undefined {
  return Object.hasOwn(deprecated, key) ? deprecated[key] : undefined;
}

function expressionWarnings(expressions: readonly { readonly key: string }[] | undefined, path: string): string[] {
  return (expressions ?? []).flatMap(({ key }, i) => {
    const message = deprecatedLabel(key);
    return message === undefined ? [] : [`${path}.matchExpressions[${i}].key: ${key} is ${message}`];
  });
}

export function labelSelectorWarnings(selector: LabelSelector | undefined, path: string): string[] {
  if (!selector) return [];
  const labels = Object.keys(selector.matchLabels ?? {}).flatMap((key) => {
    const message = deprecatedLabel(key);
    return message === undefined ? [] : [`${path}.matchLabels.${key}: ${message}`];
  });
  return [...expressionWarnings(selector.matchExpressions, path), ...labels];
}

/** @param withValues Values are not validated there: bad ones are warned of. */
export function termWarnings(term: NodeSelectorTerm | undefined, path: string, withValues: boolean): string[] {
  const warnings = expressionWarnings(term?.matchExpressions, path);
  if (!withValues) return warnings;
  for (const [i, expression] of (term?.matchExpressions ?? []).entries()) {
    for (const [j, value] of (expression.values ?? []).entries()) {
      for (const message of labelValueErrors(value)) warnings.push(`${path}.matchExpressions[${i}].values[${j}]: ${value} is invalid, ${message}`);
    }
  }
  return warnings;
}
