// ControllerRevisions: what a StatefulSet's or DaemonSet's template looked like, kept as the patch that brings it
// back, so that `kubectl rollout undo` and half-done updates find the old form. Here is what both kinds share: the
// index by owner, the patch, its comparison, and the order of revisions.
import type { ControllerRevision } from '#api/apps/v1.ts';
import type { PodTemplateSpec } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { controllerOf, stableJson, type ApiObject, type Informer } from '#client';

/** Which revision a pod or a ControllerRevision is of. */
export const revisionLabel = 'controller-revision-hash';
/** The older label of a StatefulSet's revisions. */
export const hashLabel = 'controller.kubernetes.io/hash';

const indexName = 'controllerUid';
const orphansOf = (namespace: string): string => `orphans of ${namespace}`;

/** Adds the index; once per informer, however many controllers ask. */
export function indexRevisions(revisions: Informer<ControllerRevision>): void {
  revisions.addIndex(indexName, (revision) => [controllerOf(revision)?.uid ?? orphansOf(revision.metadata?.namespace ?? '')]);
}

/** The revisions that `owner` controls, and those of its namespace that nobody controls. */
export function revisionsNear(revisions: Informer<ControllerRevision>, owner: ApiObject): readonly ControllerRevision[] {
  return [...revisions.byIndex(indexName, owner.metadata?.uid ?? ''), ...revisions.byIndex(indexName, orphansOf(owner.metadata?.namespace ?? ''))];
}

/** The data of a revision: a strategic merge patch that puts `template` back, its keys in order. */
export function templatePatch(template: PodTemplateSpec | undefined): unknown {
  return JSON.parse(stableJson({ spec: { template: { ...template, $patch: 'replace' } } }));
}

export function sameData(a: unknown, b: unknown): boolean {
  return stableJson(a) === stableJson(b);
}

/** The template that a revision keeps; undefined when its data is something else. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const spec = member(revision.data, 'spec');
  const template = member(spec, 'template');
  if (typeof template !== 'object' || template === null) return undefined;
  return Object.fromEntries(Object.entries(template).filter(([key]) => key !== '$patch'));
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined;
}

/** Oldest first. */
export function inOrder(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  const created = (revision: ControllerRevision): number => parseTime(revision.metadata?.creationTimestamp) || 0;
  return [...revisions].sort((a, b) => a.revision - b.revision || created(a) - created(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
}

export function highestRevision(revisions: readonly ControllerRevision[]): number {
  return revisions.reduce((highest, each) => Math.max(highest, each.revision), 0);
}
