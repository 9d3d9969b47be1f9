// `skiff up`: from a bare machine to a cluster that has answered. Steps run side by side where they can; nothing is
// changed before the preflight has passed; a step that fails says what to do next.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Node } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { clientFor } from './access.ts';
import { applyAddons } from './addons.ts';
import type { Checklist, Step } from './checklist.ts';
import { mergeKubeconfig } from './kubeconfig.ts';
import { applyManifests, readManifests } from './manifests.ts';
import { installParts } from './os-parts.ts';
import { clusterFile, defaultPaths, kubeconfigFile, loadCluster, saveCluster, type ClusterConfig } from './paths.ts';
import { ensurePki, type ClusterPki } from './pki.ts';
import { machineAddress, requireFreePort, requireParts, requireRootOnLinux, requireStore } from './preflight.ts';
import { runProbe } from './probe-pod.ts';
import { startProgram, type Launcher, type ProgramName } from './programs.ts';
import { reencryptSecrets } from './secrets.ts';
import { logFile, logTail, programPid, supervisedPid } from './supervise.ts';
import { UserError } from './user-error.ts';
import { waitUntil } from './wait.ts';

export interface UpOptions {
  readonly store: string | undefined;
  readonly offline: boolean;
  readonly manifests: readonly string[];
  readonly name: string;
  readonly nodeIp: string | undefined;
  readonly logLevel: string;
  /** `default`, the path of an audit policy, `off`, or undefined to leave it as it was. */
  readonly audit?: string;
  /** An address, `off`, or undefined to leave it as it was. */
  readonly etcdListen?: string;
}

export interface Up {
  readonly config: ClusterConfig;
  readonly client: Client;
}

const readyTimeoutMs = 120_000;

function newConfig(options: UpOptions): ClusterConfig {
  return {
    name: options.name,
    paths: defaultPaths,
    nodeName: hostname().toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-').replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node',
    nodeIp: options.nodeIp ?? machineAddress(),
    bindAddress: '0.0.0.0',
    apiPort: 6443,
    kubeletPort: 10250,
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    clusterDns: '10.96.0.10',
    clusterDomain: 'cluster.local',
    nodePortRange: '30000-32767',
    store: options.store ?? 'embedded',
    logLevel: options.logLevel,
    ...auditOf(options, undefined),
    ...etcdListenOf(options, undefined),
  };
}

function auditOf(options: UpOptions, before: string | undefined): Pick<ClusterConfig, 'audit'> {
  const audit = options.audit ?? before;
  return audit === undefined || audit === 'off' ? {} : { audit: audit === 'default' ? audit : resolve(audit) };
}

function etcdListenOf(options: UpOptions, before: string | undefined): Pick<ClusterConfig, 'etcdListen'> {
  const etcdListen = options.etcdListen ?? before;
  return etcdListen === undefined || etcdListen === 'off' ? {} : { etcdListen };
}

/** The stored configuration with what the command line changes; a store cannot be changed under its objects. */
function clusterConfig(options: UpOptions): ClusterConfig {
  const found = loadCluster();
  if (found === undefined) return newConfig(options);
  if (options.store !== undefined && options.store !== found.store) {
    throw new UserError(`this cluster keeps its objects in ${found.store}, not in ${options.store}`, 'start without --store, or begin anew with: skiff down --purge');
  }
  const { audit, etcdListen, ...kept } = found;
  return { ...kept, nodeIp: options.nodeIp ?? machineAddress(), logLevel: options.logLevel, ...auditOf(options, audit), ...etcdListenOf(options, etcdListen) };
}

async function preflight(config: ClusterConfig): Promise<void> {
  const ports = [
    ['apiserver', config.bindAddress, config.apiPort, 'API server'],
    ['agent', '0.0.0.0', config.kubeletPort, 'node agent'],
    ['agent', '0.0.0.0', 10256, 'service proxy health'],
  ] as const;
  for (const [program, address, port, purpose] of ports) {
    if (supervisedPid(config.paths, program) === undefined) await requireFreePort(address, port, purpose);
  }
}

/** Turns "it never became ready" into what its log says. */
function explain(config: ClusterConfig, name: ProgramName, error: unknown): UserError {
  const tail = logTail(config.paths, name);
  const state = programPid(config.paths, name) === undefined ? 'it is not running' : 'it runs but does not answer';
  return new UserError(`${name}: ${state}: ${errorText(error)}${tail === '' ? '' : `\n    ${tail.replaceAll('\n', '\n    ')}`}`, `see its log: ${logFile(config.paths, name)}`, error);
}

