// The API server's program: store, server, the way to kubelets, metrics.k8s.io, and the port. On SIGTERM it stops being
// ready, lets requests finish, and closes the store last.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Node } from '#api/core/v1.ts';
import { createApiServer, defaultSecurity, kubeletTarget, openAudit, publishTrustedClients, type AuditOptions, type ObjectReader, type TrustedClients } from '#apiserver';
import { errorText } from '#base/errors.ts';
import { realWorld, type World } from '#base/world.ts';
import { firstServiceIp, type ClusterPaths } from '#cli';
import { refuseAmbiguousAddresses } from '#machinery';
import { createMetricsHandler, metricsResources, startScraper, type Scraper } from '#metrics';
import { startCompactor } from '#store';
import { keyMatches, serveHttp, type Handler } from '#wire';
import { clusterFlags, extraFlags } from './apiserver-cluster-flags.ts';
import { apiserverFlags, type ApiserverFlags } from './apiserver-flags.ts';
import { readFlagFile, securityOf, withExternalSigner, type FileFlag } from './apiserver-security.ts';
import { auditOptions, clusterAudit } from './audit.ts';
import { readClusterConfig } from './cluster-config.ts';
import { programEgress } from './egress.ts';
import { encryptionFlags, programEncryption } from './encryption.ts';
import { openEtcdListener } from './etcd-listener.ts';
import { featureGates } from './feature-gates.ts';
import { followFiles } from './followed-files.ts';
import { parseFlags } from './flag-parse.ts';
import { flagTexts, keyValues } from './flag-texts.ts';
import { optimizeSooner } from './late-flags.ts';
import { metricRules } from './metric-flags.ts';
import { createNodeProxy, type KubeletCredentials } from './node-proxy.ts';
import { openStore, underPrefix } from './open-store.ts';
import { runProgram, type Running } from './process.ts';
import { loadOf } from './load.ts';
import { advertiseAddress, servingOf } from './serving.ts';
import { versionInfo } from './version.ts';

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
          const target = kubeletTarget(name, (reader.get('', 'nodes', '', name) as Node | undefined) ?? {});
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

/** A start is over, and its code was taken, when V8's flags change. */
const settledMs = 1000;

/** What a cluster's own configuration adds to the flags; a server by itself has none of it. */
export interface ClusterSide {
  readonly paths: ClusterPaths;
  readonly audit: AuditOptions;
}

/** Counted by the program, whose listener it is. */
function handshakeErrors({ metrics }: World): () => void {
  const counter = metrics.counter('apiserver_tls_handshake_errors_total', "[ALPHA] Number of requests dropped with 'TLS handshake error from' error");
  return () => counter.inc();
}

