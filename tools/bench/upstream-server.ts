// Upstream's kube-apiserver on an etcd of its own, for the same load on the same machine: how much faster or smaller
// Skiff is holds on any machine, a rate alone does not. Both programs are the caller's; nothing is fetched.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfigFile, pkiFile, transportFor } from '../../src/cli/index.ts';
import { createClient } from '../../src/client/index.ts';
import { realWorld } from '../../src/base/world.ts';
import { freePort, trialCluster } from '../trial-cluster.ts';
import { untilReady, type MeasuredServer } from './api-server.ts';
import { pause } from './children.ts';

/** @param binary kube-apiserver; `etcd` is found in PATH. Resolves when it is ready; `readyMs` from its start. */
export async function startUpstream(binary: string): Promise<MeasuredServer & { readonly readyMs: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-bench-upstream-'));
  const world = realWorld('bench', 'silent');
  const { config, pki } = await trialCluster(world, directory);
  const children: ChildProcess[] = [];
  const client = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'admin')), { userAgent: 'skiff-bench' });
  const stop = async (): Promise<void> => {
    await client.close();
    for (const child of children) child.kill('SIGKILL');
    await pause(200);
    rmSync(directory, { recursive: true, force: true });
  };
  const run = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.on('error', (error) => console.error(`${program} does not start: ${error.message}`));
    children.push(child);
    return child;
  };
  try {
    const [store, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    const etcd = run('etcd', [
      '--data-dir', join(directory, 'etcd'), '--listen-client-urls', store, '--advertise-client-urls', store, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`,
    ]);
    await pause(2_000);
    const file = (name: string): string => pkiFile(config.paths, name);
    const began = performance.now();
    const server = run(binary, [
      '--bind-address=127.0.0.1', `--secure-port=${config.apiPort}`, `--etcd-servers=${store}`, '--advertise-address=192.0.2.1', `--tls-cert-file=${file('apiserver.crt')}`, `--tls-private-key-file=${file('apiserver.key')}`,
      `--client-ca-file=${file('ca.crt')}`, '--authorization-mode=Node,RBAC', `--service-account-key-file=${file('sa.pub')}`, `--service-account-signing-key-file=${file('sa.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc', `--service-cluster-ip-range=${config.serviceCidr}`,
    ]);
    await untilReady(client, server);
    return {
      target: { port: config.apiPort, ca: pki.ca.cert, cert: pki.admin.cert, key: pki.admin.key }, client, config, pid: server.pid ?? 0, storePid: etcd.pid ?? 0, stop, readyMs: performance.now() - began,
      stalls: () => Promise.reject(new Error('upstream has no event loop')),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
