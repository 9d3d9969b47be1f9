// `skiff certs check`, `skiff certs renew` and `skiff certs rotate-ca`: how long the cluster's certificates are good, as `kubeadm certs
// check-expiration` shows it, and new ones before their time. Renewed files are taken over by the running programs, which
// look at them every few seconds: nothing is restarted.
import { existsSync, readFileSync } from 'node:fs';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { parseCertificate } from '#wire';
import { clientFor } from './access.ts';
import { rotationStage } from './ca-files.ts';
import { rotateCa } from './ca-rotation.ts';
import { refreshKubeconfig } from './kubeconfig.ts';
import { defaultPaths, kubeconfigFile, loadCluster, pkiFile, type ClusterConfig } from './paths.ts';
import { ensurePki, type ClusterPki } from './pki.ts';
import { UserError } from './user-error.ts';

const authorities = ['ca', 'front-proxy-ca'] as const;
const leaves: readonly (readonly [name: string, authority: (typeof authorities)[number]])[] = [
  ['admin', 'ca'], ['apiserver', 'ca'], ['apiserver-kubelet-client', 'ca'], ['client-agent', 'ca'], ['client-controllers', 'ca'], ['client-dns', 'ca'], ['client-proxy', 'ca'], ['client-scheduler', 'ca'],
  ['front-proxy-client', 'front-proxy-ca'], ['kubelet', 'ca'],
];

/** A time that is left, in its largest unit, as kubectl tells ages. */
export function residual(ms: number): string {
  if (ms <= 0) return '<invalid>';
  const hours = Math.floor(ms / 3_600_000);
  if (hours >= 24 * 365 * 2) return `${Math.floor(hours / (24 * 365))}y`;
  if (hours >= 48) return `${Math.floor(hours / 24)}d`;
  return hours >= 3 ? `${hours}h` : `${Math.floor(ms / 60_000)}m`;
}

function expiry(ms: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\d+:\d+)/.exec(new Date(ms).toUTCString()) ?? [];
  return `${month} ${day}, ${year} ${time} UTC`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3)).join('').trimEnd());
}

/** The lines of `certs check`. */
export function certificateLines(config: ClusterConfig, nowMs: number): string[] {
  const end = (name: string): number | undefined => {
    const file = pkiFile(config.paths, `${name}.crt`);
    return existsSync(file) ? parseCertificate(readFileSync(file, 'utf8')).notAfterMs : undefined;
  };
  const row = (name: string, ...more: readonly string[]): string[] => {
    const at = end(name);
    return at === undefined ? [`!MISSING! ${name}`, '', '', ...more.map(() => '')] : [name, expiry(at), residual(at - nowMs), ...more];
  };
  return [
    ...table([['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY'], ...leaves.map(([name, authority]) => row(name, authority))]), '',
    ...table([['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME'], ...authorities.map((name) => row(name))]),
    ...(rotationStage(config.paths) === 'none' ? [] : ['', `the authority is being replaced (${rotationStage(config.paths)}); skiff certs rotate-ca goes on with it`]),
  ];
}

function cluster(file?: string): ClusterConfig {
  const config = loadCluster(defaultPaths, file);
  if (config === undefined) throw new UserError(file === undefined ? 'there is no cluster on this machine' : `${file} does not exist`, file === undefined ? 'start one with: skiff up' : "give the path of a cluster's cluster.json");
  return config;
}

/** `skiff certs check` */
export function certsCheck(world: World, say: (line: string) => void): void {
  for (const line of certificateLines(cluster(), world.clock.now())) say(line);
}

/** Issues every certificate anew under the authorities there are. */
export function renewCertificates(world: World, config: ClusterConfig): ReturnType<typeof ensurePki> {
  return ensurePki(world.clock, world.random, config, { renew: true });
}

/** `skiff certs renew` */
export function certsRenew(world: World, env: NodeJS.ProcessEnv, say: (line: string) => void): void {
  const config = cluster();
  const path = updateUser(env, config, renewCertificates(world, config));
  say(`certificates are renewed; the running programs take them over by themselves${path === undefined ? '' : `; context ${config.name} in ${path} has the new one of the administrator`}`);
}

function updateUser(env: NodeJS.ProcessEnv, config: ClusterConfig, { ca, admin }: ClusterPki): string | undefined {
  return refreshKubeconfig(env, { name: config.name, server: `https://127.0.0.1:${config.apiPort}`, ca: ca.cert, clientCert: admin.cert, clientKey: admin.key });
}

/** `skiff certs rotate-ca` */
export async function certsRotateCa(world: World, env: NodeJS.ProcessEnv, options: { readonly finish: boolean; readonly config?: string }, say: (line: string) => void): Promise<void> {
  const config = cluster(options.config);
  const client = await clientFor(world, kubeconfigFile(config.paths, 'admin'), 'skiff-certs');
  let path: string | undefined;
  try {
    const done = await rotateCa({ world, config, client, finish: options.finish, say, updateUser: (pki) => void (path = updateUser(env, config, pki)) });
    if (path !== undefined) say(`context ${config.name} in ${path} is up to date`);
    say(
      done
        ? 'the cluster has a new authority. Kubeconfigs and certificates that were handed out under the old one are good no more: hand out new ones'
        : 'both authorities are trusted. Restart those pods (kubectl rollout restart), hand out new kubeconfigs and certificates, then run skiff certs rotate-ca again; with --finish the old one is dropped whatever needs it',
    );
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`the authority could not be replaced: ${errorText(error)}`, `nothing is lost (${rotationStage(config.paths)}); once the API server answers, run the same command again: it goes on where it stopped`, error);
  } finally {
    await client.close();
  }
}
