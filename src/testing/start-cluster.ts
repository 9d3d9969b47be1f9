// A whole cluster in the caller's process: the real API server on the memory store, the real controllers and scheduler,
// and simulated nodes that run the real kubelet. Everyone talks to the API server through its filter chain in
// memory, under the identity he has in a real cluster, so that a missing permission shows here too. In virtual
// time (the default) nothing happens by itself but what `advance` and `until` let happen; the same seed gives the
// same run. No process, port or directory is made; disposing of the cluster leaves nothing.
import type { Node } from '#api/core/v1.ts';
import { sleep, systemClock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { createClient, createInformerFactory, type Client } from '#client';
import { programName, startControllers, type ControllersConfig, type RunningControllers } from '#controllers';
import type { KubeletSettings } from '#kubelet';
import { defaultSchedulerConfig, startScheduler, type Scheduler } from '#scheduler';
import { openMemoryStore, type Store } from '#store';
import { memoryTransport, type Handler } from '#wire';
import { startControlPlane, type ControlPlane, type ServiceHandlers } from './control-plane.ts';
import { durationMs, type Duration } from './duration.ts';
import { admin, controllerManager, person, schedulerIdentity, serviceAccount, type CallerIdentity } from './identities.ts';
import { serveCluster, type ServedCluster } from './serve-cluster.ts';
import { createSimulatedNode, type NodeSpec, type SimulatedNode } from './simulated-nodes.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { createLogBook, createVirtualWorld, type LogLine } from './virtual-world.ts';

export interface ClusterOptions {
  /** How many nodes, or which; 1 when absent. */
  readonly nodes?: number | readonly NodeSpec[];
  /** Of everything random in virtual time; 1 when absent. */
  readonly seed?: number;
  readonly clock?: 'virtual' | 'real';
  /** Where virtual time begins. */
  readonly startMs?: number;
  /** As --controllers: names, '-name', '*'; all when absent, none when empty. */
  readonly controllers?: readonly string[];
  readonly controllersConfig?: Partial<ControllersConfig>;
  readonly scheduler?: boolean;
  /** Instead of a fresh memory store; the caller closes it. */
  readonly store?: Store;
  readonly kubelet?: Partial<KubeletSettings>;
  /** What answers behind Services, by "name.namespace.svc": webhooks and extension API servers of the test's own. */
  readonly services?: ServiceHandlers;
}

export interface UntilOptions {
  /** 1 minute when absent. */
  readonly within?: Duration;
}

export interface Cluster extends AsyncDisposable {
  readonly world: World;
  /** The clock that `advance` moves; undefined in real time. */
  readonly clock: VirtualClock | undefined;
  /** The administrator's. */
  readonly client: Client;
  /** The API server itself: for transports of one's own. */
  readonly handler: Handler;
  readonly store: Store;
  readonly nodes: readonly SimulatedNode[];
  /** What the parts have logged. */
  readonly log: readonly LogLine[];
  /** A client of somebody else; `groups` beside system:authenticated. */
  clientFor(user: string, groups?: readonly string[]): Client;
  now(): number;
  /** Lets time pass. */
  advance(by: Duration): Promise<void>;
  /** Lets time pass until `condition` holds; rejects when it does not within the time given. */
  until(condition: () => boolean | Promise<boolean>, options?: UntilOptions): Promise<void>;
  node(name: string): SimulatedNode;
  addNode(spec: NodeSpec): Promise<SimulatedNode>;
  /** The node's agent dies; its containers go on. */
  stopNode(name: string): Promise<void>;
  /** It comes back and adopts what runs. */
  startNode(name: string): Promise<void>;
  /** Opens a port for kubectl and others; closed with the cluster. */
  serve(): Promise<ServedCluster>;
}

interface Time {
  readonly world: World;
  readonly clock: VirtualClock | undefined;
  readonly lines: readonly LogLine[];
  advance(by: Duration): Promise<void>;
  reach(condition: () => boolean | Promise<boolean>, within: Duration): Promise<boolean>;
}

function virtualTime(options: ClusterOptions): Time {
  const world = createVirtualWorld({ seed: options.seed, startMs: options.startMs });
  const { clock } = world;
  return { world, clock, lines: world.lines, advance: clock.advance, reach: clock.advanceUntil };
}

/** How often a condition is looked at in real time. */
const pollMs = 10;

function realTime(): Time {
  const { log, lines } = createLogBook(systemClock.now);
  const world: World = { clock: systemClock, random: systemRandom, log, metrics: createMetrics() };
  return {
    world, lines, clock: undefined,
    advance: (by) => sleep(systemClock, durationMs(by)),
    async reach(condition, within) {
      const end = systemClock.monotonic() + durationMs(within);
      for (;;) {
        if (await condition()) return true;
        if (systemClock.monotonic() > end) return false;
        await sleep(systemClock, pollMs);
      }
    },
  };
}

function nodeSpecs(nodes: ClusterOptions['nodes']): readonly NodeSpec[] {
  if (typeof nodes === 'object') return nodes;
  return Array.from({ length: nodes ?? 1 }, (_, i) => ({ name: `node-${i + 1}` }));
}

/** Everything that runs, and how it ends. */
interface Parts {
  readonly time: Time;
  readonly store: Store;
  readonly plane: ControlPlane;
  readonly nodes: SimulatedNode[];
  readonly options: ClusterOptions;
  readonly stop: AbortController;
  readonly programs: { controllers?: RunningControllers; scheduler?: Scheduler };
  readonly served: ServedCluster[];
  clientOf(identity: CallerIdentity, userAgent: string): Client;
  closeClients(): Promise<unknown>;
}

function createParts(options: ClusterOptions): Parts {
  const time = options.clock === 'real' ? realTime() : virtualTime(options);
  const store = options.store ?? openMemoryStore(time.world);
  const nodes: SimulatedNode[] = [];
  const plane = startControlPlane(time.world, store, (name) => nodes.find((node) => node.spec.name === name)?.handler, options.services);
  const clients: Client[] = [];
  return {
    time, store, plane, nodes, options,
    stop: new AbortController(),
    programs: {},
    served: [],
    clientOf(identity, userAgent) {
      const client = createClient(time.world, memoryTransport(plane.handler, identity), { userAgent });
      clients.push(client);
      return client;
    },
    closeClients: () => Promise.allSettled(clients.map((client) => client.close())),
  };
}

function createNode({ time, plane, nodes, options }: Parts, spec: NodeSpec): SimulatedNode {
  const node = createSimulatedNode(spec, { world: time.world, apiServer: plane.handler, index: nodes.length + 1, settings: options.kubelet });
  nodes.push(node);
  return node;
}

function startPrograms({ time, plane, options, clientOf, stop, programs }: Parts): void {
  const { world } = time;
  const list = options.controllers ?? ['*'];
  if (list.length > 0) {
    const clientFor = (name: string): Client => (name === programName ? clientOf(controllerManager, `${programName}/v1.36.0 skiff`) : clientOf(serviceAccount('kube-system', name), `${programName}/v1.36.0 skiff ${name}`));
    programs.controllers = startControllers(world, clientFor, { leaderElect: false, identity: 'skiff-testing', rootCa: plane.ca.cert, serviceAccountKey: plane.serviceAccountKey, ...options.controllersConfig, controllers: list });
  }
  if (options.scheduler === false) return;
  const client = clientOf(schedulerIdentity, 'kube-scheduler/v1.36.0 skiff');
  const informers = createInformerFactory(world, client);
  programs.scheduler = startScheduler(world, defaultSchedulerConfig, client, informers, stop.signal);
  informers.start(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) world.log.error('scheduler informers ended', { error: errorText(error) });
  });
}

