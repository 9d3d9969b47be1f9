// How long the API server takes from exec until /readyz says yes: on an empty store, whose first objects it makes, and on
// the store that this leaves. The program runs without the instruments of the other measures, which would cost a start
// 20 ms, and some times in turn: one start tells more of the machine than of the program.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { World } from '../../src/base/world.ts';
import { realWorld } from '../../src/base/world.ts';
import { kubeconfigFile, transportFor, type ClusterConfig } from '../../src/cli/index.ts';
import { environment, nodeFlags } from '../../src/cli/programs.ts';
import { createClient } from '../../src/client/index.ts';
import { trialCluster } from '../trial-cluster.ts';
import { programEntry, untilReady } from './api-server.ts';
import type { Row } from './table.ts';

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await end;
}

async function startMs(world: World, config: ClusterConfig, file: string): Promise<number> {
  const client = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'admin')), { userAgent: 'skiff-bench' });
  const begun = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...nodeFlags.apiserver, programEntry(), 'run', 'apiserver', '--config', file], { env: { ...process.env, ...environment }, stdio: ['ignore', 'inherit', 'inherit'] });
  try {
    await untilReady(client, child);
    return performance.now() - begun;
  } finally {
    await client.close();
    await ended(child);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

export async function measureStarts(rounds: number, report: (row: Row) => void): Promise<void> {
  const world = realWorld('bench', 'silent');
  const first: number[] = [];
  const later: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const directory = mkdtempSync(join(tmpdir(), 'skiff-bench-start-'));
    try {
      const { config, file } = await trialCluster(world, directory);
      first.push(await startMs(world, config, file));
      later.push(await startMs(world, config, file));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  report({ measure: 'API server ready, from exec', value: median(first), unit: 'ms', budget: { atMost: 300 }, note: `an empty store; shortest ${Math.min(...first).toFixed(0)} ms` });
  report({ measure: 'API server ready, on its own store', value: median(later), unit: 'ms', budget: { atMost: 300 }, note: `shortest ${Math.min(...later).toFixed(0)} ms` });
}
