// Watches over nodes: silent ones become Unknown and their pods not ready, conditions become taints, and taints
// that evict are handed out at a rate that depends on how much of the zone is in trouble.
import type { Lease } from '#api/coordination/v1.ts';
import type { Node, NodeCondition, Pod, Taint } from '#api/core/v1.ts';
import { every, rfc3339 } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { createWorkQueue, runWorkers, type Informer } from '#client';
import { isConflict, isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { indexByNode, podsOnNode } from '../node-pods.ts';
import { podCondition } from '../pod-state.ts';
import { nodeCondition, probe, type Health } from './health.ts';
import { createRateLimitedNodes, type RateLimitedNodes } from './rate-limited-nodes.ts';
import { legacyLabels, noScheduleTaints, notReadyKey, unreachableKey, withNoExecute } from './taints.ts';
import { countsForDisruption, decideZones, zoneOf, type ZoneState } from './zones.ts';

const workers = 8;
const evictionPeriodMs = 1000;
const leaseNamespace = 'kube-node-lease';

interface Watch {
  readonly context: ControllerContext;
  readonly nodes: Informer<Node>;
  readonly pods: Informer<Pod>;
  readonly leases: Informer<Lease>;
  readonly health: Map<string, Health>;
  readonly known: Map<string, string>;
  zones: ReadonlyMap<string, ZoneState>;
  readonly evictors: Map<string, RateLimitedNodes>;
  /** Nodes whose pods could not all be marked. */
  readonly unmarked: Set<string>;
}

function setUp(context: ControllerContext): Run {
  const { world, config, signal } = context;
  const watch: Watch = {
    context,
    nodes: context.informer<Node>('nodes'),
    pods: context.informer<Pod>('pods'),
    leases: context.informer<Lease>('leases.coordination.k8s.io', { namespace: leaseNamespace }),
    health: new Map(),
    known: new Map(),
    zones: new Map(),
    evictors: new Map(),
    unmarked: new Set(),
  };
  indexByNode(watch.pods);
  const queue = createWorkQueue(world);
  watch.nodes.addHandler({
    added: (node) => queue.add(node.metadata?.name ?? ''),
    updated: (node) => queue.add(node.metadata?.name ?? ''),
  });
  // A pod that lands on a node that is out of reach cannot be ready there.
  watch.pods.addHandler({
    added: (pod) => void markIfOnSilentNode(watch, pod),
    updated(pod, old) {
      if (pod.spec?.nodeName !== old.spec?.nodeName) void markIfOnSilentNode(watch, pod);
    },
  });
  return async () => {
    await Promise.all([
      runWorkers(world, queue, workers, signal, (name) => syncNode(watch, name)),
      every(world.clock, config.nodeMonitorPeriodMs, signal, () => monitor(watch)),
      every(world.clock, evictionPeriodMs, signal, () => evict(watch)),
    ]);
  };
}

/** Taints and labels that follow at once from what the node says. */
async function syncNode({ context, nodes }: Watch, name: string): Promise<void> {
  const node = nodes.byKey(name);
  if (node === undefined) return;
  const taints = noScheduleTaints(node, context.world.clock.now());
  if (taints !== undefined) await writeTaints(context, node, taints);
  const labels = legacyLabels(node);
  if (labels !== undefined) await context.client.resource<Node>('nodes').patch(name, 'merge', { metadata: { labels } });
}

async function writeTaints({ client }: ControllerContext, node: Node, taints: readonly Taint[]): Promise<Node> {
  const { name = '', resourceVersion } = node.metadata ?? {};
  return client.resource<Node>('nodes').patch(name, 'merge', { metadata: { resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } });
}

function tell({ context }: Watch, name: string, uid: string, reason: string, message: string): void {
  context.recorder.event({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid } }, 'Normal', reason, `Node ${name} ${message}`);
}

