// The three programs of a one-machine cluster and the commands that start them. Each runs under its own
// supervisor, so that restarting one restarts nothing else.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterFile, type ClusterConfig } from './paths.ts';
import { startSupervised, stopSupervised, supervisedPid } from './supervise.ts';

export const programNames = ['apiserver', 'controllers', 'agent'] as const;
export type ProgramName = (typeof programNames)[number];

/**
 * V8 flags by program. A large young generation lets the API server's bursts die young; 32 MB would take 40 MB more after
 * a storm and spare no time. 4 MB is enough for the others. A start makes what lives as long as the process: with 1 MB of
 * young generation at first that is copied in six scavenges, with 8 MB in three. The agent waits for containers rather
 * than computes: Maglev as its last compiler saves the 5 MB that Turbofan alone would map.
 * Sizes alone, where a start matters: any other flag makes V8 compile all of Node's modules anew (main/late-flags.ts).
 */
export const nodeFlags: Readonly<Record<ProgramName, readonly string[]>> = {
  apiserver: ['--min-semi-space-size=8', '--max-semi-space-size=16'],
  controllers: ['--max-semi-space-size=4', '--max-old-space-size=2048'],
  agent: ['--no-turbofan', '--max-semi-space-size=4', '--max-old-space-size=1024'],
};

/**
 * glibc makes up to 8 heaps per core for threads that hardly allocate; two are enough and keep 2 MB per program. The Node
 * that the project brings is linked with glibc: told so, the store's loader does not open Node's binary to find out.
 */
export const environment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2', LIBC: 'glibc' };

export interface Launcher {
  /** The Node binary. */
  readonly node: string;
  /** dist/skiff.js or src/main/skiff.ts. */
  readonly entry: string;
  /** Changes when the programs' code does. */
  readonly version: string;
}

/** What the running program was started with: its code, its flags and the cluster's configuration. */
function startedWith(config: ClusterConfig, launcher: Launcher): string {
  return JSON.stringify([launcher, environment, nodeFlags, config]);
}

/** Starts a program; one that runs other code or another configuration is replaced (containers go on). */
export async function startProgram(config: ClusterConfig, launcher: Launcher, name: ProgramName): Promise<void> {
  const stamp = join(config.paths.run, `${name}.started`);
  const wanted = startedWith(config, launcher);
  if (supervisedPid(config.paths, name) !== undefined) {
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
    await stopSupervised(config.paths, name, 10_000);
  }
  const script = existsSync(launcher.entry) ? launcher.entry : '';
  if (script === '') throw new Error(`${launcher.entry} is missing`);
  startSupervised(config.paths, name, ['/usr/bin/env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`), launcher.node, '--disable-warning=ExperimentalWarning', ...nodeFlags[name], script, 'run', name, '--config', clusterFile(config.paths)]);
  writeFileSync(stamp, wanted, { mode: 0o600 });
}

/** Stops the programs, those that use others first. */
export async function stopPrograms(config: ClusterConfig): Promise<void> {
  // The agent goes while the API server still answers, so that its last status gets through.
  await stopSupervised(config.paths, 'agent', 10_000);
  await stopSupervised(config.paths, 'controllers', 5000);
  await stopSupervised(config.paths, 'apiserver', 10_000);
}
