// A key management plugin for tests: a real gRPC server on a unix socket, whose key, answers and presence a test
// changes as it runs. "Encryption" is a tag with the key's id, so that a test can see which key made a value.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall, type ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { kmsV1Schema, kmsV2Schema } from './kms-service.ts';

type Message = Record<string, unknown>;
type Call = ServerUnaryCall<Message, Message>;
type Reply = sendUnaryData<Message>;

export interface KmsPlugin extends AsyncDisposable {
  readonly endpoint: string;
  /** What Status and Encrypt tell. */
  keyId: string;
  healthz: string;
  annotations: Record<string, Uint8Array>;
  /** Encrypt names this key although Status tells `keyId`. */
  encryptKeyId: string | undefined;
  /** Status of v2 and Encrypt of v1 fail with this text. */
  broken: string | undefined;
  /** Decrypt fails with this text. */
  refuses: string | undefined;
  readonly calls: { status: number; encrypt: number; decrypt: number };
  start(): Promise<void>;
  stop(): Promise<void>;
}

const forms = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

function tagged(keyId: string, plain: unknown): Buffer {
  return Buffer.concat([Buffer.from(`${keyId}:`), Buffer.from(plain as Uint8Array)]);
}

function untagged(cipher: unknown): Buffer {
  const bytes = Buffer.from(cipher as Uint8Array);
  return bytes.subarray(bytes.indexOf(':') + 1);
}

/**
 * Not yet listening: `start` does that.
 * @param withFile false: the socket is an abstract one of Linux.
 */
export function kmsPlugin(withFile = true): KmsPlugin {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-kms-'));
  const socket = join(folder, 'kms.sock');
  let server: Server | undefined;
  const plugin: KmsPlugin = {
    endpoint: withFile ? `unix://${socket}` : `unix:///@${socket.slice(1)}`,
    keyId: 'key-1',
    healthz: 'ok',
    annotations: {},
    encryptKeyId: undefined,
    broken: undefined,
    refuses: undefined,
    calls: { status: 0, encrypt: 0, decrypt: 0 },
    async start() {
      server = new Server();
      const v2 = fromJSON(kmsV2Schema, forms)['v2.KeyManagementService'] as ServiceDefinition;
      const v1 = fromJSON(kmsV1Schema, forms)['v1beta1.KeyManagementService'] as ServiceDefinition;
      server.addService(v2, {
        Status(_call: Call, reply: Reply) {
          plugin.calls.status++;
          if (plugin.broken !== undefined) reply({ code: status.FAILED_PRECONDITION, details: plugin.broken });
          else reply(null, { version: 'v2', healthz: plugin.healthz, key_id: plugin.keyId });
        },
        Encrypt(call: Call, reply: Reply) {
          plugin.calls.encrypt++;
          const keyId = plugin.encryptKeyId ?? plugin.keyId;
          reply(null, { ciphertext: tagged(keyId, call.request.plaintext), key_id: keyId, annotations: plugin.annotations });
        },
        Decrypt(call: Call, reply: Reply) {
          plugin.calls.decrypt++;
          if (plugin.refuses !== undefined) reply({ code: status.FAILED_PRECONDITION, details: plugin.refuses });
          else reply(null, { plaintext: untagged(call.request.ciphertext) });
        },
      });
      server.addService(v1, {
        Version: (_call: Call, reply: Reply) => reply(null, { version: 'v1beta1', runtime_name: 'test', runtime_version: '1' }),
        Encrypt(call: Call, reply: Reply) {
          if (plugin.broken === undefined) reply(null, { cipher: tagged(plugin.keyId, call.request.plain) });
          else reply({ code: status.FAILED_PRECONDITION, details: plugin.broken });
        },
        Decrypt: (call: Call, reply: Reply) => reply(null, { plain: untagged(call.request.cipher) }),
      });
      const starting = server;
      await new Promise<void>((resolve, reject) => {
        starting.bindAsync(withFile ? `unix:${socket}` : `unix:\0${socket.slice(1)}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
      });
    },
    async stop() {
      server?.forceShutdown();
      server = undefined;
      rmSync(socket, { force: true });
    },
    async [Symbol.asyncDispose]() {
      await plugin.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return plugin;
}
