// The pods of this node and their workers: which are wanted, by whom (API or file), which are being ended,
// and what happens when one is gone. Static pods with the same name follow one another; a refused pod gets
// its verdict and no container.
import type { Node, Pod } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { sleep } from '#base/clock.ts';
import { type KubeletCore, podDirectory, podLogDirectory } from '../core.ts';
import { isStatic, isTerminalPhase, refOf, uidOf } from '../pod.ts';
import { deleteMirror, mirrorKey, reconcileMirror } from '../sources/static-pods.ts';
import { removePodDirectory } from '../volumes/pod-volumes.ts';
import { admissionRefusal } from './admission.ts';
import { removePod } from './kill-pod.ts';
import type { Verdict } from './pod-state.ts';
import { createPodWorker, type PodWorker } from './pod-worker.ts';

export interface PodSet {
  upsert(pod: Pod): void;
  /** The API or the directory no longer has it. */
  remove(pod: Pod): void;
  setStatic(pods: readonly Pod[]): void;
  mirrorSeen(mirror: Pod): void;
  mirrorGone(mirror: Pod): void;
  poke(podUid: string): void;
  terminate(podUid: string, graceSeconds: number | undefined, verdict: Verdict): void;
  get(podUid: string): Pod | undefined;
  list(): readonly Pod[];
  byName(namespace: string, name: string): Pod | undefined;
  wantedUids(): ReadonlySet<string>;
  apiSynced(): void;
  sourcesReady(): boolean;
  close(): void;
}

const mirrorRetryMs = 5_000;

/** All of a pod that has ended and that nobody wants any more. */
async function erase(core: KubeletCore, pod: Pod): Promise<void> {
  await removePod(core, await core.observer.observe(refOf(pod)));
  await removePodDirectory(core.host, podDirectory(core, uidOf(pod)));
  await core.host.files.remove(podLogDirectory(core, pod));
  const { containerLogsDir } = core.config;
  if (containerLogsDir === '') return;
  const prefix = `${pod.metadata?.name ?? ''}_${pod.metadata?.namespace ?? ''}_`;
  for (const name of await core.host.files.list(containerLogsDir)) {
    const link = `${containerLogsDir}/${name}`;
    if (name.startsWith(prefix) && (await core.host.files.readlink(link))?.includes(uidOf(pod)) === true) await core.host.files.remove(link);
  }
}

