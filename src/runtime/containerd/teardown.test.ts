// Bring-up and teardown on the real machine: after it, nothing of ours is left, even when the polite way is
// closed because containerd was killed.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProcesses, listLinks, mountsUnder, nftApply, nftDeleteTable, nftTables, openCgroups, run } from '#linux';
import { freeStaleAddresses } from '../cni/addresses.ts';
import { podNetworkConfig, setUpPodNetwork, tearDownPodNetwork } from '../cni/network.ts';
import { startTestNode, textOf, whyNoContainers, type TestNode } from '../test-node.case.ts';
import { containerdConfig, type ContainerdSettings } from './config.ts';
import { removeEverything } from './remove.ts';
import { parseContainerdVersion } from './version.ts';

const why = whyNoContainers();

const settings: ContainerdSettings = {
  root: '/r', state: '/s', socket: '/s/c.sock', snapshotter: 'native', cgroupDriver: 'cgroupfs', sandboxImage: 'p:1', cniBinDir: '/b', cniConfDir: '/c', restrictOomScoreAdj: true, registriesDir: '/certs', runcPath: undefined, logLevel: 'info',
};

test('versions and their configuration', () => {
  expect(parseContainerdVersion('containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3')).toEqual({ major: 1, minor: 6, text: '1.6.20' });
  expect(parseContainerdVersion('containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7193e4')).toEqual({ major: 2, minor: 1, text: '2.1.4' });
  expect(containerdConfig({ major: 1, minor: 7, text: '1.7.0' }, settings)).toMatch(/^version = 2\n[\s\S]*\[plugins\."io\.containerd\.grpc\.v1\.cri"\]\n {2}sandbox_image = "p:1"\n {2}restrict_oom_score_adj = true/);
  expect(containerdConfig({ major: 2, minor: 1, text: '2.1.0' }, settings)).toMatch(/^version = 3\n[\s\S]*\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\n {2}sandbox = "p:1"/);
});

/** One GET; undefined when nothing answers. */
async function get(host: string, port: number, path: string): Promise<string | undefined> {
  const socket = connect({ host, port });
  const failed = new Promise<undefined>((resolve) => socket.once('error', () => resolve(undefined)));
  socket.once('connect', () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
  return Promise.race([failed, textOf(socket).catch(() => undefined)]);
}

async function until<T>(node: TestNode, what: string, probe: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const found = await probe();
    if (found !== undefined) return found;
    await new Promise((resolve) => node.world.clock.after(20, () => resolve(undefined)));
  }
  throw new Error(`never happened: ${what}`);
}

async function startWeb(node: TestNode, name: string, hostPort?: number): Promise<{ sandbox: string; container: string; ip: string }> {
  const config = { ...node.sandboxConfig(name), ...(hostPort === undefined ? {} : { port_mappings: [{ protocol: 'TCP' as const, container_port: 80, host_port: hostPort }] }) };
  const sandbox = await node.runtime.runPodSandbox(config, '');
  const script = `mkdir /www && echo ${name} > /www/name && exec httpd -f -p 80 -h /www`;
  const container = await node.runtime.createContainer(sandbox, node.containerConfig(name, ['sh', '-c', script]), config);
  await node.runtime.startContainer(container);
  const { network } = await node.runtime.podSandboxStatus(sandbox);
  await until(node, `${name} answers`, () => get(network.ip, 80, '/name'));
  return { sandbox, container, ip: network.ip };
}

/** What this node still has on the machine. */
async function leftovers(node: TestNode, sandboxes: readonly string[] = []): Promise<string[]> {
  const { options, network, cgroup, directory } = node;
  const processes = await findProcesses((args) => args.some((arg) => arg.startsWith(directory)));
  const links = (await listLinks()).filter((link) => link.name === network.bridge || link.master === network.bridge);
  const cgroups = await openCgroups(node.world.clock);
  const nat = (await run('iptables-save', ['-t', 'nat'])).stdout.split('\n').filter((line) => line.includes(network.name ?? '') || line.includes('CNI-HOSTPORT'));
  return [
    ...processes.map((pid) => `process ${pid}`),
    ...(await mountsUnder(directory)),
    ...links.map((link) => link.name),
    ...(await nftTables()).filter((table) => table.includes(network.name ?? '')),
    ...((await cgroups.exists(cgroup)) ? [cgroup] : []),
    ...[options.root, options.state, options.socket].filter((path) => existsSync(path)),
    ...nat,
    ...(await readdir('/var/lib/cni/results').catch(() => [])).filter((name) => name.startsWith(network.name ?? '') || sandboxes.some((id) => name.includes(id))),
  ];
}

