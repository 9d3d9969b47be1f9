// The nodes of an in-process cluster: each is the real kubelet on a machine and a container runtime in memory. A
// node that stops is a machine whose agent died: its containers go on and are adopted when it starts again.
import type { World } from '#base/world.ts';
import { createClient, type Client } from '#client';
import { memoryHost, startKubelet, type Kubelet, type KubeletSettings, type NodeHost } from '#kubelet';
import { memoryTransport, type Handler } from '#wire';
import { cuttable, type CuttableTransport } from './cuttable-transport.ts';
import { nodeIdentity } from './identities.ts';
import { createSimulatedRuntime, type SimulatedRuntime } from './simulated-runtime.ts';

export interface NodeSpec {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: KubeletSettings['registerWithTaints'];
  readonly cores?: number;
  readonly memoryBytes?: number;
  readonly maxPods?: number;
}

export interface SimulatedNode {
  readonly spec: NodeSpec;
  readonly runtime: SimulatedRuntime;
  /** Images that this node cannot pull, by the runtime's error. */
  readonly brokenImages: Map<string, string>;
  /** The kubelet's own HTTP API; undefined while it is stopped. */
  readonly handler: Handler | undefined;
  /** Starts the agent; resolves when the node is registered and its pods are known. */
  start(): Promise<void>;
  /** The agent is gone; containers go on. */
  stop(): Promise<void>;
  /** The node runs on without reaching the API server. */
  partition(): void;
  heal(): void;
  close(): Promise<void>;
}

export interface NodeSurroundings {
  readonly world: World;
  readonly apiServer: Handler;
  /** Its place among the nodes: gives it addresses of its own. */
  readonly index: number;
  readonly settings?: Partial<KubeletSettings>;
}

const mostLogBytes = 64 << 10;

/** Lines end up where the kubelet looks for them; of each file the newest part is kept. */
function appendTo(files: NodeHost['files']): (path: string, line: string) => void {
  let last = Promise.resolve();
  return (path, line) => {
    last = last.then(async () => {
      const before = (await files.read(path)) ?? new Uint8Array(0);
      await files.write(path, Buffer.concat([before, Buffer.from(line)]).subarray(-mostLogBytes));
    }).catch(() => {});
  };
}

/** A node that is not started yet. */
export function createSimulatedNode(spec: NodeSpec, { world, apiServer, index, settings }: NodeSurroundings): SimulatedNode {
  const address = `192.168.${index >> 8}.${index & 255}`;
  const brokenImages = new Map<string, string>();
  const host = memoryHost({ hostname: spec.name, address, cores: spec.cores, memoryBytes: spec.memoryBytes });
  const runtime = createSimulatedRuntime(world, { brokenImages, podSubnet: `10.${64 + (index >> 8)}.${index & 255}`, writeLog: appendTo(host.files) });
  let transport: CuttableTransport | undefined;
  let client: Client | undefined;
  let kubelet: Kubelet | undefined;

  const stop = async (): Promise<void> => {
    const stopping = kubelet;
    kubelet = undefined;
    await stopping?.close();
    await client?.close();
  };
  return {
    spec,
    runtime,
    brokenImages,
    get handler() {
      return kubelet?.handler;
    },
    async start() {
      if (kubelet !== undefined) return;
      transport = cuttable(memoryTransport(apiServer, nodeIdentity(spec.name)));
      client = createClient(world, transport, { userAgent: 'kubelet/v1.36.0 skiff' });
      kubelet = await startKubelet(
        world,
        {
          rootDirectory: '/var/lib/kubelet', containerLogsDir: '', nodeName: spec.name, nodeIPs: [address], nodeLabels: spec.labels ?? {}, registerWithTaints: spec.taints ?? [],
          ...(spec.maxPods === undefined ? {} : { maxPods: spec.maxPods }), cgroupsPerQOS: false, ...settings,
        },
        { client, runtime, host },
      );
      await kubelet.ready;
    },
    stop,
    partition: () => transport?.cut(),
    heal: () => transport?.join(),
    async close() {
      await stop();
      await runtime.close();
    },
  };
}
