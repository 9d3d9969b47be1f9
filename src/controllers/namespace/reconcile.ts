// What the deletion of a namespace's content has come to: its conditions, with upstream's reasons and messages,
// and whether it may be finalized or when to look again.
import type { Namespace, NamespaceCondition } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';

export const finalizer = 'kubernetes';

/** What was found after asking for deletion. */
export interface Outcome {
  /** "the server is currently unable to handle the request", per group/version that could not be discovered. */
  readonly discoveryFailures: readonly string[];
  /** Errors while deleting or listing. */
  readonly errors: readonly string[];
  /** Objects left, by "plural.group". */
  readonly remaining: ReadonlyMap<string, number>;
  /** Objects left, by finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
  /** Longest grace period of pods still running. */
  readonly graceSeconds: number;
}

export interface Decision {
  readonly conditions: readonly NamespaceCondition[];
  readonly conditionsChanged: boolean;
  readonly finalize: boolean;
  /** When to look again, at the latest; undefined with `finalize` or after errors (the queue's back-off decides). */
  readonly againAfterSeconds: number | undefined;
}

const finalizerEstimateSeconds = 15;

interface Verdict {
  readonly type: string;
  /** Reason and message when all is well. */
  readonly fine: readonly [string, string];
  /** Reason and message when not. */
  readonly bad: readonly [string, string] | undefined;
}

function verdicts({ discoveryFailures, errors, remaining, finalizers }: Outcome): Verdict[] {
  const listed = (counts: ReadonlyMap<string, number>, text: (key: string, count: number) => string): string => [...counts].map(([key, count]) => text(key, count)).sort().join(', ');
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      fine: ['ResourcesDiscovered', 'All resources successfully discovered'],
      bad: discoveryFailures.length === 0 ? undefined : ['DiscoveryFailed', `Discovery failed for some groups, ${discoveryFailures.length} failing: unable to retrieve the complete list of server APIs: ${[...discoveryFailures].sort().join(', ')}`],
    },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', fine: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'], bad: undefined },
    {
      type: 'NamespaceDeletionContentFailure',
      fine: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
      bad: errors.length === 0 ? undefined : ['ContentDeletionFailed', `Failed to delete all resource types, ${errors.length} remaining: ${[...errors].sort().join(', ')}`],
    },
    {
      type: 'NamespaceContentRemaining',
      fine: ['ContentRemoved', 'All content successfully removed'],
      bad: remaining.size === 0 ? undefined : ['SomeResourcesRemain', `Some resources are remaining: ${listed(remaining, (key, count) => `${key} has ${count} resource instances`)}`],
    },
    {
      type: 'NamespaceFinalizersRemaining',
      fine: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
      bad: finalizers.size === 0 ? undefined : ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${listed(finalizers, (key, count) => `${key} in ${count} resource instances`)}`],
    },
  ];
}

/** Conditions of a terminating namespace, and what to do next. */
export function reconcile(namespace: Namespace, outcome: Outcome, nowMs: number): Decision {
  const before = namespace.status?.conditions ?? [];
  const conditions = [...before];
  let conditionsChanged = false;
  for (const { type, fine, bad } of verdicts(outcome)) {
    const status = bad === undefined ? 'False' : 'True';
    const [reason, message] = bad ?? fine;
    const at = conditions.findIndex((condition) => condition.type === type);
    const old = conditions[at];
    if (old?.status === status && old.reason === reason && old.message === message) continue;
    const next = { type, status, lastTransitionTime: old?.status === status ? old.lastTransitionTime : rfc3339(nowMs), reason, message };
    if (at < 0) conditions.push(next);
    else conditions[at] = next;
    conditionsChanged = true;
  }
  const done = outcome.remaining.size === 0 && outcome.errors.length === 0 && outcome.discoveryFailures.length === 0;
  return { conditions, conditionsChanged, finalize: done, againAfterSeconds: done || outcome.errors.length > 0 || outcome.discoveryFailures.length > 0 ? undefined : waitSeconds(namespace, outcome, nowMs) };
}

function waitSeconds(namespace: Namespace, { graceSeconds, finalizers }: Outcome, nowMs: number): number {
  const passed = (nowMs - Date.parse(namespace.metadata?.deletionTimestamp ?? '')) / 1000;
  const estimate = graceSeconds > passed ? graceSeconds : finalizers.size > 0 ? finalizerEstimateSeconds : 1;
  return Math.floor(estimate / 2) + 1;
}

/** The namespace without our finalizer, as /finalize takes it. */
export function finalized(namespace: Namespace): Namespace {
  return { ...namespace, spec: { ...namespace.spec, finalizers: (namespace.spec?.finalizers ?? []).filter((each) => each !== finalizer) } };
}
