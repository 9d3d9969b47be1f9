// Real etcd servers for this room's tests: started on free ports with their own directory, killed and
// started again on the same data.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface EtcdProcess {
  readonly endpoint: string;
  start(): Promise<void>;
  kill(signal?: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** What `etcdctl snapshot restore` needs to be told to make this process's data directory. */
  readonly restoreFlags: readonly string[];
  /** Kills it and removes its data. */
  dispose(): Promise<void>;
}

/** The etcd programs to test with: SKIFF_ETCD (a list separated by ':'), else the installed one. */
export function etcdBinaries(): readonly string[] {
  const named = process.env['SKIFF_ETCD']?.split(':').filter((path) => path !== '') ?? [];
  return [...new Set([...named, '/usr/bin/etcd', '/usr/local/bin/etcd'])].filter((path) => existsSync(path));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export async function createEtcdProcess(binary: string, flags: readonly string[] = []): Promise<EtcdProcess> {
  const directory = join(mkdtempSync(join(tmpdir(), 'skiff-etcd-')), 'data');
  const [client, peer] = [await freePort(), await freePort()];
  const scheme = flags.some((flag) => flag.startsWith('--cert-file')) ? 'https' : 'http';
  const endpoint = `${scheme}://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  let child: ChildProcess | undefined;
  const kill = async (signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT' = 'SIGKILL'): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await exited;
  };
  return {
    endpoint,
    restoreFlags: ['--name', 'test', '--data-dir', directory, '--initial-cluster', `test=${peerUrl}`, '--initial-advertise-peer-urls', peerUrl],
    async start() {
      const args = [
        '--name', 'test', '--data-dir', directory, '--listen-client-urls', endpoint, '--advertise-client-urls', endpoint,
        '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `test=${peerUrl}`, '--logger', 'zap', ...flags,
      ];
      const started = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      let output = '';
      await new Promise<void>((resolve, reject) => {
        started.stderr?.on('data', (chunk: Buffer) => {
          output = (output + chunk.toString()).slice(-20_000);
          if (/ready to serve client requests|serving (insecure )?client (requests|traffic)/.test(output)) resolve();
        });
        started.once('exit', () => reject(new Error(`etcd ended: ${output}`)));
      });
    },
    kill,
    async dispose() {
      await kill('SIGKILL');
      rmSync(dirname(directory), { recursive: true, force: true });
    },
  };
}
