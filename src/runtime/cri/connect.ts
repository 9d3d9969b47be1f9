// The `Runtime` on a real container runtime: CRI v1 through gRPC, with containerd's native API for what
// CRI does badly or not at all (exec streams, events before 1.7). Every call has a deadline, as upstream's
// kubelet gives it (2 minutes, 4 for a sandbox), and takes the caller's signal.
import { dirname, join } from 'node:path';
import type { World } from '#base/world.ts';
import type { Runtime } from '../contract.ts';
import { openGrpc, type GrpcService } from '../grpc.ts';
import { isRuntimeNotFound, RuntimeError } from '../runtime-error.ts';
import { attachToContainer } from './attach.ts';
import { followEvents } from './events.ts';
import { execInContainer } from './exec.ts';
import { containerFrom, containerStatusFrom, imageFrom, sandboxStatusFrom, statsFrom } from './from-cri.ts';
import type { CriContainer, CriContainerStats, CriContainerStatus, CriImage, CriSandbox, CriSandboxStatus } from './from-cri.ts';
import { connectInNamespace, networkNamespaceOf } from './port-forward.ts';

const minuteMs = 60_000;
/** Container → sandbox, which CRI's ContainerStatus does not tell. */
const sandboxCacheLimit = 4096;

interface Services {
  readonly cri: GrpcService;
  readonly image: GrpcService;
  readonly containers: GrpcService;
  readonly tasks: GrpcService;
  readonly events: GrpcService;
}

/** Drives the runtime at `socketPath`. Does not wait for it: calls reject with UNAVAILABLE until it answers. */
export function connectCri(world: World, socketPath: string): Runtime {
  const native = { 'containerd-namespace': 'k8s.io' };
  const services: Services = {
    cri: openGrpc(world.clock, socketPath, 'cri', 'runtime.v1.RuntimeService'),
    image: openGrpc(world.clock, socketPath, 'cri', 'runtime.v1.ImageService'),
    containers: openGrpc(world.clock, socketPath, 'containers', 'containerd.services.containers.v1.Containers', native),
    tasks: openGrpc(world.clock, socketPath, 'tasks', 'containerd.services.tasks.v1.Tasks', native),
    events: openGrpc(world.clock, socketPath, 'events', 'containerd.services.events.v1.Events', native),
  };
  const fifoDirectory = join(dirname(socketPath), 'exec');
  return {
    ...sandboxCalls(services),
    ...containerCalls(services),
    ...imageCalls(services),
    ...streamCalls(world, services, fifoDirectory),
    async close() {
      for (const service of Object.values(services) as GrpcService[]) service.close();
    },
  };
}

type SandboxCalls = Pick<Runtime, 'version' | 'status' | 'runPodSandbox' | 'stopPodSandbox' | 'removePodSandbox' | 'podSandboxStatus' | 'listPodSandboxes'>;

function sandboxCalls({ cri }: Services): SandboxCalls {
  return {
    async version(signal) {
      const answer = await cri.call<{ runtime_name: string; runtime_version: string }>('Version', {}, { signal, timeoutMs: 10_000 });
      return { name: answer.runtime_name, version: answer.runtime_version };
    },
    async status(signal) {
      const { status } = await cri.call<{ status: { conditions: { type: string; status: boolean; reason: string; message: string }[] } | null }>('Status', {}, { signal, timeoutMs: 10_000 });
      const conditions = status?.conditions ?? [];
      const ready = (type: string): boolean => conditions.some((c) => c.type === type && c.status);
      const message = conditions.filter((c) => !c.status).map((c) => `${c.type} not ready: ${c.reason}: ${c.message}`).join('; ');
      return { runtimeReady: ready('RuntimeReady'), networkReady: ready('NetworkReady'), message };
    },
    async runPodSandbox(config, runtimeHandler, signal) {
      const answer = await cri.call<{ pod_sandbox_id: string }>('RunPodSandbox', { config, runtime_handler: runtimeHandler }, { signal, timeoutMs: 4 * minuteMs });
      return answer.pod_sandbox_id;
    },
    async stopPodSandbox(id, signal) {
      await cri.call('StopPodSandbox', { pod_sandbox_id: id }, { signal });
    },
    async removePodSandbox(id, signal) {
      await cri.call('RemovePodSandbox', { pod_sandbox_id: id }, { signal });
    },
    async podSandboxStatus(id, signal) {
      const { status } = await cri.call<{ status: CriSandboxStatus | null }>('PodSandboxStatus', { pod_sandbox_id: id }, { signal });
      if (status === null) throw new RuntimeError('NOT_FOUND', `sandbox ${id}: not found`);
      return sandboxStatusFrom(status);
    },
    async listPodSandboxes(signal) {
      return (await cri.call<{ items: CriSandbox[] }>('ListPodSandbox', {}, { signal })).items;
    },
  };
}

type ContainerCalls = Pick<
  Runtime,
  'createContainer' | 'startContainer' | 'stopContainer' | 'removeContainer' | 'containerStatus' | 'listContainers' | 'updateContainerResources' | 'reopenContainerLog' | 'execSync' | 'listContainerStats'
>;

