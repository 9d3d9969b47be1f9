// The agent: everything that runs on a node in one process. It brings up containerd (and brings it back when it
// dies), the pod network and the images that every pod needs, then the kubelet, the service proxy and DNS on
// informers that they share. Killing it kills no container.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { copyFile, readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { realWorld, type World } from '#base/world.ts';
import { createClient, createInformerFactory, type Client } from '#client';
import { dnsService, ensureSystemImages, kubeconfigFile, nodeLayout, pkiFile, transportFor, type ClusterConfig, type NodeLayout } from '#cli';
import { createForwarder, createResponder, createZone, informerView, resolversOf, serveDns, type DnsServer } from '#dns';
import { linuxHost, rotateClientCertificate, startKubelet, type CertificateRotation } from '#kubelet';
import { addAddress, listAddresses } from '#linux';
import { startProxy } from '#proxy';
import { keyMatches, type CertifiedKey, type ServerTls } from '#wire';
import { connectCri, ensureContainerd, setUpPodNetwork } from '#runtime';
import { followAuthority } from './cluster-authority.ts';
import { readClusterConfig } from './cluster-config.ts';
import { followFiles } from './followed-files.ts';
import { runProgram, type Running } from './process.ts';

const maxProgramLogBytes = 16 * 1024 * 1024;

/** Keeps containerd running: its containers live in shims and are adopted by the next one. */
async function keepContainerd(world: World, layout: NodeLayout, signal: AbortSignal): Promise<void> {
  let running = await ensureContainerd(world, layout.containerd, signal);
  void every(world.clock, 1000, signal, async () => {
    if (existsSync(`/proc/${running.pid}`)) return;
    world.log.warn('containerd is gone; starting it again', { pid: running.pid });
    running.close();
    running = await ensureContainerd(world, layout.containerd, signal).catch((error: unknown) => {
      world.log.error('cannot start containerd; trying again', { error: errorText(error) });
      return running;
    });
  });
}

/** Programs append to their logs; beyond the bound the text moves to <name>.1 and the file begins anew. */
function boundLogs(world: World, folder: string, signal: AbortSignal): void {
  void every(world.clock, 60_000, signal, async () => {
    for (const name of await readdir(folder).catch((): string[] => [])) {
      const path = join(folder, name);
      if (!name.endsWith('.log') || statSync(path, { throwIfNoEntry: false })?.size === undefined || statSync(path).size < maxProgramLogBytes) continue;
      await copyFile(path, `${path}.1`);
      await truncate(path);
    }
  });
}

async function startDns(world: World, config: ClusterConfig, client: Client, signal: AbortSignal): Promise<DnsServer> {
  const factory = createInformerFactory(world, client);
  const view = informerView(factory);
  const zone = createZone(view, { domain: config.clusterDomain, ttlSeconds: 30 }, () => world.clock.now());
  // Read for every question: a laptop changes networks.
  const upstreams = () => resolversOf(readFileSync('/etc/resolv.conf', 'utf8'), [config.clusterDns]);
  const present = (await listAddresses(signal)).some((a) => a.link === 'lo' && a.address === config.clusterDns);
  // The Service's address belongs to this machine: questions are delivered here before any NAT looks at them.
  if (!present) await addAddress('lo', `${config.clusterDns}/32`, signal);
  const [server] = await Promise.all([
    serveDns(world, { addresses: [config.clusterDns], port: 53 }, createResponder(world, zone, createForwarder(world, upstreams))),
    factory.start(signal),
  ]);
  return server;
}

function kubeletTls([cert = '', key = '', clientCa = '']: readonly string[]): ServerTls {
  if (!keyMatches(cert, key)) throw new Error('the kubelet’s certificate and key do not belong together');
  return { cert, key, clientCa };
}

async function startNode(world: World, config: ClusterConfig, signal: AbortSignal): Promise<Running> {
  const layout = nodeLayout(config, existsSync);
  boundLogs(world, config.paths.log, signal);
  await Promise.all([keepContainerd(world, layout, signal), setUpPodNetwork(layout.podNetwork, signal)]);
  const runtime = await connectCri(world, layout.containerd.socket);
  await ensureSystemImages(world, layout, runtime);

  const authority = followAuthority(world, config.paths, signal);
  let rotation: CertificateRotation | undefined;
  // One of an authority that is gone opens nothing: the kubeconfig has one of the present authority.
  const ownIdentity = (): CertifiedKey | undefined => {
    const own = rotation?.current();
    return own !== undefined && authority.trusts(own) ? own : undefined;
  };
  const kubeletClient = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'agent'), ownIdentity), { userAgent: 'kubelet/v1.36.0 (linux/amd64) skiff' });
  rotation = rotateClientCertificate(world, {
    nodeName: config.nodeName,
    folder: join(layout.kubeletRoot, 'pki'),
    client: kubeletClient,
    bootstrap: { cert: readFileSync(pkiFile(config.paths, 'client-agent.crt'), 'utf8'), key: readFileSync(pkiFile(config.paths, 'client-agent.key'), 'utf8') },
    accepts: authority.isCurrent,
    trusts: authority.trusts,
    changed: () => {},
  });
  const kubeletFiles = ['kubelet.crt', 'kubelet.key', 'ca.crt'].map((name) => pkiFile(config.paths, name));
  const proxyClient = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'proxy')), { userAgent: 'kube-proxy/v1.36.0 (linux/amd64) skiff' });
  const dnsClient = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'dns')), { userAgent: 'coredns/skiff' });
  const proxyFactory = createInformerFactory(world, proxyClient);
  const [proxy, dns, kubelet] = await Promise.all([
    startProxy(
      world,
      { podCidr: config.podCidr, localhostNodePorts: true, nodeName: config.nodeName, families: ['ip'], exclude: [dnsService], healthAddress: '0.0.0.0', healthPort: 10256, minSyncMs: 100 },
      proxyFactory,
    ),
    startDns(world, config, dnsClient, signal),
    startKubelet(
      world,
      {
        nodeName: config.nodeName,
        nodeIPs: [config.nodeIp],
        rootDirectory: layout.kubeletRoot,
        podLogsDir: layout.podLogs,
        containerLogsDir: layout.containerLogs,
        staticPodPath: layout.staticPods,
        clusterDNS: [config.clusterDns],
        clusterDomain: config.clusterDomain,
        port: config.kubeletPort,
        kubeletVersion: 'v1.36.0',
      },
      {
        client: kubeletClient,
        runtime,
        host: await linuxHost(world.clock),
        tls: kubeletTls(kubeletFiles.map((file) => readFileSync(file, 'utf8'))),
      },
    ),
  ]);
  followFiles(world, kubeletFiles, signal, (texts) => kubelet.renew(kubeletTls(texts)));
  void proxyFactory.start(signal).catch((error: unknown) => world.log.error('service proxy informers ended', { error: errorText(error) }));
  return {
    async close() {
      rotation?.close();
      await Promise.allSettled([kubelet.close(), proxy.close(), dns.close()]);
      await Promise.allSettled([kubeletClient.close(), proxyClient.close(), dnsClient.close(), runtime.close()]);
    },
  };
}

/** Runs until a signal. */
export async function runAgent(configPath: string): Promise<void> {
  const config = readClusterConfig(configPath);
  const world = realWorld('agent', config.logLevel);
  await runProgram(world, (signal) => startNode(world, config, signal));
}