describe.skipIf(why !== undefined)(`a node's network and teardown${why === undefined ? '' : ` (${why})`}`, { timeout: 30_000 }, () => {
  test('Services between pods of the node, to itself, host ports, and nothing left after the polite way', async () => {
    const node = await startTestNode();
    const table = `skt_svc_${process.pid}`;
    try {
      const [a, b] = [await startWeb(node, 'a', 38080), await startWeb(node, 'b')];
      // A Service as the proxy makes it: the answer must pass the host again, or the client does not know it.
      await nftApply(`table ip ${table} {\n chain pre {\n type nat hook prerouting priority dstnat;\n ip daddr 10.111.1.1 dnat to ${b.ip}\n ip daddr 10.111.1.2 dnat to ${a.ip}\n }\n chain post {\n type nat hook postrouting priority srcnat;\n ip saddr ${a.ip} ip daddr ${a.ip} masquerade\n }\n }`);
      const wget = async (ip: string): Promise<string> => Buffer.from((await node.runtime.execSync(a.container, ['wget', '-qO-', `http://${ip}/name`], 10)).stdout).toString().trim();
      expect(await wget(b.ip)).toBe('b');
      expect(await wget('10.111.1.1')).toBe('b');
      expect(await wget('10.111.1.2')).toBe('a');
      const bridge = node.network.podCidr.replace('0/24', '1');
      expect(await until(node, 'the host port answers', () => get(bridge, 38080, '/name'))).toContain('a\n');
    } finally {
      await nftDeleteTable('ip', table);
      await node.close();
    }
    expect(await leftovers(node)).toEqual([]);
  });

  test('nothing is left when containerd was killed before', async () => {
    const node = await startTestNode();
    try {
      const { sandbox } = await startWeb(node, 'web', 38081);
      await writeFile(join(node.network.dataDir, node.network.name ?? '', '10.9.9.9'), 'gone-sandbox\r\neth0');
      expect(await freeStaleAddresses(node.network, new Set([sandbox]))).toEqual(['10.9.9.9']);
      process.kill(node.containerd.pid, 'SIGKILL');
      expect((await leftovers(node, [sandbox])).length).toBeGreaterThan(5);
      const all = { ...node.options, cgroups: [node.cgroup], purge: true };
      await removeEverything(node.world, all);
      await tearDownPodNetwork(node.network);
      expect(await leftovers(node, [sandbox])).toEqual([]);
      await removeEverything(node.world, all);
    } finally {
      await node.close();
    }
  });

  test('set-up is idempotent and names missing plugins', async () => {
    const network = { confDir: `/tmp/skiff-cni-${process.pid}/net.d`, binDir: `/tmp/skiff-cni-${process.pid}/bin`, dataDir: `/tmp/skiff-cni-${process.pid}/ipam`, podCidr: '10.199.1.0/24', clusterCidr: '10.199.0.0/16', name: `skp${process.pid}`, bridge: `skp${process.pid}` };
    try {
      await mkdir(network.binDir, { recursive: true });
      await writeFile(join(network.binDir, 'bridge'), '');
      await expect(setUpPodNetwork(network)).rejects.toThrow(/host-local, portmap, loopback; on Debian: apt-get install containernetworking-plugins/);
      const usable = { ...network, binDir: '/usr/lib/cni' };
      const { kind } = await setUpPodNetwork(usable);
      await setUpPodNetwork(usable);
      expect(JSON.parse(await readFile(join(network.confDir, '10-skiff.conflist'), 'utf8'))).toEqual(podNetworkConfig(usable, kind));
    } finally {
      await tearDownPodNetwork(network);
      await run('rm', ['-rf', `/tmp/skiff-cni-${process.pid}`]);
    }
    expect(await nftTables()).not.toContain(`ip skp${process.pid}_pods`);
  });
});
