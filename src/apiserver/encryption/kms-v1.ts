// KMS v1, deprecated since 1.28 and refused unless the KMSv1 feature gate is on: each value has a data key of its own,
// encrypted by the plugin and stored in front of the value. Decrypted keys are kept in a bounded cache. Values are
// written with AES-GCM; those that old releases wrote with AES-CBC are still read, as stale ones.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { aesCbc, aesGcm } from './aes.ts';
import type { KmsConfiguration } from './config.ts';
import { inSection, remembered } from './kms-health.ts';
import type { KmsV1Service } from './kms-service.ts';
import type { KmsProvider } from './kms-v2.ts';
import type { EncryptionMetrics } from './metrics.ts';
import type { Decrypted, MaybePromise, Transformer } from './transformer.ts';

const keyBytes = 32;

/** GCM, or CBC for what it cannot open. */
function gcmElseCbc(world: World, key: Uint8Array): Transformer {
  const gcm = aesGcm(world.random, key);
  const cbc = aesCbc(world.random, key);
  return {
    encrypt: gcm.encrypt,
    decrypt(value, context): MaybePromise<Decrypted> {
      let first: unknown;
      try {
        return gcm.decrypt(value, context);
      } catch (error) {
        first = error;
      }
      try {
        const opened = cbc.decrypt(value, context);
        return opened instanceof Promise ? opened : { value: opened.value, stale: true };
      } catch (second) {
        throw new Error(`[${errorText(first)}, ${errorText(second)}]`, { cause: undefined });
      }
    },
  };
}

export function createKmsV1Provider(world: World, config: KmsConfiguration, service: KmsV1Service, metrics: EncryptionMetrics): KmsProvider {
  const size = config.cachesize ?? 0;
  const cache = new Map<string, Transformer>();
  const remember = (id: string, transformer: Transformer): Transformer => {
    if (size <= 0) return transformer;
    cache.delete(id);
    cache.set(id, transformer);
    const oldest = cache.size > size ? cache.keys().next().value : undefined;
    if (oldest !== undefined) cache.delete(oldest);
    metrics.dekCacheFill(cache.size / size);
    return transformer;
  };
  const transformer: Transformer = {
    decrypt(value, context) {
      metrics.dekArrival('from_storage');
      const length = value.length < 2 ? -1 : ((value[0] ?? 0) << 8) | (value[1] ?? 0);
      if (length < 0 || value.length < 2 + length) throw new Error('invalid data encountered by envelope transformer: failed to read uint16 length prefixed data');
      const encryptedKey = value.subarray(2, 2 + length);
      const data = value.subarray(2 + length);
      const id = Buffer.from(encryptedKey).toString('base64');
      const known = cache.get(id);
      if (known !== undefined) return remember(id, known).decrypt(data, context);
      if (size > 0) metrics.cacheMiss();
      return service.decrypt(encryptedKey).then((key) => remember(id, gcmElseCbc(world, key)).decrypt(data, context));
    },
    async encrypt(value, context) {
      metrics.dekArrival('to_storage');
      const started = world.clock.monotonic();
      const key = Uint8Array.from(world.random.bytes(keyBytes));
      metrics.keyGenerated(started);
      const encryptedKey = await service.encrypt(key);
      const sealed = await remember(Buffer.from(encryptedKey).toString('base64'), gcmElseCbc(world, key)).encrypt(value, context);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(encryptedKey.length);
      return Buffer.concat([length, encryptedKey, sealed]);
    },
  };
  return { transformer, check: remembered(world, () => ping(config.name, service)), close: () => service.close() };
}

async function ping(name: string, service: KmsV1Service): Promise<void> {
  const encrypted = await inSection('encrypt', name, service.encrypt(Buffer.from('ping')));
  await inSection('decrypt', name, service.decrypt(encrypted));
}
