// The revisions of one DaemonSet on the server: adopted or released by selector, the current one found or made,
// doubles removed, old ones beyond the limit deleted.
import type { ControllerRevision, DaemonSet } from '#api/apps/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { controllerReference, podTemplateHash, resourceNamed, type Client, type Informer, type ResourceClient } from '#client';
import { isAlreadyExists, selectorFromObject } from '#machinery';
import { claim, performClaim } from '../claim.ts';
import { highestRevision, revisionLabel, revisionsNear, sameData, templatePatch } from '../revision-history.ts';

export interface History {
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

/** Finds or makes the revision of the current template. `pods` are the DaemonSet's own. */
export async function constructHistory(client: Client, revisions: Informer<ControllerRevision>, daemonSet: DaemonSet, pods: readonly Pod[]): Promise<History> {
  const namespace = daemonSet.metadata?.namespace ?? '';
  const resource = client.resource<ControllerRevision>('controllerrevisions.apps').in(namespace);
  const owned = await performClaim(daemonSet, claim(daemonSet, selectorFromObject(daemonSet.spec?.selector), revisionsNear(revisions, daemonSet)), {
    objects: client.resource<ControllerRevision>('controllerrevisions.apps'),
    freshOwner: () => client.resource<DaemonSet>('daemonsets.apps').in(namespace).get(daemonSet.metadata?.name ?? ''),
    reference: controllerReference(daemonSet, resourceNamed('daemonsets.apps')),
  });
  const labelled: ControllerRevision[] = [];
  for (const revision of owned) labelled.push(await withLabel(resource, revision));
  const patch = templatePatch(daemonSet.spec?.template);
  const old = labelled.filter((revision) => !sameData(revision.data, patch));
  const same = labelled.filter((revision) => sameData(revision.data, patch));
  const number = highestRevision(old) + 1;
  if (same.length === 0) return { current: await snapshot(client, daemonSet, patch, number), old };
  const current = await deduplicate(client, same, pods);
  if (current.revision < number) await resource.update({ ...current, revision: number });
  return { current, old };
}

/** Every revision carries its label; its name serves, as it is unique. */
async function withLabel(resource: ResourceClient<ControllerRevision>, revision: ControllerRevision): Promise<ControllerRevision> {
  if (revision.metadata?.labels?.[revisionLabel] !== undefined) return revision;
  return resource.update({ ...revision, metadata: { ...revision.metadata, labels: { ...revision.metadata?.labels, [revisionLabel]: revision.metadata?.name ?? '' } } });
}

/** Keeps the newest of equal revisions, after telling its hash to the pods. */
async function deduplicate(client: Client, same: readonly ControllerRevision[], pods: readonly Pod[]): Promise<ControllerRevision> {
  const kept = same.reduce((a, b) => (b.revision >= a.revision ? b : a));
  if (same.length === 1) return kept;
  const hash = kept.metadata?.labels?.[revisionLabel];
  const namespace = kept.metadata?.namespace ?? '';
  for (const pod of pods) {
    if (pod.metadata?.labels?.[revisionLabel] !== hash) await client.resource<Pod>('pods').in(namespace).patch(pod.metadata?.name ?? '', 'merge', { metadata: { labels: { [revisionLabel]: hash } } });
  }
  for (const revision of same) {
    if (revision !== kept) await client.resource<ControllerRevision>('controllerrevisions.apps').in(namespace).delete(revision.metadata?.name ?? '');
  }
  return kept;
}

async function snapshot(client: Client, daemonSet: DaemonSet, patch: unknown, number: number): Promise<ControllerRevision> {
  const namespace = daemonSet.metadata?.namespace ?? '';
  const resource = client.resource<ControllerRevision>('controllerrevisions.apps').in(namespace);
  const hash = podTemplateHash(daemonSet.spec?.template ?? {}, daemonSet.status?.collisionCount);
  const name = `${daemonSet.metadata?.name}-${hash}`;
  try {
    return await resource.create({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace,
        labels: { ...daemonSet.spec?.template?.metadata?.labels, [revisionLabel]: hash },
        annotations: { ...daemonSet.metadata?.annotations },
        ownerReferences: [controllerReference(daemonSet, resourceNamed('daemonsets.apps'))],
      },
      data: patch,
      revision: number,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await resource.get(name);
    if (sameData(existing.data, patch)) return existing;
    // Two templates met on one name: the next try hashes with another count.
    const fresh = await client.resource<DaemonSet>('daemonsets.apps').in(namespace).get(daemonSet.metadata?.name ?? '');
    const [seen, known] = [daemonSet.status?.collisionCount, fresh.status?.collisionCount];
    if (seen !== known) throw new Error(`found a stale collision count (${seen ?? 0}, expected ${known ?? 0}) of DaemonSet "${daemonSet.metadata?.name}" while processing; will retry until it is updated`);
    if (fresh.status !== undefined) await client.resource<DaemonSet>('daemonsets.apps').in(namespace).updateStatus({ ...fresh, status: { ...fresh.status, collisionCount: (known ?? 0) + 1 } });
    throw error;
  }
}
