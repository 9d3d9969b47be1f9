// The API server's program: store, server, the way to kubelets, metrics.k8s.io, and the port. On SIGTERM it stops being
// ready, lets requests finish, and closes the store last.
import { readFileSync } from 'node:fs';
import type { Node } from '#api/core/v1.ts';
import { createApiServer, defaultSecurity, openAudit, type ObjectReader } from '#apiserver';
import { realWorld, type World } from '#base/world.ts';
import { pkiFile, type ClusterConfig } from '#cli';
import { createMetricsHandler, metricsResources, startScraper, type Scraper } from '#metrics';
import { startCompactor } from '#store';
import { keyMatches, serveHttp, type Handler } from '#wire';
import { clusterFlags, extraFlags } from './apiserver-cluster-flags.ts';
import { apiserverFlags, type ApiserverFlags } from './apiserver-flags.ts';
import { securityOf } from './apiserver-security.ts';
import { auditOptions, clusterAudit } from './audit.ts';
import { readClusterConfig } from './cluster-config.ts';
import { encryptionFlags, programEncryption } from './encryption.ts';
import { followFiles } from './followed-files.ts';
import { parseFlags } from './flag-parse.ts';
import { flagTexts, keyValues } from './flag-texts.ts';
import { createNodeProxy } from './node-proxy.ts';
import { openStore } from './open-store.ts';
import { runProgram, type Running } from './process.ts';
import { versionInfo } from './version.ts';

/** Where a node's kubelet listens, from its Node object. */
function kubeletOf(reader: ObjectReader, name: string): { kind: 'kubelet'; nodeName: string; address: string; port: number } | undefined {
  const node = reader.get('', 'nodes', '', name) as Node | undefined;
  const address = node?.status?.addresses?.find((a) => a.type === 'InternalIP')?.address;
  return address === undefined ? undefined : { kind: 'kubelet', nodeName: name, address, port: node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250 };
}

/** metrics.k8s.io: made when the server's caches exist; until then nobody has metrics. */
function metricsApi(world: World, proxy: ReturnType<typeof createNodeProxy>): { handler: Handler; start(reader: ObjectReader): Scraper } {
  let handler: Handler | undefined;
  return {
    handler: async (exchange) => (handler === undefined ? exchange.send(503, {}, '') : handler(exchange)),
    start(reader) {
      let names: readonly string[] = [];
      let namesOf = -1;
      const nodeNames = (): readonly string[] => {
        const revision = reader.revision('', 'nodes');
        if (revision !== namesOf) names = reader.list('', 'nodes').map((node) => node.metadata?.name ?? '');
        namesOf = revision;
        return names;
      };
      const scraper = startScraper(world, {
        nodes: nodeNames,
        async read(name, signal) {
          const target = kubeletOf(reader, name);
          if (target === undefined) throw new Error('the node has no address yet');
          const response = await proxy.transportTo(target).request({ method: 'GET', path: '/metrics/resource', signal });
          const text = Buffer.from(await response.bytes()).toString();
          if (response.status !== 200) throw new Error(`the kubelet answered ${response.status}`);
          return text;
        },
      });
      handler = createMetricsHandler(world, scraper, { nodes: () => reader.list('', 'nodes'), pods: (namespace) => reader.list('', 'pods', namespace) });
      return scraper;
    },
  };
}

