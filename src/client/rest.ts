// One REST exchange: headers, query, the bytes of the body, and what an error answer means. A server that
// asks for patience (429, or 5xx with Retry-After) is obeyed a bounded number of times, as client-go does;
// everything else that is no success becomes a StatusError.
import { sleep } from '#base/clock.ts';
import { wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { parsePlain } from '#machinery';
import { isStatus, StatusError, statusFromHttp } from './status-answer.ts';
import type { Transport, TransportResponse } from '#wire';

export interface RestOptions {
  readonly userAgent: string;
  /** A bearer token, asked for before every request; undefined sends none. */
  readonly token?: () => Promise<string | undefined> | string | undefined;
  /** Unary requests give up after this long; undefined waits for the server or the signal. */
  readonly timeoutMs?: number;
}

export interface RestRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

export interface Rest {
  /** The whole body of a success; throws StatusError for a status of 400 and above. */
  bytes(request: RestRequest): Promise<Uint8Array>;
  /** The body of a success, parsed. */
  json<T>(request: RestRequest): Promise<T>;
  /** A streamed success: the caller reads (or leaves) `body`. */
  stream(request: RestRequest): Promise<TransportResponse>;
}

const maxRetries = 10;

/** Builds the exchange functions over one transport. */
export function createRest(world: World, transport: Transport, options: RestOptions): Rest {
  const stream = async (request: RestRequest): Promise<TransportResponse> => {
    for (let attempt = 0; ; attempt++) {
      const token = await options.token?.();
      const response = await transport.request({
        method: request.method,
        path: request.path,
        headers: {
          accept: request.accept ?? 'application/json',
          'user-agent': options.userAgent,
          ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      if (response.status < 400) return response;
      const body = await response.bytes();
      const waitSeconds = retryAfterSeconds(response);
      if (waitSeconds === undefined || attempt >= maxRetries) throw statusError(request, response.status, body);
      await sleep(world.clock, waitSeconds * 1000, request.signal);
    }
  };
  const bytes = async (request: RestRequest): Promise<Uint8Array> => {
    const deadline = withTimeout(world, request.signal, options.timeoutMs);
    try {
      const response = await stream(deadline.signal === undefined ? request : { ...request, signal: deadline.signal });
      return await response.bytes();
    } finally {
      deadline.release();
    }
  };
  return { bytes, stream, json: async <T>(request: RestRequest) => parse<T>(request, await bytes(request)) };
}

function parse<T>(request: RestRequest, body: Uint8Array): T {
  try {
    return parsePlain(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) as T;
  } catch (error) {
    throw wrap(`${request.method} ${request.path}: answer is no JSON`, error);
  }
}

function retryAfterSeconds(response: TransportResponse): number | undefined {
  if (response.status !== 429 && response.status < 500) return undefined;
  const header = response.headers['retry-after'];
  if (header === undefined) return undefined;
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 60) : undefined;
}

function statusError(request: RestRequest, code: number, body: Uint8Array): StatusError {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  try {
    const parsed: unknown = JSON.parse(text);
    if (isStatus(parsed)) return new StatusError({ code, ...parsed });
  } catch {
    // Not every refusal comes from an API server: a proxy's HTML page is told as text below.
  }
  return new StatusError(statusFromHttp(request.method, request.path, code, text));
}

function withTimeout(world: World, outer: AbortSignal | undefined, timeoutMs: number | undefined): { signal: AbortSignal | undefined; release(): void } {
  if (timeoutMs === undefined) return { signal: outer, release() {} };
  const own = new AbortController();
  const timer = world.clock.after(timeoutMs, () => own.abort(new Error(`no answer within ${timeoutMs} ms`)), { background: true });
  return { signal: outer === undefined ? own.signal : AbortSignal.any([outer, own.signal]), release: () => timer.cancel() };
}