function containerCalls({ cri }: Services): ContainerCalls {
  const sandboxOf = new Map<string, string>();
  const remember = (container: string, sandbox: string): void => {
    if (sandboxOf.size >= sandboxCacheLimit) for (const oldest of sandboxOf.keys()) if (sandboxOf.delete(oldest)) break;
    sandboxOf.set(container, sandbox);
  };
  const list = async (filter: object, signal: AbortSignal | undefined): Promise<CriContainer[]> => {
    const { containers } = await cri.call<{ containers: CriContainer[] }>('ListContainers', { filter }, { signal });
    return containers;
  };
  return {
    async createContainer(sandboxId, config, sandboxConfig, signal) {
      const request = { pod_sandbox_id: sandboxId, config, sandbox_config: sandboxConfig };
      const { container_id } = await cri.call<{ container_id: string }>('CreateContainer', request, { signal });
      remember(container_id, sandboxId);
      return container_id;
    },
    async startContainer(id, signal) {
      await cri.call('StartContainer', { container_id: id }, { signal });
    },
    async stopContainer(id, graceSeconds, signal) {
      await cri.call('StopContainer', { container_id: id, timeout: graceSeconds }, { signal, timeoutMs: graceSeconds * 1000 + 2 * minuteMs });
    },
    async removeContainer(id, signal) {
      await cri.call('RemoveContainer', { container_id: id }, { signal });
      sandboxOf.delete(id);
    },
    async containerStatus(id, signal) {
      const { status } = await cri.call<{ status: CriContainerStatus | null }>('ContainerStatus', { container_id: id }, { signal });
      if (status === null) throw new RuntimeError('NOT_FOUND', `container ${id}: not found`);
      const sandbox = sandboxOf.get(status.id) ?? (await list({ id: status.id }, signal))[0]?.pod_sandbox_id ?? '';
      if (sandbox !== '') remember(status.id, sandbox);
      return containerStatusFrom(status, sandbox);
    },
    async listContainers(signal) {
      return (await list({}, signal)).map(containerFrom);
    },
    async updateContainerResources(id, resources, signal) {
      await cri.call('UpdateContainerResources', { container_id: id, linux: resources }, { signal });
    },
    async reopenContainerLog(id, signal) {
      await cri.call('ReopenContainerLog', { container_id: id }, { signal });
    },
    async execSync(id, command, timeoutSeconds, signal) {
      // No timeout means the runtime's own; ours must not be shorter than what was asked.
      const timeoutMs = timeoutSeconds === 0 ? 60 * minuteMs : timeoutSeconds * 1000 + 2 * minuteMs;
      const answer = await cri.call<{ stdout: Uint8Array; stderr: Uint8Array; exit_code: number }>('ExecSync', { container_id: id, cmd: command, timeout: timeoutSeconds }, { signal, timeoutMs });
      return { stdout: answer.stdout, stderr: answer.stderr, exitCode: answer.exit_code };
    },
    async listContainerStats(signal) {
      return (await cri.call<{ stats: CriContainerStats[] }>('ListContainerStats', {}, { signal })).stats.map(statsFrom);
    },
  };
}

type ImageCalls = Pick<Runtime, 'listImages' | 'imageStatus' | 'pullImage' | 'removeImage' | 'imageFsInfo'>;

function imageCalls({ image }: Services): ImageCalls {
  return {
    async listImages(signal) {
      return (await image.call<{ images: CriImage[] }>('ListImages', {}, { signal })).images.map(imageFrom);
    },
    async imageStatus(name, signal) {
      const answer = await image.call<{ image: CriImage | null }>('ImageStatus', { image: { image: name } }, { signal });
      return answer.image === null ? undefined : imageFrom(answer.image);
    },
    async pullImage(name, auth, sandboxConfig, signal) {
      const credentials = auth === undefined
        ? undefined
        : { username: auth.username, password: auth.password, server_address: auth.server, identity_token: auth.identityToken, registry_token: auth.registryToken };
      const request = { image: { image: name }, auth: credentials, sandbox_config: sandboxConfig };
      // A large image on a slow line is no fault: the runtime itself gives up when nothing moves.
      return (await image.call<{ image_ref: string }>('PullImage', request, { signal, timeoutMs: 12 * 60 * minuteMs })).image_ref;
    },
    async removeImage(name, signal) {
      await image.call('RemoveImage', { image: { image: name } }, { signal }).catch((error: unknown) => {
        if (!isRuntimeNotFound(error)) throw error;
      });
    },
    async imageFsInfo(signal) {
      interface Usage {
        image_filesystems: { fs_id: { mountpoint: string } | null; used_bytes: { value: string } | null }[];
      }
      const first = (await image.call<Usage>('ImageFsInfo', {}, { signal })).image_filesystems[0];
      return { mountpoint: first?.fs_id?.mountpoint ?? '', usedBytes: Number(first?.used_bytes?.value ?? 0) };
    },
  };
}

type StreamCalls = Pick<Runtime, 'exec' | 'attach' | 'portForward' | 'events'>;

function streamCalls(world: World, { cri, containers, tasks, events }: Services, fifoDirectory: string): StreamCalls {
  return {
    exec: (id, command, options) => execInContainer({ clock: world.clock, random: world.random, containers, tasks, fifoDirectory }, id, command, options),
    attach: (id, options) => attachToContainer(world.clock, cri, id, options),
    async portForward(sandboxId, port) {
      const { info } = await cri.call<{ info: Record<string, string> }>('PodSandboxStatus', { pod_sandbox_id: sandboxId, verbose: true });
      return connectInNamespace(networkNamespaceOf(info), port);
    },
    events(signal, onEvent, onGap) {
      followEvents(world, { cri, native: events }, signal, onEvent, onGap).catch((error: unknown) => {
        if (!signal.aborted) world.log.error('following container events failed', { err: error });
      });
    },
  };
}
