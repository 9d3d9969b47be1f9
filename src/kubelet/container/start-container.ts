// One container from spec to running: image, environment, mounts, security, create, start, postStart. What
// stops it becomes a StartError with the waiting reason and message that upstream shows.
import type { Container, EphemeralContainer, Pod, Secret } from '#api/core/v1.ts';
import { codeOf, errorText } from '#base/errors.ts';
import type { ContainerConfig, Image, PodSandboxConfig } from '#runtime';
import { type KubeletCore, podLogDirectory } from '../core.ts';
import { containerAnnotations, containerLabels, latest, type PodObservation } from '../observed.ts';
import { containerFieldPath, isStatic, nameOf, namespaceOf, specOf, uidOf } from '../pod.ts';
import { containerResources } from '../resources/cpu-math.ts';
import { StartError } from '../start-error.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import { containerEnvironment } from './environment.ts';
import { expand } from './expansion.ts';
import { runHook } from './lifecycle-hooks.ts';
import { containerMounts } from './mounts.ts';
import { containerSecurity, type ImageUser, verifyNonRoot } from './security.ts';
import { serviceEnvironment } from './service-env.ts';
import { stopContainer } from './stop-container.ts';

export interface StartInput {
  readonly pod: Pod;
  readonly container: Container | EphemeralContainer;
  readonly observed: PodObservation;
  readonly sandboxId: string;
  readonly sandboxConfig: PodSandboxConfig;
  readonly podIPs: readonly string[];
  readonly volumes: PodVolumes;
  readonly secrets: readonly Secret[];
  /** Pulling may have begun while the sandbox was made. */
  readonly image: Promise<Image>;
  readonly signal: AbortSignal;
}

const configRetryMs = 10_000;

function imageUser(image: Image): ImageUser {
  const uid = image.uid === undefined ? undefined : Number(image.uid.value);
  return { uid: uid ?? (image.username === '' ? 0 : undefined), username: image.username };
}

/** The restart count goes on from the newest container, else from the logs that an earlier one left. */
async function restartCount(core: KubeletCore, input: StartInput): Promise<number> {
  const before = latest(input.observed, input.container.name);
  if (before !== undefined) return before.restartCount + 1;
  const logs = await core.host.files.list(`${podLogDirectory(core, input.pod)}/${input.container.name}`);
  const numbers = logs.map((name) => /^(\d+)\.log/.exec(name)?.[1]).filter((text): text is string => text !== undefined).map(Number);
  return numbers.length === 0 ? 0 : Math.max(...numbers) + 1;
}

function targetOf(input: StartInput): string | undefined {
  const name = 'targetContainerName' in input.container ? input.container.targetContainerName : undefined;
  if (name === undefined || name === '') return undefined;
  const target = latest(input.observed, name);
  if (target === undefined) throw new Error(`unable to find target container ${name}`);
  if (target.state !== 'running') throw new Error(`unable to run ephemeral container in target container ${name}: it does not run`);
  return target.id;
}

async function buildConfig(core: KubeletCore, input: StartInput, image: Image, attempt: number): Promise<ContainerConfig> {
  const { pod, container } = input;
  const services = core.services();
  if (services === undefined && !isStatic(pod)) throw new Error('services have not yet been read at least once, cannot construct envvars');
  const env = await containerEnvironment({
    pod, container, reader: core.reader, fields: core.fieldContext(input.podIPs),
    services: serviceEnvironment(services ?? [], namespaceOf(pod), specOf(pod).enableServiceLinks !== false),
  });
  const mounts = await containerMounts(core, pod, container, input.podIPs, input.volumes, env);
  const user = imageUser(image);
  verifyNonRoot(pod, container, user);
  const lookup = (name: string): string | undefined => env.get(name);
  const seccompRoot = `${core.config.rootDirectory}/seccomp`;
  return {
    metadata: { name: container.name, attempt },
    image: { image: image.id },
    command: (container.command ?? []).map((part) => expand(part, lookup)),
    args: (container.args ?? []).map((part) => expand(part, lookup)),
    working_dir: container.workingDir ?? '',
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts,
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, attempt),
    log_path: `${container.name}/${attempt}.log`,
    stdin: container.stdin === true,
    stdin_once: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: containerResources(pod, container, core.config, core.node.memoryCapacityBytes),
      security_context: containerSecurity({ pod, container, user, seccompDefault: core.config.seccompDefault, seccompRoot, targetId: targetOf(input) }),
    },
  };
}

async function linkLog(core: KubeletCore, input: StartInput, id: string, logPath: string): Promise<void> {
  const { containerLogsDir } = core.config;
  if (containerLogsDir === '') return;
  const link = `${containerLogsDir}/${nameOf(input.pod)}_${namespaceOf(input.pod)}_${input.container.name}-${id}.log`;
  try {
    await core.host.files.symlink(`${podLogDirectory(core, input.pod)}/${logPath}`, link);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') core.world.log.warn('a container log could not be linked', { link, error: errorText(error) });
  }
}

async function postStart(core: KubeletCore, input: StartInput, id: string): Promise<void> {
  const { pod, container } = input;
  const handler = container.lifecycle?.postStart;
  if (handler === undefined) return;
  try {
    await runHook(core, { pod, container, containerId: id, podIP: input.podIPs[0] ?? '' }, handler, input.signal);
  } catch (error) {
    core.recorder.event(pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', { fieldPath: containerFieldPath(pod, container.name) });
    await stopContainer(core, { pod, container, containerId: id, message: 'FailedPostStartHook', reason: 'FailedPostStartHook', podIP: input.podIPs[0] ?? '', signal: input.signal });
    throw new StartError('PostStartHookError', errorText(error));
  }
}

/** Resolves when the container runs and its postStart hook has ended; throws StartError. */
export async function startContainer(core: KubeletCore, input: StartInput): Promise<string> {
  const { pod, container, signal } = input;
  const about = { fieldPath: containerFieldPath(pod, container.name) };
  const fail = (reason: string, error: unknown, retryAtMs?: number): never => {
    const text = errorText(error);
    if (signal.aborted) throw error;
    core.recorder.event(pod, 'Warning', 'Failed', `Error: ${reason === 'CreateContainerConfigError' || reason === 'CreateContainerError' || reason === 'RunContainerError' ? text : reason}`, about);
    throw new StartError(reason, text, retryAtMs);
  };
  const soon = core.world.clock.now() + configRetryMs;
  const image = await input.image.catch((error: unknown) => (error instanceof StartError ? fail(error.reason, error, error.retryAtMs) : fail('ErrImagePull', error, soon)));
  const attempt = await restartCount(core, input);
  const config = await buildConfig(core, input, image, attempt).catch((error: unknown) => fail('CreateContainerConfigError', error, soon));
  await core.host.files.mkdir(`${podLogDirectory(core, pod)}/${container.name}`, 0o755);
  const id = await core.runtime.createContainer(input.sandboxId, config, input.sandboxConfig, signal).catch((error: unknown) => fail('CreateContainerError', error, soon));
  core.observer.learn(id, uidOf(pod));
  core.recorder.event(pod, 'Normal', 'Created', 'Container created', about);
  await core.runtime.startContainer(id, signal).catch((error: unknown) => fail('RunContainerError', error, soon));
  core.recorder.event(pod, 'Normal', 'Started', 'Container started', about);
  await linkLog(core, input, id, config.log_path);
  await postStart(core, input, id);
  return id;
}
