// A whole node side for tests: own containerd, own bridge and pod network, own images, under a temporary
// directory; nothing of it is left after `close`, whatever happened in between.
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { setUpPodNetwork, tearDownPodNetwork, type PodNetworkOptions } from './cni/network.ts';
import { ensureContainerd, type ContainerdOptions, type RunningContainerd } from './containerd/ensure.ts';
import { removeAllPods, removeEverything } from './containerd/remove.ts';
import type { ContainerConfig, PodSandboxConfig, Runtime } from './contract.ts';
import { connectCri } from './cri/connect.ts';
import { loadImage } from './image/load.ts';
import { buildMachineImage } from './image/machine-image.ts';
import { buildPauseImage } from './image/pause.ts';

export const testWorld = (): World => ({ clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() });

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why containers cannot be run here; undefined when they can. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  const needed = ['/usr/bin/containerd', '/usr/sbin/runc', '/usr/lib/cni/bridge', '/usr/sbin/nft', '/usr/bin/busybox', '/usr/bin/socat'];
  const missing = needed.filter((path) => !executable(path));
  return missing.length === 0 ? undefined : `missing: ${missing.join(', ')}`;
}

export interface TestNode {
  readonly world: World;
  readonly directory: string;
  readonly options: ContainerdOptions;
  readonly network: PodNetworkOptions;
  readonly containerd: RunningContainerd;
  readonly runtime: Runtime;
  /** The root of this node's pod cgroups. */
  readonly cgroup: string;
  readonly image: string;
  sandboxConfig(name: string): PodSandboxConfig;
  containerConfig(name: string, command: readonly string[], more?: Partial<ContainerConfig>): ContainerConfig;
  close(): Promise<void>;
}

let count = 0;

/** `binaryPath` chooses another containerd than Debian's. */
export async function startTestNode(binaryPath = '/usr/bin/containerd'): Promise<TestNode> {
  const world = testWorld();
  const tag = `${process.pid % 100000}x${count++}`;
  const directory = await mkdtemp(join(tmpdir(), 'skiff-node-'));
  const at = (name: string): string => join(directory, name);
  const cgroup = `/skiff-test-${tag}`;
  const sandboxImage = 'skiff.test/pause:1';
  const options: ContainerdOptions = {
    binaryPath, root: at('root'), state: at('state'), socket: at('c.sock'), configPath: at('config.toml'), logPath: at('containerd.log'), pidPath: at('containerd.pid'),
    sandboxImage, cniBinDir: '/usr/lib/cni', cniConfDir: at('net.d'), registriesDir: at('certs.d'),
    env: { PATH: `${join(binaryPath, '..')}:/usr/sbin:/usr/bin:/sbin:/bin` },
  };
  const cidr = `10.${200 + (process.pid % 50)}.${(count * 7) % 250}`;
  const network: PodNetworkOptions = { confDir: at('net.d'), binDir: '/usr/lib/cni', dataDir: at('ipam'), podCidr: `${cidr}.0/24`, clusterCidr: `${cidr}.0/24`, name: `skt${tag}`, bridge: `skt${tag}` };
  const image = 'skiff.test/busybox:1';
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.reverse()) await undo();
    await removeEverything(world, { ...options, cgroups: [cgroup], purge: true });
    await tearDownPodNetwork(network);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await mkdir(at('logs'));
    await setUpPodNetwork(network);
    await buildPauseImage(world.random, at('images'), sandboxImage);
    await buildMachineImage(world.random, { layout: at('images'), name: image, busyboxPath: '/usr/bin/busybox' });
    const containerd = await ensureContainerd(world, options);
    opened.push(async () => containerd.close());
    await loadImage(world, options.socket, at('images'));
    const runtime = connectCri(world, options.socket);
    opened.push(async () => {
      await removeAllPods(world, runtime, 0).catch(() => {});
      await runtime.close();
    });
    return {
      world, directory, options, network, containerd, runtime, cgroup, image, close,
      sandboxConfig: (name) => ({
        metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
        hostname: name,
        log_directory: at('logs'),
        labels: { 'io.kubernetes.pod.name': name },
        annotations: {},
        linux: { cgroup_parent: `${cgroup}/pod-${name}`, security_context: { namespace_options: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } } },
      }),
      containerConfig: (name, command, more) => ({
        metadata: { name, attempt: 0 }, image: { image }, command: [...command], args: [], working_dir: '', envs: [], mounts: [], labels: { 'io.kubernetes.container.name': name }, annotations: {},
        log_path: `${name}.log`, stdin: false, stdin_once: false, tty: false,
        linux: { resources: { memory_limit_in_bytes: 64 * 1024 * 1024, cpu_shares: 102, oom_score_adj: 900 }, security_context: { namespace_options: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } } },
        ...more,
      }),
    };
  } catch (error) {
    const log = await readFile(options.logPath, 'utf8').catch(() => '');
    await close();
    throw new Error(`the test node did not come up; containerd's log ends:\n${log.split('\n').slice(-15).join('\n')}`, { cause: error });
  }
}

/** The rest of a stream as text. */
export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}
