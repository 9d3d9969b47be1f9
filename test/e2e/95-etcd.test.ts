// The same cluster on an etcd of the user's: objects are where upstream keeps them, and etcd's absence is survived.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { attempt, eventually, kubectl } from './clients.ts';

const folder = mkdtempSync(join(tmpdir(), 'skiff-e2e-etcd-'));
let etcd: ChildProcess | undefined;
afterAll(() => {
  etcd?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startEtcd(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  etcd = spawn('etcd', ['--data-dir', join(folder, 'data'), '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', 'http://127.0.0.1:0'], { stdio: 'ignore' });
  await eventually('etcd answers', () => (attempt('etcdctl', ['--endpoints', url, 'endpoint', 'health'], { env: { ETCDCTL_API: '3' } }).code === 0 ? true : undefined));
}

test('up --store etcd: a pod runs, keys are upstream\'s, etcd may go and come back', async () => {
  const port = await freePort();
  await startEtcd(port);
  expect(attempt('./skiff', ['down', '--purge'])).toMatchObject({ code: 0 });
  expect(attempt('./skiff', ['up', '--store', `etcd://127.0.0.1:${port}`])).toMatchObject({ code: 0 });
  kubectl('create configmap kept --from-literal=a=1');
  const keys = attempt('etcdctl', ['--endpoints', `http://127.0.0.1:${port}`, 'get', '/registry/', '--prefix', '--keys-only'], { env: { ETCDCTL_API: '3' } }).stdout;
  expect(keys).toContain('/registry/configmaps/default/kept\n');
  expect(keys).toMatch(/\/registry\/minions\/\S+\n/);
  expect(keys).toContain('/registry/services/specs/default/kubernetes\n');
  const ended = once(etcd as ChildProcess, 'exit');
  etcd?.kill('SIGKILL');
  await ended;
  expect(attempt('kubectl', ['create', 'configmap', 'lost', '--request-timeout=5s']).code).not.toBe(0);
  await startEtcd(port);
  await eventually('writes work again', () => (attempt('kubectl', ['create', 'configmap', 'after']).code === 0 ? true : undefined));
  expect(kubectl('get configmap kept -o jsonpath={.data.a}')).toBe('1');
});
