// What the parts of one node agent share: its world, its configuration and the services that kubelet.ts
// puts together. Parts take what they need from here and never import kubelet.ts.
import type { Pod, Service } from '#api/core/v1.ts';
import type { World } from '#base/world.ts';
import type { Client, EventRecorder } from '#client';
import type { DnsSettings } from './container/dns.ts';
import type { FieldContext } from './container/field-values.ts';
import type { Runtime } from '#runtime';
import type { KeyedBackoff } from './backoff.ts';
import type { KubeletConfig } from './config.ts';
import type { NodeHost } from './host.ts';
import type { ImagePuller } from './images/image-puller.ts';
import type { Observer } from './observer.ts';
import type { ProbeManager } from './probes/probe-manager.ts';
import type { ReferenceCache } from './reference-cache.ts';
import type { PodCgroups } from './resources/pod-cgroups.ts';
import type { StatusManager } from './status/status-manager.ts';
import type { PodTokens } from './volumes/tokens.ts';

/** What is known of the node itself. */
export interface NodeFacts {
  readonly hostIPs: readonly string[];
  readonly memoryCapacityBytes: number;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Why pods without the host's network cannot start now. */
  networkProblem(): string | undefined;
}

export interface KubeletCore {
  readonly world: World;
  readonly config: KubeletConfig;
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly runtime: Runtime;
  readonly host: NodeHost;
  readonly observer: Observer;
  readonly reader: ReferenceCache;
  readonly tokens: PodTokens;
  readonly images: ImagePuller;
  readonly cgroups: PodCgroups;
  readonly probes: ProbeManager;
  readonly status: StatusManager;
  readonly crashes: KeyedBackoff;
  readonly node: NodeFacts;
  /** Services of all namespaces; undefined while they have not been read once. */
  services(): readonly Service[] | undefined;
  runtimeHandler(className: string | undefined): Promise<string>;
  nodeDns(): Promise<DnsSettings>;
  fieldContext(podIPs: readonly string[]): FieldContext;
}

export const podDirectory = (core: Pick<KubeletCore, 'config'>, uid: string): string => `${core.config.rootDirectory}/pods/${uid}`;

export const podLogDirectory = (core: Pick<KubeletCore, 'config'>, pod: Pod): string =>
  `${core.config.podLogsDir}/${pod.metadata?.namespace ?? ''}_${pod.metadata?.name ?? ''}_${pod.metadata?.uid ?? ''}`;
