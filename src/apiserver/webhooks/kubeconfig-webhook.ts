// Webhooks that are configured by file instead of by object: token review, access review, image policy. The kubeconfig
// names the server and the identity to show; who asks decides about versions, retries and memory.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { StatusError } from '#machinery';
import { httpTransport, type Dial } from '#wire';
import { anonymous, authorizationOf } from './credentials.ts';
import { checkServerName } from './go-errors.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { postJson, type WebhookCall } from './post-json.ts';

export interface ReviewClient {
  /** Rejects with a StatusError when the webhook answered an error, else with WebhookCallError. */
  post(review: object, call?: WebhookCall): Promise<unknown>;
  /** Is the failure worth another attempt? */
  isTransient(error: unknown): boolean;
  close(): Promise<void>;
}

const timeoutMs = 30_000;

/** Throws when the kubeconfig is not readable or names no server. @param dial opens its connections instead of TCP. */
export function reviewClient(world: Pick<World, 'clock'>, kubeconfigPath: string, dial?: Dial): ReviewClient {
  const config = readKubeconfig(kubeconfigPath);
  const cluster = config.currentCluster();
  const user = (config.currentUser === undefined ? undefined : config.users.get(config.currentUser)) ?? anonymous;
  const url = new URL(cluster.server);
  const transport = httpTransport({
    url: url.origin, clock: world.clock, ca: cluster.ca, cert: user.cert, key: user.key, insecure: cluster.insecure, retryReused: true, gzip: true, checkServerName, dial,
    ...(cluster.serverName !== undefined && { serverName: cluster.serverName }),
  });
  const target = { origin: url.origin, path: url.pathname, transport, authorization: () => authorizationOf(user) };
  return {
    post: (review, call = {}) => postJson(world, target, review, { timeoutMs, silentTimeout: true, ...call }),
    isTransient,
    close: () => transport.close(),
  };
}

/** Connections that broke, servers that are busy or failed for now, and whoever says when to come back. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof StatusError)) return /connection reset by peer|EOF|client connection lost/.test(errorText(error));
  return ['InternalError', 'Timeout', 'TooManyRequests'].includes(error.reason) || [429, 500, 504].includes(error.code) || (error.status.details?.retryAfterSeconds ?? 0) > 0;
}
