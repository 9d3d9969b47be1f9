// Pod failure policies (KEP-3329): what the failure of a pod means for its Job; and success policies (KEP-3998):
// when enough indexes have succeeded.
import type { JobSpec, PodFailurePolicyOnExitCodesRequirement } from '#api/batch/v1.ts';
import type { ContainerStatus, Pod } from '#api/core/v1.ts';
import { count, overlap, parseIntervals, type Intervals } from './intervals.ts';

export interface FailureMeaning {
  /** Counts against back-off limits. */
  readonly counts: boolean;
  /** The pod's index has failed for good. */
  readonly failsIndex: boolean;
  /** Why the whole Job has failed. */
  readonly failsJob: string | undefined;
}

const ordinary: FailureMeaning = { counts: true, failsIndex: false, failsJob: undefined };

/** What the failed `pod` means under the Job's policy; the first matching rule decides. */
export function failureMeaning(spec: JobSpec | undefined, pod: Pod): FailureMeaning {
  for (const [index, rule] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const name = `${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`;
    let why: string | undefined;
    if (rule.onExitCodes !== undefined) {
      const container = matchingContainer(pod, rule.onExitCodes);
      if (container === undefined) continue;
      why = `Container ${container.name} for pod ${name} failed with exit code ${container.state?.terminated?.exitCode ?? 0} matching ${rule.action} rule at index ${index}`;
    } else {
      const condition = (pod.status?.conditions ?? []).find((each) => (rule.onPodConditions ?? []).some((pattern) => pattern.type === each.type && (pattern.status ?? 'True') === each.status));
      if (condition === undefined) continue;
      why = `Pod ${name} has condition ${condition.type} matching ${rule.action} rule at index ${index}`;
    }
    if (rule.action === 'Ignore') return { ...ordinary, counts: false };
    if (rule.action === 'FailIndex') return { ...ordinary, failsIndex: true };
    if (rule.action === 'FailJob') return { ...ordinary, failsJob: why };
    if (rule.action === 'Count') return ordinary;
  }
  return ordinary;
}

function matchingContainer(pod: Pod, requirement: PodFailurePolicyOnExitCodesRequirement): ContainerStatus | undefined {
  return [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find((status) => {
    const exitCode = status.state?.terminated?.exitCode ?? 0;
    if (exitCode === 0 || (requirement.containerName !== undefined && requirement.containerName !== status.name)) return false;
    return requirement.values.includes(exitCode) === (requirement.operator === 'In');
  });
}

/** Which success rule is met, as the condition's message says it; undefined when none is. */
export function metSuccessRule(spec: JobSpec | undefined, succeeded: Intervals): string | undefined {
  if (succeeded.length === 0) return undefined;
  for (const [index, rule] of (spec?.successPolicy?.rules ?? []).entries()) {
    let met: boolean;
    if (rule.succeededIndexes === undefined) met = rule.succeededCount !== undefined && count(succeeded) >= rule.succeededCount;
    else {
      const required = parseIntervals(rule.succeededIndexes, spec?.completions ?? 0);
      if (required.length === 0) continue;
      const reached = overlap(required, succeeded);
      met = reached === count(required) || (rule.succeededCount !== undefined && reached >= rule.succeededCount);
    }
    if (met) return `Matched rules at index ${index}`;
  }
  return undefined;
}
