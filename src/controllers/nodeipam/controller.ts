// Gives every node its pod network. One worker, and what it has just given stays reserved until the cache shows
// it, so that no network is given twice.
import type { Node } from '#api/core/v1.ts';
import { createWorkQueue, runWorkers } from '#client';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { reconcile } from './reconcile.ts';

function setUp(context: ControllerContext): Run {
  const { world, client, config, recorder, signal } = context;
  const nodes = context.informer<Node>('nodes');
  const queue = createWorkQueue(world);
  const given = new Map<string, readonly string[]>();
  nodes.addHandler({
    added: (node) => queue.add(node.metadata?.name ?? ''),
    updated: (node) => queue.add(node.metadata?.name ?? ''),
    deleted(node) {
      given.delete(node.metadata?.name ?? '');
      // Somebody may have waited for the network that is free now.
      for (const other of nodes.list()) queue.add(other.metadata?.name ?? '');
    },
  });
  return async () => {
    const { clusterCidr, nodeCidrMaskSize } = config;
    if (clusterCidr === undefined) return;
    await runWorkers(world, queue, 1, signal, async (name) => {
      const node = nodes.byKey(name);
      if (node === undefined) return;
      if ((node.spec?.podCIDR ?? '') !== '') {
        given.delete(name);
        return;
      }
      if (given.has(name)) return;
      const networks = reconcile(node, nodes.list(), [...given.values()].flat(), { clusterCidr, nodeCidrMaskSize });
      if (networks === undefined) {
        recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
        throw new Error(`no pod network is left in ${clusterCidr} for node ${name}`);
      }
      await client.resource<Node>('nodes').patch(name, 'strategic', { spec: { podCIDR: networks[0], podCIDRs: networks } });
      given.set(name, networks);
    });
  };
}

export const nodeipam: Controller = {
  name: 'node-ipam-controller',
  alias: 'nodeipam',
  is: 'Gives every node its pod network out of the cluster range.',
  serviceAccount: 'node-controller',
  eventSource: 'cidrAllocator',
  reads: ['nodes'],
  writes: ['nodes'],
  setUp,
};
