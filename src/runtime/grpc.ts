// gRPC over a Unix socket, as containerd speaks it: loads our .proto files once, makes unary calls with a
// deadline and an abort signal, and opens streams. Status errors become RuntimeError. The channel connects
// by itself, again and again, so that a restarted runtime is simply there again.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { credentials, Metadata, makeGenericClientConstructor, type Client, type ClientDuplexStream, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Clock } from '#base/clock.ts';
import { RuntimeError, statusNames } from './runtime-error.ts';

export type ProtoFile = 'cri' | 'containers' | 'tasks' | 'events' | 'content' | 'images' | 'leases';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Default 2 minutes. */
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One service at one socket. Requests and answers are the messages' JSON forms: enums as names, int64 as decimal strings. */
export interface GrpcService {
  /** `Response` is what the .proto says of the method: the codec checks it, not the compiler. */
  call<Response>(method: string, request: object, options?: CallOptions): Promise<Response>;
  /** Messages until the server ends the stream or the signal aborts. */
  serverStream(method: string, request: object, signal: AbortSignal, metadata?: Readonly<Record<string, string>>): ClientReadableStream<unknown>;
  duplexStream(method: string, options?: CallOptions): ClientDuplexStream<object, unknown>;
  close(): void;
}

const loaded = new Map<ProtoFile, ReturnType<typeof loadSync>>();

function definitions(file: ProtoFile): ReturnType<typeof loadSync> {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  // Beside this file, or, when it runs bundled from dist/, where the sources lie.
  const places = [`./proto/${file}.proto`, `../src/runtime/proto/${file}.proto`].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const path = places.find((place) => existsSync(place));
  if (path === undefined) throw new Error(`${places.join(' and ')} are missing: the installation is not whole`);
  const definition = loadSync(path, { keepCase: true, longs: String, enums: String, defaults: true });
  loaded.set(file, definition);
  return definition;
}

/** A RuntimeError for whatever a call ended with. */
export function toRuntimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  if (error instanceof Error && 'code' in error && typeof error.code === 'number') {
    const name = statusNames[error.code] ?? 'UNKNOWN';
    const details = 'details' in error && typeof error.details === 'string' && error.details !== '' ? error.details : error.message;
    return new RuntimeError(name === 'OK' ? 'UNKNOWN' : name, details);
  }
  return new RuntimeError('UNKNOWN', error instanceof Error ? error.message : String(error), error);
}

function metadataOf(entries: Readonly<Record<string, string>> | undefined): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries ?? {})) metadata.set(key, value);
  return metadata;
}

function abortError(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException('This operation was aborted', 'AbortError');
}

/** Aborting the signal cancels the call; the returned function forgets it. */
function cancelOnAbort(call: { cancel(): void }, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => {};
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

/** Opens `service` ("runtime.v1.RuntimeService") of a .proto file at a socket. Does not wait for the connection. */
export function openGrpc(clock: Clock, socketPath: string, file: ProtoFile, service: string, headers: Readonly<Record<string, string>> = {}): GrpcService {
  const definition = definitions(file)[service];
  if (definition === undefined || 'format' in definition) throw new Error(`no service ${service} in ${file}.proto`);
  const constructor = makeGenericClientConstructor(definition, service);
  const client: Client = new constructor(`unix:${socketPath}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': 64 * 1024 * 1024,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.default_authority': 'localhost',
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  const methodOf = (name: string) => {
    const method = definition[name];
    if (method === undefined) throw new Error(`no method ${name} in ${service}`);
    return method;
  };
  return {
    call<Response>(name: string, request: object, options: CallOptions = {}): Promise<Response> {
      const { signal, timeoutMs = 120_000 } = options;
      const method = methodOf(name);
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(abortError(signal));
          return;
        }
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          // The descriptor that decodes is the one the caller named: the one place where its word is taken.
          (bytes: Buffer) => method.responseDeserialize(bytes) as Response,
          request,
          metadataOf({ ...headers, ...options.metadata }),
          { deadline: clock.now() + timeoutMs },
          (error: ServiceError | null, response?: Response) => {
            forget();
            if (error === null && response !== undefined) resolve(response);
            else reject(signal?.aborted === true ? abortError(signal) : toRuntimeError(error));
          },
        );
        const forget = cancelOnAbort(call, signal);
      });
    },
    serverStream(name, request, signal, metadata) {
      const method = methodOf(name);
      const stream = client.makeServerStreamRequest(method.path, method.requestSerialize, (bytes: Buffer): unknown => method.responseDeserialize(bytes), request, metadataOf({ ...headers, ...metadata }));
      stream.once('close', cancelOnAbort(stream, signal));
      return stream;
    },
    duplexStream(name, options = {}) {
      const method = methodOf(name);
      const deadline = clock.now() + (options.timeoutMs ?? 120_000);
      const stream = client.makeBidiStreamRequest<object, unknown>(method.path, method.requestSerialize, (bytes: Buffer): unknown => method.responseDeserialize(bytes), metadataOf({ ...headers, ...options.metadata }), { deadline });
      stream.once('close', cancelOnAbort(stream, options.signal));
      return stream;
    },
    close: () => client.close(),
  };
}
