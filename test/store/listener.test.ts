// etcdctl beside a running API server: what it writes is seen by the server's watches, what the API writes it sees.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { httpTransport } from '../../src/wire/index.ts';
import { startProgram } from '../history/program.ts';
import { freePort, makeServerHome } from '../robustness/api-server.ts';

const etcdctl = ['/usr/bin/etcdctl', '/usr/local/bin/etcdctl'].find((path) => existsSync(path));

test.skipIf(etcdctl === undefined)('a deletion by etcdctl ends a watch\'s object, and a backup by etcdctl is a snapshot', async () => {
  const port = await freePort();
  using home = await makeServerHome({ etcdListen: `127.0.0.1:${port}` });
  await using program = await startProgram(home);
  const pki = join(home.config.paths.state, 'pki/etcd');
  const run = (...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const flags = [`--endpoints=https://127.0.0.1:${port}`, `--cacert=${pki}/ca.crt`, `--cert=${pki}/client.crt`, `--key=${pki}/client.key`];
      execFile(etcdctl ?? '', [...flags, ...args], { env: { ETCDCTL_API: '3' } }, (error, out, stderr) => (error === null ? resolve(out.trim()) : reject(new Error(stderr))));
    });
  const transport = httpTransport({ url: `https://localhost:${home.config.apiPort}`, ...home.admin, clock: systemClock });
  const path = '/api/v1/namespaces/default/configmaps';
  const headers = { 'content-type': 'application/json' };
  const made = await transport.request({ method: 'POST', path, headers, body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' } }) });
  expect(made.status).toBe(201);
  const { metadata } = JSON.parse(Buffer.from(await made.bytes()).toString()) as { metadata: { resourceVersion: string } };
  expect(await run('get', '/registry/configmaps/default/seen', '--keys-only')).toBe('/registry/configmaps/default/seen');
  const watch = await transport.request({ method: 'GET', path: `${path}?watch=1&timeoutSeconds=20&resourceVersion=${metadata.resourceVersion}` });
  expect(await run('del', '/registry/configmaps/default/seen')).toBe('1');
  let told = '';
  for await (const chunk of watch.body) {
    told += Buffer.from(chunk).toString();
    if (told.includes('DELETED')) break;
  }
  expect(told).toContain('"name":"seen"');
  expect((await transport.request({ method: 'GET', path: `${path}/seen` })).status).toBe(404);
  expect(await run('snapshot', 'save', join(home.config.paths.state, 's.db'))).toContain('Snapshot saved');
  await transport.close();
  expect(program).toBeDefined();
});
