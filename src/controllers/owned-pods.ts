// Pods by the controller that manages them: one index on the shared pod informer for all workload controllers,
// and the wiring that wakes an owner when its pods change.
import type { Pod } from '#api/core/v1.ts';
import { controllerOf, joinKey, keyOf, type ApiObject, type Informer } from '#client';
import { sameValue } from './same-value.ts';

const indexName = 'controllerUid';
const orphansOf = (namespace: string): string => `orphans of ${namespace}`;

/** Adds the index; once per informer, however many controllers ask. */
export function indexByController(pods: Informer<Pod>): void {
  pods.addIndex(indexName, (pod) => [controllerOf(pod)?.uid ?? orphansOf(pod.metadata?.namespace ?? '')]);
}

/** The pods that `owner` controls, terminating and finished ones included. */
export function podsOf(pods: Informer<Pod>, owner: ApiObject): readonly Pod[] {
  return pods.byIndex(indexName, owner.metadata?.uid ?? '');
}

/** The pods of a namespace that nobody controls. */
export function orphanPods(pods: Informer<Pod>, namespace: string): readonly Pod[] {
  return pods.byIndex(indexName, orphansOf(namespace));
}

export interface PodWatcher<T extends ApiObject> {
  readonly kind: string;
  readonly owners: Informer<T>;
  /** Owners whose selector matches an orphan's labels. */
  readonly matching: (pod: Pod) => readonly T[];
  /** Called before the key is queued. */
  readonly created?: (key: string, pod: Pod) => void;
  readonly deleted?: (key: string, pod: Pod) => void;
  readonly changed?: (key: string, pod: Pod, old: Pod, owner: T) => void;
  readonly enqueue: (key: string) => void;
}

/** Wakes owners on changes of their pods. A pod that starts to terminate counts as deleted. */
export function watchPods<T extends ApiObject>(pods: Informer<Pod>, watcher: PodWatcher<T>): void {
  const ownerOf = (pod: Pod): T | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== watcher.kind) return undefined;
    const owner = watcher.owners.byKey(joinKey(pod.metadata?.namespace ?? '', reference.name));
    return owner?.metadata?.uid === reference.uid ? owner : undefined;
  };
  const deleted = (pod: Pod): void => {
    const owner = ownerOf(pod);
    if (owner === undefined) return;
    watcher.deleted?.(keyOf(owner), pod);
    watcher.enqueue(keyOf(owner));
  };
  const wakeAdopters = (pod: Pod): void => {
    for (const owner of watcher.matching(pod)) watcher.enqueue(keyOf(owner));
  };
  pods.addHandler({
    added(pod) {
      if (pod.metadata?.deletionTimestamp !== undefined) {
        deleted(pod);
        return;
      }
      if (controllerOf(pod) === undefined) {
        wakeAdopters(pod);
        return;
      }
      const owner = ownerOf(pod);
      if (owner === undefined) return;
      watcher.created?.(keyOf(owner), pod);
      watcher.enqueue(keyOf(owner));
    },
    updated(pod, old) {
      if (pod.metadata?.resourceVersion === old.metadata?.resourceVersion) return;
      if (pod.metadata?.deletionTimestamp !== undefined && old.metadata?.deletionTimestamp === undefined) deleted(pod);
      const before = ownerOf(old);
      const owner = ownerOf(pod);
      if (before !== undefined && before.metadata?.uid !== owner?.metadata?.uid) watcher.enqueue(keyOf(before));
      if (owner !== undefined) {
        watcher.changed?.(keyOf(owner), pod, old, owner);
        watcher.enqueue(keyOf(owner));
      } else if (controllerOf(pod) === undefined && (controllerOf(old) !== undefined || !sameValue(pod.metadata?.labels, old.metadata?.labels))) wakeAdopters(pod);
    },
    deleted,
  });
}
