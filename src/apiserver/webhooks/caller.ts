// One TLS client for every webhook: admission, conversion, and whatever else a configuration object names. It posts
// a JSON review and gives back the JSON answer, over kept connections, within the caller's deadline and within
// bounds; redirects and plain HTTP are refused. Failures read as upstream's client tells them (client-go's REST
// client over Go's net/http), because people and tools know them by those texts.
import { getCACertificates } from 'node:tls';
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { genericServerResponse, goQuote, isObject, parseJson, StatusError, stringifyJson } from '#machinery';
import { httpTransport, type HttpTransportOptions, type Transport, type TransportResponse } from '#wire';
import { BadWebhookConfig, webhookTarget, type WebhookClientConfig, type WebhookTarget } from './client-config.ts';
import { anonymous, authorizationOf, type ClientCredentials } from './credentials.ts';
import { CertificateNameError, checkServerName, goNetworkError } from './go-errors.ts';
import type { ServiceResolver } from './service-resolver.ts';

export interface WebhookCallerParts {
  readonly world: Pick<World, 'clock' | 'metrics'>;
  readonly resolve: ServiceResolver;
  /** Makes the client of one target. In production `httpTransport`; a cluster without a network has its own. */
  readonly connect?: (options: HttpTransportOptions) => Transport;
  /** This server itself: what calls of the Service default/kubernetes reach. */
  readonly loopback?: () => Transport;
  /** How to identify oneself to "host:port". */
  readonly credentials?: (hostPort: string) => ClientCredentials;
}

export interface WebhookCall {
  /** The deadline of this call; told to the webhook as `?timeout=`. */
  readonly timeoutMs?: number;
  /** Of the request on whose behalf the call is made. */
  readonly signal?: AbortSignal;
  readonly maxResponseBytes?: number;
}

export interface WebhookCaller {
  /**
   * Posts `body` and resolves with the JSON of the answer. Rejects with a StatusError when the webhook answered an
   * error, else with WebhookCallError whose message is upstream's; BadWebhookConfig before anything is sent.
   */
  post(config: WebhookClientConfig, body: unknown, call?: WebhookCall): Promise<unknown>;
  close(): Promise<void>;
}

export class WebhookCallError extends Error {
  override name = 'WebhookCallError';
  /** The caller went away: nobody's fault. */
  readonly canceled: boolean;

  constructor(message: string, canceled: boolean, cause?: unknown) {
    super(message, { cause });
    this.canceled = canceled;
  }
}

/** Targets whose connections are kept; upstream's bound. */
const mostClients = 200;
const defaultResponseBytes = 32 << 20;
const idleMs = 90_000;
const connectionsPerTarget = 25;
/** A busy server may ask so often to be asked again. */
const mostRetries = 10;
const defaultTimeoutMs = 30_000;
const loopbackTarget = 'kubernetes.default.svc:443';

class DeadlineExceeded extends Error {
  override name = 'DeadlineExceeded';
}

interface Client {
  readonly target: WebhookTarget;
  readonly transport: Transport;
  readonly authorization: () => string | undefined;
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
  const find = clientSource(parts, clients);
  return {
    async post(config, body, call = {}) {
      const client = find(config);
      client.inFlight++;
      const limit = deadline(parts, call);
      try {
        return await postTo(parts, client, Buffer.from(stringifyJson(body)), call, limit.signal);
      } catch (error) {
        throw limit.signal.aborted && !(error instanceof StatusError) ? aborted(client, call, limit.signal) : error;
      } finally {
        limit.release();
        client.inFlight--;
        if (client.evicted && client.inFlight === 0) void client.transport.close();
      }
    },
    async close() {
      const open = [...clients.values()];
      clients.clear();
      await Promise.allSettled(open.map((client) => client.transport.close()));
    },
  };
}

