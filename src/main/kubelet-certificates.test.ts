// A node's certificates through the real API server, approver and signer, over hours of virtual time.
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { seededRandom, systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { fileCertificateStore, rotateClientCertificate, rotateServingCertificate } from '#kubelet';
import { startCluster, type Cluster } from '#testing';
import { createCa, httpTransport, issueCertificate, parseCertificate, serveHttp, verifiesAgainst, type CertifiedKey } from '#wire';

const hour = 3_600_000;
const day = 24 * hour;
const node = 'system:node:n1';
let folder: string;
let cluster: Cluster;
let ca: CertifiedKey;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-node-pki-'));
  const startMs = Date.parse('2026-01-01T00:00:00Z');
  ca = createCa(seededRandom(5), { commonName: 'kubernetes', notBeforeMs: startMs - day, notAfterMs: startMs + 3650 * day });
  cluster = await startCluster({ nodes: 0, startMs, seed: 5, scheduler: false, controllers: ['csrapproving', 'csrsigning'], controllersConfig: { clusterSigningCert: ca.cert, clusterSigningKey: ca.key, clusterSigningDurationMs: hour } });
});
afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('the client certificate is renewed between 70 and 90 per cent of its life, and kept on the disk', async () => {
  const { world } = cluster;
  const rbac = 'rbac.authorization.k8s.io';
  await cluster.client.resource(`clusterrolebindings.${rbac}`).create({
    apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'kubeadm:node-autoapprove-certificate-rotation' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient' },
    subjects: [{ kind: 'Group', apiGroup: rbac, name: 'system:nodes' }],
  } as never);
  const bootstrap = issueCertificate(seededRandom(6), ca, { commonName: node, organizations: ['system:nodes'], usages: ['client auth'], notBeforeMs: cluster.now() - hour, notAfterMs: cluster.now() + hour });
  const seen: CertifiedKey[] = [];
  const begun = cluster.now() - hour;
  const rotation = rotateClientCertificate(world, { nodeName: 'n1', folder, client: cluster.clientFor(node, ['system:nodes']), bootstrap, changed: (pair) => seen.push(pair) });
  expect(rotation.current()?.cert).toBe(bootstrap.cert);
  await cluster.until(() => seen.length === 1, { within: '2h' });
  const share = (cluster.now() - begun) / (2 * hour);
  expect(share).toBeGreaterThanOrEqual(0.7);
  expect(share).toBeLessThanOrEqual(0.92);
  const fresh = rotation.current();
  expect(parseCertificate(fresh?.cert ?? '')).toMatchObject({ commonName: node, organizations: ['system:nodes'] });
  expect(verifiesAgainst(fresh?.cert ?? '', ca.cert, cluster.now())).toBe(true);
  await cluster.until(() => seen.length === 3, { within: '4h' });
  const current = join(folder, 'kubelet-client-current.pem');
  expect(fileCertificateStore(world.clock, folder, 'kubelet-client').current()?.cert.trim()).toBe(seen[2]?.cert.trim());
  expect(statSync(readlinkSync(current)).mode & 0o777).toBe(0o600);
  expect(readFileSync(current, 'utf8')).toMatch(/BEGIN CERTIFICATE[\s\S]*PRIVATE KEY/);
  expect(readdirSync(folder).every((name) => /^kubelet-client-(current|[\d-]+)\.pem$/.test(name))).toBe(true);
  expect(rotation.healthy).toBe(true);
  expect(await world.metrics.text()).toContain('kubelet_certificate_manager_client_rotation_seconds_count 3');
  rotation.close();
  // A new start goes on with what is on the disk.
  const next = rotateClientCertificate(world, { nodeName: 'n1', folder, client: cluster.clientFor(node, ['system:nodes']), bootstrap, changed: () => {} });
  expect(next.current()?.cert.trim()).toBe(seen[2]?.cert.trim());
  next.close();
});

test('a serving certificate waits for approval and follows the addresses of its node', async () => {
  const requests = cluster.client.resource<CertificateSigningRequest>('certificatesigningrequests.certificates.k8s.io');
  const approve = async (): Promise<void> => {
    for (const csr of (await requests.list()).items) {
      if ((csr.status?.conditions ?? []).length > 0) continue;
      const condition = { type: 'Approved', status: 'True', reason: 'Test', message: 'by hand' };
      await cluster.client.raw('PUT', `/apis/certificates.k8s.io/v1/certificatesigningrequests/${csr.metadata?.name}/approval`, { ...csr, status: { conditions: [condition] } });
    }
  };
  let addresses = [{ type: 'Hostname', address: 'n1' }];
  const seen: CertifiedKey[] = [];
  const rotation = rotateServingCertificate(cluster.world, {
    nodeName: 'n1', folder, client: cluster.clientFor(node, ['system:nodes']), node: () => ({ status: { addresses } }), changed: (pair) => seen.push(pair),
  });
  await cluster.until(async () => (await requests.list()).items.length === 1, { within: '1m' });
  await cluster.advance('5s');
  expect(seen).toEqual([]);
  await approve();
  await cluster.until(() => seen.length === 1, { within: '1m' });
  expect(parseCertificate(seen[0]?.cert ?? '').dnsNames).toEqual(['n1']);
  addresses = [{ type: 'Hostname', address: 'n1' }, { type: 'InternalIP', address: '10.0.0.7' }];
  await cluster.until(async () => (await requests.list()).items.length === 2, { within: '5m' });
  await approve();
  await cluster.until(() => seen.length === 2, { within: '1m' });
  expect(parseCertificate(rotation.current()?.cert ?? '').ipAddresses).toEqual(['10.0.0.7']);
  rotation.close();
});

test('connections go over to a new client certificate, and a listener to a new serving one', async () => {
  const world: World = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
  const now = systemClock.now();
  const authority = createCa(systemRandom, { commonName: 'ca', notBeforeMs: now - day, notAfterMs: now + day });
  const issue = (commonName: string): CertifiedKey =>
    issueCertificate(systemRandom, authority, { commonName, organizations: [], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], usages: ['client auth', 'server auth'], notBeforeMs: now - day, notAfterMs: now + day });
  const serving = issue('server-1');
  const server = await serveHttp(world, {
    host: '127.0.0.1', port: 0, tls: { ...serving, clientCa: authority.cert },
    handler: async (exchange) => exchange.send(200, {}, exchange.peer.certificate?.commonName ?? 'nobody'),
  });
  const served: string[] = [];
  let identity = issue('client-1');
  const transport = httpTransport({
    url: `https://127.0.0.1:${server.port}`, clock: systemClock, ca: authority.cert, serverName: 'localhost', identity: () => identity,
    checkServerName: (_name, shown) => void served.push(String(shown.subject.CN)),
  });
  const ask = async (): Promise<string> => Buffer.from(await (await transport.request({ method: 'GET', path: '/' })).bytes()).toString();
  expect([await ask(), await ask()]).toEqual(['client-1', 'client-1']);
  identity = issue('client-2');
  server.reload({ ...issue('server-2'), clientCa: authority.cert });
  expect(await ask()).toBe('client-2');
  expect(served).toEqual(['server-1', 'server-2']);
  await transport.close();
  await server.close({ graceMs: 0 });
});
