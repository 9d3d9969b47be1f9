// The cluster's certificates and keys in <state>/pki, made on the first `up` and kept. Names follow kubeadm, so that
// people find their way: ca, apiserver, apiserver-kubelet-client, front-proxy-ca, front-proxy-client, sa. Leaf
// certificates are renewed when fewer than 90 days are left, the machine's names or the authority changed.
import { createPublicKey } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { createCa, generateKey, issueCertificate, parseCertificate, pemEncode, verifiesAgainst, type CertifiedKey, type KeyUsage } from '#wire';
import { dnsUser } from './addons.ts';
import { clusterAuthority, type ClusterAuthorityFiles } from './ca-files.ts';
import { ensureEncryptionKey } from './encryption-keys.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { kubeconfigFile, pkiFile, type ClusterConfig } from './paths.ts';

const day = 24 * 3600 * 1000;
const client: readonly KeyUsage[] = ['digital signature', 'key encipherment', 'client auth'];
const server: readonly KeyUsage[] = ['digital signature', 'key encipherment', 'server auth'];

interface Leaf {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly KeyUsage[];
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}

function readPair(config: ClusterConfig, name: string): CertifiedKey | undefined {
  const cert = pkiFile(config.paths, `${name}.crt`);
  const key = pkiFile(config.paths, `${name}.key`);
  return existsSync(cert) && existsSync(key) ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined;
}

function writePair(config: ClusterConfig, name: string, pair: CertifiedKey): CertifiedKey {
  write(pkiFile(config.paths, `${name}.key`), pair.key);
  write(pkiFile(config.paths, `${name}.crt`), pair.cert);
  return pair;
}

function certificateAuthority(clock: Clock, random: Random, config: ClusterConfig, name: string, commonName: string): CertifiedKey {
  const found = readPair(config, name);
  if (found !== undefined) return found;
  const now = clock.now();
  return writePair(config, name, createCa(random, { commonName, notBeforeMs: now - 5 * 60_000, notAfterMs: now + 3650 * day }));
}

/** @param chain PEM that follows the certificate in its file. */
function leaf(clock: Clock, random: Random, config: ClusterConfig, ca: CertifiedKey, chain: string, name: string, wanted: Leaf, renew: boolean): CertifiedKey {
  const found = renew ? undefined : readPair(config, name);
  const now = clock.now();
  if (found !== undefined) {
    const parsed = parseCertificate(found.cert);
    const names = [...(wanted.dnsNames ?? []), ...(wanted.ipAddresses ?? [])];
    const carried = [...parsed.dnsNames, ...parsed.ipAddresses];
    const good = parsed.notAfterMs > now + 90 * day && names.every((n) => carried.includes(n)) && parsed.commonName === wanted.commonName && verifiesAgainst(found.cert, ca.cert, now);
    if (good) {
      const cert = pemEncode('CERTIFICATE', parsed.der) + chain;
      return found.cert === cert ? found : writePair(config, name, { cert, key: found.key });
    }
  }
  const issued = issueCertificate(random, ca, { ...wanted, notBeforeMs: now - 5 * 60_000, notAfterMs: now + 365 * day });
  return writePair(config, name, { cert: issued.cert + chain, key: issued.key });
}

function firstAuthority(signing: CertifiedKey): ClusterAuthorityFiles {
  return { stage: 'none', bundle: signing.cert, signing, chain: '' };
}

/** The first address of the Service CIDR: where the `kubernetes` Service lives. */
export function firstServiceIp(cidr: string): string {
  const octets = (cidr.split('/')[0] ?? '').split('.').map(Number);
  octets[3] = (octets[3] ?? 0) + 1;
  return octets.join('.');
}

export interface ClusterPki {
  /** All that are trusted, and the key of the first. */
  readonly ca: CertifiedKey;
  readonly admin: CertifiedKey;
  /** The key of Secrets has just been made: those of before are still plain. */
  readonly newEncryptionKey: boolean;
}

/**
 * Makes or renews everything; quick when all is there.
 * @param renew issue all certificates anew, however long they are still good; authorities and the tokens' key stay.
 */
export function ensurePki(clock: Clock, random: Random, config: ClusterConfig, { renew = false } = {}): ClusterPki {
  const { bundle, signing: ca, chain } = clusterAuthority(config.paths) ?? firstAuthority(certificateAuthority(clock, random, config, 'ca', 'kubernetes'));
  const make = (by: CertifiedKey, name: string, wanted: Leaf): CertifiedKey => leaf(clock, random, config, by, by === ca ? chain : '', name, wanted, renew);
  const frontProxy = certificateAuthority(clock, random, config, 'front-proxy-ca', 'front-proxy-ca');
  const addresses = ['127.0.0.1', '::1', config.nodeIp, firstServiceIp(config.serviceCidr)];
  make(ca, 'apiserver', {
    commonName: 'kube-apiserver',
    dnsNames: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${config.clusterDomain}`, 'localhost', config.nodeName],
    ipAddresses: [...new Set(addresses)],
    usages: server,
  });
  make(ca, 'apiserver-kubelet-client', { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'], usages: client });
  make(frontProxy, 'front-proxy-client', { commonName: 'front-proxy-client', usages: client });
  make(ca, 'kubelet', { commonName: `system:node:${config.nodeName}`, organizations: ['system:nodes'], dnsNames: [config.nodeName, 'localhost'], ipAddresses: [config.nodeIp, '127.0.0.1'], usages: server });
  const admin = make(ca, 'admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: client });
  const users: readonly (readonly [string, Leaf])[] = [
    ['controllers', { commonName: 'system:kube-controller-manager', usages: client }],
    ['scheduler', { commonName: 'system:kube-scheduler', usages: client }],
    ['agent', { commonName: `system:node:${config.nodeName}`, organizations: ['system:nodes'], usages: client }],
    ['proxy', { commonName: 'system:kube-proxy', usages: client }],
    ['dns', { commonName: dnsUser, usages: client }],
  ];
  for (const [name, wanted] of users) saveKubeconfig(config, bundle, name, make(ca, `client-${name}`, wanted));
  saveKubeconfig(config, bundle, 'admin', admin);
  if (!existsSync(pkiFile(config.paths, 'sa.key'))) {
    const key = generateKey('rsa-2048');
    write(pkiFile(config.paths, 'sa.key'), key);
    write(pkiFile(config.paths, 'sa.pub'), createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString());
  }
  return { ca: { cert: bundle, key: ca.key }, admin, newEncryptionKey: ensureEncryptionKey(random, config.paths) };
}

/** A program reaches the API server on this machine: through loopback, which no address change breaks. */
function saveKubeconfig(config: ClusterConfig, bundle: string, name: string, pair: CertifiedKey): void {
  const text = kubeconfigText({ name: config.name, server: `https://127.0.0.1:${config.apiPort}`, ca: bundle, clientCert: pair.cert, clientKey: pair.key });
  const path = kubeconfigFile(config.paths, name);
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) write(path, text);
}