/** Runs work that may need time to pass. */
async function whilePassing({ time }: Parts, work: Promise<unknown>, within: Duration = '1m'): Promise<void> {
  let done = false;
  const finished = work.then(() => (done = true), () => (done = true));
  await time.reach(() => done, within);
  if (!done) throw new Error(`not done within ${String(within)}; last logged: ${lastWords(time.lines)}`);
  await finished;
  await work;
}

async function closeParts({ nodes, programs, served, plane, store, options, stop, closeClients }: Parts): Promise<void> {
  stop.abort(new Error('the cluster is being closed'));
  await Promise.allSettled([...served.map((each) => each.close()), ...nodes.map((node) => node.close()), programs.controllers?.close(), programs.scheduler?.close()]);
  await closeClients();
  await plane.close();
  if (options.store === undefined) await store.close();
}

function clusterOf(parts: Parts, client: Client): Cluster {
  const { time, nodes, plane, store, clientOf } = parts;
  const { world, lines } = time;
  const find = (name: string): SimulatedNode => {
    const node = nodes.find((each) => each.spec.name === name);
    if (node === undefined) throw new Error(`no node ${name}: there are ${nodes.map((each) => each.spec.name).join(', ')}`);
    return node;
  };
  return {
    world, client, store, nodes, clock: time.clock, handler: plane.handler, log: lines,
    clientFor: (user, groups) => clientOf(person(user, groups), 'skiff-testing'),
    now: () => world.clock.now(),
    advance: time.advance,
    async until(condition, { within = '1m' } = {}) {
      if (!(await time.reach(condition, within))) throw new Error(`the condition did not come true within ${String(within)}; last logged: ${lastWords(lines)}`);
    },
    node: find,
    async addNode(spec) {
      const node = createNode(parts, spec);
      await whilePassing(parts, node.start());
      return node;
    },
    stopNode: (name) => whilePassing(parts, find(name).stop()),
    startNode: (name) => whilePassing(parts, find(name).start()),
    async serve() {
      const served = await serveCluster(world, plane.handler, plane.ca);
      parts.served.push(served);
      return served;
    },
    async [Symbol.asyncDispose]() {
      await whilePassing(parts, closeParts(parts), '5m');
      // What watches over deadlines of requests looks once more and finds none.
      await time.clock?.advance('1s');
    },
  };
}

