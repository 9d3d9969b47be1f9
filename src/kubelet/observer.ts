// The runtime's view of pods, kept cheap: one pair of list calls serves every pod that asks at the time,
// and a container's status is read once per state, as it cannot change within one. Also tells which pod an
// event or a difference between two lists is about.
import type { World } from '#base/world.ts';
import { type Container, type ContainerStatus, isRuntimeNotFound, type PodSandbox, type PodSandboxStatus, type Runtime } from '#runtime';
import type { NodeHost } from './host.ts';
import { readTail } from './logs/log-tail.ts';
import { criTimeMs, observeContainer, observeSandbox, type ObservedContainer, type ObservedSandbox, podNameLabel, podNamespaceLabel, type PodObservation, podUidLabel } from './observed.ts';

export interface RuntimeLists {
  readonly sandboxes: readonly PodSandbox[];
  readonly containers: readonly Container[];
}

export interface Observer {
  /** The pod as the runtime has it now; rejects when the runtime cannot be asked. */
  observe(ref: { readonly uid: string; readonly name: string; readonly namespace: string }): Promise<PodObservation>;
  lists(): Promise<RuntimeLists>;
  /** Uids of pods whose containers or sandboxes changed since the last call. */
  changes(): Promise<string[]>;
  /** The pod of a container or sandbox seen before. */
  podOf(id: string): string | undefined;
  learn(id: string, podUid: string): void;
  /** Containers last seen running. */
  running(): readonly ObservedContainer[];
}

const messageLimit = 4096;
const messageLogBytes = 2048;
const messageLogLines = 80;

/** The text that the container left at its terminationMessagePath, or the end of its log when it failed and so asks. */
async function terminationMessage(host: NodeHost, container: ObservedContainer): Promise<string> {
  if (container.state !== 'exited') return '';
  const fallback = container.messagePolicy === 'FallbackToLogsOnError' && container.exitCode !== 0 && container.reason !== 'ContainerCannotRun';
  const mount = container.mounts.find(({ container_path: path }) => path === container.messagePath);
  let text = '';
  if (container.messagePath !== '' && mount !== undefined) {
    const file = await host.files.open(mount.host_path);
    if (file !== undefined) {
      try {
        const size = await file.size();
        text = Buffer.from(await file.read(Math.max(0, size - messageLimit), messageLimit)).toString('utf8');
      } finally {
        await file.close();
      }
    }
  }
  if (text === '' && fallback) text = await readTail(host.files, container.logPath, messageLogLines, messageLogBytes);
  return text;
}

