// The scheduler: informers feed the cache and the queue; one loop takes pods, decides (synchronously, over one
// snapshot) and assumes; bindings run beside it, a bounded number at a time. Upstream: kube-scheduler.
import type { Namespace, Node, Pod } from '#api/core/v1.ts';
import type { PodDisruptionBudget } from '#api/policy/v1.ts';
import { errorText } from '#base/errors.ts';
import { rfc3339, sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { createEventRecorder, type Client, type EventRecorder, type InformerFactory } from '#client';
import { isConflict, isNotFound } from '#machinery';
import { createSchedulerCache } from './cache.ts';
import { failureMessage, runCycle, type CycleResult, type Plugin, type WakeEvent } from './framework.ts';
import { podInfo, podKey, type PodInfo } from './pod-info.ts';
import { defaultPlugins } from './plugins/index.ts';
import { siblingSelector } from './sibling-selector.ts';
import { mayPreempt, planPreemption } from './preemption.ts';
import { createSchedulingQueue, type Queued } from './queue.ts';

export interface SchedulerConfig {
  /** Pods with this spec.schedulerName are ours. */
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number;
  readonly parallelBindings: number;
}

export const defaultSchedulerConfig: SchedulerConfig = { schedulerName: 'default-scheduler', percentageOfNodesToScore: 0, parallelBindings: 64 };

export interface Scheduler {
  /** Pods tried and not yet bound or refused. */
  readonly busy: boolean;
  close(): Promise<void>;
}

/** How long the loop may hold the process before it lets I/O through. */
const sliceMs = 5;

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** A change that can matter to scheduling a waiting pod: not its status. */
function specChanged(a: Pod, b: Pod): boolean {
  return a.metadata?.generation !== b.metadata?.generation || JSON.stringify([a.metadata?.labels, a.spec]) !== JSON.stringify([b.metadata?.labels, b.spec]);
}

interface Wiring {
  readonly world: World;
  readonly config: SchedulerConfig;
  readonly client: Client;
  readonly recorder: EventRecorder;
}

async function bind({ client }: Wiring, info: PodInfo, node: string): Promise<void> {
  await client.resource<Pod>('pods').in(info.namespace).createSub(info.pod.metadata?.name ?? '', 'binding', {
    apiVersion: 'v1', kind: 'Binding', metadata: { name: info.pod.metadata?.name, namespace: info.namespace, uid: info.uid }, target: { apiVersion: 'v1', kind: 'Node', name: node },
  });
}

/** Tells the pod's owner why it waits: the PodScheduled condition, and where room is being made. */
async function reportWaiting({ world, client }: Wiring, info: PodInfo, reason: string, message: string, nominatedNodeName: string | undefined): Promise<void> {
  const old = info.pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
  const same = old?.status === 'False' && old.reason === reason && old.message === message;
  if (same && (nominatedNodeName === undefined || nominatedNodeName === info.pod.status?.nominatedNodeName)) return;
  const condition = {
    type: 'PodScheduled', status: 'False', reason, message, observedGeneration: info.pod.metadata?.generation,
    lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : rfc3339(world.clock.now()),
  };
  await client.resource<Pod>('pods').in(info.namespace).patch(info.pod.metadata?.name ?? '', 'strategic', { metadata: { uid: info.uid }, status: { conditions: [condition], ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }) } }, { subresource: 'status' });
}

