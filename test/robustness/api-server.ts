// The server under attack: the program itself, from its sources, as a process of its own on a free port with
// an embedded store in a folder of its own; and its certificates, for clients good and bad.
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { realWorld } from '../../src/base/world.ts';
import { pkiFile, saveCluster, type ClusterConfig, type ClusterPaths } from '../../src/cli/paths.ts';
import { ensurePki } from '../../src/cli/pki.ts';
import { nodeFlags as programFlags } from '../../src/cli/programs.ts';
import type { CertifiedKey } from '../../src/wire/index.ts';

const root = join(import.meta.dirname, '../..');

/** What a TLS client shows and trusts, PEM. */
export interface Credentials {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Worst {
  readonly worstMs: number;
  readonly samples: number;
  readonly failures: number;
}

export interface Prober {
  /** The slowest answer since the last question. */
  worst(): Promise<Worst>;
  close(): Promise<void>;
}

/** With the time that passed, and how much of that the collector took. */
export interface LongTurn {
  readonly at: number;
  readonly cpuMs: number;
  readonly ms: number;
  readonly gcMs: number;
}

export interface AttackedServer extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
  readonly pid: number;
  readonly admin: Credentials;
  /** No client certificate. */
  readonly nobody: Credentials;
  pair(name: string): CertifiedKey;
  /** What it keeps after a collection, and what it occupies. */
  memory(): Promise<{ readonly keptMb: number; readonly residentMb: number }>;
  /** Turns of its event loop that used more than 50 ms of CPU, since the last question; `at` in the clock of the machine. */
  longTurns(): Promise<readonly LongTurn[]>;
  startProber(path: string): Promise<Prober>;
  /** True until the process has ended. */
  readonly alive: boolean;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isReady(port: number, credentials: Credentials): Promise<boolean> {
  return new Promise((resolve) => {
    const request = httpsRequest({ host: '127.0.0.1', port, path: '/readyz', ...credentials, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    });
    request.on('error', () => resolve(false));
    request.end();
  });
}

export async function untilReady(child: ChildProcess, port: number, credentials: Credentials): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await isReady(port, credentials))) {
    if (child.exitCode !== null) throw new Error(`the API server ended with ${child.exitCode}`);
    if (Date.now() > end) throw new Error('the API server did not become ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface ServerHome extends Disposable {
  readonly config: ClusterConfig;
  readonly admin: Credentials;
  readonly nobody: Credentials;
}

/** A folder with certificates and a configuration, and a port: what a server can be started on again and again. */
export async function makeServerHome(more: Partial<ClusterConfig> = {}): Promise<ServerHome> {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-robust-'));
  const world = realWorld('robustness', 'silent');
  const paths: ClusterPaths = { state: join(directory, 'state'), run: join(directory, 'run'), log: join(directory, 'log') };
  const config: ClusterConfig = {
    name: 'robustness', paths, nodeName: 'robustness', nodeIp: '192.0.2.1', bindAddress: '127.0.0.1', apiPort: await freePort(), kubeletPort: 0, podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16', clusterDns: '10.96.0.10', clusterDomain: 'cluster.local', nodePortRange: '30000-32767', store: 'embedded', logLevel: 'error', ...more,
  };
  saveCluster(config);
  const pki = ensurePki(world.clock, world.random, config);
  return {
    config,
    admin: { ca: pki.ca.cert, cert: pki.admin.cert, key: pki.admin.key },
    nobody: { ca: pki.ca.cert },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The program, not yet ready. */
export function launchServer(config: ClusterConfig, ...nodeFlags: readonly string[]): ChildProcess {
  return launchProgram(config, [], ...nodeFlags);
}

function launchProgram(config: ClusterConfig, flags: readonly string[], ...nodeFlags: readonly string[]): ChildProcess {
  return fork(join(root, 'src/main/skiff.ts'), ['run', 'apiserver', '--config', join(config.paths.state, 'cluster.json'), ...flags], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...nodeFlags], stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Starts it and waits until it is ready. */
export async function startAttackedServer({ flags = [] }: { readonly flags?: readonly string[] } = {}): Promise<AttackedServer> {
  const home = await makeServerHome();
  const { config, admin } = home;
  const { paths } = config;
  const child = launchProgram(config, flags, ...programFlags.apiserver, '--expose-gc', '--import', join(import.meta.dirname, 'memory-probe.ts'));
  const origin = `https://localhost:${config.apiPort}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await ended;
      clearTimeout(force);
    }
    home[Symbol.dispose]();
  };
  try {
    await untilReady(child, config.apiPort, admin);
  } catch (error) {
    await stop();
    throw error;
  }
  const read = (file: string): string => readFileSync(pkiFile(paths, file), 'utf8');
  return {
    port: config.apiPort, origin, pid: child.pid ?? 0, admin, nobody: home.nobody,
    pair: (name) => ({ cert: read(`${name}.crt`), key: read(`${name}.key`) }),
    memory: () => asked<{ keptMb: number; residentMb: number }>(child, 'memory', 'keptMb'),
    longTurns: async () => (await asked<{ longTurns: LongTurn[] }>(child, 'turns', 'longTurns')).longTurns,
    startProber: (path) => startProber(origin, admin, path),
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Asks the probe in the server; its answer is the one with this member. */
function asked<T extends object>(child: ChildProcess, question: string, member: keyof T): Promise<T> {
  return new Promise((resolve) => {
    const take = (answer: unknown): void => {
      if (typeof answer !== 'object' || answer === null || !(member in answer)) return;
      child.off('message', take);
      resolve(answer as T);
    };
    child.on('message', take);
    child.send(question);
  });
}

async function startProber(origin: string, credentials: Credentials, path: string): Promise<Prober> {
  const worker = new Worker(new URL('./prober.ts', import.meta.url), { workerData: { origin, credentials, path, everyMs: 5 } });
  let answer: (worst: Worst) => void = () => {};
  worker.on('message', (worst: Worst) => answer(worst));
  worker.on('error', (error) => console.error('the prober failed', error));
  const prober: Prober = {
    worst: () =>
      new Promise((resolve) => {
        answer = resolve;
        worker.postMessage('worst');
      }),
    async close() {
      worker.postMessage('end');
      await worker.terminate();
    },
  };
  // The first answers pay for the handshake.
  const end = Date.now() + 5_000;
  let samples = 0;
  while (samples < 5 && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    samples += (await prober.worst()).samples;
  }
  return prober;
}
