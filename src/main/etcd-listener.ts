// etcd's API beside the Kubernetes API, when --etcd-listen asks for it. On TCP it has an authority of its own, made on first
// use in <data-dir>/pki/etcd as kubeadm names its files: a certificate of the cluster's authority opens nothing here.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { World } from '#base/world.ts';
import { UserError } from '#cli';
import type { LocalStore, Store } from '#store';
import { createCa, issueCertificate, parseCertificate, verifiesAgainst, type CertifiedKey, type KeyUsage } from '#wire';
import type { ApiserverFlags } from './apiserver-flags.ts';

const day = 24 * 3600 * 1000;
const base: readonly KeyUsage[] = ['digital signature', 'key encipherment'];

function writePair(folder: string, name: string, pair: CertifiedKey): CertifiedKey {
  for (const [end, text] of [['key', pair.key], ['crt', pair.cert]] as const) {
    const path = join(folder, `${name}.${end}`);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }
  return pair;
}

function readPair(folder: string, name: string): CertifiedKey | undefined {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  return existsSync(cert) && existsSync(key) ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined;
}

/** The authority, the server's pair, and a client's for etcdctl; leaves are renewed 90 days before their end. */
export function etcdPki(world: World, folder: string, host: string): { readonly ca: CertifiedKey; readonly server: CertifiedKey } {
  const now = world.clock.now();
  const ca = readPair(folder, 'ca') ?? writePair(folder, 'ca', createCa(world.random, { commonName: 'etcd-ca', notBeforeMs: now - 5 * 60_000, notAfterMs: now + 3650 * day }));
  const addresses = [...new Set(['127.0.0.1', '::1', ...(/^[\d.]+$|:/.test(host) && host !== '0.0.0.0' ? [host] : [])])];
  const leaf = (name: string, usages: readonly KeyUsage[], names: { ipAddresses?: readonly string[]; dnsNames?: readonly string[] }): CertifiedKey => {
    const found = readPair(folder, name);
    const good = found !== undefined && parseCertificate(found.cert).notAfterMs > now + 90 * day && verifiesAgainst(found.cert, ca.cert, now)
      && (names.ipAddresses ?? []).every((address) => parseCertificate(found.cert).ipAddresses.includes(address));
    return good ? found : writePair(folder, name, issueCertificate(world.random, ca, { commonName: name === 'server' ? 'skiff-etcd' : 'skiff-etcdctl', ...names, usages, notBeforeMs: now - 5 * 60_000, notAfterMs: now + 365 * day }));
  };
  const server = leaf('server', [...base, 'server auth'], { ipAddresses: addresses, dnsNames: ['localhost'] });
  leaf('client', [...base, 'client auth'], {});
  return { ca, server };
}

function isLocal(store: Store): store is LocalStore {
  return 'transact' in store;
}

/** Serves until closed; nothing when no flag asks for it. The gRPC stack is loaded only then. */
export async function openEtcdListener(world: World, flags: ApiserverFlags, store: Store): Promise<{ close(): Promise<void> } | undefined> {
  const listen = flags.get('etcd-listen');
  if (listen === '') return undefined;
  if (!isLocal(store)) throw new UserError('--etcd-listen serves the embedded store, and this cluster keeps its objects in an etcd', 'ask that etcd');
  const { serveEtcd } = await import('#store/etcd-server');
  const scratch = join(flags.get('data-dir'), 'tmp');
  if (listen.startsWith('unix:')) return serveEtcd(world, store, { listen, name: 'skiff', scratch });
  const folder = join(flags.get('data-dir'), 'pki/etcd');
  const { ca, server } = etcdPki(world, folder, listen.replace(/:\d+$/, '').replaceAll(/[[\]]/g, ''));
  const served = await serveEtcd(world, store, { listen, name: 'skiff', scratch, tls: { ca: ca.cert, ...server } });
  world.log.info("serving etcd's API", { address: served.address, clientCertificate: join(folder, 'client.crt') });
  return served;
}
