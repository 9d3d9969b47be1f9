// Looks over all pods every 20 s and deletes for good those that nobody else will. A pod that had not finished
// is marked Failed first, so that its owner counts it.
import type { Node, Pod } from '#api/core/v1.ts';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isFinished } from '../pod-state.ts';
import { orphanCondition, reconcile, type Deletion } from './reconcile.ts';

const periodMs = 20_000;

function setUp(context: ControllerContext): Run {
  const { world, config, signal } = context;
  const pods = context.informer<Pod>('pods');
  const nodes = context.informer<Node>('nodes');
  let missingSince: ReadonlyMap<string, number> = new Map();
  const collect = async (): Promise<void> => {
    const byName = new Map(nodes.list().map((node) => [node.metadata?.name ?? '', node]));
    const now = world.clock.now();
    const actions = reconcile({ pods: pods.list(), nodes: byName, keepFinished: config.terminatedPodGcThreshold, missingSince }, now);
    missingSince = actions.missingSince;
    const remove: Deletion[] = [...actions.remove];
    for (const [name, orphans] of actions.orphans) {
      if (await isGone(context, name)) remove.push(...orphans.map((pod) => ({ pod, condition: orphanCondition(now) })));
    }
    await Promise.all(remove.map((deletion) => removePod(context, deletion)));
  };
  return () => every(world.clock, periodMs, signal, collect);
}

async function isGone({ world, client }: ControllerContext, name: string): Promise<boolean> {
  try {
    await client.resource<Node>('nodes').get(name);
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    world.log.warn('cannot tell whether a node is gone', { node: name, error: errorText(error) });
    return false;
  }
}

async function removePod({ world, client, signal }: ControllerContext, { pod, condition }: Deletion): Promise<void> {
  const { name = '', namespace = '', uid } = pod.metadata ?? {};
  const resource = client.resource<Pod>('pods').in(namespace);
  try {
    if (!isFinished(pod)) {
      await resource.patch(name, 'strategic', { metadata: { uid }, status: { phase: 'Failed', ...(condition === undefined ? {} : { conditions: [condition] }) } }, { subresource: 'status', signal });
    }
    await resource.delete(name, { gracePeriodSeconds: 0, preconditions: { uid }, signal });
  } catch (error) {
    if (!isNotFound(error) && !signal.aborted) world.log.warn('pod not collected, will be tried again', { pod: `${namespace}/${name}`, error: errorText(error) });
  }
}

export const podgc: Controller = {
  name: 'pod-garbage-collector-controller',
  alias: 'podgc',
  is: 'Deletes pods that nobody else will: of vanished nodes, never scheduled, or too many finished.',
  serviceAccount: 'pod-garbage-collector',
  reads: ['pods', 'nodes'],
  writes: ['pods', 'pods/status'],
  setUp,
};
