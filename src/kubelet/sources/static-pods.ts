// Static pods: manifests in a directory of the node, run without the API. Each gets a uid from its content,
// so that a changed file is another pod; the API is shown a mirror of it, which is made anew when someone
// deletes it. Files are read when the directory changes and, as a safety net, every 20 s.
import { createHash } from 'node:crypto';
import type { Pod } from '#api/core/v1.ts';
import { every, rfc3339Micro } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { applyDefaults, decodeObject, isAlreadyExists, isNotFound } from '#machinery';
import type { HostFiles } from '../host.ts';
import { fullName, hashAnnotation, mirrorAnnotation, nameOf, namespaceOf, seenAnnotation, sourceAnnotation, uidOf } from '../pod.ts';

const rereadMs = 20_000;
const maxManifestBytes = 10 * 1024 * 1024;

function asPod(value: unknown): Pod {
  if (typeof value !== 'object' || value === null || (value as { kind?: unknown }).kind !== 'Pod') throw new Error('not a Pod of v1');
  return value;
}

/** The pod that a manifest stands for on this node. Throws when it is none. */
export function staticPod(bytes: Uint8Array, file: string, nodeName: string, nowMs: number): Pod {
  const pod = structuredClone(asPod(decodeObject(bytes, { contentType: 'application/yaml', fieldValidation: 'Ignore' }).object));
  applyDefaults('core.v1.Pod', pod as unknown as Parameters<typeof applyDefaults>[1]);
  const given = pod.metadata?.uid;
  const uid = given !== undefined && given !== '' ? given : createHash('md5').update(JSON.stringify([pod.metadata, pod.spec])).update(`host:${nodeName}`).update(`file:${file}`).digest('hex');
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: `${nameOf(pod)}-${nodeName.toLowerCase()}`,
      namespace: namespaceOf(pod) === '' ? 'default' : namespaceOf(pod),
      uid,
      annotations: { ...pod.metadata?.annotations, [hashAnnotation]: uid, [sourceAnnotation]: 'file', [seenAnnotation]: rfc3339Micro(nowMs) },
    },
    spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName, tolerations: [...(pod.spec?.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }] },
    status: { phase: 'Pending' },
  };
}

export interface StaticPodDeps {
  readonly files: HostFiles;
  readonly directory: string;
  readonly nodeName: string;
  /** The whole set, whenever it changed; the first call tells that the directory has been read. */
  readonly changed: (pods: readonly Pod[]) => void;
}

/** Reads until the signal aborts. */
export function watchStaticPods(world: World, deps: StaticPodDeps, signal: AbortSignal): void {
  const { clock, log } = world;
  const seen = new Map<string, number>();
  let last = '';
  let reading = false;
  let again = false;
  const read = async (): Promise<void> => {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    const pods: Pod[] = [];
    for (const name of (await deps.files.list(deps.directory)).sort()) {
      if (name.startsWith('.') || !/\.(ya?ml|json)$/.test(name)) continue;
      const path = `${deps.directory}/${name}`;
      try {
        const stat = await deps.files.stat(path);
        const bytes = stat?.kind === 'file' && stat.size <= maxManifestBytes ? await deps.files.read(path) : undefined;
        if (bytes === undefined || bytes.length === 0) continue;
        const probe = staticPod(bytes, path, deps.nodeName, 0);
        const firstMs = seen.get(uidOf(probe)) ?? clock.now();
        seen.set(uidOf(probe), firstMs);
        pods.push(staticPod(bytes, path, deps.nodeName, firstMs));
      } catch (error) {
        log.warn('a static pod manifest cannot be used', { file: path, error: errorText(error) });
      }
    }
    for (const uid of seen.keys()) if (!pods.some((pod) => uidOf(pod) === uid)) seen.delete(uid);
    const now = JSON.stringify(pods.map(uidOf));
    if (now !== last) {
      last = now;
      deps.changed(pods);
    }
    reading = false;
    if (again) {
      again = false;
      await read();
    }
  };
  deps.files.watch(deps.directory, signal, () => void read());
  void every(clock, rereadMs, signal, read);
}

/** The pod that the API shows for a static pod. */
export function mirrorOf(pod: Pod, nodeUid: string, nodeName: string): Pod {
  const { uid: _uid, ...metadata } = pod.metadata ?? {};
  const { status: _status, ...rest } = pod;
  return {
    ...rest,
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [mirrorAnnotation]: uidOf(pod) },
      ...(nodeUid !== '' ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid, controller: true }] } : {}),
    },
  };
}

/** Makes the mirror right: one that shows another manifest is deleted, a missing one created. */
export async function reconcileMirror(client: Client, pod: Pod, mirror: Pod | undefined, node: { readonly uid: string; readonly name: string }): Promise<void> {
  const pods = client.resource<Pod>('pods').in(namespaceOf(pod));
  if (mirror !== undefined) {
    const outdated = mirror.metadata?.annotations?.[mirrorAnnotation] !== uidOf(pod);
    if (!outdated && mirror.metadata?.deletionTimestamp === undefined) return;
    await deleteMirror(client, mirror);
  }
  try {
    await pods.create(mirrorOf(pod, node.uid, node.name));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

export async function deleteMirror(client: Client, mirror: Pod): Promise<void> {
  try {
    await client.resource<Pod>('pods').in(namespaceOf(mirror)).delete(nameOf(mirror), { gracePeriodSeconds: 0, preconditions: { uid: uidOf(mirror) } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Mirrors by the full name of their static pod. */
export const mirrorKey = (pod: Pod): string => fullName(pod);
