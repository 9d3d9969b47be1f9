// The Node object: registered first of all, then told anew when something changed (looked at every 10 s) and
// every five minutes in any case. What users and controllers put on the node is left alone.
import type { ContainerImage, Node, NodeStatus } from '#api/core/v1.ts';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { compareText } from '#base/order.ts';
import { stableJson, type Client, type EventRecorder } from '#client';
import { formatQuantity, isAlreadyExists, isNotFound, parseQuantity } from '#machinery';
import type { MachineInfo } from '#linux';
import type { Image, RuntimeVersion } from '#runtime';
import type { KubeletConfig } from '../config.ts';
import { nodeConditions, type NodeHealth } from './node-conditions.ts';

export interface NodeSnapshot {
  readonly machine: MachineInfo;
  readonly addresses: readonly string[];
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly runtime: RuntimeVersion | undefined;
  readonly images: readonly Image[];
  readonly health: NodeHealth;
  readonly port: number;
}

const maxImages = 50;
const maxNames = 5;
const hostnameLabel = 'kubernetes.io/hostname';

/** The largest images, digests before tags. */
export function imageList(images: readonly Image[]): ContainerImage[] {
  return [...images].sort((a, b) => Number(b.size) - Number(a.size)).slice(0, maxImages)
    .map((image) => ({ names: [...image.repo_digests, ...image.repo_tags].slice(0, maxNames), sizeBytes: Number(image.size) }))
    .filter(({ names }) => names.length > 0);
}

function initialNode(config: KubeletConfig, machine: MachineInfo): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: config.nodeName,
      labels: {
        [hostnameLabel]: config.nodeName,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': machine.architecture,
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/arch': machine.architecture,
        ...config.nodeLabels,
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: config.registerWithTaints.length > 0 ? { taints: config.registerWithTaints.map((taint) => ({ ...taint })) } : {},
  };
}

/** The status that the node has now. `before` is what the API shows. Pure. */
export function nodeStatusOf(config: KubeletConfig, snapshot: NodeSnapshot, before: NodeStatus, nowMs: number): NodeStatus {
  const { machine, runtime } = snapshot;
  return {
    addresses: [...snapshot.addresses.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: config.nodeName }],
    capacity: { ...snapshot.capacity },
    allocatable: { ...snapshot.allocatable },
    conditions: nodeConditions(snapshot.health, before.conditions ?? [], nowMs),
    daemonEndpoints: { kubeletEndpoint: { Port: config.advertisedPort === 0 ? snapshot.port : config.advertisedPort } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: runtime === undefined ? (before.nodeInfo?.containerRuntimeVersion ?? '') : `${runtime.name}://${runtime.version}`,
      kubeletVersion: config.kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    images: imageList(snapshot.images),
  };
}

/** Fields in one order, and without the empty ones, which the server leaves out. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== '' && !(Array.isArray(field) && field.length === 0));
  return Object.fromEntries(fields.map(([name, field]) => [name, comparable(field)]));
}

/** 33554432Ki and 32Gi are the same. */
const amounts = (list: NodeStatus['capacity']): Record<string, string> => Object.fromEntries(Object.entries(list ?? {}).map(([name, quantity]) => [name, formatQuantity(parseQuantity(quantity))]));

/** True when the API shows what the agent would tell, but for heartbeats; what others add to the status is theirs. */
function isShown(wanted: NodeStatus, shown: NodeStatus): boolean {
  const own = ({ addresses, capacity, allocatable, daemonEndpoints, nodeInfo, images, conditions }: NodeStatus): string => {
    const told = (conditions ?? []).filter(({ type }) => wanted.conditions?.some((condition) => condition.type === type) === true).map(({ lastHeartbeatTime: _beat, ...rest }) => rest);
    return stableJson(comparable({ addresses, capacity: amounts(capacity), allocatable: amounts(allocatable), daemonEndpoints, nodeInfo, images, conditions: told.sort((a, b) => compareText(a.type, b.type)) }));
  };
  return own(wanted) === own(shown);
}

