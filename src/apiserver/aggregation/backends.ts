// Connections to extension API servers, one set per Service, trust and port; kept while an APIService names them.
// The server shows its front-proxy certificate, and tells in headers on whose behalf it asks (request-header
// authentication): the extension server believes the headers because of the certificate.
import type { Clock } from '#base/clock.ts';
import { headerBytes, httpTransport, type Dial, type HttpTransportOptions, type Transport } from '#wire';
import type { Identity } from '../contract.ts';
import { countedServerName, type ServiceResolver } from '../webhooks/index.ts';
import type { Metrics } from '#base/metrics.ts';
import type { RemoteService } from './api-services.ts';

/** Certificate and key of the front proxy, PEM. */
export interface FrontProxy {
  readonly cert: string;
  readonly key: string;
}

export interface BackendPorts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly resolve: ServiceResolver;
  readonly connect?: (options: HttpTransportOptions) => Transport;
  /** Opens connections to the cluster. */
  readonly dial?: Dial;
  /** Asked for every new set of connections: certificates are renewed. */
  readonly frontProxy?: () => FrontProxy;
}

export interface Backends {
  transportOf(remote: RemoteService): Transport;
  /** What an upgrade is dialled with. */
  tlsOf(remote: RemoteService): Pick<HttpTransportOptions, 'ca' | 'cert' | 'key' | 'insecure' | 'serverName' | 'checkServerName'>;
  /** Lets go of connections that none of these needs. */
  keepOnly(remotes: Iterable<RemoteService>): void;
  close(): Promise<void>;
}

const connectionsKept = 25;
const idleMs = 90_000;
/** Requests in flight on connections that are let go have this long to end. */
const graceMs = 60_000;

export function hostOf({ service, namespace }: RemoteService): string {
  return `${service}.${namespace}.svc`;
}

function keyOf({ service, namespace, port, caBundle, insecure }: RemoteService): string {
  return `${namespace}/${service}:${port} ${insecure} ${caBundle}`;
}

export function createBackends(ports: BackendPorts): Backends {
  const checked = countedServerName(ports.metrics, 'apiserver_kube_aggregator');
  const transports = new Map<string, Transport>();
  const leaving = new Map<Transport, { cancel(): void }>();
  let shown: string | undefined;
  const letGo = (isWanted: (key: string) => boolean): void => {
    for (const [key, transport] of transports) {
      if (isWanted(key)) continue;
      transports.delete(key);
      const timer = ports.clock.after(graceMs, () => {
        leaving.delete(transport);
        transport.close().catch(() => undefined);
      }, { background: true });
      leaving.set(transport, timer);
    }
  };
  const tlsOf: Backends['tlsOf'] = (remote) => ({
    ...(remote.caBundle !== '' && { ca: Buffer.from(remote.caBundle, 'base64').toString() }),
    ...ports.frontProxy?.(),
    insecure: remote.insecure, serverName: hostOf(remote), checkServerName: checked,
  });
  return {
    tlsOf,
    transportOf(remote) {
      const cert = ports.frontProxy?.().cert;
      if (cert !== shown) letGo(() => false);
      shown = cert;
      const key = keyOf(remote);
      const known = transports.get(key);
      if (known !== undefined) return known;
      const made = (ports.connect ?? httpTransport)({
        url: `https://${hostOf(remote)}:${remote.port}`, clock: ports.clock, http1: true, retryReused: true, idleMs, maxConnections: connectionsKept, ...tlsOf(remote),
        resolve: () => ports.resolve(remote.namespace, remote.service, remote.port),
        ...(ports.dial === undefined ? {} : { dial: ports.dial }),
      });
      transports.set(key, made);
      return made;
    },
    keepOnly(remotes) {
      const wanted = new Set([...remotes].map(keyOf));
      letGo((key) => wanted.has(key));
    },
    async close() {
      for (const timer of leaving.values()) timer.cancel();
      const open = [...transports.values(), ...leaving.keys()];
      transports.clear();
      leaving.clear();
      await Promise.allSettled(open.map((transport) => transport.close()));
    },
  };
}

/** Header-safe: everything but token characters percent-encoded, '%' included. */
function escapeKey(key: string): string {
  return [...Buffer.from(key)].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** Who asks, as headers in UTF-8; each group and each extra value is a header of its own. */
export function identityHeaders(user: Identity): Record<string, readonly string[]> {
  const headers: Record<string, readonly string[]> = { 'x-remote-user': [headerBytes(user.name)] };
  if ((user.uid ?? '') !== '') headers['x-remote-uid'] = [headerBytes(user.uid ?? '')];
  if (user.groups.length > 0) headers['x-remote-group'] = user.groups.map(headerBytes);
  for (const [key, values] of Object.entries(user.extra ?? {})) if (values.length > 0) headers[`x-remote-extra-${escapeKey(key)}`.toLowerCase()] = values.map(headerBytes);
  return headers;
}
