// The node agent put together: registers the node, takes pods from the API and from files, gives each a
// worker, listens to the runtime's events, and keeps house. Everything starts from events; a look around
// every ten seconds catches what events missed. When it ends, containers go on; when it starts, it adopts
// what runs.
import { join as joinPath } from 'node:path';
import type { Node, Pod, Service } from '#api/core/v1.ts';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { type Client, createEventRecorder, createInformerFactory, type EventRecorder, type InformerFactory } from '#client';
import { parseQuantity, quantityValue } from '#machinery';
import type { Runtime } from '#runtime';
import type { Handler, ServerTls } from '#wire';
import { rotateServingCertificate } from './certificates/node-certificates.ts';
import { createBackoffTable } from './backoff.ts';
import { type KubeletConfig, kubeletConfig, type KubeletSettings } from './config.ts';
import type { KubeletCore } from './core.ts';
import { createCore, type NodeMeasures } from './core-parts.ts';
import { createEvictionLoop } from './eviction/eviction-loop.ts';
import { removeDeadContainers, removeOrphanFiles, removeOrphanPods } from './gc/container-gc.ts';
import { createImageGc, type ImageGc } from './gc/image-gc.ts';
import type { NodeHost } from './host.ts';
import { rotateLogs } from './logs/log-rotation.ts';
import { keepNodeLease } from './node/node-lease.ts';
import { createNodeReporter, type NodeSnapshot } from './node/node-status.ts';
import { isMirror } from './pod.ts';
import { createPodSet, type PodSet } from './pods/pod-set.ts';
import { type KubeletServer, startKubeletServer } from './server/server.ts';
import { watchStaticPods } from './sources/static-pods.ts';

export interface KubeletDeps {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly host: NodeHost;
  /** Without it no port is opened; `handler` answers all the same. */
  readonly tls?: ServerTls;
  /** Shared with other programs of the process; made here when absent. */
  readonly informers?: InformerFactory;
  readonly recorder?: EventRecorder;
}

export interface Kubelet {
  /** The port listened on; 0 without one. */
  readonly port: number;
  /** The node's HTTP API, for callers in the same process. */
  readonly handler: Handler;
  /** Resolves when the node is registered and its pods are known. */
  readonly ready: Promise<void>;
  /** Pods that this node runs or ends, as the API or their files have them. */
  pods(): readonly Pod[];
  /** The port's certificate and whom it takes for a client, from now on. */
  renew(tls: ServerTls): void;
  /** Stops the agent; containers go on. */
  close(): Promise<void>;
}

const housekeepingMs = 60_000;
const imageGcMs = 300_000;
/** How old the node's list of images may be. */
const imageListMs = 30_000;

interface Parts {
  readonly core: KubeletCore;
  readonly measures: NodeMeasures;
  readonly pods: PodSet;
  readonly imageGc: ImageGc;
  readonly signal: AbortSignal;
}

async function snapshot(parts: Parts, pressure: { memory: boolean; disk: boolean; pid: boolean }, port: number): Promise<NodeSnapshot> {
  const { core, measures, imageGc } = parts;
  const problems: string[] = [];
  const runtime = await core.runtime.version().catch(() => undefined);
  await measures.checkRuntime();
  if (measures.runtimeProblem() !== undefined) problems.push(measures.runtimeProblem() ?? '');
  const network = core.node.networkProblem();
  if (network !== undefined) problems.push(`container runtime network not ready: ${network}`);
  await imageGc.refresh(imageListMs).catch(() => {});
  return {
    machine: measures.machine, addresses: core.node.hostIPs, capacity: measures.capacity, allocatable: core.node.allocatable, runtime,
    images: imageGc.images(), port,
    health: { memoryPressure: pressure.memory, diskPressure: pressure.disk, pidPressure: pressure.pid, problems },
  };
}

function listenToRuntime({ core, pods, signal }: Parts): void {
  let relisting = false;
  const relist = (): void => {
    if (relisting) return;
    relisting = true;
    // Several containers tend to change together: one list serves them all.
    core.world.clock.after(50, () => {
      relisting = false;
      core.observer.changes().then((uids) => uids.forEach((uid) => pods.poke(uid)), () => {});
    }, { background: true });
  };
  core.runtime.events(signal, ({ id }) => {
    const uid = core.observer.podOf(id);
    if (uid === undefined) relist();
    else pods.poke(uid);
  }, relist);
}

/** The look around: what changed unnoticed, logs that grew, shortages; every minute also what is left over. */
async function lookAround(parts: Parts, evictions: { look(): Promise<void> }, logBytes: number, due: { houseMs: number; imagesMs: number }): Promise<void> {
  const { core, pods, imageGc } = parts;
  const now = core.world.clock.now();
  for (const uid of await core.observer.changes()) pods.poke(uid);
  await rotateLogs(core, core.observer.running(), logBytes);
  await evictions.look();
  if (now - due.houseMs >= housekeepingMs && pods.sourcesReady()) {
    due.houseMs = now;
    await removeDeadContainers(core);
    const wanted = pods.wantedUids();
    await removeOrphanPods(core, wanted);
    await removeOrphanFiles(core, wanted);
    await core.cgroups.sweep(wanted);
    await core.cgroups.updateClasses(pods.list());
  }
  if (now - due.imagesMs >= imageGcMs) {
    due.imagesMs = now;
    await imageGc.collect();
  }
}

