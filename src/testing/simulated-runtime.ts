// A container runtime in memory behind the Runtime contract: sandboxes get addresses, every image is here,
// containers run until they are stopped, or end by themselves when their pod's annotations say so. Times come
// from the world's clock, so that a simulated node lives in virtual time. What a simulated container does:
//   skiff.dev/sim-exit-after: "5s" (of all containers) or "web=5s,init=0s"; skiff.dev/sim-exit-code likewise;
//   skiff.dev/sim-start-delay: how long a start takes; skiff.dev/sim-pull-delay: how long a pull takes.
import { PassThrough, type Duplex } from 'node:stream';
import type { Timer } from '#base/clock.ts';
import { rfc3339Nano, sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import {
  type Container, type ContainerConfig, type ContainerState, type ContainerStats, type ContainerStatus, type ContainerStreams, type ExecResult, type Image, type PodSandbox,
  type PodSandboxConfig, type PodSandboxStatus, type Runtime, RuntimeError, type RuntimeEvent,
} from '#runtime';
import { durationMs } from './duration.ts';

export interface SimulatedExec {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode: number;
}

export interface SimulatedRuntimeOptions {
  /** "10.244.7": addresses .2 to .254 of it, then the next. */
  readonly podSubnet?: string;
  /** Images that cannot be pulled, by the error to give. */
  readonly brokenImages?: ReadonlyMap<string, string>;
  /** Images that must be pulled before they are here; all others are here from the start. */
  readonly absentImages?: readonly string[];
  /** What a command run in a container answers; success without output by default. */
  readonly exec?: (container: ContainerConfig, command: readonly string[]) => SimulatedExec;
  /** Receives log lines in place of a disk: the path and the line in CRI's form. */
  readonly writeLog?: (path: string, line: string) => void;
}

/** The runtime with handles for tests and scenarios. */
export interface SimulatedRuntime extends Runtime {
  /** Ends a running container as if its process had exited. */
  exitContainer(id: string, exitCode: number, reason?: string): void;
  /** Forgets a sandbox's processes: what a machine's restart does. */
  killSandbox(id: string): void;
  /** While set, every call fails with UNAVAILABLE. */
  setDown(down: boolean): void;
  setNetworkReady(ready: boolean, message?: string): void;
  /** Names of calls made, for tests that count. */
  readonly calls: ReadonlyMap<string, number>;
  configOf(id: string): ContainerConfig | undefined;
}

interface SimulatedContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly sandboxConfig: PodSandboxConfig;
  state: ContainerState;
  createdMs: number;
  startedMs: number;
  finishedMs: number;
  exitCode: number;
  reason: string;
  timer: Timer | undefined;
  attached: Set<() => void>;
}

interface SimulatedSandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly createdMs: number;
  readonly ip: string;
  ready: boolean;
}

const nanoseconds = (ms: number): string => `${Math.round(ms)}000000`;

/** A setting of one container: "5s" for all, or "web=5s,other=1s". */
export function settingFor(text: string | undefined, container: string): string | undefined {
  if (text === undefined) return undefined;
  if (!text.includes('=')) return text;
  return text.split(',').map((pair) => pair.trim().split('=')).find(([name]) => name === container)?.[1];
}

interface SimulatedState {
  readonly world: World;
  readonly options: SimulatedRuntimeOptions;
  readonly sandboxes: Map<string, SimulatedSandbox>;
  readonly containers: Map<string, SimulatedContainer>;
  readonly pulled: Set<string>;
  readonly removed: Set<string>;
  readonly listeners: Set<(event: RuntimeEvent) => void>;
  readonly gaps: Set<() => void>;
  readonly calls: Map<string, number>;
  down: boolean;
  networkReady: boolean;
  networkMessage: string;
  serial: number;
}

const notFound = (kind: string, id: string): RuntimeError => new RuntimeError('NOT_FOUND', `an error occurred when try to find ${kind} "${id}": not found`);

function emit(state: SimulatedState, kind: RuntimeEvent['kind'], id: string): void {
  // Events come after the call that caused them has returned, as from a real runtime.
  state.world.clock.after(0, () => {
    for (const listener of state.listeners) listener({ kind, id });
  }, { background: true });
}

function newId(state: SimulatedState): string {
  state.serial++;
  return `${Buffer.from(state.world.random.bytes(28)).toString('hex')}${state.serial.toString(16).padStart(8, '0')}`;
}

