// Node selector terms (node affinity) and taints against a node: shared by several plugins.
import type { NodeSelectorRequirement, NodeSelectorTerm, Taint, Toleration } from '#api/core/v1.ts';
import type { NodeInfo } from './node-info.ts';

function requirementHolds(value: string | undefined, requirement: NodeSelectorRequirement): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** All requirements of the term hold; an empty term matches nothing. */
export function termMatches(node: NodeInfo, term: NodeSelectorTerm): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return expressions.every((r) => requirementHolds(node.labels[r.key], r)) && fields.every((r) => requirementHolds(r.key === 'metadata.name' ? node.name : undefined, r));
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? '') !== '' && toleration.key !== taint.key) return false;
  const operator = toleration.operator ?? 'Equal';
  if (operator === 'Exists') return true;
  if (operator === 'Gt' || operator === 'Lt') {
    const [wanted, has] = [Number(toleration.value), Number(taint.value)];
    return operator === 'Gt' ? has > wanted : has < wanted;
  }
  return (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? '');
}

/** The first taint with one of the effects that no toleration covers. */
export function untolerated(taints: readonly Taint[], tolerations: readonly Toleration[], effects: readonly string[]): Taint | undefined {
  return taints.find((taint) => effects.includes(taint.effect) && !tolerations.some((t) => tolerates(t, taint)));
}

/** nodeSelector and required node affinity both hold. */
export function matchesRequiredAffinity(pod: import('./pod-info.ts').PodInfo, node: NodeInfo): boolean {
  if (!pod.nodeSelector.matches(node.labels)) return false;
  const terms = pod.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => termMatches(node, term));
}