/** An observer of `runtime`. Its caches hold what the last lists held. */
export function createObserver(_world: World, runtime: Runtime, host: NodeHost): Observer {
  const containers = new Map<string, ObservedContainer>();
  const sandboxes = new Map<string, ObservedSandbox>();
  const owners = new Map<string, string>();
  let seen = new Map<string, string>();
  let current: Promise<RuntimeLists> | undefined;
  let next: Promise<RuntimeLists> | undefined;

  const fetch = async (): Promise<RuntimeLists> => {
    const [boxes, list] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
    const ours = { sandboxes: boxes.filter((box) => box.labels[podUidLabel] !== undefined), containers: list.filter((c) => c.labels[podUidLabel] !== undefined) };
    const alive = new Set<string>();
    for (const each of [...ours.sandboxes, ...ours.containers]) {
      alive.add(`${each.id}/${each.state}`);
      owners.set(each.id, each.labels[podUidLabel] ?? '');
    }
    for (const key of containers.keys()) if (!alive.has(key)) containers.delete(key);
    for (const key of sandboxes.keys()) if (!alive.has(key)) sandboxes.delete(key);
    return ours;
  };
  /** A list that began after the call: the running one may be older than what the caller knows. */
  const lists = (): Promise<RuntimeLists> => {
    if (next !== undefined) return next;
    const start = (): Promise<RuntimeLists> => {
      next = undefined;
      const run = fetch().finally(() => {
        if (current === run) current = undefined;
      });
      current = run;
      return run;
    };
    if (current === undefined) return start();
    next = current.then(start, start);
    return next;
  };
  const container = async (listed: Container): Promise<ObservedContainer | undefined> => {
    const key = `${listed.id}/${listed.state}`;
    const known = containers.get(key);
    if (known !== undefined) return known;
    let status: ContainerStatus;
    try {
      status = await runtime.containerStatus(listed.id);
    } catch (error) {
      if (isRuntimeNotFound(error)) return undefined;
      throw error;
    }
    const bare = observeContainer(status);
    const said = await terminationMessage(host, bare);
    const observed = said === '' ? bare : { ...bare, message: bare.message === '' ? said : `${bare.message}: ${said}` };
    containers.set(`${status.id}/${status.state}`, observed);
    return observed;
  };
  const sandbox = async (listed: PodSandbox): Promise<ObservedSandbox | undefined> => {
    const key = `${listed.id}/${listed.state}`;
    const known = sandboxes.get(key);
    if (known !== undefined) return known;
    let status: PodSandboxStatus;
    try {
      status = await runtime.podSandboxStatus(listed.id);
    } catch (error) {
      if (isRuntimeNotFound(error)) return undefined;
      throw error;
    }
    const observed = observeSandbox(status);
    sandboxes.set(`${status.id}/${status.state}`, observed);
    return observed;
  };
  const newest = <T extends { readonly createdAtMs: number; readonly id: string }>(list: readonly (T | undefined)[]): T[] =>
    list.filter((each): each is T => each !== undefined).sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1));

  return {
    lists,
    podOf: (id) => owners.get(id),
    running: () => [...containers.values()].filter(({ state }) => state === 'running'),
    learn: (id, podUid) => void owners.set(id, podUid),
    async observe(ref) {
      const all = await lists();
      const [boxes, own] = await Promise.all([
        Promise.all(all.sandboxes.filter((box) => box.labels[podUidLabel] === ref.uid).map(sandbox)),
        Promise.all(all.containers.filter((each) => each.labels[podUidLabel] === ref.uid).map(container)),
      ]);
      const sorted = newest(boxes);
      return { uid: ref.uid, name: ref.name, namespace: ref.namespace, sandboxes: sorted, containers: newest(own), ips: sorted[0]?.ready === true ? sorted[0].ips : [] };
    },
    async changes() {
      const all = await lists();
      const now = new Map<string, string>();
      const changed = new Set<string>();
      for (const each of [...all.sandboxes, ...all.containers]) {
        now.set(each.id, each.state);
        if (seen.get(each.id) !== each.state) changed.add(each.labels[podUidLabel] ?? '');
      }
      for (const id of seen.keys()) {
        if (now.has(id)) continue;
        const owner = owners.get(id);
        if (owner !== undefined) changed.add(owner);
        owners.delete(id);
      }
      seen = now;
      return [...changed];
    },
  };
}

/** Pods in the lists, newest sandbox first, for cleaning up what nobody asks for any more. */
export function groupByPod(all: RuntimeLists): Map<string, { name: string; namespace: string; sandboxes: PodSandbox[]; containers: Container[] }> {
  const pods = new Map<string, { name: string; namespace: string; sandboxes: PodSandbox[]; containers: Container[] }>();
  const group = (labels: Record<string, string>): { sandboxes: PodSandbox[]; containers: Container[] } => {
    const uid = labels[podUidLabel] ?? '';
    const known = pods.get(uid) ?? { name: labels[podNameLabel] ?? '', namespace: labels[podNamespaceLabel] ?? '', sandboxes: [], containers: [] };
    pods.set(uid, known);
    return known;
  };
  for (const box of all.sandboxes) group(box.labels).sandboxes.push(box);
  for (const each of all.containers) group(each.labels).containers.push(each);
  for (const { containers } of pods.values()) containers.sort((a, b) => criTimeMs(b.created_at) - criTimeMs(a.created_at));
  return pods;
}