function nextAddress(state: SimulatedState): string {
  const base = state.options.podSubnet ?? '10.244.0';
  const used = new Set([...state.sandboxes.values()].filter(({ ready }) => ready).map(({ ip }) => ip));
  const [a = '10', b = '244', c = '0'] = base.split('.');
  for (let third = Number(c); third < 256; third++) {
    for (let last = 2; last < 255; last++) {
      const ip = `${a}.${b}.${third}.${last}`;
      if (!used.has(ip)) return ip;
    }
  }
  throw new RuntimeError('RESOURCE_EXHAUSTED', 'no address is free');
}

function end(state: SimulatedState, container: SimulatedContainer, exitCode: number, reason: string): void {
  if (container.state === 'CONTAINER_EXITED') return;
  container.timer?.cancel();
  container.state = 'CONTAINER_EXITED';
  container.finishedMs = state.world.clock.now();
  container.exitCode = exitCode;
  container.reason = reason;
  for (const close of container.attached) close();
  emit(state, 'stopped', container.id);
}

function containerAt(state: SimulatedState, id: string): SimulatedContainer {
  const container = state.containers.get(id);
  if (container === undefined) throw notFound('container', id);
  return container;
}

function sandboxAt(state: SimulatedState, id: string): SimulatedSandbox {
  const sandbox = state.sandboxes.get(id);
  if (sandbox === undefined) throw notFound('sandbox', id);
  return sandbox;
}

const listed = (container: SimulatedContainer): Container => ({
  id: container.id, pod_sandbox_id: container.sandboxId, metadata: container.config.metadata, image: container.config.image, image_ref: `sha256:${container.config.image.image}`,
  state: container.state, created_at: nanoseconds(container.createdMs), labels: container.config.labels, annotations: container.config.annotations,
});

function statusOf(container: SimulatedContainer): ContainerStatus {
  const { config } = container;
  return {
    ...listed(container), started_at: container.startedMs === 0 ? '0' : nanoseconds(container.startedMs), finished_at: container.finishedMs === 0 ? '0' : nanoseconds(container.finishedMs),
    exit_code: container.exitCode, reason: container.reason, message: '', log_path: `${container.sandboxConfig.log_directory}/${config.log_path}`, mounts: config.mounts,
  };
}

const listedSandbox = (sandbox: SimulatedSandbox): PodSandbox => ({
  id: sandbox.id, metadata: sandbox.config.metadata, state: sandbox.ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY', created_at: nanoseconds(sandbox.createdMs),
  labels: sandbox.config.labels, annotations: sandbox.config.annotations,
});

async function start(state: SimulatedState, id: string, signal: AbortSignal | undefined): Promise<void> {
  const container = containerAt(state, id);
  const { clock } = state.world;
  const annotations = container.sandboxConfig.annotations;
  const { name } = container.config.metadata;
  const delay = settingFor(annotations['skiff.dev/sim-start-delay'], name);
  if (delay !== undefined) await sleep(clock, durationMs(delay), signal);
  if (!sandboxAt(state, container.sandboxId).ready) throw new RuntimeError('UNKNOWN', 'sandbox container is not running');
  container.state = 'CONTAINER_RUNNING';
  container.startedMs = clock.now();
  state.options.writeLog?.(statusOf(container).log_path, `${rfc3339Nano(clock.now())} stdout F started ${name}\n`);
  emit(state, 'started', id);
  const after = settingFor(annotations['skiff.dev/sim-exit-after'], name);
  if (after === undefined) return;
  const code = Number(settingFor(annotations['skiff.dev/sim-exit-code'], name) ?? 0);
  container.timer = clock.after(durationMs(after), () => end(state, container, code, code === 0 ? 'Completed' : 'Error'), { background: true });
}

