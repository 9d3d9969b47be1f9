// The measured API server: the program itself, with its embedded store in a folder of its own, on a free port.
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfigFile, pkiFile, transportFor, type ClusterConfig } from '../../src/cli/index.ts';
import { environment, nodeFlags } from '../../src/cli/programs.ts';
import { createClient, type Client } from '../../src/client/index.ts';
import { realWorld } from '../../src/base/world.ts';
import { bundleIsFresh } from '../bundle.ts';
import { trialCluster } from '../trial-cluster.ts';
import { askChild, pause, residentMb } from './children.ts';
import type { Target } from './h2-connection.ts';

const root = join(import.meta.dirname, '../..');

export interface MeasuredServer {
  readonly target: Target;
  readonly client: Client;
  readonly config: ClusterConfig;
  readonly pid: number;
  /** Of a store that is a program of its own. */
  readonly storePid?: number;
  stalls(): Promise<{ p50Ms: number; p99Ms: number; maxMs: number }>;
  stop(): Promise<void>;
}

/** MB of the API server and its store. */
export function residentOf({ pid, storePid }: MeasuredServer): number {
  return residentMb(pid) + (storePid === undefined ? 0 : residentMb(storePid));
}

/** What `skiff up` would start: the bundle of `npm run build`, unless it was made of other sources. */
export function programEntry(): string {
  return bundleIsFresh(root) ? join(root, 'dist/skiff.js') : join(root, 'src/main/skiff.ts');
}

/** The probe as JavaScript: reading TypeScript in the measured process would cost it 0.1 s of its start and 10 MB. */
function stallProbe(): string {
  const text = stripTypeScriptTypes(readFileSync(join(import.meta.dirname, 'stall-probe.ts'), 'utf8'));
  return `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
}

/** Resolves at the first good answer of /readyz. */
export async function untilReady(client: Client, child: ChildProcess): Promise<void> {
  const end = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the API server ended with ${child.exitCode}`);
    try {
      await client.raw('GET', '/readyz');
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error('the API server did not become ready', { cause: error });
      await pause(5);
    }
  }
}

/** @param profileFolder where the server leaves a CPU profile of its life; undefined for none. */
export async function startApiServer(profileFolder?: string): Promise<MeasuredServer> {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-bench-'));
  const world = realWorld('bench', 'silent');
  const { config, file, pki } = await trialCluster(world, directory);
  const client = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'admin')), { userAgent: 'skiff-bench' });
  const child = fork(programEntry(), ['run', 'apiserver', '--config', file], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...nodeFlags.apiserver, ...(profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]), '--import', stallProbe()],
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const stop = async (): Promise<void> => {
    await client.close();
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(force);
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(client, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    target: { port: config.apiPort, ca: pki.ca.cert, cert: pki.admin.cert, key: pki.admin.key },
    client, config, pid: child.pid ?? 0, stop,
    stalls: () => askChild(child, 'stalls'),
  };
}

export function serverFiles(config: ClusterConfig): { readonly cert: string; readonly key: string; readonly ca: string } {
  const read = (name: string): string => readFileSync(pkiFile(config.paths, name), 'utf8');
  return { cert: read('apiserver.crt'), key: read('apiserver.key'), ca: read('ca.crt') };
}
