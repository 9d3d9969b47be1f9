// Posts JSON to a webhook and reads the JSON that comes back, within a deadline and bounds. Failures read as upstream's
// client tells them (client-go's REST client over Go's net/http), because people and tools know them by those texts.
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { genericServerResponse, goQuote, isObject, parseJson, StatusError, stringifyJson } from '#machinery';
import { readWhole, type Transport, type TransportResponse } from '#wire';
import { goNetworkError } from './go-errors.ts';

export type PostWorld = Pick<World, 'clock'>;

export interface WebhookCall {
  /** The deadline of this call; told to the webhook as `?timeout=`. */
  readonly timeoutMs?: number;
  /** Of the request on whose behalf the call is made. */
  readonly signal?: AbortSignal;
  readonly maxResponseBytes?: number;
  /** Keeps the deadline to itself. */
  readonly silentTimeout?: boolean;
}

/** Where requests go. */
export interface PostTarget {
  /** "https://name.namespace.svc:443", for the texts of errors. */
  readonly origin: string;
  readonly path: string;
  readonly transport: Transport;
  /** The Authorization header. */
  readonly authorization: () => string | undefined;
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

const defaultResponseBytes = 32 << 20;
/** A busy server may ask so often to be asked again. */
const mostRetries = 10;
const defaultTimeoutMs = 30_000;

class DeadlineExceeded extends Error {
  override name = 'DeadlineExceeded';
}

/** Rejects with a StatusError when the webhook answered an error, else with WebhookCallError. */
export async function postJson(world: PostWorld, client: PostTarget, body: unknown, call: WebhookCall = {}): Promise<unknown> {
  const limit = deadline(world, call);
  try {
    return await postTo(world, client, Buffer.from(stringifyJson(body)), call, limit.signal);
  } catch (error) {
    throw limit.signal.aborted && !(error instanceof StatusError) ? aborted(client, call, limit.signal) : error;
  } finally {
    limit.release();
  }
}

interface Limit {
  readonly signal: AbortSignal;
  release(): void;
}

/** Aborts at the call's deadline or with its request, whichever is first. */
function deadline(world: PostWorld, call: WebhookCall): Limit {
  const abort = new AbortController();
  const outer = (): void => abort.abort(call.signal?.reason);
  if (call.signal?.aborted === true) outer();
  else call.signal?.addEventListener('abort', outer, { once: true });
  const timer = world.clock.after(call.timeoutMs ?? defaultTimeoutMs, () => abort.abort(new DeadlineExceeded('context deadline exceeded')));
  return {
    signal: abort.signal,
    release() {
      timer.cancel();
      call.signal?.removeEventListener('abort', outer);
    },
  };
}

/** A request given up at its own deadline ran out of time too; one whose client left was cancelled. */
function aborted(client: PostTarget, call: WebhookCall, signal: AbortSignal): WebhookCallError {
  const late = signal.reason instanceof DeadlineExceeded || (signal.reason instanceof StatusError && signal.reason.code === 504);
  return new WebhookCallError(`Post ${goQuote(urlOf(client, call))}: ${late ? 'context deadline exceeded' : 'context canceled'}`, !late, signal.reason);
}

function pathOf(client: PostTarget, call: WebhookCall): string {
  const { path } = client;
  return call.timeoutMs === undefined || call.silentTimeout === true ? path : `${path}?timeout=${goSeconds(call.timeoutMs)}`;
}

function urlOf(client: PostTarget, call: WebhookCall): string {
  return client.origin + pathOf(client, call);
}

/** Whole seconds, rounded up, in Go's notation: "10s", "1m30s". */
function goSeconds(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

async function postTo(world: PostWorld, client: PostTarget, body: Uint8Array, call: WebhookCall, signal: AbortSignal): Promise<unknown> {
  for (let retries = 0; ; retries++) {
    const response = await send(client, body, call, signal);
    const bytes = await readAnswer(response, call.maxResponseBytes ?? defaultResponseBytes, signal);
    const wait = retryAfterSeconds(response);
    if (wait !== undefined && retries < mostRetries) {
      await sleep(world.clock, wait * 1000, signal);
      continue;
    }
    return resultOf(response, bytes, wait ?? 0);
  }
}

async function send(client: PostTarget, body: Uint8Array, call: WebhookCall, signal: AbortSignal): Promise<TransportResponse> {
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

async function readAnswer({ body }: TransportResponse, limitBytes: number, signal: AbortSignal): Promise<Buffer> {
  try {
    return await readWhole(body, limitBytes, () => new WebhookCallError(`webhook response is larger than ${limitBytes} bytes`, false));
  } catch (error) {
    if (signal.aborted || error instanceof WebhookCallError) throw error;
    throw new WebhookCallError('unexpected EOF', false, error);
  }
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
    const message = contentType.startsWith('text/') ? bytes.toString().trim() : 'unknown';
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
