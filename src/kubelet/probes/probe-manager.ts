// Probes of all containers on the node: one timer per probe, results by container id, and what they mean
// for `started` and `ready`. A container that was ready before the agent started stays so until its probe
// says otherwise. Probing stops with the pod.
import type { Container, ContainerStatus, Pod, PodStatus, Probe } from '#api/core/v1.ts';
import type { Timer } from '#base/clock.ts';
import { parseTime } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { EventRecorder } from '#client';
import type { Runtime } from '#runtime';
import type { ProbeResults, ProbeVerdict } from '../compute-actions.ts';
import type { HostNetwork } from '../host.ts';
import { containerFieldPath, isDeleting, isInitSidecar, isTerminalPhase, nameOf, namespaceOf, restartsAfter, specOf, uidOf } from '../pod.ts';
import type { Readiness } from '../status/generate.ts';
import { afterResult, freshState, initialVerdict, type ProbeKind, type ProbeState, probesNow } from './probe-state.ts';
import { probeOnce } from './prober.ts';

export interface ProbeManager extends ProbeResults {
  /** Starts what the pod's spec asks for; knows pods it has. */
  add(pod: Pod): void;
  /** Liveness and startup end when the pod is being ended; readiness goes on. */
  stopLiveness(podUid: string): void;
  remove(podUid: string): void;
  readiness(pod: Pod): Readiness;
}

interface Worker {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly containerName: string;
  state: ProbeState | undefined;
  timer: Timer | undefined;
  busy: boolean;
  stopped: boolean;
}

export interface ProbeDeps {
  readonly runtime: Runtime;
  readonly network: HostNetwork;
  readonly recorder: EventRecorder;
  readonly statusOf: (podUid: string) => PodStatus | undefined;
  readonly podOf: (podUid: string) => Pod | undefined;
  /** A verdict changed: the pod needs a look. */
  readonly changed: (podUid: string) => void;
  readonly versionMinor: string;
}

const kinds: readonly ProbeKind[] = ['startup', 'readiness', 'liveness'];
const specField = { startup: 'startupProbe', readiness: 'readinessProbe', liveness: 'livenessProbe' } as const;
const title = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' } as const;
const attempts = 3;
/** Containers that ran this long before the agent started keep their readiness until it is probed. */
const restartGraceMs = 10_000;

