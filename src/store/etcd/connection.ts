// The gRPC connections to an etcd cluster: one channel per endpoint, one of them in use. A call that finds
// its endpoint gone moves on to the next; reads are tried there again, writes are not, because they may
// have happened. Error codes become the store's errors here and nowhere else.
import { Client, credentials, Metadata, status, type ChannelCredentials, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import type { World } from '#base/world.ts';
import { CompactedError, FutureRevisionError, LeaseNotFoundError, NoSpaceError, StoreUnavailableError } from '#store';
import { etcdApi, type EtcdMethods } from './schema.ts';

export interface EtcdStoreConfig {
  /** "https://host:2379", "http://host:2379", "unix:/path" or "host:2379" (TLS when `tls` is given). At least one. */
  readonly endpoints: readonly string[];
  /** By endpoint: speaks TLS on a "unix:/path" that leads to the server of this name. */
  readonly serverNames?: readonly (string | undefined)[];
  /** PEM. */
  readonly tls?: { readonly ca?: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array };
  /** Longest wait for one answer; 10,000 when absent. */
  readonly requestTimeoutMs?: number;
}

export interface EtcdConnection {
  /** Throws the store's errors, or the signal's reason. `retry` tries every endpoint once. */
  call<M extends keyof EtcdMethods>(
    method: M, request: EtcdMethods[M]['request'], options: { retry: boolean; signal?: AbortSignal },
  ): Promise<EtcdMethods[M]['response']>;
  stream<M extends keyof EtcdMethods>(method: M): ClientDuplexStream<EtcdMethods[M]['request'], EtcdMethods[M]['response']>;
  /** The endpoint in use has failed: the next call goes elsewhere. */
  moveOn(): void;
  close(): void;
}

const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // No call is sent twice behind our back: a transaction that came through would be refused by itself the second time.
  'grpc.enable_retries': 0,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.use_local_subchannel_pool': 1,
};

/** The store's error for a failed call. */
export function storeError(error: ServiceError): Error {
  const text = error.details;
  const options = { cause: error };
  if (text.includes('has been compacted')) return new CompactedError(0);
  if (text.includes('future revision')) return new FutureRevisionError(text);
  if (text.includes('database space exceeded')) return new NoSpaceError(text, options);
  if (text.includes('requested lease not found')) return new LeaseNotFoundError('requested lease not found', options);
  const away = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED, status.UNKNOWN, status.INTERNAL, status.ABORTED, status.CANCELLED];
  return away.includes(error.code) ? new StoreUnavailableError(`etcd: ${text}`, options) : new Error(`etcd: ${text}`, options);
}

function clientFor(endpoint: string, config: EtcdStoreConfig, serverName: string | undefined): Client {
  if (endpoint.startsWith('unix:')) {
    if (serverName === undefined) return new Client(endpoint, credentials.createInsecure(), { ...channelOptions, 'grpc.default_authority': 'localhost' });
    return new Client(endpoint, tlsCredentials(config), { ...channelOptions, 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName });
  }
  const match = /^(?:(https?|etcd):\/\/)?([^/]+)\/?$/.exec(endpoint);
  if (match?.[2] === undefined) throw new Error(`not an etcd endpoint: ${endpoint}`);
  const secure = match[1] === 'https' || (match[1] !== 'http' && config.tls !== undefined);
  return new Client(match[2], secure ? tlsCredentials(config) : credentials.createInsecure(), channelOptions);
}

function tlsCredentials(config: EtcdStoreConfig): ChannelCredentials {
  const buffer = (pem: Uint8Array | undefined): Buffer | null => (pem === undefined ? null : Buffer.from(pem));
  return credentials.createSsl(buffer(config.tls?.ca), buffer(config.tls?.key), buffer(config.tls?.cert));
}

function methodOf(name: keyof EtcdMethods): { path: string; serialize: (value: object) => Buffer; deserialize: (bytes: Buffer) => object } {
  const [service = '', method = ''] = name.split('.');
  const definition = etcdApi[`etcdserverpb.${service}`];
  const found = definition !== undefined && !('format' in definition) ? definition[method] : undefined;
  if (found === undefined) throw new Error(`no etcd method ${name}`);
  return { path: found.path, serialize: found.requestSerialize, deserialize: found.responseDeserialize };
}

export function connectEtcd(world: World, config: EtcdStoreConfig): EtcdConnection {
  if (config.endpoints.length === 0) throw new Error('no etcd endpoint is given');
  const clients = config.endpoints.map((endpoint, at) => clientFor(endpoint, config, config.serverNames?.[at]));
  const timeoutMs = config.requestTimeoutMs ?? 10_000;
  let used = 0;
  /** Asks a member that has lost its leader to say so instead of staying silent. */
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  const current = (): Client => clients[used % clients.length] ?? (clients[0] as Client);

  const once = <M extends keyof EtcdMethods>(name: M, request: EtcdMethods[M]['request'], signal?: AbortSignal): Promise<EtcdMethods[M]['response']> =>
    new Promise((resolve, reject) => {
      const { path, serialize, deserialize } = methodOf(name);
      const at = used;
      const cancel = (): void => call.cancel();
      const call = current().makeUnaryRequest(path, serialize, deserialize, request, metadata, { deadline: world.clock.now() + timeoutMs }, (error, response) => {
        signal?.removeEventListener('abort', cancel);
        if (error === null && response !== undefined) {
          resolve(response);
          return;
        }
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        const failure = error === null ? new StoreUnavailableError('etcd: empty answer') : storeError(error);
        if (failure instanceof StoreUnavailableError && used === at) used++;
        reject(failure);
      });
      signal?.addEventListener('abort', cancel, { once: true });
    });

  return {
    async call(name, request, { retry, signal }) {
      signal?.throwIfAborted();
      for (let left = retry ? clients.length : 1; ; ) {
        try {
          return await once(name, request, signal);
        } catch (error) {
          if (!(error instanceof StoreUnavailableError) || --left === 0) throw error;
        }
      }
    },
    stream(name) {
      const { path, serialize, deserialize } = methodOf(name);
      return current().makeBidiStreamRequest(path, serialize, deserialize, metadata, {});
    },
    moveOn() {
      used++;
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}
