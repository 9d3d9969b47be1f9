// The testing room's door: `skiff/testing`.
export { durationMs, type Duration } from './duration.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
export { createLogBook, createVirtualWorld, defaultStartMs, type LogBook, type LogLine, type VirtualWorld, type VirtualWorldOptions } from './virtual-world.ts';
export { createSimulatedRuntime, type SimulatedExec, type SimulatedRuntime, type SimulatedRuntimeOptions } from './simulated-runtime.ts';
export { startCluster, type Cluster, type ClusterOptions, type UntilOptions } from './start-cluster.ts';
export type { ServedCluster } from './serve-cluster.ts';
export { type NodeSpec, type SimulatedNode } from './simulated-nodes.ts';
export { connectProxyServer, konnectivityServer, type TunnelServer, type TunnelServerOptions } from './tunnel-servers.ts';
