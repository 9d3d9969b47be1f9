// The gRPC clients of key management plugins on unix sockets: KMS v2 (Status, Encrypt, Decrypt) and v1beta1
// (Version, Encrypt, Decrypt). Calls wait for the plugin within their timeout, as upstream's WaitForReady does, and
// each is counted with its latency and gRPC code.
import type { World } from '#base/world.ts';
import { grpcClient, GrpcError, type GrpcClient } from '#wire';
import type { KmsConfiguration } from './config.ts';
import type { EncryptionMetrics } from './metrics.ts';
import { errorCode } from './transformer.ts';

export interface KmsStatus {
  readonly version: string;
  readonly healthz: string;
  readonly keyId: string;
}

export interface KmsEncrypted {
  readonly ciphertext: Uint8Array;
  readonly keyId: string;
  readonly annotations: Readonly<Record<string, Uint8Array>>;
}

export interface KmsService {
  status(): Promise<KmsStatus>;
  encrypt(uid: string, plaintext: Uint8Array): Promise<KmsEncrypted>;
  decrypt(uid: string, request: KmsEncrypted): Promise<Uint8Array>;
  close(): void;
}

/** KMS v1: opaque bytes in, opaque bytes out. */
export interface KmsV1Service {
  encrypt(plain: Uint8Array): Promise<Uint8Array>;
  decrypt(cipher: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

type Fields = Readonly<Record<string, readonly [type: string, id: number]>>;

function message(fields: Fields, maps: Fields = {}): object {
  const plain = Object.entries(fields).map(([name, [type, id]]) => [name, { type, id }]);
  const keyed = Object.entries(maps).map(([name, [type, id]]) => [name, { keyType: 'string', type, id }]);
  return { fields: Object.fromEntries([...plain, ...keyed]) };
}

function service(methods: readonly string[]): object {
  return { methods: Object.fromEntries(methods.map((name) => [name, { requestType: `${name}Request`, responseType: `${name}Response` }])) };
}

/** protobuf.js's JSON form of kms/apis/v2. */
export const kmsV2Schema = {
  nested: {
    v2: {
      nested: {
        KeyManagementService: service(['Status', 'Decrypt', 'Encrypt']),
        StatusRequest: message({}),
        StatusResponse: message({ version: ['string', 1], healthz: ['string', 2], key_id: ['string', 3] }),
        DecryptRequest: message({ ciphertext: ['bytes', 1], uid: ['string', 2], key_id: ['string', 3] }, { annotations: ['bytes', 4] }),
        DecryptResponse: message({ plaintext: ['bytes', 1] }),
        EncryptRequest: message({ plaintext: ['bytes', 1], uid: ['string', 2] }),
        EncryptResponse: message({ ciphertext: ['bytes', 1], key_id: ['string', 2] }, { annotations: ['bytes', 3] }),
      },
    },
  },
};

/** protobuf.js's JSON form of kms/apis/v1beta1. */
export const kmsV1Schema = {
  nested: {
    v1beta1: {
      nested: {
        KeyManagementService: service(['Version', 'Decrypt', 'Encrypt']),
        VersionRequest: message({ version: ['string', 1] }),
        VersionResponse: message({ version: ['string', 1], runtime_name: ['string', 2], runtime_version: ['string', 3] }),
        DecryptRequest: message({ version: ['string', 1], cipher: ['bytes', 2] }),
        DecryptResponse: message({ plain: ['bytes', 1] }),
        EncryptRequest: message({ version: ['string', 1], plain: ['bytes', 2] }),
        EncryptResponse: message({ cipher: ['bytes', 1] }),
      },
    },
  },
};

/** "unix:///run/kms.sock" and abstract "unix:///@kms.sock" as gRPC names them. */
function socketAddress(endpoint: string): string {
  const path = decodeURIComponent(endpoint.replace(/^unix:(\/\/[^/]*)?/i, ''));
  return path.startsWith('/@') ? `unix-abstract:${path.slice(2)}` : `unix:${path}`;
}

interface Caller {
  call(method: string, request: object): Promise<Record<string, unknown>>;
  close(): void;
}

/** The client is made with the first call: until then no plugin need be there, and gRPC is not loaded. */
function caller(world: World, config: KmsConfiguration, schema: object, serviceName: string, metrics: EncryptionMetrics | undefined): Caller {
  let client: Promise<GrpcClient> | undefined;
  let closed = false;
  return {
    async call(method, request) {
      if (closed) throw new Error('the connection to the key service is closed');
      client ??= grpcClient({ schema, service: serviceName, address: socketAddress(config.endpoint), authority: 'localhost', waitForReady: true });
      const started = world.clock.monotonic();
      const path = `/${serviceName}/${method}`;
      try {
        const answer = await (await client).unary(method, request, { deadlineMs: world.clock.now() + config.timeout });
        metrics?.kmsCall(config.name, path, started);
        return answer;
      } catch (error) {
        metrics?.kmsCall(config.name, path, started, error);
        throw error instanceof GrpcError ? new GrpcError(error.code, `rpc error: code = ${errorCode(error)} desc = ${error.message}`, undefined) : error;
      }
    },
    close() {
      closed = true;
      client?.then((open) => open.close(), () => {});
    },
  };
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function annotationsOf(value: unknown): Record<string, Uint8Array> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([name, bytes]) => [name, bytesOf(bytes)]));
}

export function createKmsService(world: World, config: KmsConfiguration, metrics: EncryptionMetrics): KmsService {
  const { call, close } = caller(world, config, kmsV2Schema, 'v2.KeyManagementService', metrics);
  return {
    async status() {
      const answer = await call('Status', {});
      return { version: textOf(answer.version), healthz: textOf(answer.healthz), keyId: textOf(answer.key_id) };
    },
    async encrypt(uid, plaintext) {
      const answer = await call('Encrypt', { plaintext, uid });
      return { ciphertext: bytesOf(answer.ciphertext), keyId: textOf(answer.key_id), annotations: annotationsOf(answer.annotations) };
    },
    async decrypt(uid, { ciphertext, keyId, annotations }) {
      const answer = await call('Decrypt', { ciphertext, uid, key_id: keyId, annotations });
      return bytesOf(answer.plaintext);
    },
    close,
  };
}

const v1Version = 'v1beta1';

export function createKmsV1Service(world: World, config: KmsConfiguration): KmsV1Service {
  const { call, close } = caller(world, config, kmsV1Schema, 'v1beta1.KeyManagementService', undefined);
  let checked: Promise<void> | undefined;
  const checkVersion = (): Promise<void> => {
    checked ??= call('Version', { version: v1Version }).then(({ version }) => {
      if (version !== v1Version) throw new Error(`KMS provider api version ${textOf(version)} is not supported, only ${v1Version} is supported now`);
    });
    checked.catch(() => {
      checked = undefined;
    });
    return checked;
  };
  return {
    async encrypt(plain) {
      await checkVersion();
      return bytesOf((await call('Encrypt', { version: v1Version, plain })).cipher);
    },
    async decrypt(cipher) {
      await checkVersion();
      return bytesOf((await call('Decrypt', { version: v1Version, cipher })).plain);
    },
    close,
  };
}
