// One look at a living pod: tell its status, make its volumes, images and sandbox ready, and start or end
// containers as compute-actions says. Errors of single containers become their waiting reasons; errors of
// the pod as a whole are told as events and tried again.
import type { Container, Pod, Secret } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { isRuntimeNotFound } from '#runtime';
import type { Image, PodSandboxConfig } from '#runtime';
import { durationText } from '../backoff.ts';
import { computeActions, type PodActions } from '../compute-actions.ts';
import { sandboxConfig } from '../container/sandbox-config.ts';
import { startContainer } from '../container/start-container.ts';
import { stopContainer } from '../container/stop-container.ts';
import { type KubeletCore, podDirectory, podLogDirectory } from '../core.ts';
import { containerHash, observeSandbox, type PodObservation } from '../observed.ts';
import { containerFieldPath, findContainer, isSidecar, isTerminalPhase, namespaceOf, podText, specOf, uidOf } from '../pod.ts';
import { StartError } from '../start-error.ts';
import { orderIPs } from '../status/generate.ts';
import { type PodVolumes, setUpVolumes } from '../volumes/pod-volumes.ts';
import { killPod } from './kill-pod.ts';
import { type PodState, statusOf } from './pod-state.ts';

export interface SyncResult {
  /** The pod has ended: end what is left of it. */
  readonly terminal: boolean;
  /** Something was done: look again at once. */
  readonly acted: boolean;
  /** Look again then, at the latest. */
  readonly wakeAtMs: number | undefined;
}

/** Told once as an event; the worker tries again with growing waits. */
export class SyncError extends Error {
  override name = 'SyncError';
}

const nothingToDo = (actions: PodActions): boolean =>
  !actions.killPod && !actions.createSandbox && actions.toKill.length === 0 && actions.toStart.length === 0 && actions.initToStart.length === 0 && actions.ephemeralToStart.length === 0;

async function pullSecrets(core: KubeletCore, pod: Pod): Promise<Secret[]> {
  const found: Secret[] = [];
  const missing: string[] = [];
  for (const { name } of specOf(pod).imagePullSecrets ?? []) {
    if (name === undefined || name === '') continue;
    try {
      found.push(await core.reader.secret(namespaceOf(pod), name));
    } catch {
      missing.push(name);
    }
  }
  if (missing.length > 0) {
    core.recorder.event(pod, 'Warning', 'FailedToRetrieveImagePullSecret', `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`);
  }
  return found;
}

async function readyVolumes(core: KubeletCore, pod: Pod, podIPs: readonly string[]): Promise<PodVolumes> {
  const { volumes, failed } = await setUpVolumes({
    pod, podDir: podDirectory(core, uidOf(pod)), host: core.host, client: core.client, reader: core.reader, tokens: core.tokens, fields: core.fieldContext(podIPs),
    clock: core.world.clock, random: core.world.random, nodeName: core.config.nodeName,
  });
  if (failed.length === 0) return volumes;
  for (const { message } of failed) core.recorder.event(pod, 'Warning', 'FailedMount', message);
  throw new SyncError(failed.map(({ message }) => message).join('; '));
}

/** A crashed container waits; returns until when. */
function crashWait(core: KubeletCore, state: PodState, observed: PodObservation, container: Container): number | undefined {
  const { pod } = state;
  const exited = observed.containers.find((seen) => seen.name === container.name && seen.state === 'exited');
  if (exited === undefined) return undefined;
  const key = `${uidOf(pod)}_${container.name}_${containerHash(container)}`;
  const until = core.crashes.waitsUntil(key, exited.finishedAtMs);
  if (until === undefined) {
    core.crashes.next(key, exited.finishedAtMs);
    return undefined;
  }
  core.recorder.event(pod, 'Warning', 'BackOff', `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`, { fieldPath: containerFieldPath(pod, container.name) });
  const message = `back-off ${durationText(core.crashes.waitMs(key))} restarting failed container=${container.name} pod=${podText(pod)}`;
  state.failures.set(container.name, { reason: 'CrashLoopBackOff', message });
  return until;
}

