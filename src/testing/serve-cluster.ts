// An in-process cluster on a real port, for kubectl and programs in other languages: HTTPS with the cluster's own CA
// on a free port of the loopback address. The listener lives in real time even when the cluster lives in virtual
// time; a watch then shows what happens while the cluster's owner lets time pass.
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { issueCertificate, serveHttp, type CertifiedKey, type Handler } from '#wire';
import { admin } from './identities.ts';

export interface ServedCluster {
  /** "https://127.0.0.1:34567" */
  readonly url: string;
  /** PEM texts of the administrator and of the authority that both sides trust. */
  readonly ca: string;
  readonly adminCertificate: CertifiedKey;
  /** A kubeconfig for the administrator, as text (JSON, which is YAML). */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const dayMs = 24 * 3_600_000;
const address = '127.0.0.1';

/** Listens until closed. `ca` signs the server's and the administrator's certificates. */
export async function serveCluster(world: World, handler: Handler, ca: CertifiedKey): Promise<ServedCluster> {
  const now = systemClock.now();
  const validity = { notBeforeMs: now - dayMs, notAfterMs: now + 365 * dayMs };
  const server = issueCertificate(systemRandom, ca, {
    commonName: 'kube-apiserver', dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'], ipAddresses: [address, '10.96.0.1'], usages: ['digital signature', 'key encipherment', 'server auth'], ...validity,
  });
  const adminCertificate = issueCertificate(systemRandom, ca, { commonName: admin.user, organizations: ['system:masters'], usages: ['digital signature', 'client auth'], ...validity });
  const listener = await serveHttp({ ...world, clock: systemClock }, { host: address, port: 0, tls: { ...server, clientCa: ca.cert }, handler });
  const url = `https://${address}:${listener.port}`;
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1', kind: 'Config', 'current-context': 'skiff-testing',
    clusters: [{ name: 'skiff-testing', cluster: { server: url, 'certificate-authority-data': base64(ca.cert) } }],
    users: [{ name: 'admin', user: { 'client-certificate-data': base64(adminCertificate.cert), 'client-key-data': base64(adminCertificate.key) } }],
    contexts: [{ name: 'skiff-testing', context: { cluster: 'skiff-testing', user: 'admin' } }],
  };
  return { url, ca: ca.cert, adminCertificate, kubeconfig: JSON.stringify(kubeconfig, null, 2), close: () => listener.close({ graceMs: 0 }) };
}