async function startServer(world: World, config: ClusterConfig, flags: ApiserverFlags): Promise<Running> {
  const pem = (name: string): string => readFileSync(pkiFile(config.paths, name), 'utf8');
  const ca = pem('ca.crt');
  let frontProxyCa = pem('front-proxy-ca.crt');
  const stopped = new AbortController();
  const frontProxyFiles = [flags.get('proxy-client-cert-file') || pkiFile(config.paths, 'front-proxy-client.crt'), flags.get('proxy-client-key-file') || pkiFile(config.paths, 'front-proxy-client.key')];
  const [frontProxyCert = '', frontProxyKey = ''] = frontProxyFiles.map((file) => readFileSync(file, 'utf8'));
  let frontProxy = { cert: frontProxyCert, key: frontProxyKey };
  const security = securityOf(world, flags, () => frontProxyCa, `${config.nodeIp}:${config.apiPort}`, stopped.signal);
  const store = await openStore(world, config.store, config.paths.state);
  const encryption = await programEncryption(world, config.paths, encryptionFlags(flags));
  const audit = openAudit(world, flags.given('audit-policy-file') ? auditOptions(flags) : clusterAudit(config));
  const proxy = createNodeProxy(world.clock, { ca, cert: pem('apiserver-kubelet-client.crt'), key: pem('apiserver-kubelet-client.key') });
  const metrics = metricsApi(world, proxy);
  const server = createApiServer(world, {
    store,
    ...(encryption === undefined ? {} : { encryption }),
    ...(audit === undefined ? {} : { audit }),
    unsafeDeletion: flags.get('feature-gates').AllowUnsafeMalformedObjectDeletion === true,
    security: defaultSecurity(world, security),
    nodeProxy: proxy,
    serviceCidr: config.serviceCidr,
    serviceNodePortRange: config.nodePortRange,
    advertise: { address: config.nodeIp, port: config.apiPort },
    version: versionInfo,
    runtimeConfig: keyValues(flags.get('runtime-config')),
    flags: flagTexts(apiserverFlags, flags),
    trustedClients: { clientCa: ca, requestHeaderCa: frontProxyCa },
    frontProxy: () => frontProxy,
    serviceRouting: flags.get('enable-aggregator-routing') ? 'endpoints' : 'cluster-ip',
    delegates: [{ resources: metricsResources, handler: metrics.handler }],
  });
  // Listening before the caches are loaded: clients get "not ready" instead of a refused connection.
  const listener = await serveHttp(world, {
    host: config.bindAddress,
    port: config.apiPort,
    tls: { cert: pem('apiserver.crt'), key: pem('apiserver.key'), clientCa: `${ca}\n${frontProxyCa}` },
    handler: server.handler,
  });
  followFiles(world, ['apiserver.crt', 'apiserver.key', 'ca.crt', 'front-proxy-ca.crt'].map((name) => pkiFile(config.paths, name)), stopped.signal, ([cert = '', key = '', clientCa = '', proxyCa = '']) => {
    if (!keyMatches(cert, key)) throw new Error('the serving certificate and its key do not belong together');
    listener.reload({ cert, key, clientCa: `${clientCa}\n${proxyCa}` });
    frontProxyCa = proxyCa;
  });
  followFiles(world, frontProxyFiles, stopped.signal, ([cert = '', key = '']) => {
    if (!keyMatches(cert, key)) throw new Error('the front proxy\'s certificate and its key do not belong together');
    frontProxy = { cert, key };
  });
  await server.start();
  const scraper = metrics.start(server.reader);
  const compactionMs = flags.get('etcd-compaction-interval');
  const stopCompactor = compactionMs > 0 ? startCompactor(store, world, { intervalMs: compactionMs, keepMs: compactionMs }) : () => {};
  world.log.info('serving', { address: listener.address, port: listener.port, store: config.store });
  return {
    async close() {
      stopped.abort(new Error('the program ends'));
      scraper.close();
      stopCompactor();
      await server.close();
      await listener.close({ graceMs: 5000 });
      await proxy.close();
      encryption?.close();
      await store.close();
    },
  };
}

/** Runs until a signal. @param args flags that win over the cluster's own. */
export async function runApiServer(configPath: string, args: readonly string[] = []): Promise<void> {
  const config = readClusterConfig(configPath);
  const flags = parseFlags(apiserverFlags, clusterFlags(config), extraFlags(config), args);
  const world = realWorld('apiserver', config.logLevel);
  await runProgram(world, () => startServer(world, config, flags));
}