/** Starts a cluster; resolves when its nodes are ready and the default namespace admits pods. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const parts = createParts(options);
  const cluster = clusterOf(parts, parts.clientOf(admin, 'skiff-testing'));
  try {
    await whilePassing(parts, parts.plane.ready);
    startPrograms(parts);
    await whilePassing(parts, Promise.all(nodeSpecs(options.nodes).map((spec) => createNode(parts, spec).start())));
    await whenUsable(cluster, options);
  } catch (error) {
    await Promise.allSettled([cluster[Symbol.asyncDispose]()]);
    throw error;
  }
  return cluster;
}

function lastWords(lines: readonly LogLine[]): string {
  const told = lines.filter(({ level }) => level === 'warn' || level === 'error').slice(-5);
  return told.length === 0 ? 'nothing' : told.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join('; ');
}

/** Nodes are Ready, and pods are admitted into the default namespace. */
async function whenUsable(cluster: Cluster, options: ClusterOptions): Promise<void> {
  const { client } = cluster;
  const all = options.controllers === undefined;
  await cluster.until(async () => {
    const nodes = await client.resource<Node>('nodes').list();
    const ready = nodes.items.filter((node) => node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true && (node.spec?.taints ?? []).every(({ key }) => !key.startsWith('node.kubernetes.io/')));
    if (all ? ready.length < cluster.nodes.length : nodes.items.length < cluster.nodes.length) return false;
    if (!all) return true;
    const accounts = await client.resource('serviceaccounts').in('default').list();
    return accounts.items.length > 0;
  }, { within: '2m' });
}
