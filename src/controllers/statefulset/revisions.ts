// The revisions of one StatefulSet on the server: orphans adopted, the current template's found, raised or made, old
// ones beyond the limit deleted.
import type { ControllerRevision, StatefulSet } from '#api/apps/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { controllerReference, fnv1a, isControlledBy, nameHash, resourceNamed, stableJson, type Client, type Informer } from '#client';
import { applyDefaults, isAlreadyExists, selectorFromObject } from '#machinery';
import { claim, performClaim } from '../claim.ts';
import { hashLabel, highestRevision, inOrder, revisionsNear, sameData, templateOf, templatePatch } from '../revision-history.ts';
import { revisionOf } from './identity.ts';

export interface Revisions {
  /** Oldest first. */
  readonly all: readonly ControllerRevision[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
}

const longestPrefix = 223;

/** Finds or makes the revision of the set's template, and the one that its status calls current. */
export async function constructRevisions(client: Client, cache: Informer<ControllerRevision>, set: StatefulSet): Promise<Revisions> {
  const selector = selectorFromObject(set.spec?.selector);
  const near = revisionsNear(cache, set).filter((revision) => selector.matches(revision.metadata?.labels ?? {}));
  const adopting = { ...claim(set, selector, near), release: [] };
  const all = inOrder(
    await performClaim(set, adopting, {
      objects: client.resource<ControllerRevision>('controllerrevisions.apps'),
      freshOwner: () => client.resource<StatefulSet>('statefulsets.apps').in(set.metadata?.namespace ?? '').get(set.metadata?.name ?? ''),
      reference: controllerReference(set, resourceNamed('statefulsets.apps')),
    }),
  );
  const { update, collisionCount } = await findUpdate(client, set, all);
  const current = all.find((revision) => revision.metadata?.name === set.status?.currentRevision) ?? update;
  return { all, current, update, collisionCount };
}

async function findUpdate(client: Client, set: StatefulSet, all: readonly ControllerRevision[]): Promise<{ readonly update: ControllerRevision; readonly collisionCount: number }> {
  const resource = client.resource<ControllerRevision>('controllerrevisions.apps').in(set.metadata?.namespace ?? '');
  const patch = templatePatch(set.spec?.template);
  const collisionCount = set.status?.collisionCount ?? 0;
  const latest = all.at(-1);
  const equal = all.filter((revision) => sameData(revision.data, patch)).at(-1);
  if (equal !== undefined && latest !== undefined && sameData(latest.data, patch)) return { update: latest, collisionCount };
  // A template that was there before: it becomes the newest again.
  if (equal !== undefined) return { update: await resource.update({ ...equal, revision: highestRevision(all) + 1 }), collisionCount };
  if (latest !== undefined && meansTheSame(set, latest)) return { update: latest, collisionCount };
  return create(client, set, patch, highestRevision(all) + 1);
}

/** Whether the revision's template, defaulted as templates are today, is the set's. */
function meansTheSame(set: StatefulSet, revision: ControllerRevision): boolean {
  const template = templateOf(revision);
  if (template === undefined || set.spec === undefined) return false;
  const restored = structuredClone({ ...set, spec: { ...set.spec, template } });
  applyDefaults('apps.v1.StatefulSet', restored);
  return sameData(restored.spec?.template, set.spec.template);
}

async function create(client: Client, set: StatefulSet, data: unknown, revision: number): Promise<{ readonly update: ControllerRevision; readonly collisionCount: number }> {
  const resource = client.resource<ControllerRevision>('controllerrevisions.apps').in(set.metadata?.namespace ?? '');
  for (let collisionCount = set.status?.collisionCount ?? 0; ; collisionCount++) {
    const hash = nameHash(fnv1a(stableJson(data) + String(collisionCount)));
    const name = `${(set.metadata?.name ?? '').slice(0, longestPrefix)}-${hash}`;
    try {
      const update = await resource.create({
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name,
          namespace: set.metadata?.namespace,
          labels: { ...set.spec?.template?.metadata?.labels, [hashLabel]: hash },
          annotations: { ...set.metadata?.annotations },
          ownerReferences: [controllerReference(set, resourceNamed('statefulsets.apps'))],
        },
        data,
        revision,
      });
      return { update, collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await resource.get(name);
      if (sameData(existing.data, data) && isControlledBy(existing, set)) return { update: existing, collisionCount };
    }
  }
}

/** Deletes revisions that no pod and no status needs, the oldest first, down to the history limit. */
export async function truncateHistory(client: Client, set: StatefulSet, revisions: Revisions, pods: readonly Pod[]): Promise<void> {
  const live = new Set([revisions.current.metadata?.name, revisions.update.metadata?.name, ...pods.map(revisionOf)]);
  const history = revisions.all.filter((revision) => !live.has(revision.metadata?.name));
  const limit = set.spec?.revisionHistoryLimit ?? 10;
  if (limit < 0 || history.length <= limit) return;
  for (const revision of history.slice(0, history.length - limit)) {
    await client.resource<ControllerRevision>('controllerrevisions.apps').in(set.metadata?.namespace ?? '').delete(revision.metadata?.name ?? '');
  }
}
