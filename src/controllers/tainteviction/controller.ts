// Evicts pods from nodes whose NoExecute taints they do not (or no longer) tolerate. Each pod is decided anew from
// the present taints whenever its node, itself or the clock moves; only the moment when it was first seen tainted
// is remembered.
import type { Node, Pod } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { createWorkQueue, joinKey, keyOf, runWorkers, splitKey, type HandleResult } from '#client';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { indexByNode, podsOnNode } from '../node-pods.ts';
import { sameValue } from '../same-value.ts';
import { reconcile } from './reconcile.ts';

const workers = 8;

function setUp(context: ControllerContext): Run {
  const { world, recorder, signal } = context;
  const nodes = context.informer<Node>('nodes');
  const pods = context.informer<Pod>('pods');
  indexByNode(pods);
  const queue = createWorkQueue(world);
  const since = new Map<string, { readonly uid: string; readonly atMs: number }>();
  const isTainted = (node: Node | undefined): boolean => (node?.spec?.taints ?? []).some((taint) => taint.effect === 'NoExecute');
  const wakeNode = (node: Node): void => {
    for (const pod of podsOnNode(pods, node.metadata?.name ?? '')) queue.add(keyOf(pod));
  };
  nodes.addHandler({
    added(node) {
      if (isTainted(node)) wakeNode(node);
    },
    updated(node, old) {
      const evicting = (each: Node): unknown => (each.spec?.taints ?? []).filter((taint) => taint.effect === 'NoExecute').map(({ key, value }) => [key, value]);
      if (!sameValue(evicting(node), evicting(old))) wakeNode(node);
    },
  });
  const wakePod = (pod: Pod): void => {
    if (isTainted(nodes.byKey(pod.spec?.nodeName ?? ''))) queue.add(keyOf(pod));
  };
  pods.addHandler({
    added: wakePod,
    updated(pod, old) {
      if (pod.spec?.nodeName !== old.spec?.nodeName || !sameValue(pod.spec?.tolerations, old.spec?.tolerations)) wakePod(pod);
    },
    deleted(pod) {
      if (since.has(keyOf(pod))) queue.add(keyOf(pod));
    },
  });
  const tell = (key: string, text: string): void => {
    const { namespace, name } = splitKey(key);
    recorder.event({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name } }, 'Normal', 'TaintManagerEviction', `${text} Pod ${joinKey(namespace, name)}`);
  };
  const sync = async (key: string): Promise<HandleResult | void> => {
    const pod = pods.byKey(key);
    const node = pod === undefined ? undefined : nodes.byKey(pod.spec?.nodeName ?? '');
    const now = world.clock.now();
    const uid = pod?.metadata?.uid ?? '';
    const known = since.get(key);
    const atMs = known?.uid === uid ? known.atMs : now;
    const verdict = pod === undefined || pod.metadata?.deletionTimestamp !== undefined ? undefined : reconcile(pod, node?.spec?.taints ?? [], atMs);
    if (verdict === undefined || pod === undefined || !verdict.evict) {
      if (since.delete(key) && verdict !== undefined) tell(key, 'Cancelling deletion of');
      return;
    }
    since.set(key, { uid, atMs });
    if (verdict.atMs > now) return { requeueAfterMs: verdict.atMs - now };
    tell(key, 'Marking for deletion');
    await evict(context, pod);
    since.delete(key);
  };
  return () => runWorkers(world, queue, workers, signal, sync);
}

async function evict({ world, client }: ControllerContext, pod: Pod): Promise<void> {
  const { name = '', namespace = '', uid } = pod.metadata ?? {};
  const resource = client.resource<Pod>('pods').in(namespace);
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint', lastTransitionTime: rfc3339(world.clock.now()) };
  try {
    await resource.patch(name, 'strategic', { metadata: { uid }, status: { conditions: [condition] } }, { subresource: 'status' });
    await resource.delete(name, { preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export const tainteviction: Controller = {
  name: 'taint-eviction-controller',
  alias: 'taint-eviction',
  is: 'Evicts pods from nodes whose NoExecute taints they do not tolerate.',
  serviceAccount: 'node-controller',
  reads: ['nodes', 'pods'],
  writes: ['pods', 'pods/status'],
  setUp,
};