async function nodeReady(world: World, config: ClusterConfig, client: Client, step: Step): Promise<void> {
  await waitUntil(world, `node ${config.nodeName}`, { timeoutMs: readyTimeoutMs, everyMs: 50, onReason: step.note }, async () => {
    const node = await client.resource<Node>('nodes').get(config.nodeName);
    const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
    if (ready?.status !== 'True') return ready?.message ?? 'has not reported yet';
    return (node.spec?.taints ?? []).some((t) => t.key === 'node.kubernetes.io/not-ready') ? 'not-ready taint is still there' : undefined;
  });
  step.note('');
}

/** Asks what only a working cluster answers: a pod runs, a name resolves, a Service answers. */
async function askFromInside(world: World, config: ClusterConfig, client: Client, step: Step): Promise<void> {
  const api = `kubernetes.default.svc.${config.clusterDomain}`;
  // nslookup fails without an answer from DNS; nc connects through the Service's address.
  const command = `nslookup -type=a ${api} && nc -w 5 ${api} 443 </dev/null && echo reached`;
  const output = await runProbe(world, client, { namespace: 'kube-system', command, timeoutMs: readyTimeoutMs, onReason: step.note });
  if (!output.includes('reached')) throw new Error(`the probe pod said: ${output.trim()}`);
  step.note('');
}

/** The whole bring-up. The caller closes the client. */
export async function up(world: World, options: UpOptions, list: Checklist, launcher: () => Promise<Launcher>): Promise<Up> {
  requireRootOnLinux('npm start');
  const missing = requireParts(options.offline);
  const config = clusterConfig(options);
  await requireStore(config.store);
  await preflight(config);
  const fresh = !existsSync(clusterFile(config.paths));

  const parts = missing.length === 0 ? Promise.resolve() : list.step('operating-system parts', async (step) => {
    list.say(`  apt installs: ${missing.map((p) => `${p.debianPackage} (${p.why})`).join(', ')}`);
    await installParts(missing, step.note);
    step.note(`${missing.length} installed`);
  });
  // Both may fail; neither must be left behind unheard.
  const [built, prepared] = await Promise.allSettled([
    list.step('programs', async (step) => {
      const ready = await launcher();
      step.note(ready.entry.endsWith('.js') ? 'bundled' : 'from sources');
      return ready;
    }),
    list.step('certificates', async (step) => {
      saveCluster(config);
      const pki = ensurePki(world.clock, world.random, config);
      step.note(fresh ? 'new' : 'kept');
      return pki;
    }),
  ]);
  if (built.status === 'rejected') throw built.reason;
  if (prepared.status === 'rejected') throw prepared.reason;
  const pki: ClusterPki = prepared.value;

  await startProgram(config, built.value, 'apiserver');
  const client = await clientFor(world, kubeconfigFile(config.paths, 'admin'), 'skiff-up');
  try {
    await list.step('API server', async (step) => {
      await waitUntil(world, 'API server', { timeoutMs: readyTimeoutMs, everyMs: 25, onReason: step.note }, async () => void (await client.raw('GET', '/readyz')))
        .catch((error: unknown) => Promise.reject(explain(config, 'apiserver', error)));
      step.note(config.store === 'embedded' ? '' : config.store);
    });
    if (pki.newEncryptionKey && !fresh) await list.step('Secrets encrypted', async (step) => step.note(`${await reencryptSecrets(client, () => {})} written anew`));
    await startProgram(config, built.value, 'controllers');
    await applyAddons(client, config);
    await parts;
    await startProgram(config, built.value, 'agent');
    await list.step('node', (step) => nodeReady(world, config, client, step).catch((error: unknown) => Promise.reject(explain(config, 'agent', error))));
    await list.step('a pod runs, DNS and Services answer', (step) => askFromInside(world, config, client, step));
    await list.step('kubeconfig', async (step) => {
      const path = mergeKubeconfig(process.env, { name: config.name, server: `https://127.0.0.1:${config.apiPort}`, ca: pki.ca.cert, clientCert: pki.admin.cert, clientKey: pki.admin.key });
      step.note(`context ${config.name} in ${path}`);
    });
    for (const path of options.manifests) {
      await list.step(`apply ${path}`, async (step) => step.note(`${await applyManifests(client, readManifests(path))} objects`));
    }
    return { config, client };
  } catch (error) {
    await client.close();
    throw error;
  }
}
