// The ways out of this server by what lies at their end, from an egress selector configuration: a dialer for each name that
// is not direct, counted as kube-apiserver's is. Certificates are read with the configuration and again with `reload`;
// connections made before keep the old ones.
import { readFileSync } from 'node:fs';
import type { Connection } from '#api/apiserver/v1beta1.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { connectProxy, createKonnectivityMetrics, keyMatches, konnectivityProxy, pemBlocks, type Dial, type ProxyTls, type TunnelProxy } from '#wire';
import { checkServerName } from '../webhooks/go-errors.ts';
import { readEgressSelections, type EgressName } from './configuration.ts';

export interface EgressSelector {
  /** 'direct': named, and without a proxy; undefined: not named. */
  lookUp(name: EgressName): Dial | 'direct' | undefined;
  /** What connections to there are opened with; undefined: as without any configuration. */
  dial(name: EgressName): Dial | undefined;
  /** Files whose change asks for `reload`. */
  readonly files: readonly string[];
  /** Reads the certificates anew. Throws when they cannot be used; those in force stay. */
  reload(): void;
}

interface Way {
  readonly protocol: 'http_connect' | 'grpc';
  readonly transport: 'tcp' | 'uds';
  readonly proxy: TunnelProxy;
}

interface TlsFiles {
  readonly paths: readonly string[];
  read(): ProxyTls;
}

const latencyBuckets = [0.005, 0.025, 0.1, 0.5, 2.5, 12.5];

/** Throws an Error with what is wrong with the file, in upstream's words. */
export function openEgressSelector(world: World, path: string): EgressSelector {
  const counted = createEgressCounter(world);
  const ways = new Map<EgressName, Dial | 'direct'>();
  const held: { readonly files: TlsFiles; tls: ProxyTls }[] = [];
  for (const { name, connection } of readEgressSelections(path)) {
    try {
      const way = wayOf(world, connection, (files) => {
        const own = { files, tls: files.read() };
        held.push(own);
        return () => own.tls;
      });
      ways.set(name, way === undefined ? 'direct' : counted(way));
    } catch (error) {
      throw new Error(`failed to setup egress selector with config ${path}: failed to create dialer for egressSelection ${JSON.stringify(name)}: ${errorText(error)}`, { cause: undefined });
    }
  }
  return {
    lookUp: (name) => ways.get(name),
    dial(name) {
      const way = ways.get(name);
      return way === 'direct' ? undefined : way;
    },
    files: [...new Set(held.flatMap(({ files }) => files.paths))],
    reload() {
      const fresh = held.map(({ files }) => files.read());
      for (const [at, own] of held.entries()) own.tls = fresh[at] ?? own.tls;
    },
  };
}

function wayOf(world: World, { proxyProtocol, transport }: Connection, hold: (files: TlsFiles) => () => ProxyTls): Way | undefined {
  const socketPath = transport?.uds?.udsName;
  if (proxyProtocol === 'GRPC' && socketPath !== undefined) return { protocol: 'grpc', transport: 'uds', proxy: konnectivityProxy(world, socketPath, createKonnectivityMetrics(world.metrics)) };
  if (proxyProtocol !== 'HTTPConnect') return undefined;
  if (socketPath !== undefined) return { protocol: 'http_connect', transport: 'uds', proxy: connectProxy(world.clock, { socketPath }) };
  const { url = '', tlsConfig = {} } = transport?.tcp ?? {};
  const address = proxyAddress(url);
  const tls = url.startsWith('https://') ? { tls: hold(tlsFiles(tlsConfig)) } : {};
  return { protocol: 'http_connect', transport: 'tcp', proxy: connectProxy(world.clock, { address, ...tls }) };
}

/** Every port is written down, 443 too: nobody else's default holds here. */
function proxyAddress(url: string): { readonly host: string; readonly port: number } {
  const [, authority = ''] = /^https?:\/\/([^/?#]*)/.exec(url) ?? [];
  const [, host = '', port = ''] = /^(?:[^@]*@)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? [];
  if (port === '') throw new Error(`invalid proxy server url ${JSON.stringify(url)}: address ${authority}: missing port in address`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function tlsFiles({ caBundle = '', clientCert = '', clientKey = '', tlsServerName = '' }: { caBundle?: string; clientCert?: string; clientKey?: string; tlsServerName?: string }): TlsFiles {
  return {
    paths: [caBundle, clientCert, clientKey].filter((path) => path !== ''),
    read() {
      const failed = (why: string): Error => new Error(`failed to read key pair ${clientCert} & ${clientKey}, got ${why}`);
      const [cert, key] = [clientCert, clientKey].map((path) => textOf(path, failed));
      if (cert === undefined || key === undefined || !matches(cert, key)) throw failed('tls: private key does not match public key');
      const ca = caBundle === '' ? undefined : textOf(caBundle, (why) => new Error(`failed to read cert file ${caBundle}, got ${why}`));
      if (ca !== undefined && !pemBlocks(ca).some(({ label }) => label === 'CERTIFICATE')) throw new Error('failed to append CA cert to the cert pool');
      return { cert, key, checkServerName, ...(ca === undefined ? {} : { ca }), ...(tlsServerName === '' ? {} : { serverName: tlsServerName }) };
    },
  };
}

function matches(cert: string, key: string): boolean {
  try {
    return keyMatches(cert, key);
  } catch {
    return false;
  }
}

function textOf(path: string, failed: (why: string) => Error): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw failed(errorText(error));
  }
}

/** Dialers that are counted: begun, failed at which step, and how long those that succeeded took. */
export function createEgressCounter({ clock, metrics }: Pick<World, 'clock' | 'metrics'>): (way: Way) => Dial {
  const prefix = 'apiserver_egress_dialer_dial';
  const starts = metrics.counter(`${prefix}_start_total`, '[ALPHA] Dial starts, labeled by the protocol (http-connect or grpc) and transport (tcp or uds).', ['protocol', 'transport']);
  const seconds = metrics.histogram(`${prefix}_duration_seconds`, '[ALPHA] Dial latency histogram in seconds, labeled by the protocol (http-connect or grpc), transport (tcp or uds)', ['protocol', 'transport'], latencyBuckets);
  const failures = metrics.counter(
    `${prefix}_failure_count`, '[ALPHA] Dial failure count, labeled by the protocol (http-connect or grpc), transport (tcp or uds), and stage (connect or proxy). The stage indicates at which stage the dial failed',
    ['protocol', 'transport', 'stage'],
  );
  return ({ protocol, transport, proxy }) => async (address, signal) => {
    const began = clock.monotonic();
    let stage: 'connect' | 'proxy' = 'connect';
    starts.inc({ protocol, transport });
    try {
      const ask = await proxy.connect(signal);
      stage = 'proxy';
      const connection = await ask(address, signal);
      seconds.observe({ protocol, transport }, (clock.monotonic() - began) / 1000);
      return connection;
    } catch (error) {
      failures.inc({ protocol, transport, stage });
      throw error;
    }
  };
}
