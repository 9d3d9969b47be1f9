// The two certificates of a kubelet: the client one with which it talks to the API server (`rotateCertificates`), and
// the serving one of its own port (`serverTLSBootstrap`, whose requests somebody must approve).
import type { Node } from '#api/core/v1.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import type { CertifiedKey } from '#wire';
import { fileCertificateStore } from './certificate-store.ts';
import { startRotation, type CertificateRotation, type CertificateTemplate } from './rotation.ts';

export interface NodeCertificateOptions {
  readonly nodeName: string;
  /** "/var/lib/kubelet/pki" */
  readonly folder: string;
  readonly client: Client;
  readonly bootstrap?: CertifiedKey;
  /** Is the pair one to keep? */
  accepts?(pair: CertifiedKey): boolean;
  /** Is a pair found at the start believed? Without it: the one that is accepted. */
  trusts?(pair: CertifiedKey): boolean;
  changed(pair: CertifiedKey): void;
}

const signing = ['digital signature', 'key encipherment'];

/** Rotates kubelet-client-current.pem. */
export function rotateClientCertificate(world: World, options: NodeCertificateOptions): CertificateRotation {
  const { nodeName, folder, client, bootstrap, changed } = options;
  return startRotation(world, {
    name: 'client', client, store: fileCertificateStore(world.clock, folder, 'kubelet-client'), changed,
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(options.accepts === undefined ? {} : { accepts: options.accepts }),
    ...(options.trusts === undefined ? {} : { trusts: options.trusts }),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    // Elliptic keys do not encipher keys.
    usages: [signing[0] ?? '', 'client auth'],
    template: () => ({ commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }),
  });
}

/** Rotates kubelet-server-current.pem; the names are those that the Node object tells. */
export function rotateServingCertificate(world: World, options: NodeCertificateOptions & { node(): Node | undefined }): CertificateRotation {
  const { nodeName, folder, client, bootstrap, changed } = options;
  return startRotation(world, {
    name: 'server', client, store: fileCertificateStore(world.clock, folder, 'kubelet-server'), changed,
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(options.accepts === undefined ? {} : { accepts: options.accepts }),
    signerName: 'kubernetes.io/kubelet-serving',
    usages: [signing[0] ?? '', 'server auth'],
    template: () => servingTemplate(nodeName, options.node()),
  });
}

/** undefined until the node has an address: a certificate without names is good for nothing. */
export function servingTemplate(nodeName: string, node: Node | undefined): CertificateTemplate | undefined {
  const dnsNames = new Set<string>();
  const ipAddresses = new Set<string>();
  for (const { type, address } of node?.status?.addresses ?? []) {
    if (address === undefined || address === '') continue;
    if (type === 'InternalIP' || type === 'ExternalIP') ipAddresses.add(address);
    else if (/^[\d.]+$|:/.test(address)) ipAddresses.add(address);
    else dnsNames.add(address);
  }
  if (dnsNames.size === 0 && ipAddresses.size === 0) return undefined;
  return { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'], dnsNames: [...dnsNames].sort(), ipAddresses: [...ipAddresses].sort() };
}
