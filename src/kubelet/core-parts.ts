// Makes the core of an agent from its configuration and dependencies: measures of the node, caches, probes,
// status. kubelet.ts adds what drives it.
import type { Pod, Service } from '#api/core/v1.ts';
import type { RuntimeClass } from '#api/node/v1.ts';
import type { World } from '#base/world.ts';
import { errorText } from '#base/errors.ts';
import type { Client, EventRecorder, Informer } from '#client';
import type { MachineInfo } from '#linux';
import { isNotFound } from '#machinery';
import type { Runtime } from '#runtime';
import type { KeyedBackoff } from './backoff.ts';
import type { KubeletConfig } from './config.ts';
import { type DnsSettings, parseResolvConf } from './container/dns.ts';
import type { KubeletCore } from './core.ts';
import type { NodeHost } from './host.ts';
import { createImagePuller } from './images/image-puller.ts';
import { nodeAllocatable, nodeCapacity } from './node/node-resources.ts';
import { createObserver } from './observer.ts';
import { createProbeManager } from './probes/probe-manager.ts';
import { createReferenceCache } from './reference-cache.ts';
import { createPodCgroups } from './resources/pod-cgroups.ts';
import { createStatusManager } from './status/status-manager.ts';
import { createPodTokens } from './volumes/tokens.ts';

export interface CoreDeps {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly host: NodeHost;
  readonly recorder: EventRecorder;
  readonly crashes: KeyedBackoff;
  readonly services: Informer<Service>;
  readonly poke: (podUid: string) => void;
  readonly podOf: (podUid: string) => Pod | undefined;
}

export interface NodeMeasures {
  readonly machine: MachineInfo;
  readonly capacity: Readonly<Record<string, string>>;
  /** Asks the runtime how it is; remembers the answer. */
  checkRuntime(): Promise<void>;
  runtimeProblem(): string | undefined;
}

function createNodeHealth(runtime: Runtime): { check(): Promise<void>; runtime(): string | undefined; network(): string | undefined } {
  let down: string | undefined = 'container runtime status check may not have completed yet';
  let network: string | undefined;
  return {
    async check() {
      try {
        const status = await runtime.status();
        down = status.runtimeReady ? undefined : `container runtime is down: ${status.message}`;
        network = status.networkReady ? undefined : `NetworkReady=false reason:NetworkPluginNotReady message:${status.message}`;
      } catch (error) {
        down = `container runtime is down: ${errorText(error)}`;
      }
    },
    runtime: () => down,
    network: () => network,
  };
}

async function resolvConf(host: NodeHost, path: string): Promise<DnsSettings> {
  const text = path === '' ? undefined : await host.files.read(path);
  return parseResolvConf(text === undefined ? '' : Buffer.from(text).toString('utf8'));
}

export async function createCore(world: World, config: KubeletConfig, deps: CoreDeps): Promise<{ core: KubeletCore; measures: NodeMeasures }> {
  const { host, runtime, client, recorder } = deps;
  const machine = await host.machine();
  await host.files.mkdir(`${config.rootDirectory}/pods`, 0o750);
  const capacity = nodeCapacity(machine, await host.measures.fileSystem(config.rootDirectory), config.maxPods);
  const allocatable = nodeAllocatable(capacity, config);
  const hostIPs = config.nodeIPs.length > 0 ? config.nodeIPs : await host.defaultAddresses();
  const health = createNodeHealth(runtime);
  await health.check();
  const status = createStatusManager(world, client);
  const probes = createProbeManager(world, {
    runtime, network: host.network, recorder, statusOf: (uid) => status.get(uid), podOf: deps.podOf, changed: deps.poke,
    versionMinor: config.kubeletVersion.split('.')[1] ?? '0',
  });
  const core: KubeletCore = {
    world, config, client, recorder, runtime, host, probes, status,
    observer: createObserver(world, runtime, host),
    reader: createReferenceCache(world, client, deps.poke),
    tokens: createPodTokens(world, client),
    images: createImagePuller(world, runtime, recorder, { maxParallelPulls: config.maxParallelImagePulls, maxBackoffMs: 300_000 }),
    cgroups: createPodCgroups(world, config, host.cgroups),
    crashes: deps.crashes,
    node: { hostIPs, allocatable, memoryCapacityBytes: machine.memoryBytes, networkProblem: health.network },
    services: () => (deps.services.hasSynced ? deps.services.list() : undefined),
    async runtimeHandler(className) {
      if (className === undefined || className === '') return '';
      try {
        return (await client.resource<RuntimeClass>('runtimeclasses.node.k8s.io').get(className)).handler;
      } catch (error) {
        if (isNotFound(error)) throw new Error(`RuntimeClass "${className}" not found`, { cause: error });
        throw error;
      }
    },
    nodeDns: () => resolvConf(host, config.resolvConf),
    fieldContext: (podIPs) => ({ podIPs, hostIPs, allocatable }),
  };
  return { core, measures: { machine, capacity, checkRuntime: health.check, runtimeProblem: health.runtime } };
}
