// `skiff certs rotate-ca` as a real program against a real API server, killed between its steps: who knows the old
// authority alone and who knows the new one alone both get through, and a watch that was open before ends for nobody.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import type { ConfigMap } from '#api/core/v1.ts';
import { every, sleep, systemClock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { certificatesOf, clusterFile, ensurePki, kubeconfigFile, pkiFile, saveCluster, transportFor, type ClusterConfig } from '#cli';
import { createClient, type Client } from '#client';
import { startControllers } from '#controllers';
import { rotateClientCertificate } from '#kubelet';
import { createCsr, generateKey, httpTransport, serveHttp, verifiesAgainst, type HttpTransportOptions } from '#wire';
import { followAuthority } from './cluster-authority.ts';
import { followFiles } from './followed-files.ts';

const world: World = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
const entry = join(import.meta.dirname, 'skiff.ts');
const stop = new AbortController();
const endings: (() => Promise<unknown>)[] = [];
let folder: string;
let config: ClusterConfig;

const read = (name: string): string => readFileSync(pkiFile(config.paths, name), 'utf8');
const userFile = (): string => join(folder, 'user.yaml');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function program(args: readonly string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, KUBECONFIG: userFile() } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

/** Runs `certs rotate-ca`; with `killAt` it gets a SIGKILL as soon as it has said that. */
async function rotate(args: readonly string[], killAt?: string): Promise<{ code: number | null; output: string }> {
  const { child, output } = program(['certs', 'rotate-ca', '--config', clusterFile(config.paths), ...args]);
  child.stdout?.on('data', () => {
    if (killAt !== undefined && output().includes(killAt)) child.kill('SIGKILL');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: output() };
}

async function ask(options: Partial<HttpTransportOptions>, path = '/api/v1/namespaces/default'): Promise<number> {
  const transport = httpTransport({ url: `https://127.0.0.1:${config.apiPort}`, clock: systemClock, ...options });
  try {
    const { status, bytes } = await transport.request({ method: 'GET', path });
    await bytes();
    return status;
  } finally {
    await transport.close();
  }
}

/** The part of the agent's that is about certificates. */
async function startKubelet(client: Client): Promise<void> {
  const files = ['kubelet.crt', 'kubelet.key', 'ca.crt'].map((name) => pkiFile(config.paths, name));
  const tls = ([cert = '', key = '', clientCa = '']: readonly string[]) => ({ cert, key, clientCa });
  const server = await serveHttp(world, { host: '127.0.0.1', port: 0, tls: tls(files.map((file) => readFileSync(file, 'utf8'))), handler: async (exchange) => exchange.send(200, {}, 'ok') });
  followFiles(world, files, stop.signal, (texts) => server.reload(tls(texts)));
  endings.push(() => server.close({ graceMs: 0 }));
  const authority = followAuthority(world, config.paths, stop.signal);
  const agent = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'agent'), () => rotation.current()), { userAgent: 'test' });
  const rotation = rotateClientCertificate(world, { nodeName: 'n', folder: join(folder, 'kubelet/pki'), client: agent, bootstrap: { cert: read('client-agent.crt'), key: read('client-agent.key') }, accepts: authority.isCurrent, trusts: authority.trusts, changed: () => {} });
  endings.push(async () => rotation.close(), () => agent.close());
  const rbac = 'rbac.authorization.k8s.io';
  await client.resource(`clusterrolebindings.${rbac}`).create({
    apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'kubeadm:node-autoapprove-certificate-rotation' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient' },
    subjects: [{ kind: 'Group', apiGroup: rbac, name: 'system:nodes' }],
  } as never);
  await client.resource('nodes').create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: server.port } } } } as never);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-ca-'));
  config = {
    name: 'c', paths: { state: folder, run: folder, log: folder }, nodeName: 'n', nodeIp: '192.0.2.1', bindAddress: '127.0.0.1', apiPort: await freePort(), kubeletPort: 10250, podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16', clusterDns: '10.96.0.10', clusterDomain: 'cluster.local', nodePortRange: '30000-32767', store: 'embedded', logLevel: 'info',
  };
  saveCluster(config);
  ensurePki(world.clock, world.random, config);
  writeFileSync(userFile(), `apiVersion: v1\nkind: Config\ncurrent-context: work\nclusters: [{name: c, cluster: {server: x}}]\nusers: [{name: c, user: {}}]\ncontexts: [{name: c, context: {cluster: c, user: c}}]\n`);
  const { child, output } = program(['run', 'apiserver', '--config', clusterFile(config.paths)]);
  endings.push(async () => (child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve).kill('SIGTERM')) : undefined));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${output()}`)));
    child.stderr?.on('data', () => {
      if (output().includes('"serving"')) resolve();
    });
  });
}, 60_000);
afterAll(async () => {
  stop.abort(new Error('the test is over'));
  await Promise.allSettled(endings.toReversed().map((end) => end()));
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

test('nobody is cut off while the authority is replaced, however often that is interrupted', async () => {
  const [oldCa, oldPair] = [read('ca.crt'), { cert: read('admin.crt'), key: read('admin.key') }];
  const client = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'controllers')), { userAgent: 'test' });
  const admin = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'admin')), { userAgent: 'test' });
  endings.push(() => client.close(), () => admin.close());
  const controllers = startControllers(world, () => admin, {
    controllers: ['root-ca-cert-publisher', 'csrapproving', 'csrsigning', 'serviceaccount-token'], leaderElect: false, serviceAccountKey: read('sa.key'), authority: followAuthority(world, config.paths, stop.signal, { withKey: true }),
  });
  endings.push(() => controllers.close());
  await startKubelet(admin);

  // Who knows the old authority alone, with a connection of its own for each request.
  const failures: string[] = [];
  let asked = 0;
  const old = new AbortController();
  const polling = every(systemClock, 100, old.signal, async () => {
    const answer = await ask({ ca: oldCa, ...oldPair }).catch(errorText);
    asked++;
    if (answer !== 200) failures.push(String(answer));
  });
  // And who has watched since before.
  const watcher = httpTransport({ url: `https://127.0.0.1:${config.apiPort}`, clock: systemClock, ca: oldCa, ...oldPair });
  endings.push(() => watcher.close());
  const watch = await watcher.request({ method: 'GET', path: '/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dlast' });
  const seen = (async () => {
    for await (const chunk of watch.body) return Buffer.from(chunk).toString();
    return 'the watch ended';
  })();

  expect((await rotate([], '2/5')).output).toMatch(/^1\/5 a new authority is made: kubernetes-\d+\n2\/5/);
  const next = read('ca-next.crt');
  expect((await rotate([], '4/5')).output).toMatch(/^an earlier run stopped here: trusting; it goes on\n2\/5[\s\S]*\n3\/5[\s\S]*\n4\/5/);
  expect(certificatesOf(read('ca.crt'))).toEqual([next, oldCa]);

  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'n', automountServiceAccountToken: false, serviceAccountName: 'default', containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } }] } };
  await admin.resource('serviceaccounts').in('default').create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } } as never);
  const made = await admin.resource('pods').in('default').create(pod as never);
  await admin.resource('pods').in('default').updateStatus({ ...(made as object), status: { phase: 'Running', containerStatuses: [{ name: 'c', image: 'i', imageID: 'i', ready: true, restartCount: 0, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }] } } as never);
  const third = await rotate([]);
  expect(third.output).toContain('still needs the old authority: pods that began before they had the new authority, and may have read only the old one: default/p\n');
  expect([third.code, third.output.includes('5/5')]).toEqual([0, false]);

  const [own] = certificatesOf(readFileSync(join(folder, 'kubelet/pki/kubelet-client-current.pem'), 'utf8'));
  expect(verifiesAgainst(own ?? '', next, systemClock.now())).toBe(true);
  // Everything is signed by the next one now; who knows that alone gets through as well.
  expect(await ask({ ca: next, cert: read('admin.crt'), key: read('admin.key') })).toBe(200);
  for (const name of ['apiserver', 'admin', 'kubelet', 'apiserver-kubelet-client', 'client-agent', 'client-controllers', 'client-dns', 'client-proxy', 'client-scheduler']) expect(verifiesAgainst(read(`${name}.crt`), next, systemClock.now())).toBe(true);
  const requests = admin.resource<CertificateSigningRequest>('certificatesigningrequests.certificates.k8s.io');
  const request = Buffer.from(createCsr(generateKey(), { commonName: 'jane', organizations: [] })).toString('base64');
  const csr = await requests.create({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'jane' }, spec: { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] } });
  await admin.raw('PUT', '/apis/certificates.k8s.io/v1/certificatesigningrequests/jane/approval', { ...csr, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'T', message: '' }] } });
  let signed = '';
  while (signed === '') {
    signed = (await requests.get('jane')).status?.certificate ?? '';
    await sleep(systemClock, 50);
  }
  expect(verifiesAgainst(Buffer.from(signed, 'base64').toString(), next, systemClock.now())).toBe(true);

  old.abort(new Error('the old authority goes'));
  await polling.catch(() => undefined);
  expect([failures, asked > 50]).toEqual([[], true]);
  const last = await rotate(['--finish']);
  expect([last.code, last.output]).toEqual([0, expect.stringMatching(/left behind: pods[\s\S]*5\/5[\s\S]*the cluster has a new authority/)]);
  expect(read('ca.crt')).toBe(next);
  expect((await admin.resource<ConfigMap>('configmaps').in('default').get('kube-root-ca.crt')).data?.['ca.crt']).toBe(next);
  expect(await ask({ ca: next, cert: read('admin.crt'), key: read('admin.key') })).toBe(200);
  // The server looks at its files every second.
  await vi.waitFor(async () => expect(String(await ask({ ca: oldCa, ...oldPair }).catch(errorText))).toMatch(/certificate/), { timeout: 20_000, interval: 50 });
  await vi.waitFor(async () => expect(await ask({ ca: next, ...oldPair })).toBe(401), { timeout: 20_000, interval: 50 });
  await client.resource('namespaces').list();
  await admin.resource('configmaps').in('default').create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'last' } } as never);
  expect(await seen).toContain('"ADDED"');
  const user = parse(readFileSync(userFile(), 'utf8')) as { 'current-context': string; clusters: { cluster: Record<string, string> }[] };
  expect([user['current-context'], Buffer.from(user.clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64').toString()]).toEqual(['work', next]);
}, 180_000);
