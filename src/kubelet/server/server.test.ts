// The node's HTTPS API as its callers meet it: who may in, logs, exec over WebSocket, metrics.
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { systemClock } from '#base/clock.ts';
import { createClient } from '#client';
import { createSimulatedRuntime } from '#testing';
import { createCa, httpTransport, issueCertificate, type Transport } from '#wire';
import { fakeCluster, type FakeCluster } from '../fake-cluster.case.ts';
import { memoryHost } from '../host/memory-host.ts';
import { type Kubelet, startKubelet } from '../kubelet.ts';

const world: World = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
const validity = { notBeforeMs: systemClock.now() - 1000, notAfterMs: systemClock.now() + 3_600_000 };
const ca = createCa(systemRandom, { commonName: 'ca', ...validity });
const serving = issueCertificate(systemRandom, ca, { commonName: 'n1', ipAddresses: ['127.0.0.1'], usages: ['server auth'], ...validity });
const admin = issueCertificate(systemRandom, ca, { commonName: 'admin', organizations: ['system:masters'], usages: ['client auth'], ...validity });
let api: FakeCluster;
let kubelet: Kubelet;
const opened: Transport[] = [];

const through = (options: { readonly token?: string; readonly certificate?: boolean }): Transport => {
  const transport = httpTransport({
    url: `https://127.0.0.1:${kubelet.port}`, clock: systemClock, ca: ca.cert,
    ...(options.token !== undefined ? { token: options.token } : {}), ...(options.certificate === true ? { cert: admin.cert, key: admin.key } : {}),
  });
  opened.push(transport);
  return transport;
};
const get = async (transport: Transport, path: string): Promise<[number, string]> => {
  const answer = await transport.request({ method: 'GET', path });
  return [answer.status, Buffer.from(await answer.bytes()).toString()];
};

beforeAll(async () => {
  api = fakeCluster(world);
  api.mayDo = (user, what) => user === 'admin' || (user === 'reader' && what === 'get metrics');
  const host = memoryHost();
  const runtime = createSimulatedRuntime(world, {
    exec: (_container, command) => (command[0] === 'fail' ? { stderr: 'no\n', exitCode: 3 } : { stdout: `${command.join(' ')}\n`, exitCode: 0 }),
    writeLog: (path, line) => void host.files.write(path, line),
  });
  api.put('/api/v1/namespaces/default/services/kubernetes', { kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default' } });
  api.put('/api/v1/namespaces/default/pods/web', { kind: 'Pod', metadata: { name: 'web', namespace: 'default' }, spec: { nodeName: 'n1', containers: [{ name: 'web', image: 'web:1' }] }, status: { phase: 'Pending' } } as never);
  const client = createClient(world, api.transport, { userAgent: 'test' });
  kubelet = await startKubelet(world, { nodeName: 'n1', rootDirectory: '/k', address: '127.0.0.1', port: 0 }, { client, runtime, host, tls: { ...serving, clientCa: ca.cert } });
  while (api.pod('web')?.status?.phase !== 'Running') await new Promise((resolve) => systemClock.after(10, () => resolve(undefined)));
});
afterAll(async () => {
  for (const transport of opened) await transport.close();
  await kubelet.close();
});

test('nobody is anonymous, and each is let in as far as he may', async () => {
  expect(await get(through({}), '/pods')).toEqual([401, 'Unauthorized']);
  expect(await get(through({ token: 'bad' }), '/pods')).toEqual([401, 'Unauthorized']);
  const reader = through({ token: 'user:reader' });
  expect(await get(reader, '/pods')).toEqual([403, 'Forbidden (user=reader, verb=get, resource=nodes, subresource(s)=[pods proxy])\n']);
  expect((await get(reader, '/metrics/resource'))[0]).toBe(200);
  const [status, text] = await get(through({ certificate: true }), '/pods');
  expect([status, (JSON.parse(text) as { items: { metadata: { name: string }; status: { phase: string } }[] }).items.map((pod) => [pod.metadata.name, pod.status.phase])]).toEqual([200, [['web', 'Running']]]);
});

test('logs, and why there are none', async () => {
  const transport = through({ certificate: true });
  expect(await get(transport, '/containerLogs/default/web/web')).toEqual([200, 'started web\n']);
  expect((await get(transport, '/containerLogs/default/web/web?timestamps=true'))[1]).toMatch(/^\d{4}-.*Z started web\n$/);
  expect(await get(transport, '/containerLogs/default/none/web')).toEqual([404, 'pod "none" does not exist']);
  expect(await get(transport, '/containerLogs/default/web/none')).toEqual([404, 'container "none" not found in pod "web"']);
  expect(await get(transport, '/containerLogs/default/web/web?previous=true')).toEqual([400, 'previous terminated container "web" in pod "web" not found']);
  expect((await get(transport, '/containerLogs/default/web/web?sinceSeconds=-1'))[0]).toBe(422);
});

test('metrics and stats name the containers', async () => {
  const transport = through({ certificate: true });
  expect((await get(transport, '/metrics/resource'))[1]).toMatch(/container_memory_working_set_bytes\{container="web",namespace="default",pod="web"\} 1048576 \d+\n/);
  expect((await get(transport, '/metrics/cadvisor'))[1]).toContain('container_cpu_usage_seconds_total{');
  const summary = JSON.parse((await get(transport, '/stats/summary'))[1]) as { node: { nodeName: string }; pods: { podRef: { name: string }; containers: { name: string }[] }[] };
  expect([summary.node.nodeName, summary.pods.map((pod) => [pod.podRef.name, pod.containers.map(({ name }) => name)])]).toEqual(['n1', [['web', ['web']]]]);
  expect((await get(transport, '/nothing'))[0]).toBe(404);
});

async function exec(query: string): Promise<Record<number, string>> {
  const socket = new WebSocket(`wss://127.0.0.1:${kubelet.port}/exec/default/web/web?${query}`, 'v5.channel.k8s.io', { ca: ca.cert, cert: admin.cert, key: admin.key });
  const channels: Record<number, string> = {};
  socket.on('message', (data: Buffer) => {
    channels[data[0] ?? 0] = (channels[data[0] ?? 0] ?? '') + data.subarray(1).toString();
  });
  await new Promise<void>((resolve, reject) => socket.on('close', () => resolve()).on('error', reject));
  return channels;
}

test('exec gives output and exit code', async () => {
  const good = await exec('command=echo&command=hi&output=1&error=1');
  expect([good[1], (JSON.parse(good[3] ?? '{}') as { status?: string }).status]).toEqual(['echo hi\n', 'Success']);
  const bad = await exec('command=fail&output=1&error=1');
  expect([bad[2], JSON.parse(bad[3] ?? '{}')]).toMatchObject(['no\n', { status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } }]);
});