async function evict({ world, client, recorder }: Wiring, victim: PodInfo, preemptor: PodInfo): Promise<void> {
  const pods = client.resource<Pod>('pods').in(victim.namespace);
  const name = victim.pod.metadata?.name ?? '';
  const condition = {
    type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', lastTransitionTime: rfc3339(world.clock.now()),
    message: `${preemptor.pod.spec?.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
  };
  try {
    await pods.patch(name, 'strategic', { metadata: { uid: victim.uid }, status: { conditions: [condition] } }, { subresource: 'status' });
    await pods.delete(name, { preconditions: { uid: victim.uid } });
    recorder.event(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${preemptor.uid} on node ${victim.pod.spec?.nodeName ?? ''}`);
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** Starts scheduling on informers of `factory`, which its owner starts. Stops when `signal` aborts. */
export function startScheduler(world: World, config: SchedulerConfig, client: Client, factory: InformerFactory, signal: AbortSignal): Scheduler {
  const wiring: Wiring = { world, config, client, recorder: createEventRecorder(world, client, { component: config.schedulerName }) };
  const pods = factory.informer<Pod>('pods');
  const nodes = factory.informer<Node>('nodes');
  const namespaces = factory.informer<Namespace>('namespaces');
  const budgets = factory.informer<PodDisruptionBudget>('poddisruptionbudgets.policy');
  const cache = createSchedulerCache((name) => namespaces.get('', name)?.metadata?.labels);
  const queue = createSchedulingQueue(world.clock);
  const plugins = defaultPlugins({ defaultSelector: siblingSelector(factory) });
  const attempts = world.metrics.counter('scheduler_schedule_attempts_total', 'Number of attempts to schedule pods, by the result.', ['result', 'profile']);
  const duration = world.metrics.histogram('scheduler_scheduling_algorithm_duration_seconds', 'Scheduling algorithm latency in seconds', [], [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5]);
  let binding = 0;
  let startAt = 0;
  let wake: (() => void) | undefined;
  let released: (() => void) | undefined;

  watchCluster();
  queue.onReady = () => wake?.();
  const running = run();

  function watchCluster(): void {
    const ours = (pod: Pod): boolean => (pod.spec?.schedulerName ?? 'default-scheduler') === config.schedulerName;
    const observe = (pod: Pod, old?: Pod): void => {
      const key = podKey(pod);
      const node = pod.spec?.nodeName ?? '';
      if (isFinished(pod)) {
        cache.removePod(key);
        queue.remove(key);
        if (old !== undefined && !isFinished(old)) queue.wake('pod-deleted');
      } else if (node !== '') {
        queue.remove(key);
        cache.setPod(podInfo(pod), node);
        const fresh = old === undefined || (old.spec?.nodeName ?? '') === '';
        if (fresh) queue.wake('pod-added');
        else if (specChanged(old, pod)) queue.wake('pod-changed');
      } else if (ours(pod) && pod.metadata?.deletionTimestamp === undefined) {
        if (!cache.isAssumed(key) && (old === undefined || specChanged(old, pod))) queue.add(podInfo(pod));
      } else queue.remove(key);
    };
    pods.addHandler({
      added: (pod) => observe(pod),
      updated: (pod, old) => observe(pod, old),
      deleted(pod) {
        const key = podKey(pod);
        queue.remove(key);
        cache.removePod(key);
        queue.wake('pod-deleted');
      },
    });
    nodes.addHandler({
      added(node) {
        cache.setNode(node);
        queue.wake('node-added');
      },
      updated(node, old) {
        cache.setNode(node);
        // Heartbeats change nothing that a pod could wait for.
        const matters = (n: Node): string => JSON.stringify([n.metadata?.labels, n.spec, n.status?.allocatable]);
        if (matters(node) !== matters(old)) queue.wake('node-changed');
      },
      deleted: (node) => cache.removeNode(node.metadata?.name ?? ''),
    });
    namespaces.addHandler({ updated: (now, old) => { if (JSON.stringify(now.metadata?.labels) !== JSON.stringify(old.metadata?.labels)) queue.wake('namespace-changed'); } });
  }

  async function run(): Promise<void> {
    await Promise.all([pods.synced, nodes.synced, namespaces.synced, budgets.synced]);
    let sliceStart = world.clock.monotonic();
    while (!signal.aborted) {
      if (binding >= config.parallelBindings) await new Promise<void>((resolve) => (released = resolve));
      const next = queue.pop();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.counts.active > 0 || signal.aborted) resolve();
        });
        wake = undefined;
        sliceStart = world.clock.monotonic();
        continue;
      }
      schedule(next);
      if (world.clock.monotonic() - sliceStart > sliceMs) {
        await sleep(world.clock, 0, signal).catch(() => {});
        sliceStart = world.clock.monotonic();
      }
    }
  }

  function schedule(queued: Queued): void {
    const { info } = queued;
    const current = pods.byKey(info.key);
    // Deleted, bound or replaced since it was queued.
    if (current === undefined || current.metadata?.uid !== info.uid || (current.spec?.nodeName ?? '') !== '' || current.metadata.deletionTimestamp !== undefined) return;
    const snapshot = cache.snapshot();
    const began = world.clock.monotonic();
    const cycle = runCycle(plugins, info, snapshot, world.random, startAt, config.percentageOfNodesToScore);
    duration.observe((world.clock.monotonic() - began) / 1000);
    startAt = snapshot.nodes.length === 0 ? 0 : (startAt + cycle.evaluated) % snapshot.nodes.length;
    if (cycle.node === undefined) return refuse(queued, cycle);
    cache.assume(info, cycle.node);
    void place(queued, cycle.node);
  }

  async function place(queued: Queued, node: string): Promise<void> {
    const { info } = queued;
    binding++;
    try {
      await bind(wiring, info, node);
      attempts.inc({ result: 'scheduled', profile: config.schedulerName });
      wiring.recorder.event(info.pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${node}`);
    } catch (error) {
      cache.forget(info.key);
      if (!isNotFound(error)) {
        attempts.inc({ result: 'error', profile: config.schedulerName });
        world.log.warn('cannot bind a pod; trying again', { pod: info.key, node, error: errorText(error) });
        if (!signal.aborted) queue.retry(queued);
      }
    } finally {
      binding--;
      released?.();
      released = undefined;
    }
  }

  function refuse(queued: Queued, cycle: CycleResult): void {
    const { info } = queued;
    attempts.inc({ result: 'unschedulable', profile: config.schedulerName });
    const wakeOn = wakeEvents(plugins, cycle);
    queue.refused(queued, wakeOn);
    const snapshot = cache.snapshot();
    const plan = mayPreempt(info, snapshot) ? planPreemption(plugins, info, snapshot, cycle, budgets.list(), startAt) : undefined;
    const total = snapshot.nodes.length;
    const help = total === 0 ? '' : plan === undefined ? ` ${preemptionText(total, cycle)}` : ' preemption: victims found on node ' + plan.node + '.';
    const message = total === 0 ? 'no nodes available to schedule pods' : `${failureMessage(total, cycle.failures)}${help}`;
    wiring.recorder.event(info.pod, 'Warning', 'FailedScheduling', message);
    void Promise.resolve()
      .then(async () => {
        if (plan !== undefined) await Promise.all(plan.victims.map((victim) => evict(wiring, victim, info)));
        await reportWaiting(wiring, info, 'Unschedulable', message, plan?.node);
      })
      .catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error) && !signal.aborted) world.log.warn('cannot report an unschedulable pod', { pod: info.key, error: errorText(error) });
      });
  }

  return {
    get busy() {
      return binding > 0 || queue.counts.active > 0;
    },
    async close() {
      wake?.();
      released?.();
      queue.close();
      await running;
    },
  };
}

function wakeEvents(plugins: readonly Plugin[], cycle: CycleResult): Set<WakeEvent> {
  const events = new Set<WakeEvent>();
  // No node at all: the first one wakes.
  if (cycle.failures.size === 0) events.add('node-added');
  const byName = new Map(plugins.map((p) => [p.name, p]));
  for (const { plugin } of cycle.failures.values()) for (const event of byName.get(plugin)?.wakeOn ?? []) events.add(event);
  return events;
}

/** "preemption: 0/3 nodes are available: 1 No preemption victims found…, 2 Preemption is not helpful…" */
function preemptionText(total: number, cycle: CycleResult): string {
  let hopeless = 0;
  let hopeful = 0;
  for (const { final } of cycle.failures.values()) {
    if (final) hopeless++;
    else hopeful++;
  }
  const parts = [
    ...(hopeful === 0 ? [] : [`${hopeful} No preemption victims found for incoming pod`]),
    ...(hopeless === 0 ? [] : [`${hopeless} Preemption is not helpful for scheduling`]),
  ];
  return `preemption: 0/${total} nodes are available: ${parts.sort().join(', ')}.`;
}
