// What the API is told about pods: the newest status per pod, sent as the smallest patch when it changed,
// one request per pod at a time, again after a failure. Ends a pod's life in the API: once its containers
// have ended and its resources are freed, a pod that is being deleted is deleted for good.
import type { Pod, PodCondition, PodStatus } from '#api/core/v1.ts';
import { rfc3339, sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { isConflict, isNotFound } from '#machinery';
import { isTerminalPhase, nameOf, namespaceOf, uidOf } from '../pod.ts';
import { terminalCondition } from './conditions.ts';
import { sameStatus, statusPatch } from './status-patch.ts';

export interface StatusManager {
  get(podUid: string): PodStatus | undefined;
  /** Takes a new status of the pod. `running`: containers may still run, so a terminal phase is held back. */
  set(pod: Pod, status: PodStatus, running: boolean): void;
  /** The pod's containers have ended and its resources are free: a deletion may be completed. */
  terminated(pod: Pod): void;
  /** The pod is no longer wanted here at all. */
  forget(podUid: string): void;
  /** Static pods: whose status is told under the name of their mirror. */
  setMirror(podUid: string, mirror: Pod | undefined): void;
  /** The API shows another status than was told last: tell it again. */
  reconcile(pod: Pod): void;
  close(): void;
}

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** What is told: `status`, with a terminal phase held back while containers run. */
  told: PodStatus;
  sent: PodStatus | undefined;
  sending: boolean;
  done: boolean;
  deleted: boolean;
}

const retryMs = 1_000;
const retryMaxMs = 30_000;

/** Keeps transition times of conditions whose status did not change, and the start time. */
function withTimes(status: PodStatus, old: PodStatus | undefined, apiStatus: PodStatus | undefined, nowMs: number): PodStatus {
  const now = rfc3339(nowMs);
  const before = old?.conditions ?? apiStatus?.conditions ?? [];
  const conditions = (status.conditions ?? []).map((condition): PodCondition => {
    const known = before.find(({ type }) => type === condition.type);
    const kept = known?.status === condition.status ? known.lastTransitionTime : undefined;
    return { ...condition, lastTransitionTime: kept ?? condition.lastTransitionTime ?? now };
  });
  const startTime = old?.startTime ?? apiStatus?.startTime ?? now;
  return { ...status, conditions, startTime };
}

