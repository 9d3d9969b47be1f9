// Who still needs which authority: what the API server, the namespaces, the nodes and the pods of the cluster show. Every
// question answers with the reason why not yet, or nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ConfigMap, Node, Pod, Secret } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { parseCertificate, pemBlocks, pemEncode, verifiesAgainst } from '#wire';
import { certificatesOf } from './ca-files.ts';
import { nodeLayout } from './node-layout.ts';
import type { ClusterConfig } from './paths.ts';

const shownMost = 10;
const connectMs = 5000;

/** "a, b, c and 4 more" */
export function listed(names: readonly string[]): string {
  return names.length <= shownMost ? names.join(', ') : `${names.slice(0, shownMost).join(', ')} and ${names.length - shownMost} more`;
}

/** The certificate that a server shows, DER. Rejects when nobody answers. */
function shownCertificate(world: World, host: string, port: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false });
    const timer = world.clock.after(connectMs, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('close', () => timer.cancel());
    socket.once('secureConnect', () => {
      const shown = socket.getPeerX509Certificate();
      socket.destroy();
      if (shown === undefined) reject(new Error('it shows no certificate'));
      else resolve(shown.raw);
    });
  });
}

const published = 'extension-apiserver-authentication';

function authoritiesIn(text: string): string[] {
  return pemBlocks(text).map(({ label, der }) => pemEncode(label, der));
}

/** Does the API server take clients of all of this bundle? It publishes what it does. */
export async function clientsAreTrusted(client: Client, bundle: string): Promise<string | undefined> {
  const map = await client.resource<ConfigMap>('configmaps').in('kube-system').get(published);
  const trusted = new Set(authoritiesIn(map.data?.['client-ca-file'] ?? ''));
  return authoritiesIn(bundle).every((each) => trusted.has(each)) ? undefined : 'the API server does not take clients of these authorities yet';
}

/** Extension API servers are told to trust this bundle and no more. The API server itself only adds to what it published. */
export async function publishAlone(client: Client, bundle: string): Promise<void> {
  await client.resource<ConfigMap>('configmaps').in('kube-system').patch(published, 'merge', { data: { 'client-ca-file': bundle } });
}

/** Have all namespaces, and the Secrets with old tokens, this bundle? */
export async function bundleIsPublished(client: Client, bundle: string): Promise<string | undefined> {
  const namespaces = (await client.resource('namespaces').list()).items.filter((each) => (each as { status?: { phase?: string } }).status?.phase !== 'Terminating');
  const maps = (await client.resource<ConfigMap>('configmaps').list({ fieldSelector: 'metadata.name=kube-root-ca.crt' })).items;
  const having = new Set(maps.filter((map) => map.data?.['ca.crt'] === bundle).map((map) => map.metadata?.namespace));
  const missing = namespaces.map((each) => each.metadata?.name ?? '').filter((name) => !having.has(name));
  if (missing.length > 0) return `the controllers have not written kube-root-ca.crt into ${listed(missing)} yet`;
  const wanted = Buffer.from(bundle).toString('base64');
  const secrets = (await client.resource<Secret>('secrets').list({ fieldSelector: 'type=kubernetes.io/service-account-token' })).items;
  const stale = secrets.filter((secret) => (secret.data?.['ca.crt'] ?? wanted) !== wanted).map(({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`);
  return stale.length === 0 ? undefined : `the controllers have not written ca.crt into the token Secrets ${listed(stale)} yet`;
}

/** Does the API server show this certificate? */
export async function apiServerShows(world: World, config: ClusterConfig, certificate: string): Promise<string | undefined> {
  const shown = await shownCertificate(world, '127.0.0.1', config.apiPort);
  return shown.equals(parseCertificate(certificate).der) ? undefined : 'the API server still shows its old certificate';
}

/** Of each node: why its kubelet cannot do without the old authority. */
export async function nodesBehind(world: World, client: Client, authority: string): Promise<string[]> {
  const { items } = await client.resource<Node>('nodes').list();
  const told = await Promise.all(items.map(async ({ metadata, status }) => {
    const name = metadata?.name ?? '';
    const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    if (address === undefined) return `node ${name}: it has not told an address`;
    try {
      const shown = await shownCertificate(world, address, status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250);
      return verifiesAgainst(shown, authority, world.clock.now()) ? undefined : `node ${name}: its kubelet shows a certificate of the old authority`;
    } catch (error) {
      return `node ${name}: its kubelet cannot be asked (${errorText(error)})`;
    }
  }));
  return told.filter((each) => each !== undefined);
}

/** This machine's agent asks for a client certificate of its own; until it has one it uses that of its start. */
export async function agentBehind(world: World, config: ClusterConfig, client: Client, authority: string): Promise<string[]> {
  const { items } = await client.resource<Node>('nodes').list({ fieldSelector: `metadata.name=${config.nodeName}` });
  if (items.length === 0) return [];
  const file = join(nodeLayout(config, existsSync).kubeletRoot, 'pki/kubelet-client-current.pem');
  const [own] = existsSync(file) ? certificatesOf(readFileSync(file, 'utf8')) : [];
  return own !== undefined && verifiesAgainst(own, authority, world.clock.now()) ? [] : [`node ${config.nodeName}: its agent has not renewed its client certificate yet (${file})`];
}

function readsRootCa(pod: Pod): boolean {
  return (pod.spec?.volumes ?? []).some((volume) => (volume.projected?.sources ?? []).some(({ configMap }) => configMap?.name === 'kube-root-ca.crt'));
}

/** Pods whose programs began before the new authority was in their files: some read them once. */
export async function olderPods(client: Client, sinceMs: number): Promise<string[]> {
  const { items } = await client.resource<Pod>('pods').list();
  const older = items.filter((pod) => readsRootCa(pod) && (pod.status?.containerStatuses ?? []).some(({ state }) => state?.running !== undefined && state.running !== null && parseTime(state.running.startedAt) < sinceMs));
  return older.map(({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`).sort();
}
