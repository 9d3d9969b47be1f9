// One TLS client for every webhook: admission, conversion, and whatever else a configuration object names. It posts
// a JSON review and gives back the JSON answer, over connections that are kept for each target; redirects and plain
// HTTP are refused.
import { getCACertificates } from 'node:tls';
import type { World } from '#base/world.ts';
import { httpTransport, type HttpTransportOptions, type Transport } from '#wire';
import type { Egress } from '../egress/index.ts';
import { webhookTarget, type WebhookClientConfig, type WebhookTarget } from './client-config.ts';
import { anonymous, authorizationOf, type ClientCredentials } from './credentials.ts';
import { countedServerName } from './go-errors.ts';
import { postJson, type PostTarget, type WebhookCall } from './post-json.ts';
import type { ServiceResolver } from './service-resolver.ts';

export interface WebhookCallerParts {
  readonly world: Pick<World, 'clock' | 'metrics'>;
  readonly resolve: ServiceResolver;
  /** Makes the client of one target. In production `httpTransport`; a cluster without a network has its own. */
  readonly connect?: (options: HttpTransportOptions) => Transport;
  /** Services are in the cluster, URLs at the control plane. */
  readonly egress?: Egress;
  /** This server itself: what calls of the Service default/kubernetes reach. */
  readonly loopback?: () => Transport;
  /** How to identify oneself to "host:port". */
  readonly credentials?: (hostPort: string) => ClientCredentials;
}

export interface WebhookCaller {
  /**
   * Posts `body` and resolves with the JSON of the answer. Rejects with a StatusError when the webhook answered an
   * error, else with WebhookCallError whose message is upstream's; BadWebhookConfig before anything is sent.
   */
  post(config: WebhookClientConfig, body: unknown, call?: WebhookCall): Promise<unknown>;
  /** The same under another identity; closed with this one. */
  as(credentials: (hostPort: string) => ClientCredentials): WebhookCaller;
  close(): Promise<void>;
}

/** Targets whose connections are kept; upstream's bound. */
const mostClients = 200;
const idleMs = 90_000;
const connectionsPerTarget = 25;
const loopbackTarget = 'kubernetes.default.svc:443';

interface Client extends PostTarget {
  inFlight: number;
  evicted: boolean;
}

let systemRoots: string | undefined;

/** The machine's authorities, as Go reads them; the runtime's own list where the machine has none. */
function rootsOf(caBundle: string | undefined): string {
  if (caBundle !== undefined && caBundle !== '') return Buffer.from(caBundle, 'base64').toString();
  if (systemRoots === undefined) {
    const system = getCACertificates('system');
    systemRoots = (system.length > 0 ? system : getCACertificates('default')).join('\n');
  }
  return systemRoots;
}

export function createWebhookCaller(parts: WebhookCallerParts): WebhookCaller {
  const clients = new Map<string, Client>();
  const others: WebhookCaller[] = [];
  const find = clientSource(parts, clients);
  return {
    as(credentials) {
      const other = createWebhookCaller({ ...parts, credentials });
      others.push(other);
      return other;
    },
    async post(config, body, call = {}) {
      const client = find(config);
      client.inFlight++;
      try {
        return await postJson(parts.world, client, body, call);
      } finally {
        client.inFlight--;
        if (client.evicted && client.inFlight === 0) void client.transport.close();
      }
    },
    async close() {
      const open = [...clients.values()];
      clients.clear();
      await Promise.allSettled([...open.map((client) => client.transport.close()), ...others.map((other) => other.close())]);
    },
  };
}

function clientSource(parts: WebhookCallerParts, clients: Map<string, Client>): (config: WebhookClientConfig) => Client {
  const checked = countedServerName(parts.world.metrics, 'apiserver_webhooks');
  const make = (target: WebhookTarget, caBundle: string | undefined): Client => {
    const { service } = target;
    const credentials = parts.credentials?.(target.hostPort) ?? anonymous;
    const own = target.hostPort === loopbackTarget ? parts.loopback?.() : undefined;
    const options: HttpTransportOptions = {
      url: target.origin, clock: parts.world.clock, ca: rootsOf(caBundle), cert: credentials.cert, key: credentials.key, http1: target.http1, retryReused: true, gzip: true, idleMs,
      maxConnections: connectionsPerTarget, userAgent: 'kube-apiserver-admission',
      ...(service !== undefined && { resolve: () => parts.resolve(service.namespace, service.name, service.port) }),
      checkServerName: checked, dial: service === undefined ? parts.egress?.controlPlane : parts.egress?.cluster,
    };
    return { origin: target.origin, path: target.path, transport: own ?? (parts.connect ?? httpTransport)(options), authorization: () => authorizationOf(credentials), inFlight: 0, evicted: false };
  };
  return (config) => {
    const { service } = config;
    const key = `${service === undefined ? (config.url ?? '') : `${service.namespace}/${service.name}:${service.port ?? 443}${service.path ?? ''}`}\n${config.caBundle ?? ''}`;
    const known = clients.get(key);
    const client = known ?? make(webhookTarget(config), config.caBundle);
    if (known !== undefined) clients.delete(key);
    clients.set(key, client);
    if (clients.size > mostClients) evictOldest(clients);
    return client;
  };
}

function evictOldest(clients: Map<string, Client>): void {
  const [oldest] = clients;
  if (oldest === undefined) return;
  clients.delete(oldest[0]);
  oldest[1].evicted = true;
  if (oldest[1].inFlight === 0) void oldest[1].transport.close();
}

export { WebhookCallError, type WebhookCall } from './post-json.ts';