const idOf = (status: ContainerStatus | undefined): string => status?.containerID?.replace(/^[^:]*:\/\//, '') ?? '';

export function createProbeManager(world: World, deps: ProbeDeps): ProbeManager {
  const { clock } = world;
  const startedMs = clock.now();
  const workers = new Map<string, Map<string, Worker>>();
  const verdicts: Record<ProbeKind, Map<string, ProbeVerdict>> = { startup: new Map(), readiness: new Map(), liveness: new Map() };
  const total = world.metrics.counter('prober_probe_total', 'Cumulative number of a liveness, readiness or startup probe for a container by result.', ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid']);

  const set = (kind: ProbeKind, id: string, verdict: ProbeVerdict, uid: string): void => {
    const before = verdicts[kind].get(id);
    verdicts[kind].set(id, verdict);
    if (before !== verdict) deps.changed(uid);
  };

  const attempt = async (pod: Pod, container: Container, worker: Worker, containerId: string, podIP: string): Promise<'success' | 'failure' | undefined> => {
    const about = { fieldPath: containerFieldPath(pod, container.name) };
    let failure: unknown;
    for (let i = 0; i < attempts; i++) {
      try {
        const { result, output } = await probeOnce(deps.runtime, deps.network, worker.probe, { pod, container, containerId, podIP }, deps.versionMinor);
        if (worker.stopped) return undefined;
        if (result === 'warning') deps.recorder.event(pod, 'Warning', 'ProbeWarning', `${title[worker.kind]} probe warning: ${output}`, about);
        if (result === 'failure') deps.recorder.event(pod, 'Warning', 'Unhealthy', `${title[worker.kind]} probe failed: ${output}`, about);
        return result === 'failure' ? 'failure' : 'success';
      } catch (error) {
        failure = error;
      }
    }
    if (!worker.stopped) deps.recorder.event(pod, 'Warning', 'Unhealthy', `${title[worker.kind]} probe errored and resulted in unknown state: ${errorText(failure)}`, about);
    return undefined;
  };

  const adopt = (worker: Worker, pod: Pod, status: ContainerStatus, id: string): void => {
    if (worker.state !== undefined) verdicts[worker.kind].delete(worker.state.containerId);
    worker.state = freshState(id);
    const began = parseTime(status.state?.running?.startedAt);
    const ranBefore = began < startedMs - restartGraceMs;
    const sidecarStarted = worker.kind === 'startup' && status.started === true;
    if (sidecarStarted) set(worker.kind, id, 'success', uidOf(pod));
    else if (!ranBefore) set(worker.kind, id, initialVerdict[worker.kind], uidOf(pod));
  };

  /** One look; false when the worker is done for good. */
  const look = async (uid: string, worker: Worker): Promise<boolean> => {
    const pod = deps.podOf(uid);
    const status = deps.statusOf(uid);
    if (pod === undefined || status === undefined) return true;
    if (isTerminalPhase(status)) return false;
    const container = [...specOf(pod).containers, ...(specOf(pod).initContainers ?? [])].find(({ name }) => name === worker.containerName);
    const own = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].find(({ name }) => name === worker.containerName);
    const id = idOf(own);
    if (container === undefined || own === undefined || id === '') return true;
    if (worker.state?.containerId !== id) adopt(worker, pod, own, id);
    const state = worker.state;
    if (state === undefined || state.onHold) return true;
    if (own.state?.running === undefined) {
      set(worker.kind, id, 'failure', uid);
      const ended = own.state?.terminated;
      return ended === undefined || restartsAfter(pod, container, ended.exitCode);
    }
    if (isDeleting(pod) && worker.kind !== 'readiness') {
      set(worker.kind, id, 'success', uid);
      return false;
    }
    if (!probesNow(worker.kind, worker.probe, own, clock.now())) return true;
    const result = await attempt(pod, container, worker, id, status.podIP ?? '');
    if (result === undefined || worker.stopped || worker.state !== state) return true;
    total.inc({ probe_type: title[worker.kind], result: result === 'success' ? 'successful' : 'failed', container: container.name, pod: nameOf(pod), namespace: namespaceOf(pod), pod_uid: uid });
    const after = afterResult(worker.kind, worker.probe, state, result);
    worker.state = after.state;
    if (after.verdict !== undefined) set(worker.kind, id, after.verdict, uid);
    return true;
  };

  const tick = (uid: string, worker: Worker): void => {
    if (worker.busy || worker.stopped) return;
    worker.busy = true;
    worker.timer?.cancel();
    const begun = clock.monotonic();
    look(uid, worker).catch((error: unknown) => {
      world.log.error('a probe broke', { pod: uid, container: worker.containerName, error: errorText(error) });
      return true;
    }).then((goOn) => {
      worker.busy = false;
      if (!goOn) {
        worker.stopped = true;
        return;
      }
      if (worker.stopped) return;
      const periodMs = (worker.probe.periodSeconds ?? 10) * 1000;
      worker.timer = clock.after(Math.max(0, periodMs - (clock.monotonic() - begun)), () => tick(uid, worker), { background: true });
    }, () => {});
  };
  const stop = (worker: Worker): void => {
    worker.stopped = true;
    worker.timer?.cancel();
    if (worker.state !== undefined) verdicts[worker.kind].delete(worker.state.containerId);
  };
  /** Probes at once, after the status that is being made is known: a new container need not wait a period. */
  const trigger = (uid: string, worker: Worker | undefined): void => {
    if (worker === undefined || worker.busy || worker.stopped || worker.state?.onHold === true) return;
    worker.timer?.cancel();
    worker.timer = clock.after(0, () => tick(uid, worker), { background: true });
  };
  const workerOf = (uid: string, kind: ProbeKind, container: string): Worker | undefined => workers.get(uid)?.get(`${kind}/${container}`);

  return {
    liveness: (id) => verdicts.liveness.get(id),
    startup: (id) => verdicts.startup.get(id),
    add(pod) {
      const uid = uidOf(pod);
      const mine = workers.get(uid) ?? new Map<string, Worker>();
      const spec = specOf(pod);
      for (const container of [...spec.containers, ...(spec.initContainers ?? []).filter((init) => isInitSidecar(pod, init))]) {
        for (const kind of kinds) {
          const probe = container[specField[kind]];
          const key = `${kind}/${container.name}`;
          if (probe === undefined || mine.has(key)) continue;
          const worker: Worker = { kind, probe, containerName: container.name, state: undefined, timer: undefined, busy: false, stopped: false };
          mine.set(key, worker);
          const period = (probe.periodSeconds ?? 10) * 1000;
          // After a restart of the agent, probes of many pods do not all begin at once.
          const spreadMs = clock.now() - startedMs < period && pod.status?.phase === 'Running' ? world.random.next() * period : 0;
          worker.timer = clock.after(spreadMs, () => tick(uid, worker), { background: true });
        }
      }
      if (mine.size > 0) workers.set(uid, mine);
    },
    stopLiveness(podUid) {
      for (const worker of workers.get(podUid)?.values() ?? []) if (worker.kind !== 'readiness') stop(worker);
    },
    remove(podUid) {
      for (const worker of workers.get(podUid)?.values() ?? []) stop(worker);
      workers.delete(podUid);
    },
    readiness(pod) {
      const uid = uidOf(pod);
      const began = (status: ContainerStatus): boolean => parseTime(status.state?.running?.startedAt) < startedMs - restartGraceMs;
      return {
        started(status) {
          const verdict = verdicts.startup.get(idOf(status));
          if (verdict !== undefined) return verdict === 'success';
          if (status.started === true) return true;
          const spec = [...specOf(pod).containers, ...(specOf(pod).initContainers ?? [])].find(({ name }) => name === status.name);
          if (spec?.startupProbe === undefined) return true;
          trigger(uid, workerOf(uid, 'startup', status.name));
          return false;
        },
        ready(status) {
          const verdict = verdicts.readiness.get(idOf(status));
          if (verdict === 'success') return true;
          const spec = [...specOf(pod).containers, ...(specOf(pod).initContainers ?? [])].find(({ name }) => name === status.name);
          if (spec?.readinessProbe === undefined) return true;
          if (verdict === undefined && began(status)) return pod.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
          trigger(uid, workerOf(uid, 'readiness', status.name));
          return false;
        },
      };
    },
  };
}
