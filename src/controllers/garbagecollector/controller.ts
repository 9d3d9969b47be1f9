// The garbage collector: objects whose owners are all gone are deleted; owners deleted in the foreground wait for
// their dependents; owners deleted with the wish to orphan let theirs go. The graph tells where to look, the
// live objects what to do, so a stale watch can delay but never delete wrongly.
import type { CustomResourceDefinition } from '#api/apiextensions/v1.ts';
import { every, sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { createLru, createWorkQueue, discover, preferred, runWorkers, type HandleResult, type Lru, type WorkQueue } from '#client';
import type { OwnerReference } from '#api/meta/v1.ts';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { createGraph, foregroundFinalizer, orphanFinalizer, type Effects, type Graph, type Identity, type Node } from './graph.ts';
import { createLive, UnresolvableOwner, type Live } from './live.ts';
import { createMonitors, type Monitors } from './monitors.ts';
import { reconcile, waitingFor, type OwnerState } from './reconcile.ts';

const workers = 20;
const discoveryPeriodMs = 30_000;
const discoveryDelayMs = 500;
/** Deletion begins at the latest after this long, even if a resource cannot be listed. */
const syncPatienceMs = 30_000;
const absentOwnersRemembered = 500;
/** An owner that exists but that no watch has shown yet is looked at again after this long. */
const virtualCheckMs = 5_000;

interface Collector {
  readonly context: ControllerContext;
  readonly graph: Graph;
  readonly live: Live;
  /** Owners verified to be absent, by coordinates. */
  readonly absent: Lru<true>;
  readonly checks: WorkQueue;
  readonly orphans: WorkQueue;
  apply(effects: Effects): void;
}

function absentKey(reference: Pick<OwnerReference, 'apiVersion' | 'kind' | 'name' | 'uid'>, namespace: string): string {
  return [reference.apiVersion, reference.kind, namespace, reference.name, reference.uid].join('\n');
}

function setUp(context: ControllerContext): Run {
  const { world, client, programClient, signal } = context;
  const definitions = context.informer<CustomResourceDefinition>('customresourcedefinitions.apiextensions.k8s.io');
  const graph = createGraph();
  const collector: Collector = {
    context,
    graph,
    live: createLive(world, client),
    absent: createLru(absentOwnersRemembered),
    checks: createWorkQueue(world),
    orphans: createWorkQueue(world),
    apply: (effects) => applyEffects(collector, effects),
  };
  const monitors = createMonitors(world, client, graph, signal, collector.apply);
  const rediscovery = createWorkQueue(world);
  const learn = (): void => rediscovery.addAfter('discovery', discoveryDelayMs);
  definitions.addHandler({ added: learn, updated: learn, deleted: learn });
  const refresh = async (): Promise<void> => {
    const { resources, failed } = await discover(programClient, signal);
    collector.live.learn(resources);
    const deletable = preferred(resources.filter((info) => ['delete', 'list', 'watch'].every((verb) => info.verbs.includes(verb)) && info.plural !== 'events'));
    // While part of the server does not answer, what was known of it stays.
    if (failed.length === 0 || monitors.size === 0) monitors.watch(deletable);
  };
  return async () => {
    const discovering = runWorkers(world, rediscovery, 1, signal, refresh);
    rediscovery.add('discovery');
    void every(world.clock, discoveryPeriodMs, signal, () => rediscovery.add('discovery'));
    await firstSync(context, monitors);
    await Promise.all([
      discovering,
      runWorkers(world, collector.checks, workers, signal, (uid) => check(collector, uid)),
      runWorkers(world, collector.orphans, workers, signal, (uid) => orphan(collector, uid)),
    ]);
  };
}

async function firstSync({ world, signal }: ControllerContext, monitors: Monitors): Promise<void> {
  const patience = sleep(world.clock, syncPatienceMs, signal).catch(() => undefined);
  const all = async (): Promise<void> => {
    while (monitors.size === 0 && !signal.aborted) await sleep(world.clock, 50, signal).catch(() => undefined);
    await monitors.synced();
  };
  await Promise.race([all(), patience]);
}

function applyEffects({ checks, orphans, absent, context }: Collector, effects: Effects): void {
  for (const uid of effects.check) checks.add(uid);
  for (const uid of effects.orphan) orphans.add(uid);
  for (const identity of effects.absent) absent.set(absentKey(identity, identity.namespace), true);
  for (const { node, owner } of effects.invalid) {
    const { apiVersion, kind, namespace, name, uid } = node.identity;
    const text = `[${owner.apiVersion}/${owner.kind}, namespace: ${namespace}, name: ${owner.name}, uid: ${owner.uid}]`;
    context.recorder.event({ apiVersion, kind, metadata: { namespace, name, uid } }, 'Warning', 'OwnerRefInvalidNamespace', `ownerRef ${text} does not exist in namespace "${namespace}"`);
  }
}

/** Looks at one object: is it still wanted? */
async function check(collector: Collector, uid: string): Promise<HandleResult | void> {
  const { graph, live, apply } = collector;
  const node = graph.get(uid);
  if (node === undefined || (node.beingDeleted && !node.deletingDependents)) return;
  const { identity } = node;
  try {
    const found = await live.get(identity);
    if (found?.metadata?.uid !== uid) {
      apply(graph.absent(identity));
      return;
    }
    if (node.deletingDependents) {
      await finishForeground(collector, node);
      return;
    }
    await decide(collector, node, found);
    // It exists: the watch will say so; until then it is looked at again.
    if (node.virtual) return { requeueAfterMs: virtualCheckMs };
  } catch (error) {
    if (error instanceof UnresolvableOwner) {
      collector.context.world.log.debug('an owner can never be found', { object: identity, error: errorText(error) });
      return;
    }
    throw error;
  }
}

async function finishForeground({ live, checks }: Collector, node: Node): Promise<void> {
  const waiting = waitingFor(node);
  if (waiting === undefined) await live.dropFinalizer(node.identity, foregroundFinalizer);
  else for (const dependent of waiting) checks.add(dependent.identity.uid);
}

async function decide(collector: Collector, node: Node, found: Awaited<ReturnType<Live['get']>>): Promise<void> {
  const { graph, live, apply } = collector;
  if (found === undefined) return;
  const states = new Map<string, OwnerState>();
  for (const reference of found.metadata?.ownerReferences ?? []) states.set(reference.uid, await ownerState(collector, node.identity, reference));
  const action = reconcile({ node, metadata: found.metadata ?? {}, stateOf: (reference) => states.get(reference.uid) ?? 'solid' });
  if (action.do === 'unreference') await live.dropReferences(node.identity, action.uids);
  if (action.do !== 'delete') return;
  if (action.unblockFirst) {
    await live.unblockOwners(node.identity, found.metadata?.ownerReferences ?? []);
  }
  // Unblocking has moved the object on: it is deleted at the revision that we made.
  const last = action.unblockFirst ? await live.get(node.identity) : found;
  if (last === undefined || !(await live.delete(node.identity, last, action.propagation))) apply(graph.absent(node.identity));
}

async function ownerState({ live, absent }: Collector, of: Identity, reference: OwnerReference): Promise<OwnerState> {
  if (absent.get(absentKey(reference, '')) === true || absent.get(absentKey(reference, of.namespace)) === true) return 'dangling';
  const namespaced = live.isNamespaced(reference.apiVersion, reference.kind);
  const identity = { apiVersion: reference.apiVersion, kind: reference.kind, name: reference.name, uid: reference.uid, namespace: namespaced ? of.namespace : '' };
  const owner = await live.get(identity);
  if (owner?.metadata?.uid !== reference.uid) {
    absent.set(absentKey(reference, identity.namespace), true);
    return 'dangling';
  }
  const waits = owner.metadata.deletionTimestamp !== undefined && (owner.metadata.finalizers ?? []).includes(foregroundFinalizer);
  return waits ? 'waiting' : 'solid';
}

/** Lets all dependents of an owner go, then the owner. */
async function orphan({ graph, live }: Collector, uid: string): Promise<void> {
  const node = graph.get(uid);
  if (node === undefined) return;
  const results = await Promise.allSettled([...node.dependents].map((dependent) => live.dropReferences(dependent.identity, [uid]).catch(ignoreGone)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  await live.dropFinalizer(node.identity, orphanFinalizer);
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

export const garbagecollector: Controller = {
  name: 'garbage-collector-controller',
  alias: 'garbagecollector',
  is: 'Deletes what has lost its last owner, in the order that deleters asked for.',
  serviceAccount: 'generic-garbage-collector',
  reads: ['*'],
  writes: ['*'],
  setUp,
};
