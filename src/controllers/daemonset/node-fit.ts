// Does a DaemonSet's pod belong on a node: its node name, node selector, required node affinity and the taints that
// it does not tolerate. A NoSchedule taint keeps new pods away and leaves running ones alone. Pure.
import type { DaemonSet } from '#api/apps/v1.ts';
import type { Affinity, Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration } from '#api/core/v1.ts';

export interface Fit {
  /** A pod is to run there. */
  readonly run: boolean;
  /** A pod that runs there already may go on. */
  readonly stay: boolean;
}

export function fitOf(daemonSet: DaemonSet, node: Node): Fit {
  const spec = daemonSet.spec?.template?.spec;
  const fixed = spec?.nodeName ?? '';
  if ((fixed !== '' && fixed !== node.metadata?.name) || !matchesNode(spec, node)) return { run: false, stay: false };
  const tolerations = daemonTolerations(spec);
  const untolerated = (node.spec?.taints ?? []).filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
  return {
    run: !untolerated.some((taint) => taint.effect === 'NoExecute' || taint.effect === 'NoSchedule'),
    stay: !untolerated.some((taint) => taint.effect === 'NoExecute'),
  };
}

const troubles: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const withoutNetwork: Toleration = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' };

/** The template's tolerations and those that every daemon pod has: it stays where others are driven away. */
export function daemonTolerations(spec: PodSpec | undefined): Toleration[] {
  const result = [...(spec?.tolerations ?? [])];
  for (const added of spec?.hostNetwork === true ? [...troubles, withoutNetwork] : troubles) {
    const at = result.findIndex((each) => each.key === added.key && each.effect === added.effect && each.operator === added.operator && (each.value ?? '') === '');
    if (at < 0) result.push(added);
    else result[at] = added;
  }
  return result;
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? '') !== '' && toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || ((toleration.operator ?? 'Equal') === 'Equal' && (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? ''));
}

function matchesNode(spec: PodSpec | undefined, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  if (!Object.entries(spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || (required.nodeSelectorTerms ?? []).some((term) => matchesTerm(term, node));
}

/** An empty term matches no node. */
function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return expressions.every((each) => holds(each, labels[each.key])) && fields.every((each) => holds(each, each.key === 'metadata.name' ? node.metadata?.name : undefined));
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const [bound = ''] = values;
      if (value === undefined || !/^-?[0-9]+$/.test(value) || !/^-?[0-9]+$/.test(bound)) return false;
      return operator === 'Gt' ? Number(value) > Number(bound) : Number(value) < Number(bound);
    }
    default:
      return false;
  }
}

const nameField = 'metadata.name';

/** `affinity` with the demand to run on this very node in place of its required terms; the scheduler does the rest. */
export function pinnedTo(affinity: Affinity | undefined, node: string): Affinity {
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: nameField, operator: 'In', values: [node] }] }] };
  return { ...affinity, nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } };
}

/** The node that a daemon pod is bound to or meant for; undefined when it says neither. */
export function targetNode(spec: PodSpec | undefined): string | undefined {
  if ((spec?.nodeName ?? '') !== '') return spec?.nodeName;
  for (const term of spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []) {
    const field = (term.matchFields ?? []).find((each) => each.key === nameField && each.operator === 'In');
    if (field !== undefined) return field.values?.length === 1 ? field.values[0] : undefined;
  }
  return undefined;
}
