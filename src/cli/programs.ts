// The three programs of a one-machine cluster and the commands that start them. Each runs under its own
// supervisor, so that restarting one restarts nothing else.
import { existsSync } from 'node:fs';
import { clusterFile, type ClusterConfig } from './paths.ts';
import { startSupervised, stopSupervised } from './supervise.ts';

export const programNames = ['apiserver', 'controllers', 'agent'] as const;
export type ProgramName = (typeof programNames)[number];

/** Node flags by program: small young generations keep idle programs small, at no cost that a node's load shows. */
const nodeFlags: Readonly<Record<ProgramName, readonly string[]>> = {
  apiserver: ['--max-semi-space-size=32'],
  controllers: ['--max-semi-space-size=4', '--max-old-space-size=2048'],
  agent: ['--max-semi-space-size=4', '--max-old-space-size=1024'],
};

export interface Launcher {
  /** The Node binary. */
  readonly node: string;
  /** dist/skiff.js or src/main/skiff.ts. */
  readonly entry: string;
}

/** Starts a program unless it already runs. */
export function startProgram(config: ClusterConfig, launcher: Launcher, name: ProgramName): void {
  const script = existsSync(launcher.entry) ? launcher.entry : '';
  if (script === '') throw new Error(`${launcher.entry} is missing`);
  startSupervised(config.paths, name, [launcher.node, '--disable-warning=ExperimentalWarning', ...nodeFlags[name], script, 'run', name, '--config', clusterFile(config.paths)]);
}

/** Stops the programs, those that use others first. */
export async function stopPrograms(config: ClusterConfig): Promise<void> {
  // The agent goes while the API server still answers, so that its last status gets through.
  await stopSupervised(config.paths, 'agent', 10_000);
  await stopSupervised(config.paths, 'controllers', 5000);
  await stopSupervised(config.paths, 'apiserver', 10_000);
}