/** How long a failed pull is shown as such before it shows as waiting. */
const failureShownMs = 5_000;

interface Start {
  readonly container: Container;
  readonly kind: 'ephemeral' | 'init' | 'regular';
}

function plannedStarts(pod: Pod, actions: PodActions): Start[] {
  const spec = specOf(pod);
  const pick = (list: readonly Container[] | undefined, indexes: readonly number[], kind: Start['kind']): Start[] =>
    indexes.map((index) => list?.[index]).filter((container): container is Container => container !== undefined).map((container) => ({ container, kind }));
  return [...pick(spec.ephemeralContainers, actions.ephemeralToStart, 'ephemeral'), ...pick(spec.initContainers, actions.initToStart, 'init'), ...pick(spec.containers, actions.toStart, 'regular')];
}

async function createSandbox(core: KubeletCore, pod: Pod, config: PodSandboxConfig, signal: AbortSignal): Promise<{ id: string; ips: readonly string[] }> {
  try {
    const handler = await core.runtimeHandler(specOf(pod).runtimeClassName);
    await core.host.files.mkdir(podLogDirectory(core, pod), 0o755);
    const id = await core.runtime.runPodSandbox(config, handler, signal);
    core.observer.learn(id, uidOf(pod));
    const { ips } = observeSandbox(await core.runtime.podSandboxStatus(id, signal));
    return { id, ips };
  } catch (error) {
    if (signal.aborted) throw error;
    core.recorder.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${errorText(error)}`);
    throw new SyncError(`failed to create the pod's sandbox`, { cause: error });
  }
}

/** Ends what must not run on, and what belongs to a sandbox that is replaced. */
async function endUnwanted(core: KubeletCore, pod: Pod, observed: PodObservation, actions: PodActions, signal: AbortSignal): Promise<void> {
  if (actions.killPod) {
    await killPod(core, pod, observed, { signal });
    if (!actions.createSandbox) return;
    const inits = new Set((specOf(pod).initContainers ?? []).map(({ name }) => name));
    for (const container of observed.containers) {
      if (!inits.has(container.name)) continue;
      await core.runtime.removeContainer(container.id, signal).catch((error: unknown) => {
        if (!isRuntimeNotFound(error)) throw error;
      });
    }
    return;
  }
  for (const kill of actions.toKill) {
    const container = findContainer(pod, kill.name);
    if (container === undefined) continue;
    await stopContainer(core, { pod, container, containerId: kill.id, message: kill.message, reason: kill.reason, podIP: observed.ips[0] ?? '', signal });
  }
}

const earliest = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined ? b : b === undefined ? a : Math.min(a, b));

/** Starts in order; an init container that does not start stops those after it. */
async function startAll(core: KubeletCore, state: PodState, observed: PodObservation, starts: readonly Start[], make: (start: Start) => Promise<string>): Promise<{ started: number; wakeAtMs: number | undefined }> {
  let wakeAtMs: number | undefined;
  let started = 0;
  for (const start of starts) {
    const { container } = start;
    const now = core.world.clock.now();
    const held = state.heldUntilMs.get(container.name) ?? 0;
    const waits = held > now ? held : start.kind === 'ephemeral' ? undefined : crashWait(core, state, observed, container);
    let failed = waits !== undefined;
    wakeAtMs = earliest(wakeAtMs, waits);
    if (!failed) {
      try {
        await make(start);
        state.failures.delete(container.name);
        started++;
      } catch (error) {
        if (!(error instanceof StartError)) throw error;
        failed = true;
        state.failures.set(container.name, { reason: error.reason, message: error.message });
        if (error.reason === 'ErrImagePull') state.heldUntilMs.set(container.name, core.world.clock.now() + failureShownMs);
        // Without a time of its own the failure shows as an exited container, whose back-off then counts.
        if (error.retryAtMs === undefined) started++;
        wakeAtMs = earliest(wakeAtMs, error.reason === 'ErrImagePull' ? core.world.clock.now() + failureShownMs : error.retryAtMs);
      }
    }
    if (failed && start.kind === 'init' && !isSidecar(container)) break;
  }
  return { started, wakeAtMs };
}