function keepHouse(parts: Parts, evictions: { look(): Promise<void> }): void {
  const { core, signal } = parts;
  const logBytes = quantityValue(parseQuantity(core.config.containerLogMaxSize));
  const due = { houseMs: 0, imagesMs: core.world.clock.now() };
  void every(core.world.clock, core.config.relistPeriodMs, signal, async () => {
    try {
      await lookAround(parts, evictions, logBytes, due);
    } catch (error) {
      if (!signal.aborted) core.world.log.warn('keeping house was interrupted', { error: errorText(error) });
    }
  });
}

function followSources(parts: Parts, informers: InformerFactory): Promise<void> {
  const { core, pods, signal } = parts;
  const apiPods = informers.informer<Pod>('pods', { fieldSelector: `spec.nodeName=${core.config.nodeName}` });
  apiPods.addHandler({
    added: (pod) => (isMirror(pod) ? pods.mirrorSeen(pod) : pods.upsert(pod)),
    updated: (pod) => (isMirror(pod) ? pods.mirrorSeen(pod) : pods.upsert(pod)),
    deleted: (pod) => (isMirror(pod) ? pods.mirrorGone(pod) : pods.remove(pod)),
  });
  if (core.config.staticPodPath !== '') {
    const deps = { files: core.host.files, directory: core.config.staticPodPath, nodeName: core.config.nodeName, changed: (list: readonly Pod[]) => pods.setStatic(list) };
    watchStaticPods(core.world, deps, signal);
  } else {
    pods.setStatic([]);
  }
  return apiPods.synced.then(() => pods.apiSynced());
}

/**
 * Starts the agent of one node. Resolves when it works on its own; registration and the first list go on in
 * the background, so that containers are looked after while the API is away.
 */
export async function startKubelet(world: World, settings: KubeletSettings, deps: KubeletDeps): Promise<Kubelet> {
  const config: KubeletConfig = kubeletConfig(settings);
  const stop = new AbortController();
  const { signal } = stop;
  const recorder = deps.recorder ?? createEventRecorder(world, deps.client, { component: 'kubelet', host: config.nodeName }, signal);
  const informers = deps.informers ?? createInformerFactory(world, deps.client);
  const services = informers.informer<Service>('services');
  const nodes = informers.informer<Node>('nodes', { fieldSelector: `metadata.name=${config.nodeName}` });
  const crashes = createBackoffTable(world.clock, 10_000, config.crashLoopBackOffMaxMs);
  const { core, measures } = await createCore(world, config, { ...deps, recorder, crashes, services, poke: (uid) => pods.poke(uid), podOf: (uid) => pods.get(uid) });
  const node = (): Node | undefined => nodes.get('', config.nodeName);
  const pods = createPodSet(core, node);
  const imageGc = createImageGc(world, deps.runtime, deps.host, recorder, config);
  const parts: Parts = { core, measures, pods, imageGc, signal };
  await core.cgroups.start(core.node.allocatable);
  const evictions = createEvictionLoop({
    core, pods: () => pods.list(), evict: (uid, verdict, grace) => pods.terminate(uid, grace, verdict),
    reclaimDisk: async () => {
      await removeDeadContainers(core);
      return imageGc.removeUnused();
    },
  });
  const server: KubeletServer = await startKubeletServer(core, pods, deps.tls, signal);
  listenToRuntime(parts);
  const synced = followSources(parts, informers);
  keepHouse(parts, evictions);

  const reporter = createNodeReporter(world, deps.client, recorder, config, node);
  const join = async (): Promise<void> => {
    const first = await snapshot(parts, evictions.pressure(), server.port);
    const uid = config.registerNode ? ((await reporter.register(first, signal)).metadata?.uid ?? '') : '';
    void keepNodeLease(world, deps.client, { nodeName: config.nodeName, nodeUid: () => node()?.metadata?.uid ?? uid, durationSeconds: config.nodeLeaseDurationSeconds }, signal);
    void informers.start(signal).catch(() => {});
    void every(world.clock, config.nodeStatusUpdateFrequencyMs, signal, async () => {
      try {
        await reporter.report(await snapshot(parts, evictions.pressure(), server.port), signal);
      } catch (error) {
        if (!signal.aborted) world.log.warn('the node status could not be told', { error: errorText(error) });
      }
    });
    await Promise.all([synced, services.synced]);
  };
  const ready = join();
  ready.catch(() => {});
  let { tls } = deps;
  const show = (): void => {
    const own = serving?.current();
    if (tls !== undefined) server.reload({ ...tls, ...own });
  };
  const serving =
    tls === undefined || !config.serverTLSBootstrap ? undefined
    : rotateServingCertificate(world, {
        nodeName: config.nodeName, folder: joinPath(config.rootDirectory, 'pki'), client: deps.client, node, changed: show,
      });
  if (serving?.current() !== undefined) show();
  return {
    port: server.port,
    handler: server.handler,
    ready,
    pods: () => pods.list(),
    renew(fresh) {
      tls = fresh;
      show();
    },
    async close() {
      stop.abort(new Error('the agent ends'));
      serving?.close();
      pods.close();
      core.status.close();
      core.reader.close();
      await server.close();
    },
  };
}
