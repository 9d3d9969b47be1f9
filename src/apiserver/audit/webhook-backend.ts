// Audit events to a webhook that a kubeconfig names: an EventList per batch, tried again on any error, because hardly
// any error says that the receiver will never be well.
import { sleep } from '#base/clock.ts';
import { jitter } from '#base/random.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { stringifyJson } from '#machinery';
import { httpTransport, type Dial, type Transport } from '#wire';
import { authorizationOf, anonymous } from '../webhooks/credentials.ts';
import { readKubeconfig } from '../webhooks/kubeconfig.ts';
import type { AuditBackend } from './backend.ts';
import { eventFields, type AuditEvent } from './event.ts';
import type { AuditMetrics } from './metrics.ts';

export interface WebhookBackendOptions {
  /** --audit-webhook-config-file */
  readonly configFile: string;
  readonly initialBackoffMs: number;
  /** Opens its connections instead of TCP. */
  readonly dial?: Dial;
}

const attempts = 5;
const backoffFactor = 1.5;
const backoffJitter = 0.2;
const requestTimeoutMs = 30_000;

/** Throws when the kubeconfig cannot be used. */
export function webhookBackend(world: World, options: WebhookBackendOptions, metrics: AuditMetrics): AuditBackend {
  let config: ReturnType<typeof readKubeconfig>;
  try {
    config = readKubeconfig(options.configFile);
  } catch (error) {
    throw new Error(`initializing audit webhook: ${errorText(error)}`, { cause: undefined });
  }
  const { server, ca, serverName, insecure } = config.currentCluster();
  const user = config.users.get(config.currentUser ?? '') ?? anonymous;
  const url = new URL(server);
  const closed = new AbortController();
  const transport = httpTransport({
    url: url.origin, clock: world.clock, insecure, userAgent: 'kube-apiserver-audit', http1: true, dial: options.dial,
    ...(ca === undefined ? {} : { ca }), ...(serverName === undefined ? {} : { serverName }),
    ...(user.cert === undefined ? {} : { cert: user.cert }), ...(user.key === undefined ? {} : { key: user.key }),
  });
  const post = async (body: string): Promise<void> => {
    const authorization = authorizationOf(user);
    const headers = { 'content-type': 'application/json', accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) };
    const late = new AbortController();
    const timer = world.clock.after(requestTimeoutMs, () => late.abort(new Error('context deadline exceeded')));
    try {
      await sendOnce(transport, `${url.pathname}${url.search}`, headers, body, AbortSignal.any([closed.signal, late.signal]));
    } finally {
      timer.cancel();
    }
  };
  const send = async (events: readonly AuditEvent[]): Promise<boolean> => {
    const body = stringifyJson({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: events.map((event) => eventFields(event, false)) });
    for (let attempt = 1, waitMs = options.initialBackoffMs; ; attempt++, waitMs *= backoffFactor) {
      try {
        await post(body);
        return true;
      } catch (error) {
        if (attempt === attempts || closed.signal.aborted) {
          metrics.failed('webhook', error, events);
          return false;
        }
      }
      await sleep(world.clock, jitter(world.random, waitMs, backoffJitter), closed.signal).catch(() => {});
    }
  };
  return {
    name: 'webhook',
    record: send,
    async close() {
      closed.abort(new Error('auditing is over'));
      await transport.close();
    },
  };
}

async function sendOnce(transport: Transport, path: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<void> {
  const response = await transport.request({ method: 'POST', path, headers, body, signal });
  await response.bytes();
  if (response.status < 200 || response.status > 299) throw new Error(`the server responded with the status code ${response.status}`);
}
