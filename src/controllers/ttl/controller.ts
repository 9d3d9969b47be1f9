// Tells nodes, by an annotation, how long they may believe their cached Secrets and ConfigMaps.
import type { Node } from '#api/core/v1.ts';
import { createWorkQueue, keyOf, runWorkers } from '#client';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { annotation, annotationFor, bandFor } from './reconcile.ts';

const workers = 5;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const nodes = context.informer<Node>('nodes');
  const queue = createWorkQueue(world);
  const wake = (node: Node): void => queue.add(keyOf(node));
  let band = 0;
  let count = 0;
  nodes.addHandler({
    added(node) {
      band = bandFor(++count, band);
      wake(node);
    },
    // Nodes are updated all the time: that is when each hears of a change of the cluster's size.
    updated: wake,
    deleted: () => void (band = bandFor(--count, band)),
  });
  return () =>
    runWorkers(world, queue, workers, signal, async (name) => {
      const node = nodes.byKey(name);
      const text = node === undefined ? undefined : annotationFor(node, band);
      if (text !== undefined) await client.resource<Node>('nodes').patch(name, 'strategic', { metadata: { annotations: { [annotation]: text } } });
    });
}

export const ttl: Controller = {
  name: 'ttl-controller',
  alias: 'ttl',
  is: 'Tells nodes how long they may cache Secrets and ConfigMaps, by the size of the cluster.',
  serviceAccount: 'ttl-controller',
  reads: ['nodes'],
  writes: ['nodes'],
  setUp,
};