/** One look at every node. */
async function monitor(watch: Watch): Promise<void> {
  const { context, nodes, known, health } = watch;
  const all = nodes.list();
  const present = new Set(all.map((node) => node.metadata?.name ?? ''));
  for (const node of all) {
    const name = node.metadata?.name ?? '';
    if (known.has(name)) continue;
    known.set(name, node.metadata?.uid ?? '');
    tell(watch, name, node.metadata?.uid ?? '', 'RegisteredNode', `event: Registered Node ${name} in Controller`);
  }
  for (const [name, uid] of known) {
    if (present.has(name)) continue;
    tell(watch, name, uid, 'RemovingNode', `event: Removing Node ${name} from Controller`);
    known.delete(name);
    health.delete(name);
    watch.unmarked.delete(name);
    for (const evictor of watch.evictors.values()) evictor.remove(name);
  }
  const zones = new Map<string, (NodeCondition | undefined)[]>();
  const left = [...all];
  const look = async (): Promise<void> => {
    for (let node = left.shift(); node !== undefined; node = left.shift()) {
      try {
        const current = await lookAt(watch, node);
        if (!countsForDisruption(node)) continue;
        const zone = zoneOf(node);
        zones.set(zone, [...(zones.get(zone) ?? []), current]);
      } catch (error) {
        const level = isConflict(error) || isNotFound(error) ? 'debug' : 'warn';
        context.world.log[level]('node health not updated, will be tried again', { node: node.metadata?.name, error: errorText(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, look));
  await applyZones(watch, zones);
}

/** The node's Ready condition after this look. */
async function lookAt(watch: Watch, node: Node): Promise<NodeCondition | undefined> {
  const { context, leases, health, unmarked } = watch;
  const { config, world, client } = context;
  const name = node.metadata?.name ?? '';
  const now = world.clock.now();
  const grace = { monitorMs: config.nodeMonitorGracePeriodMs, startupMs: config.nodeStartupGracePeriodMs };
  const result = probe(health.get(name), node, leases.get(leaseNamespace, name), grace, now);
  let seen = node;
  if (result.write !== undefined) seen = await client.resource<Node>('nodes').updateStatus({ ...node, status: { ...node.status, conditions: [...result.write] } });
  health.set(name, result.health);
  if (result.current === undefined) return undefined;
  await followReadiness(watch, seen, result.current);
  const ready = result.current.status === 'True';
  const wentSilent = !ready && result.observed.status === 'True';
  if (wentSilent) tell(watch, name, node.metadata?.uid ?? '', 'NodeNotReady', 'status is now: NodeNotReady');
  if (wentSilent || (unmarked.has(name) && !ready)) {
    unmarked.add(name);
    await Promise.all(podsOnNode(watch.pods, name).map((pod) => markNotReady(context, pod)));
  }
  unmarked.delete(name);
  return result.current;
}

/** Queues the node for its NoExecute taint, swaps one for the other, or takes both away. */
async function followReadiness(watch: Watch, node: Node, ready: NodeCondition): Promise<void> {
  const { context } = watch;
  const name = node.metadata?.name ?? '';
  const evictor = evictorOf(watch, zoneOf(node));
  const now = context.world.clock.now();
  if (ready.status === 'True') {
    evictor.remove(name);
    const without = withNoExecute(node, undefined, now);
    if (without !== undefined) await writeTaints(context, node, without);
    return;
  }
  const key = ready.status === 'False' ? notReadyKey : unreachableKey;
  const taints = withNoExecute(node, key, now);
  if (taints === undefined) return;
  const swap = (node.spec?.taints ?? []).some((taint) => taint.effect === 'NoExecute' && (taint.key === notReadyKey || taint.key === unreachableKey));
  if (swap) await writeTaints(context, node, taints);
  else evictor.add(name);
}

function evictorOf({ context, evictors }: Watch, zone: string): RateLimitedNodes {
  const known = evictors.get(zone);
  if (known !== undefined) return known;
  const made = createRateLimitedNodes(context.world.clock, context.config.nodeEvictionRate);
  evictors.set(zone, made);
  return made;
}

async function applyZones(watch: Watch, zones: ReadonlyMap<string, readonly (NodeCondition | undefined)[]>): Promise<void> {
  const { context, health, nodes } = watch;
  const decision = decideZones(watch.zones, zones, context.config);
  for (const [zone, rate] of decision.rates) {
    evictorOf(watch, zone).setRate(rate);
    context.world.log.info('zone state changed', { zone: zone.replace('\u0000', ''), state: decision.states.get(zone), evictionsPerSecond: rate });
  }
  watch.zones = decision.states;
  const now = context.world.clock.now();
  if (decision.leftFullDisruption) for (const [name, each] of health) health.set(name, { ...each, probeMs: now });
  if (!decision.enteredFullDisruption) return;
  for (const node of nodes.list()) {
    evictorOf(watch, zoneOf(node)).remove(node.metadata?.name ?? '');
    const without = withNoExecute(node, undefined, now);
    if (without === undefined) continue;
    await writeTaints(context, node, without).catch((error: unknown) => context.world.log.debug('taints not removed', { node: node.metadata?.name, error: errorText(error) }));
  }
}

/** Taints the nodes whose turn it is. */
async function evict(watch: Watch): Promise<void> {
  const { context, evictors, nodes } = watch;
  for (const evictor of evictors.values()) {
    for (let name = evictor.take(); name !== undefined; name = evictor.take()) {
      const node = nodes.byKey(name);
      const status = node === undefined ? undefined : nodeCondition(node, 'Ready')?.status;
      if (node === undefined || status === 'True') continue;
      const taints = withNoExecute(node, status === 'False' ? notReadyKey : unreachableKey, context.world.clock.now());
      try {
        if (taints !== undefined) await writeTaints(context, node, taints);
      } catch (error) {
        evictor.putBack(name);
        context.world.log.debug('node not tainted, will be tried again', { node: name, error: errorText(error) });
        break;
      }
    }
  }
}

async function markIfOnSilentNode(watch: Watch, pod: Pod): Promise<void> {
  const name = pod.spec?.nodeName ?? '';
  const ready = watch.health.get(name)?.ready;
  if (name === '' || ready === undefined || ready.status === 'True') return;
  await markNotReady(watch.context, pod).catch((error: unknown) => watch.context.world.log.debug('pod not marked', { pod: pod.metadata?.name, error: errorText(error) }));
}

/** Sets a ready pod not ready, so that Services leave it out. */
async function markNotReady({ world, client, recorder }: ControllerContext, pod: Pod): Promise<void> {
  if (podCondition(pod, 'Ready')?.status !== 'True') return;
  const { name = '', namespace = '', uid } = pod.metadata ?? {};
  const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: rfc3339(world.clock.now()) }];
  try {
    await client.resource<Pod>('pods').in(namespace).patch(name, 'strategic', { metadata: { uid }, status: { conditions } }, { subresource: 'status' });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
}

export const nodelifecycle: Controller = {
  name: 'node-lifecycle-controller',
  alias: 'nodelifecycle',
  is: 'Tells silent nodes from living ones and taints those in trouble, slowly where many are.',
  serviceAccount: 'node-controller',
  eventSource: 'node-controller',
  reads: ['nodes', 'pods', 'leases.coordination.k8s.io'],
  writes: ['nodes', 'nodes/status', 'pods/status'],
  setUp,
};
