// `skiff status`: what runs on this machine, its memory, and what is unhealthy.
import { existsSync, readFileSync } from 'node:fs';
import type { Node, Pod } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { clientFor } from './access.ts';
import { nodeLayout } from './node-layout.ts';
import { kubeconfigFile, loadCluster, type ClusterConfig } from './paths.ts';
import { programNames } from './programs.ts';
import { logFile, programPid } from './supervise.ts';

/** Resident memory of a process in MiB. */
export function residentMib(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function clusterLines(world: World, config: ClusterConfig): Promise<{ lines: string[]; healthy: boolean }> {
  const client = await clientFor(world, kubeconfigFile(config.paths, 'admin'), 'skiff-status');
  try {
    const nodes = await client.resource<Node>('nodes').list({ signal: AbortSignal.timeout(5000) });
    const pods = await client.resource<Pod>('pods').listAll();
    const ready = nodes.items.filter((n) => n.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true);
    const unwell = pods.items.filter((p) => p.status?.phase !== 'Succeeded' && p.metadata?.deletionTimestamp === undefined && p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') !== true);
    return {
      healthy: ready.length === nodes.items.length && nodes.items.length > 0,
      lines: [`nodes        ${ready.length} of ${nodes.items.length} ready`, `pods         ${pods.items.length}, ${unwell.length} not ready`, ...unwell.slice(0, 10).map((p) => `             ${p.metadata?.namespace}/${p.metadata?.name}: ${p.status?.reason ?? p.status?.phase ?? 'Pending'}`)],
    };
  } finally {
    await client.close();
  }
}

/** Prints a line a part; returns true when all is well. */
export async function status(world: World, say: (line: string) => void): Promise<boolean> {
  const config = loadCluster();
  if (config === undefined) {
    say('there is no cluster on this machine; start one with: skiff up');
    return false;
  }
  let healthy = true;
  for (const name of programNames) {
    const pid = programPid(config.paths, name);
    if (pid === undefined) healthy = false;
    say(`${name.padEnd(12)} ${pid === undefined ? `not running; log: ${logFile(config.paths, name)}` : `pid ${pid}, ${residentMib(pid).toFixed(0)} MiB`}`);
  }
  const { pidPath } = nodeLayout(config, existsSync).containerd;
  const pid = existsSync(pidPath) ? Number(readFileSync(pidPath, 'utf8')) : 0;
  say(`containerd   ${pid > 0 && existsSync(`/proc/${pid}`) ? `pid ${pid}, ${residentMib(pid).toFixed(0)} MiB` : 'not running'}`);
  try {
    const cluster = await clusterLines(world, config);
    for (const line of cluster.lines) say(line);
    return healthy && cluster.healthy;
  } catch (error) {
    say(`API server   does not answer: ${errorText(error)}`);
    return false;
  }
}
