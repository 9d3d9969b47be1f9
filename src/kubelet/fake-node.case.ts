// A whole node in memory for tests: the agent on a simulated runtime and machine, a small API server, and a
// clock that the test moves.
import type { Node, Pod, PodSpec } from '#api/core/v1.ts';
import { createClient } from '#client';
import { createSimulatedRuntime, createVirtualWorld, type SimulatedRuntime, type SimulatedRuntimeOptions, type VirtualWorld } from '#testing';
import { fakeCluster, type FakeCluster } from './fake-cluster.case.ts';
import { memoryHost, type MemoryHostOptions } from './host/memory-host.ts';
import type { NodeHost } from './host.ts';
import { type Kubelet, startKubelet } from './kubelet.ts';
import type { KubeletSettings } from './config.ts';

export interface FakeNode {
  readonly world: VirtualWorld;
  readonly api: FakeCluster;
  readonly runtime: SimulatedRuntime;
  readonly host: NodeHost;
  kubelet: Kubelet;
  /** The agent ends and another takes its place; containers go on. */
  restart(): Promise<void>;
  create(name: string, spec: Partial<PodSpec>, metadata?: Pod['metadata']): Pod;
  until(what: string, condition: () => unknown, within?: string): Promise<void>;
  close(): Promise<void>;
}

export async function fakeNode(options: { readonly settings?: Partial<KubeletSettings>; readonly runtime?: SimulatedRuntimeOptions; readonly host?: MemoryHostOptions } = {}): Promise<FakeNode> {
  const world = createVirtualWorld();
  const api = fakeCluster(world);
  const runtime = createSimulatedRuntime(world, options.runtime);
  const host = memoryHost({ address: '192.0.2.7', ...options.host });
  api.put('/api/v1/namespaces/default/services/kubernetes', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default' }, spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP' }] } } as never);
  const start = async (): Promise<Kubelet> => {
    const client = createClient(world, api.transport, { userAgent: 'kubelet-test' });
    const settings = { nodeName: 'n1', rootDirectory: '/var/lib/kubelet', clusterDNS: ['10.96.0.10'], ...options.settings };
    return startKubelet(world, settings, { client, runtime, host });
  };
  const node: FakeNode = {
    world, api, runtime, host,
    kubelet: await start(),
    async restart() {
      await node.kubelet.close();
      node.kubelet = await start();
      await world.clock.settle();
    },
    create: (name, spec, metadata) => api.put(`/api/v1/namespaces/default/pods/${name}`, {
      apiVersion: 'v1', kind: 'Pod',
      metadata: { name, namespace: 'default', generation: 1, ...metadata },
      spec: { containers: [{ name: 'web', image: 'web:1', imagePullPolicy: 'IfNotPresent' }], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, nodeName: 'n1', ...spec },
      status: { phase: 'Pending' },
    } satisfies Pod),
    async until(what, condition, within = '60s') {
      if (!(await world.clock.advanceUntil(() => Boolean(condition()), within))) throw new Error(`not within ${within}: ${what}\n${JSON.stringify(world.lines.slice(-10), undefined, 1)}`);
    },
    close: () => node.kubelet.close(),
  };
  await node.until('the node is ready', () => api.get<Node>('/api/v1/nodes/n1')?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'));
  return node;
}