async function act(core: KubeletCore, state: PodState, observed: PodObservation, actions: PodActions, volumesReady: Promise<PodVolumes>, signal: AbortSignal): Promise<{ acted: boolean; wakeAtMs: number | undefined }> {
  const { pod } = state;
  if (actions.createSandbox && actions.sandboxId !== '') core.recorder.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
  await endUnwanted(core, pod, observed, actions, signal);
  const starts = plannedStarts(pod, actions);
  if (!actions.createSandbox && starts.length === 0) {
    await volumesReady;
    return { acted: true, wakeAtMs: undefined };
  }
  const config = await sandboxConfig(core, pod, actions.attempt);
  const secrets = await pullSecrets(core, pod);
  const pulls = new Map<string, Promise<Image>>();
  const image = (container: Container): Promise<Image> => {
    const known = pulls.get(container.name) ?? core.images.ensure({ pod, container, secrets, sandboxConfig: config, signal });
    pulls.set(container.name, known);
    known.catch(() => {});
    return known;
  };
  // Images of new pods are fetched while volumes and sandbox are made; restarts first see whether they must wait.
  if (actions.createSandbox && actions.attempt === 0) for (const { container } of starts) void image(container);
  const volumes = await volumesReady;
  let sandboxId = actions.sandboxId;
  let ips = observed.ips;
  if (actions.createSandbox) ({ id: sandboxId, ips } = await createSandbox(core, pod, config, signal));
  const podIPs = specOf(pod).hostNetwork === true ? core.node.hostIPs : orderIPs(ips, core.node.hostIPs);
  const { started, wakeAtMs } = await startAll(core, state, observed, starts, ({ container }) =>
    startContainer(core, { pod, container, observed, sandboxId, sandboxConfig: config, podIPs, volumes, secrets, image: image(container), signal }));
  return { acted: started > 0 || actions.createSandbox || actions.toKill.length > 0, wakeAtMs };
}

/** Throws SyncError (told already) or the error of a part that could not be reached. */
export async function syncPod(core: KubeletCore, state: PodState, observed: PodObservation, signal: AbortSignal): Promise<SyncResult> {
  const { pod } = state;
  const status = statusOf(core, state, observed, false);
  const terminal = isTerminalPhase(status);
  core.status.set(pod, status, terminal && observed.containers.some((container) => container.state === 'running'));
  if (terminal) return { terminal: true, acted: false, wakeAtMs: undefined };
  const problem = core.node.networkProblem();
  if (problem !== undefined && specOf(pod).hostNetwork !== true) {
    core.recorder.event(pod, 'Warning', 'NetworkNotReady', `network is not ready: ${problem}`);
    throw new SyncError(`network is not ready: ${problem}`);
  }
  core.reader.register(pod);
  await core.cgroups.ensure(pod);
  await core.host.files.mkdir(`${podDirectory(core, uidOf(pod))}/volumes`, 0o750);
  const actions = computeActions(pod, observed, core.probes);
  const podIPs = specOf(pod).hostNetwork === true ? core.node.hostIPs : orderIPs(observed.ips, core.node.hostIPs);
  const volumes = readyVolumes(core, pod, podIPs);
  volumes.catch(() => {});
  core.probes.add(pod);
  if (nothingToDo(actions)) {
    await volumes;
    return { terminal: false, acted: false, wakeAtMs: core.tokens.renewAt(uidOf(pod)) };
  }
  const { acted, wakeAtMs } = await act(core, state, observed, actions, volumes, signal);
  if (!acted) core.status.set(pod, statusOf(core, state, observed, false), false);
  return { terminal: false, acted, wakeAtMs: earliest(wakeAtMs, core.tokens.renewAt(uidOf(pod))) };
}