async function startServer(world: World, flags: ApiserverFlags, cluster: ClusterSide | undefined): Promise<Running> {
  const gates = featureGates(flags.get('feature-gates'));
  world.metrics.read('kubernetes_feature_enabled', '[BETA] This metric records the data about the stage and enablement of a k8s feature.', 'gauge', () => gates.samples().map(({ value, ...labels }) => ({ labels, value })));
  refuseAmbiguousAddresses(gates.on('StrictIPCIDRValidation'));
  const stopped = new AbortController();
  const texts = (name: FileFlag): string => (flags.get(name) === '' ? '' : readFlagFile(flags.get(name), name));
  const authorities = { client: texts('client-ca-file'), proxy: texts('requestheader-client-ca-file') };
  const listenerCas = (): string => [authorities.client, authorities.proxy].filter((text) => text !== '').join('\n');
  const kubelets = kubeletFiles(flags);
  const frontProxyFiles = [flags.get('proxy-client-cert-file'), flags.get('proxy-client-key-file')].filter((file) => file !== '');
  let frontProxy = frontProxyFiles.length === 2 ? pairOf(frontProxyFiles) : undefined;
  const address = advertiseAddress(flags);
  const port = flags.get('secure-port');
  const external = `${flags.get('external-hostname') || address}:${port}`;
  // The disk works while keys and certificates are read.
  const ways = programEgress(world, flags, stopped.signal);
  const opening = openStore(world, flags, ways.etcd);
  opening.catch(() => {});
  const security = await withExternalSigner(world, flags, securityOf(world, flags, { client: () => authorities.client, proxy: () => authorities.proxy }, external, stopped.signal, cluster === undefined, ways), stopped.signal);
  const serving = servingOf(world, flags, firstServiceIp(flags.get('service-cluster-ip-range')));
  const store = await opening;
  const encryption = await programEncryption(world, cluster?.paths, encryptionFlags(flags));
  const audit = openAudit(world, cluster === undefined || flags.given('audit-policy-file') ? auditOptions(flags, ways.egress.controlPlane) : cluster.audit);
  const proxy = createNodeProxy(world.clock, kubelets.read(), ways.egress.cluster);
  const metrics = metricsApi(world, proxy);
  const trusted = (): TrustedClients => ({
    ...(authorities.client === '' ? {} : { clientCa: authorities.client }),
    ...(authorities.proxy === '' ? {} : { requestHeaderCa: authorities.proxy, requestHeader: security.requestHeader }),
  });
  const load = loadOf(flags);
  const server = createApiServer(world, {
    store: underPrefix(store, flags.get('etcd-prefix')),
    ...(encryption === undefined ? {} : { encryption }),
    ...(audit === undefined ? {} : { audit }),
    unsafeDeletion: gates.on('AllowUnsafeMalformedObjectDeletion'),
    cbor: gates.on('CBORServingAndStorage'),
    openApiEnums: gates.on('OpenAPIEnums'),
    security: defaultSecurity(world, security),
    nodeProxy: proxy,
    egress: ways.egress,
    serviceCidr: flags.get('service-cluster-ip-range'),
    serviceNodePortRange: flags.get('service-node-port-range'),
    advertise: { address, port, keepsEndpoints: flags.get('endpoint-reconciler-type') !== 'none' },
    ...(gates.on('APIServerIdentity') ? { hostname: hostname() } : {}),
    version: versionInfo,
    runtimeConfig: keyValues(flags.get('runtime-config')),
    flags: flagTexts(apiserverFlags, flags),
    eventTtlSeconds: Math.ceil(flags.get('event-ttl') / 1000),
    strictTransportSecurity: flags.get('strict-transport-security-directives'),
    trustedClients: trusted(),
    ...(frontProxy === undefined ? {} : { frontProxy: () => frontProxy ?? { cert: '', key: '' } }),
    serviceRouting: flags.get('enable-aggregator-routing') ? 'endpoints' : 'cluster-ip',
    ...load.server,
    delegates: [{ resources: metricsResources, handler: metrics.handler }],
  });
  // Listening before the caches are loaded: clients get "not ready" instead of a refused connection.
  const listener = await serveHttp(world, { host: flags.get('bind-address') || '0.0.0.0', port, tls: serving.tls(listenerCas()), handler: server.handler, onHandshakeError: handshakeErrors(world), ...load.listener });
  const show = (): void => listener.reload(serving.tls(listenerCas()));
  followFiles(world, serving.files, stopped.signal, show);
  const caFlags = (['client-ca-file', 'requestheader-client-ca-file'] as const).filter((name) => flags.get(name) !== '');
  followFiles(world, caFlags.map((name) => flags.get(name)), stopped.signal, () => {
    [authorities.client, authorities.proxy] = [texts('client-ca-file'), texts('requestheader-client-ca-file')];
    show();
    publishTrustedClients(world.clock, server.writer, trusted()).catch((error: unknown) => world.log.warn('extension-apiserver-authentication cannot be written', { error: errorText(error) }));
  });
  followFiles(world, frontProxyFiles, stopped.signal, () => void (frontProxy = pairOf(frontProxyFiles)));
  followFiles(world, kubelets.files, stopped.signal, () => proxy.renew(kubelets.read()));
  await server.start();
  const sooner = world.clock.after(settledMs, () => void optimizeSooner(), { background: true });
  const scraper = metrics.start(server.reader);
  const etcd = await openEtcdListener(world, flags, store);
  const compactionMs = flags.get('etcd-compaction-interval');
  const stopCompactor = compactionMs > 0 ? startCompactor(store, world, { intervalMs: compactionMs, keepMs: compactionMs }) : () => {};
  world.log.info('serving', { address: listener.address, port: listener.port, store: flags.get('etcd-servers').join(',') || 'embedded' });
  return {
    async close() {
      await load.drain(world, server, listener);
      stopped.abort(new Error('the program ends'));
      sooner.cancel();
      scraper.close();
      stopCompactor();
      await etcd?.close();
      await listener.close({ graceMs: 2000 });
      await server.close();
      await proxy.close();
      encryption?.close();
      await store.close();
    },
  };
}

function pairOf(files: readonly string[]): { readonly cert: string; readonly key: string } {
  const [cert = '', key = ''] = files.map((file) => readFileSync(file, 'utf8'));
  if (!keyMatches(cert, key)) throw new Error(`${files.join(' and ')} do not belong together`);
  return { cert, key };
}

/** How this server identifies itself to kubelets, and whom it takes for one. */
function kubeletFiles(flags: ApiserverFlags): { readonly files: readonly string[]; read(): KubeletCredentials } {
  const [ca, cert, key] = [flags.get('kubelet-certificate-authority'), flags.get('kubelet-client-certificate'), flags.get('kubelet-client-key')];
  return {
    files: [ca, cert, key].filter((file) => file !== ''),
    read: () => ({ ...(ca === '' ? { insecure: true } : { ca: readFileSync(ca, 'utf8') }), ...(cert === '' || key === '' ? {} : pairOf([cert, key])) }),
  };
}

/** Runs until a signal. @param args flags that win over the cluster's own. */
export async function runApiServer(configPath: string, args: readonly string[] = []): Promise<void> {
  const config = readClusterConfig(configPath);
  const flags = parseFlags(apiserverFlags, clusterFlags(config, args), extraFlags(config), args);
  const world = realWorld('apiserver', config.logLevel, metricRules(flags));
  await runProgram(world, () => startServer(world, flags, { paths: config.paths, audit: clusterAudit(config) }));
}

/** The API server by itself, by flags alone. */
export async function runApiServerAlone(flags: ApiserverFlags): Promise<void> {
  const world = realWorld('apiserver', flags.get('v') >= 4 ? 'debug' : 'info', metricRules(flags));
  await runProgram(world, () => startServer(world, flags, undefined));
}