function clientSource(parts: WebhookCallerParts, clients: Map<string, Client>): (config: WebhookClientConfig) => Client {
  const missingNames = parts.world.metrics.counter(
    'apiserver_webhooks_x509_missing_san_total',
    'Counts the number of requests to servers missing SAN extension in their serving certificate OR the number of connection failures due to the lack of x509 certificate SAN extension missing (either/or, based on the runtime environment)',
  );
  const make = (target: WebhookTarget, caBundle: string | undefined): Client => {
    const { service } = target;
    const credentials = parts.credentials?.(target.hostPort) ?? anonymous;
    const own = target.hostPort === loopbackTarget ? parts.loopback?.() : undefined;
    const options: HttpTransportOptions = {
      url: target.origin, clock: parts.world.clock, ca: rootsOf(caBundle), cert: credentials.cert, key: credentials.key, http1: target.http1, retryReused: true, gzip: true, idleMs,
      maxConnections: connectionsPerTarget, userAgent: 'kube-apiserver-admission',
      ...(service !== undefined && { resolve: () => parts.resolve(service.namespace, service.name, service.port) }),
      checkServerName(name, certificate) {
        const error = checkServerName(name, certificate);
        if (error instanceof CertificateNameError && error.message.includes('legacy Common Name')) missingNames.inc();
        return error;
      },
    };
    return { target, transport: own ?? (parts.connect ?? httpTransport)(options), authorization: () => authorizationOf(credentials), inFlight: 0, evicted: false };
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

interface Limit {
  readonly signal: AbortSignal;
  release(): void;
}

/** Aborts at the call's deadline or with its request, whichever is first. */
function deadline(parts: WebhookCallerParts, call: WebhookCall): Limit {
  const abort = new AbortController();
  const outer = (): void => abort.abort(call.signal?.reason);
  if (call.signal?.aborted === true) outer();
  else call.signal?.addEventListener('abort', outer, { once: true });
  const timer = parts.world.clock.after(call.timeoutMs ?? defaultTimeoutMs, () => abort.abort(new DeadlineExceeded('context deadline exceeded')));
  return {
    signal: abort.signal,
    release() {
      timer.cancel();
      call.signal?.removeEventListener('abort', outer);
    },
  };
}

/** A request given up at its own deadline ran out of time too; one whose client left was cancelled. */
function aborted(client: Client, call: WebhookCall, signal: AbortSignal): WebhookCallError {
  const late = signal.reason instanceof DeadlineExceeded || (signal.reason instanceof StatusError && signal.reason.code === 504);
  return new WebhookCallError(`Post ${goQuote(urlOf(client, call))}: ${late ? 'context deadline exceeded' : 'context canceled'}`, !late, signal.reason);
}

function pathOf(client: Client, call: WebhookCall): string {
  const { path } = client.target;
  return call.timeoutMs === undefined ? path : `${path}?timeout=${goSeconds(call.timeoutMs)}`;
}

function urlOf(client: Client, call: WebhookCall): string {
  return client.target.origin + pathOf(client, call);
}

/** Whole seconds, rounded up, in Go's notation: "10s", "1m30s". */
function goSeconds(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

async function postTo(parts: WebhookCallerParts, client: Client, body: Uint8Array, call: WebhookCall, signal: AbortSignal): Promise<unknown> {
  for (let retries = 0; ; retries++) {
    const response = await send(client, body, call, signal);
    const bytes = await readWhole(response, call.maxResponseBytes ?? defaultResponseBytes, signal);
    const wait = retryAfterSeconds(response);
    if (wait !== undefined && retries < mostRetries) {
      await sleep(parts.world.clock, wait * 1000, signal);
      continue;
    }
    return resultOf(response, bytes, wait ?? 0);
  }
}

async function send(client: Client, body: Uint8Array, call: WebhookCall, signal: AbortSignal): Promise<TransportResponse> {
  const authorization = client.authorization();
  try {
    return await client.transport.request({
      method: 'POST', path: pathOf(client, call), body, signal,
      headers: { 'content-type': 'application/json', accept: 'application/json, */*', ...(authorization === undefined ? {} : { authorization }) },
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new WebhookCallError(`Post ${goQuote(urlOf(client, call))}: ${goNetworkError(error)}`, false, error);
  }
}

async function readWhole(response: TransportResponse, limitBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of response.body) {
      total += chunk.length;
      if (total > limitBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new WebhookCallError('unexpected EOF', false, error);
  }
  if (total > limitBytes) throw new WebhookCallError(`webhook response is larger than ${limitBytes} bytes`, false);
  return Buffer.concat(chunks, total);
}

/** What a busy server asks for; undefined when the answer is final. */
function retryAfterSeconds({ status, headers }: TransportResponse): number | undefined {
  if (status !== 429 && (status < 500 || status > 599)) return undefined;
  const text = headers['retry-after'] ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The answer's JSON; a failure's Status, or what stands for one. */
function resultOf({ status, headers }: TransportResponse, bytes: Buffer, retryAfter: number): unknown {
  const contentType = headers['content-type'] ?? 'application/json';
  if (status < 200 || status > 206) {
    const told = statusIn(bytes);
    if (told !== undefined) throw told;
    const message = /^text\//.test(contentType) ? bytes.toString().trim() : 'unknown';
    throw genericServerResponse(status, 'POST', { group: '', resource: '' }, '', message, retryAfter, true);
  }
  if (bytes.length === 0) throw new WebhookCallError(`0-length response with status code: ${status} and content type: ${headers['content-type'] ?? ''}`, false);
  let value: unknown;
  try {
    value = parseJson(bytes, { maxValues: 2_000_000 }).value;
  } catch (error) {
    throw new WebhookCallError(`couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`, false, error);
  }
  const refusal = failureOf(value);
  if (refusal !== undefined) throw refusal;
  return value;
}

function statusIn(bytes: Buffer): StatusError | undefined {
  try {
    return failureOf(parseJson(bytes).value);
  } catch {
    return undefined;
  }
}

function failureOf(value: unknown): StatusError | undefined {
  if (!isObject(value) || value.kind !== 'Status' || value.apiVersion !== 'v1' || value.status === 'Success') return undefined;
  const code = typeof value.code === 'number' ? value.code : 500;
  return new StatusError({ ...value, status: 'Failure', code, message: typeof value.message === 'string' ? value.message : 'unknown' });
}

export { BadWebhookConfig };