export function createPodSet(core: KubeletCore, node: () => Node | undefined): PodSet {
  const { clock, log } = core.world;
  const workers = new Map<string, PodWorker>();
  /** Uids whose source no longer has them: erased once they have ended. */
  const unwanted = new Set<string>();
  const mirrors = new Map<string, Pod>();
  const statics = new Map<string, Pod>();
  const stop = new AbortController();
  let api = false;
  let files = false;

  const active = (): Pod[] => [...workers.values()].filter(({ phase, pod }) => phase !== 'released' && phase !== 'ended' && !isTerminalPhase(pod.status)).map(({ pod }) => pod);
  const admit = (pod: Pod): Verdict | undefined => {
    // What ran before the agent started was admitted then.
    if ((pod.status?.containerStatuses ?? []).some(({ containerID }) => containerID !== undefined && containerID !== '')) return undefined;
    const refusal = admissionRefusal({ pod, node: node(), others: active(), allocatable: core.node.allocatable, allowedUnsafeSysctls: core.config.allowedUnsafeSysctls });
    return refusal === undefined ? undefined : { phase: 'Failed', reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` };
  };
  const finish = async (uid: string, worker: PodWorker): Promise<void> => {
    try {
      await erase(core, worker.pod);
    } catch (error) {
      log.warn('a pod that ended could not be removed', { uid, error: errorText(error) });
    }
    if (workers.get(uid) !== worker) return;
    worker.close();
    workers.delete(uid);
    unwanted.delete(uid);
    core.status.forget(uid);
    startStatic();
  };
  const add = (pod: Pod): void => {
    const uid = uidOf(pod);
    const refused = isTerminalPhase(pod.status) || pod.metadata?.deletionTimestamp !== undefined ? undefined : admit(pod);
    const worker = createPodWorker(core, pod);
    workers.set(uid, worker);
    if (refused !== undefined) {
      core.recorder.event(pod, 'Warning', refused.reason, refused.message.replace('Pod was rejected: ', ''));
      worker.terminate(undefined, refused);
    }
    void worker.released.then(() => (unwanted.has(uid) ? finish(uid, worker) : undefined));
  };
  const end = (uid: string): void => {
    const worker = workers.get(uid);
    if (worker === undefined) return;
    unwanted.add(uid);
    if (worker.phase === 'released') void finish(uid, worker);
    else worker.terminate();
  };
  /** A static pod starts when its predecessor of the same name has gone. */
  function startStatic(): void {
    for (const pod of statics.values()) {
      const busy = [...workers.values()].some((worker) => isStatic(worker.pod) && mirrorKey(worker.pod) === mirrorKey(pod) && uidOf(worker.pod) !== uidOf(pod));
      if (!workers.has(uidOf(pod)) && !busy) add(pod);
      void showMirror(pod);
    }
  }
  const showMirror = async (pod: Pod): Promise<void> => {
    const shown = mirrors.get(mirrorKey(pod));
    core.status.setMirror(uidOf(pod), shown);
    while (api && !stop.signal.aborted && statics.get(uidOf(pod)) === pod) {
      try {
        await reconcileMirror(core.client, pod, mirrors.get(mirrorKey(pod)), { uid: node()?.metadata?.uid ?? '', name: core.config.nodeName });
        return;
      } catch (error) {
        log.warn('a mirror pod could not be made', { pod: mirrorKey(pod), error: errorText(error) });
        await sleep(clock, mirrorRetryMs, stop.signal).catch(() => {});
      }
    }
  };
  return {
    upsert(pod) {
      const worker = workers.get(uidOf(pod));
      if (worker === undefined) add(pod);
      else {
        const before = worker.pod;
        worker.update(pod);
        core.status.reconcile(pod);
        if (before.metadata?.deletionTimestamp === undefined && pod.metadata?.deletionTimestamp !== undefined) core.reader.register(pod);
      }
    },
    remove(pod) {
      // The last state tells how much grace a forced deletion leaves.
      if (pod.metadata?.deletionTimestamp !== undefined) workers.get(uidOf(pod))?.update(pod);
      end(uidOf(pod));
    },
    setStatic(pods) {
      files = true;
      const now = new Set(pods.map(uidOf));
      for (const uid of statics.keys()) {
        if (now.has(uid)) continue;
        const gone = statics.get(uid);
        statics.delete(uid);
        end(uid);
        const mirror = gone === undefined ? undefined : mirrors.get(mirrorKey(gone));
        if (mirror !== undefined && gone !== undefined && !pods.some((pod) => mirrorKey(pod) === mirrorKey(gone))) {
          void deleteMirror(core.client, mirror).catch((error: unknown) => log.warn('a mirror pod could not be removed', { error: errorText(error) }));
        }
      }
      for (const pod of pods) if (!statics.has(uidOf(pod))) statics.set(uidOf(pod), pod);
      startStatic();
    },
    mirrorSeen(mirror) {
      const key = mirrorKey(mirror);
      mirrors.set(key, mirror);
      const own = [...statics.values()].find((pod) => mirrorKey(pod) === key);
      if (own !== undefined) {
        core.status.setMirror(uidOf(own), mirror);
        if (mirror.metadata?.deletionTimestamp !== undefined) void showMirror(own);
      } else if (files) {
        void deleteMirror(core.client, mirror).catch((error: unknown) => log.warn('a mirror pod could not be removed', { error: errorText(error) }));
      }
    },
    mirrorGone(mirror) {
      const key = mirrorKey(mirror);
      if (uidOf(mirrors.get(key) ?? {}) !== uidOf(mirror)) return;
      mirrors.delete(key);
      const own = [...statics.values()].find((pod) => mirrorKey(pod) === key);
      if (own !== undefined) void showMirror(own);
    },
    poke: (podUid) => workers.get(podUid)?.poke(),
    terminate: (podUid, graceSeconds, verdict) => workers.get(podUid)?.terminate(graceSeconds, verdict),
    get: (podUid) => workers.get(podUid)?.pod,
    list: () => [...workers.values()].map(({ pod }) => pod),
    byName: (namespace, name) => [...workers.values()].map(({ pod }) => pod).find((pod) => pod.metadata?.name === name && pod.metadata.namespace === namespace),
    wantedUids: () => new Set(workers.keys()),
    apiSynced() {
      api = true;
      startStatic();
    },
    sourcesReady: () => api && files,
    close() {
      stop.abort(new Error('the agent ends'));
      for (const worker of workers.values()) worker.close();
    },
  };
}
