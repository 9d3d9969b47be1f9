// A thin gRPC client: promise-based unary calls and server streams as iterables, with deadlines, aborts and
// errors that carry gRPC's code by name. The library is loaded with the first client, so that programs without
// gRPC do not pay for it.
import type { Client, ServiceError } from '@grpc/grpc-js';
import { wrap } from '#base/errors.ts';

export interface GrpcOptions {
  /** Files of the service's definition; imports are searched in `includeDirs`. */
  readonly protoFiles?: readonly string[];
  readonly includeDirs?: readonly string[];
  /** The definition as data, in protobuf.js's JSON form: what a bundle can carry. */
  readonly schema?: object;
  /** "runtime.v1.RuntimeService" */
  readonly service: string;
  /** "unix:///run/x.sock", "unix-abstract:name" or "127.0.0.1:2379" */
  readonly address: string;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The `:authority` of calls; some servers refuse a socket's path there. */
  readonly authority?: string;
  /** Calls wait for the connection, within their deadline, instead of failing while there is none. */
  readonly waitForReady?: boolean;
  /** Largest message either way. Default 16 MiB. */
  readonly messageBytes?: number;
}

export interface GrpcCall {
  readonly signal?: AbortSignal;
  /** A point in wall time, milliseconds since the epoch. */
  readonly deadlineMs?: number;
}

/** A failed call: `code` is gRPC's name, 'NOT_FOUND', 'UNAVAILABLE', … */
export class GrpcError extends Error {
  override name = 'GrpcError';
  readonly code: string;
  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface GrpcClient {
  /** One request, one answer. Messages are plain objects, field names as in the definition, int64 as strings. */
  unary(method: string, request: object, call?: GrpcCall): Promise<Record<string, unknown>>;
  /** Answers as they come; leaving the loop cancels the call. */
  stream(method: string, request: object, call?: GrpcCall): AsyncIterable<Record<string, unknown>>;
  close(): void;
}

/** grpc-js knows no scheme for Linux's sockets without a file, whose names begin with a zero byte. */
function grpcTarget(address: string): string {
  return address.replace(/^unix-abstract:/, 'unix:\0');
}

/** Messages as plain objects: field names as in the definition, int64 and enums as text. */
export const messageForms = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

/** Loads the definition and connects lazily, with the first call. */
export async function grpcClient(options: GrpcOptions): Promise<GrpcClient> {
  const [grpc, loader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  const protoFiles = options.protoFiles ?? [];
  const definition =
    options.schema === undefined ? await loader.load([...protoFiles], { ...messageForms, includeDirs: [...(options.includeDirs ?? [])] }) : loader.fromJSON(options.schema, messageForms);
  const service = definition[options.service];
  if (service === undefined || 'format' in service) throw new Error(`no gRPC service ${options.service} in ${protoFiles.join(', ')}`);
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  const { tls } = options;
  const credentials = tls === undefined ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
  const messageBytes = options.messageBytes ?? 16 << 20;
  const client: Client = new grpc.Client(grpcTarget(options.address), credentials, {
    'grpc.max_receive_message_length': messageBytes,
    'grpc.max_send_message_length': messageBytes,
    ...(options.authority === undefined ? {} : { 'grpc.default_authority': options.authority }),
    ...(options.waitForReady === true ? { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1000, 'grpc.use_local_subchannel_pool': 1 } : {}),
  });
  const metadata = (): InstanceType<typeof grpc.Metadata> => new grpc.Metadata({ waitForReady: options.waitForReady === true });
  const failure = (error: unknown): Error => {
    const { code, details } = error as Partial<ServiceError>;
    return typeof code === 'number' ? new GrpcError(grpc.status[code] ?? 'UNKNOWN', details ?? '', error) : wrap('gRPC call', error);
  };
  const methodOf = (name: string) => {
    const method = service[name];
    if (method === undefined) throw new Error(`no method ${name} in ${options.service}`);
    return method;
  };
  return {
    unary(name, request, call) {
      const method = methodOf(name);
      return new Promise((resolve, reject) => {
        const { signal } = call ?? {};
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        const running = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize as (bytes: Buffer) => Record<string, unknown>,
          request,
          metadata(),
          call?.deadlineMs === undefined ? {} : { deadline: call.deadlineMs },
          (error, value) => {
            signal?.removeEventListener('abort', onAbort);
            if (error === null) resolve(value ?? {});
            else reject(signal?.aborted === true ? signal.reason : failure(error));
          },
        );
        const onAbort = (): void => running.cancel();
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
    async *stream(name, request, call) {
      const method = methodOf(name);
      const { signal } = call ?? {};
      signal?.throwIfAborted();
      const running = client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize as (bytes: Buffer) => Record<string, unknown>,
        request,
        metadata(),
        call?.deadlineMs === undefined ? {} : { deadline: call.deadlineMs },
      );
      const onAbort = (): void => running.cancel();
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        for await (const message of running) yield message as Record<string, unknown>;
      } catch (error) {
        throw signal?.aborted === true ? signal.reason : failure(error);
      } finally {
        signal?.removeEventListener('abort', onAbort);
        running.cancel();
      }
    },
    close: () => client.close(),
  };
}