function execResult(state: SimulatedState, id: string, command: readonly string[]): ExecResult {
  const container = containerAt(state, id);
  if (container.state !== 'CONTAINER_RUNNING') throw new RuntimeError('UNKNOWN', `container is in ${container.state} state`);
  const { stdout = '', stderr = '', exitCode } = state.options.exec?.(container.config, command) ?? { exitCode: 0 };
  return { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

function attachTo(container: SimulatedContainer): ContainerStreams {
  const stdin = new PassThrough();
  const done = Promise.withResolvers<number>();
  const close = (): void => {
    container.attached.delete(close);
    stdin.end();
    done.resolve(0);
  };
  container.attached.add(close);
  return { stdin, stdout: stdin, stderr: once(new Uint8Array()), resize() {}, exited: done.promise, close };
}

function imageNamed(name: string): Image {
  const hash = Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
  return { id: name, repo_tags: [name], repo_digests: [`${name.replace(/[:@].*$/, '')}@sha256:${hash}`], size: '1000000', username: '' };
}

function lifecycleCalls(state: SimulatedState): Pick<Runtime, 'runPodSandbox' | 'stopPodSandbox' | 'removePodSandbox' | 'createContainer' | 'stopContainer' | 'removeContainer'> {
  const { clock } = state.world;
  return {
    async runPodSandbox(config) {
      if (!state.networkReady && config.linux?.security_context?.namespace_options.network !== 'NODE') throw new RuntimeError('UNKNOWN', `failed to setup network for sandbox: ${state.networkMessage}`);
      const id = newId(state);
      const host = config.linux?.security_context?.namespace_options.network === 'NODE';
      state.sandboxes.set(id, { id, config, createdMs: clock.now(), ip: host ? '' : nextAddress(state), ready: true });
      emit(state, 'started', id);
      return id;
    },
    async stopPodSandbox(id) {
      const sandbox = state.sandboxes.get(id);
      if (sandbox === undefined || !sandbox.ready) return;
      for (const container of state.containers.values()) if (container.sandboxId === id && container.state === 'CONTAINER_RUNNING') end(state, container, 137, 'Error');
      sandbox.ready = false;
      emit(state, 'stopped', id);
    },
    async removePodSandbox(id) {
      for (const container of state.containers.values()) if (container.sandboxId === id) state.containers.delete(container.id);
      state.sandboxes.delete(id);
      emit(state, 'deleted', id);
    },
    async createContainer(sandboxId, config, sandboxConfig) {
      if (!sandboxAt(state, sandboxId).ready) throw new RuntimeError('UNKNOWN', `failed to create containerd task: sandbox "${sandboxId}" is not running`);
      const id = newId(state);
      state.containers.set(id, { id, sandboxId, config, sandboxConfig, state: 'CONTAINER_CREATED', createdMs: clock.now(), startedMs: 0, finishedMs: 0, exitCode: 0, reason: '', timer: undefined, attached: new Set() });
      emit(state, 'created', id);
      return id;
    },
    async stopContainer(id, graceSeconds, signal) {
      const container = containerAt(state, id);
      if (container.state !== 'CONTAINER_RUNNING') {
        end(state, container, 0, 'Completed');
        return;
      }
      const slow = settingFor(container.sandboxConfig.annotations['skiff.dev/sim-stop-delay'], container.config.metadata.name);
      const needsMs = slow === undefined ? 0 : durationMs(slow);
      const graceMs = graceSeconds * 1000;
      if (needsMs > 0) await sleep(clock, Math.min(needsMs, graceMs), signal);
      end(state, container, needsMs > graceMs ? 137 : 143, 'Error');
    },
    async removeContainer(id) {
      const container = state.containers.get(id);
      if (container === undefined) return;
      container.timer?.cancel();
      state.containers.delete(id);
      emit(state, 'deleted', id);
    },
  };
}

function imageCalls(state: SimulatedState): Pick<Runtime, 'listImages' | 'imageStatus' | 'pullImage' | 'removeImage' | 'imageFsInfo'> {
  const here = (name: string): boolean => !state.removed.has(name) && (state.pulled.has(name) || (!(state.options.absentImages ?? []).includes(name) && state.options.brokenImages?.has(name) !== true));
  return {
    listImages: async () => [...state.pulled].map(imageNamed),
    async imageStatus(name) {
      if (!here(name)) return undefined;
      state.pulled.add(name);
      return imageNamed(name);
    },
    async pullImage(name, _auth, config, signal) {
      const delay = config.annotations['skiff.dev/sim-pull-delay'];
      if (delay !== undefined) await sleep(state.world.clock, durationMs(delay), signal);
      const broken = state.options.brokenImages?.get(name);
      if (broken !== undefined) throw new RuntimeError('UNKNOWN', broken);
      state.pulled.add(name);
      state.removed.delete(name);
      return name;
    },
    async removeImage(name) {
      state.pulled.delete(name);
      state.removed.add(name);
    },
    imageFsInfo: async () => ({ mountpoint: '', usedBytes: state.pulled.size * 1_000_000 }),
  };
}

function readCalls(state: SimulatedState): Pick<Runtime, 'version' | 'status' | 'podSandboxStatus' | 'listPodSandboxes' | 'containerStatus' | 'listContainers' | 'listContainerStats'> {
  const { clock } = state.world;
  return {
    version: async () => ({ name: 'simulated', version: '1.0.0' }),
    status: async () => ({ runtimeReady: true, networkReady: state.networkReady, message: state.networkMessage }),
    async podSandboxStatus(id): Promise<PodSandboxStatus> {
      const sandbox = sandboxAt(state, id);
      return { ...listedSandbox(sandbox), network: { ip: sandbox.ip, additional_ips: [] } };
    },
    listPodSandboxes: async () => [...state.sandboxes.values()].map(listedSandbox),
    containerStatus: async (id) => statusOf(containerAt(state, id)),
    listContainers: async () => [...state.containers.values()].map(listed),
    listContainerStats: async () => [...state.containers.values()].filter((container) => container.state === 'CONTAINER_RUNNING').map((container): ContainerStats => ({
      id: container.id, name: container.config.metadata.name, labels: container.config.labels, timestampMs: clock.now(), cpuNanoseconds: (clock.now() - container.startedMs) * 1000,
      memoryWorkingSetBytes: 1_048_576, memoryUsageBytes: 1_048_576, memoryRssBytes: 1_048_576, writableLayerBytes: 0, writableLayerInodes: 0,
    })),
  };
}

function streamCalls(state: SimulatedState): Pick<Runtime, 'execSync' | 'exec' | 'attach' | 'portForward' | 'updateContainerResources' | 'reopenContainerLog'> {
  return {
    execSync: async (id, command) => execResult(state, id, command),
    async exec(id, command, options) {
      const result = execResult(state, id, command);
      return {
        stdin: options.stdin ? new PassThrough().resume() : undefined,
        stdout: once(result.stdout), stderr: once(result.stderr), resize() {}, exited: Promise.resolve(result.exitCode), close() {},
      };
    },
    attach: async (id) => attachTo(containerAt(state, id)),
    async portForward(sandboxId): Promise<Duplex> {
      sandboxAt(state, sandboxId);
      return new PassThrough();
    },
    async updateContainerResources(id) {
      containerAt(state, id);
    },
    async reopenContainerLog(id) {
      containerAt(state, id);
    },
  };
}

/** Counts calls, and fails them while the runtime is down. */
function guarded<T extends object>(state: SimulatedState, calls: T): T {
  const wrapped = Object.entries(calls).map(([name, call]) => [name, async (...args: unknown[]): Promise<unknown> => {
    state.calls.set(name, (state.calls.get(name) ?? 0) + 1);
    if (state.down) throw new RuntimeError('UNAVAILABLE', 'connection error: desc = "transport: Error while dialing: dial unix: connect: connection refused"');
    return typeof call === 'function' ? (call as (...all: unknown[]) => unknown)(...args) : undefined;
  }]);
  return Object.fromEntries(wrapped) as T;
}

/** A runtime without containers yet. */
export function createSimulatedRuntime(world: World, options: SimulatedRuntimeOptions = {}): SimulatedRuntime {
  const state: SimulatedState = {
    world, options, sandboxes: new Map(), containers: new Map(), pulled: new Set(), removed: new Set(), listeners: new Set(), gaps: new Set(), calls: new Map(),
    down: false, networkReady: true, networkMessage: '', serial: 0,
  };
  return {
    ...guarded(state, { ...readCalls(state), ...lifecycleCalls(state), ...imageCalls(state), ...streamCalls(state), startContainer: (id: string, signal?: AbortSignal) => start(state, id, signal) }),
    events(signal, onEvent, onGap) {
      state.listeners.add(onEvent);
      state.gaps.add(onGap);
      signal.addEventListener('abort', () => {
        state.listeners.delete(onEvent);
        state.gaps.delete(onGap);
      }, { once: true });
    },
    async close() {
      for (const container of state.containers.values()) container.timer?.cancel();
    },
    calls: state.calls,
    configOf: (id) => state.containers.get(id)?.config,
    exitContainer: (id, exitCode, reason) => end(state, containerAt(state, id), exitCode, reason ?? (exitCode === 0 ? 'Completed' : 'Error')),
    killSandbox(id) {
      const sandbox = sandboxAt(state, id);
      for (const container of state.containers.values()) if (container.sandboxId === id) end(state, container, 255, 'Unknown');
      sandbox.ready = false;
      emit(state, 'stopped', id);
    },
    setDown(down) {
      const back = state.down && !down;
      state.down = down;
      if (back) for (const gap of state.gaps) gap();
    },
    setNetworkReady(ready, message = 'Network plugin returns error: cni plugin not initialized') {
      state.networkReady = ready;
      state.networkMessage = ready ? '' : message;
    },
  };
}