/** While containers run the pod is not told to have ended, and a pod that has ended is never told ready. */
function toTell(status: PodStatus, apiStatus: PodStatus | undefined, running: boolean, nowMs: number): PodStatus {
  if (!isTerminalPhase(status)) return status;
  if (running && !isTerminalPhase(apiStatus)) {
    const { reason: _reason, message: _message, ...rest } = status;
    return {
      ...rest,
      phase: apiStatus?.phase ?? 'Pending',
      ...(apiStatus?.reason !== undefined ? { reason: apiStatus.reason } : {}),
      ...(apiStatus?.message !== undefined ? { message: apiStatus.message } : {}),
      conditions: (status.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget'),
    };
  }
  const conditions = (status.conditions ?? []).map((condition): PodCondition => {
    if ((condition.type !== 'Ready' && condition.type !== 'ContainersReady') || condition.status !== 'True') return condition;
    return { ...terminalCondition(condition.type, status.phase === 'Failed' ? 'Failed' : 'Succeeded'), lastTransitionTime: rfc3339(nowMs) };
  });
  return { ...status, conditions };
}

/** Sends through `client`. */
export function createStatusManager(world: World, client: Client): StatusManager {
  const { clock, log } = world;
  const entries = new Map<string, Entry>();
  const mirrors = new Map<string, Pod>();
  const stop = new AbortController();
  const pods = client.resource<Pod>('pods');

  /** The API's own pod for an entry: itself, or its mirror; undefined for a static pod without one. */
  const target = (entry: Entry): Pod | undefined => (entry.pod.metadata?.annotations?.['kubernetes.io/config.source'] === 'file' ? mirrors.get(uidOf(entry.pod)) : entry.pod);

  const send = async (entry: Entry, pod: Pod): Promise<void> => {
    const wanted = entry.told;
    const base = entry.sent ?? pod.status ?? {};
    const patch = statusPatch(base, wanted);
    if (patch !== undefined) {
      const body = { metadata: { uid: uidOf(pod) }, status: patch };
      await pods.in(namespaceOf(pod)).patch(nameOf(pod), 'strategic', body, { subresource: 'status', signal: stop.signal });
    }
    entry.sent = wanted;
  };
  const finish = async (entry: Entry, pod: Pod): Promise<void> => {
    if (!entry.done || entry.deleted || pod.metadata?.deletionTimestamp === undefined) return;
    await pods.in(namespaceOf(pod)).delete(nameOf(pod), { gracePeriodSeconds: 0, preconditions: { uid: uidOf(pod) }, signal: stop.signal });
    entry.deleted = true;
  };
  const pending = (entry: Entry): boolean => {
    const pod = target(entry);
    if (pod === undefined) return false;
    if (entry.sent === undefined || !sameStatus(entry.sent, entry.told)) return true;
    return entry.done && !entry.deleted && pod.metadata?.deletionTimestamp !== undefined;
  };
  const push = async (uid: string, entry: Entry): Promise<void> => {
    let waitMs = retryMs;
    while (entries.get(uid) === entry && pending(entry) && !stop.signal.aborted) {
      const pod = target(entry);
      if (pod === undefined) return;
      try {
        await send(entry, pod);
        await finish(entry, pod);
        waitMs = retryMs;
      } catch (error) {
        if (stop.signal.aborted) return;
        // Gone, or replaced by a namesake: there is nobody left to tell.
        if (isNotFound(error) || isConflict(error)) {
          entry.sent = entry.told;
          entry.deleted = true;
          return;
        }
        log.warn('a pod status could not be sent', { pod: `${namespaceOf(pod)}/${nameOf(pod)}`, error: errorText(error) });
        await sleep(clock, waitMs, stop.signal).catch(() => {});
        waitMs = Math.min(retryMaxMs, waitMs * 2);
      }
    }
  };
  const start = (uid: string, entry: Entry): void => {
    if (entry.sending || !pending(entry)) return;
    entry.sending = true;
    void push(uid, entry).finally(() => {
      entry.sending = false;
      if (entries.get(uid) === entry && pending(entry) && !stop.signal.aborted && !entry.deleted) start(uid, entry);
    });
  };
  return {
    get: (podUid) => entries.get(podUid)?.status,
    set(pod, status, running) {
      const uid = uidOf(pod);
      const old = entries.get(uid);
      const now = clock.now();
      const timed = withTimes(status, old?.status, pod.status, now);
      const told = toTell(timed, old?.told ?? pod.status, running, now);
      const entry: Entry = old ?? { pod, status: timed, told, sent: undefined, sending: false, done: false, deleted: false };
      entry.pod = pod;
      entry.status = old !== undefined && sameStatus(old.status, timed) ? old.status : timed;
      entry.told = told;
      entries.set(uid, entry);
      start(uid, entry);
    },
    terminated(pod) {
      const uid = uidOf(pod);
      const entry = entries.get(uid);
      if (entry === undefined) return;
      entry.pod = pod;
      entry.done = true;
      start(uid, entry);
    },
    forget(podUid) {
      entries.delete(podUid);
      mirrors.delete(podUid);
    },
    setMirror(podUid, mirror) {
      const before = mirrors.get(podUid);
      if (mirror === undefined) mirrors.delete(podUid);
      else mirrors.set(podUid, mirror);
      const entry = entries.get(podUid);
      if (entry === undefined) return;
      if (before?.metadata?.uid !== mirror?.metadata?.uid) entry.sent = undefined;
      start(podUid, entry);
    },
    reconcile(pod) {
      const entry = entries.get(uidOf(pod));
      if (entry === undefined || entry.sending || entry.sent === undefined) return;
      entry.pod = pod;
      if (statusPatch(pod.status ?? {}, entry.told) !== undefined) {
        entry.sent = pod.status;
        start(uidOf(pod), entry);
      }
    },
    close: () => stop.abort(new Error('the agent ends')),
  };
}
