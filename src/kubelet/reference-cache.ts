// ConfigMaps and Secrets that pods of this node refer to: each is watched by itself (the node may read no
// others), shared by all pods that name it, and dropped with the last of them. A change wakes those pods.
import type { ConfigMap, Pod, Secret } from '#api/core/v1.ts';
import type { World } from '#base/world.ts';
import { sleep } from '#base/clock.ts';
import { notFound } from '#machinery';
import { type ApiObject, type Client, createInformer, resourceNamed, type RunnableInformer } from '#client';
import { allContainers, namespaceOf, specOf, uidOf } from './pod.ts';
import type { ReferenceReader } from './container/environment.ts';

export interface ReferenceCache extends ReferenceReader {
  /** Notes what the pod refers to; watches start at once. */
  register(pod: Pod): void;
  forget(podUid: string): void;
  close(): void;
}

type Kind = 'configmaps' | 'secrets';

interface Watched {
  readonly informer: RunnableInformer<ApiObject>;
  readonly stop: AbortController;
  readonly pods: Set<string>;
}

/** The wait for the first answer to a watch. */
const firstAnswerMs = 10_000;

/** "configmaps/default/settings" of everything the pod names. Pure. */
export function referencesOf(pod: Pod): Set<string> {
  const keys = new Set<string>();
  const namespace = namespaceOf(pod);
  const add = (kind: Kind, name: string | undefined): void => {
    if (name !== undefined && name !== '') keys.add(`${kind}/${namespace}/${name}`);
  };
  const spec = specOf(pod);
  for (const container of allContainers(pod)) {
    for (const source of container.envFrom ?? []) {
      add('configmaps', source.configMapRef?.name);
      add('secrets', source.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configmaps', valueFrom?.configMapKeyRef?.name);
      add('secrets', valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('configmaps', volume.configMap?.name);
    add('secrets', volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add('configmaps', source.configMap?.name);
      add('secrets', source.secret?.name);
    }
  }
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name);
  return keys;
}

/** `changed` is called with the uid of each pod that refers to what changed. */
export function createReferenceCache(world: World, client: Client, changed: (podUid: string) => void): ReferenceCache {
  const watched = new Map<string, Watched>();
  const byPod = new Map<string, Set<string>>();

  const watch = (key: string): Watched => {
    const known = watched.get(key);
    if (known !== undefined) return known;
    const [kind = '', namespace = '', name = ''] = key.split('/');
    const informer = createInformer<ApiObject>(world, client, resourceNamed(kind), { namespace, fieldSelector: `metadata.name=${name}` });
    const entry: Watched = { informer, stop: new AbortController(), pods: new Set() };
    const tell = (): void => {
      for (const uid of entry.pods) changed(uid);
    };
    informer.addHandler({ added: tell, updated: tell, deleted: tell });
    watched.set(key, entry);
    void informer.run(entry.stop.signal);
    return entry;
  };
  const release = (key: string, uid: string): void => {
    const entry = watched.get(key);
    entry?.pods.delete(uid);
    if (entry === undefined || entry.pods.size > 0) return;
    entry.stop.abort(new Error('no pod refers to it'));
    watched.delete(key);
  };
  const read = async <T extends ApiObject>(kind: Kind, namespace: string, name: string): Promise<T> => {
    const entry = watched.get(`${kind}/${namespace}/${name}`);
    if (entry === undefined) return client.resource<T>(kind).in(namespace).get(name);
    if (!entry.informer.hasSynced) {
      const enough = new AbortController();
      const late = sleep(world.clock, firstAnswerMs, enough.signal).then(() => {
        throw new Error(`failed to sync ${kind === 'secrets' ? 'secret' : 'configmap'} cache: timed out waiting for the condition`);
      });
      try {
        await Promise.race([entry.informer.synced, late]);
      } finally {
        enough.abort(new Error('answered'));
        late.catch(() => {});
      }
    }
    const found = entry.informer.get(namespace, name);
    if (found === undefined) throw notFound({ group: '', resource: kind === 'secrets' ? 'secret' : 'configmap' }, name);
    return found as T;
  };
  return {
    configMap: (namespace, name) => read<ConfigMap>('configmaps', namespace, name),
    secret: (namespace, name) => read<Secret>('secrets', namespace, name),
    register(pod) {
      const uid = uidOf(pod);
      const wanted = referencesOf(pod);
      const before = byPod.get(uid) ?? new Set<string>();
      for (const key of wanted) watch(key).pods.add(uid);
      for (const key of before) if (!wanted.has(key)) release(key, uid);
      if (wanted.size > 0) byPod.set(uid, wanted);
      else byPod.delete(uid);
    },
    forget(podUid) {
      for (const key of byPod.get(podUid) ?? []) release(key, podUid);
      byPod.delete(podUid);
    },
    close() {
      for (const { stop } of watched.values()) stop.abort(new Error('the agent ends'));
      watched.clear();
      byPod.clear();
    },
  };
}