export interface NodeReporter {
  /** Retries until the node is there or the signal aborts. */
  register(snapshot: NodeSnapshot, signal: AbortSignal): Promise<Node>;
  /** Tells the status if it changed or is due. Rejects when it could not be told. */
  report(snapshot: NodeSnapshot, signal: AbortSignal): Promise<void>;
}

/** `current` is the Node as last seen: others write its status too, such as who declares a silent node unknown. */
export function createNodeReporter(world: World, client: Client, recorder: EventRecorder, config: KubeletConfig, current: () => Node | undefined): NodeReporter {
  const { clock, log } = world;
  const nodes = client.resource<Node>('nodes');
  let toldAtMs = 0;
  const about: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: config.nodeName, uid: config.nodeName } };

  const tryRegister = async (snapshot: NodeSnapshot, signal: AbortSignal): Promise<Node> => {
    const wanted = { ...initialNode(config, snapshot.machine), status: nodeStatusOf(config, snapshot, {}, clock.now()) };
    try {
      return await nodes.create(wanted, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const existing = await nodes.get(config.nodeName, { signal });
    const labels = wanted.metadata?.labels ?? {};
    const stale = Object.entries(labels).filter(([key, value]) => existing.metadata?.labels?.[key] !== value);
    if (stale.length === 0) return existing;
    return nodes.patch(config.nodeName, 'merge', { metadata: { labels: Object.fromEntries(stale) } }, { signal });
  };
  const tellReadiness = (before: NodeStatus, after: NodeStatus): void => {
    for (const condition of after.conditions ?? []) {
      const old = before.conditions?.find(({ type }) => type === condition.type);
      if (old === undefined || old.status === condition.status) continue;
      if (condition.type === 'Ready') recorder.event(about, 'Normal', condition.status === 'True' ? 'NodeReady' : 'NodeNotReady', `Node ${config.nodeName} status is now: ${condition.status === 'True' ? 'NodeReady' : 'NodeNotReady'}`);
      else if (condition.reason !== undefined) {
        const reason = { MemoryPressure: ['NodeHasSufficientMemory', 'NodeHasInsufficientMemory'], DiskPressure: ['NodeHasNoDiskPressure', 'NodeHasDiskPressure'], PIDPressure: ['NodeHasSufficientPID', 'NodeHasInsufficientPID'] }[condition.type];
        const word = reason?.[condition.status === 'True' ? 1 : 0];
        if (word !== undefined) recorder.event(about, 'Normal', word, `Node ${config.nodeName} status is now: ${word}`);
      }
    }
  };
  return {
    async register(snapshot, signal) {
      for (let waitMs = 100; ; waitMs = Math.min(7_000, waitMs * 2)) {
        try {
          const node = await tryRegister(snapshot, signal);
          log.info('the node is registered', { node: config.nodeName });
          return node;
        } catch (error) {
          if (signal.aborted) throw error;
          log.warn('the node could not be registered', { node: config.nodeName, error: errorText(error) });
          await sleep(clock, waitMs, signal);
        }
      }
    },
    async report(snapshot, signal) {
      const now = clock.now();
      const before = (current() ?? (await nodes.get(config.nodeName, { signal }))).status ?? {};
      const next = nodeStatusOf(config, snapshot, before, now);
      if (isShown(next, before) && now - toldAtMs < config.nodeStatusReportFrequencyMs) return;
      // Lists that upstream merges by key are replaced: an address or image that is gone must go.
      const body = { status: { ...next, addresses: [{ $patch: 'replace' }, ...(next.addresses ?? [])] } };
      try {
        await nodes.patch(config.nodeName, 'strategic', body, { subresource: 'status', signal });
        tellReadiness(before, next);
        toldAtMs = now;
      } catch (error) {
        if (isNotFound(error) && config.registerNode) await tryRegister(snapshot, signal);
        throw error;
      }
    },
  };
}
