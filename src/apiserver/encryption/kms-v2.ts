// KMS v2 (KEP-3299): values are encrypted here under keys derived from a seed that only the plugin can decrypt. The
// plugin is asked for its key id once a minute; a new id makes a new seed. Reads use whatever seed a value names,
// cached by its encrypted form; writes use the newest seed and stop three minutes after the plugin was last well, so
// that a rotation that was promised is not silently ignored.
import { createHash } from 'node:crypto';
import { rfc3339, sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { aesGcm, extendedNonceGcm, seedBytes } from './aes.ts';
import { decodeEncryptedObject, encodeEncryptedObject, encodeSource, hkdfSeedSource, keyIdProblem, validateSource, type EncryptedObject, type EncryptedSource } from './encrypted-object.ts';
import { inSection, remembered } from './kms-health.ts';
import type { KmsService, KmsStatus } from './kms-service.ts';
import { sha256Text, type EncryptionMetrics } from './metrics.ts';
import type { MaybePromise, Decrypted, Transformer } from './transformer.ts';

const wellIntervalMs = 60_000;
const illIntervalMs = 10_000;
const writeLifetimeMs = 3 * 60_000;
const cachedSourceMs = 24 * 3_600_000;
/** Seeds are one per key id and server start: thousands would mean a plugin that answers with a new key each time. */
const mostCachedSources = 10_000;

export interface KmsProvider {
  readonly transformer: Transformer;
  /** Throws why writes will fail soon. Answers from memory for a while. */
  check(): Promise<void>;
  close(): void;
}

interface WriteState {
  readonly transformer: Transformer;
  readonly source: EncryptedSource;
  /** Encoded once for all values. */
  readonly encoded: Buffer;
  readonly cacheKey: string;
  readonly expiresMs: number;
}

function cacheKeyOf(source: EncryptedSource): string {
  return createHash('sha256').update(encodeSource({ ...source, annotations: sorted(source.annotations) })).digest('base64');
}

function sorted(annotations: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Decrypting transformers by the encrypted form of their key. */
function sourceCache(world: World, name: string, metrics: EncryptionMetrics) {
  const known = new Map<string, { readonly transformer: Transformer; readonly untilMs: number }>();
  return {
    get: (key: string): Transformer | undefined => known.get(key)?.transformer,
    set(key: string, transformer: Transformer): void {
      const now = world.clock.monotonic();
      known.delete(key);
      known.set(key, { transformer, untilMs: now + cachedSourceMs });
      for (const [old, { untilMs }] of known) {
        if (untilMs > now && known.size <= mostCachedSources) break;
        known.delete(old);
      }
      metrics.dekCacheSize(name, known.size);
    },
  };
}

/** Asks the plugin at once, then follows it until `close`. Resolves after the first answer, good or bad. */
export async function startKmsProvider(world: World, name: string, service: KmsService, metrics: EncryptionMetrics): Promise<KmsProvider> {
  const closed = new AbortController();
  const seed = createWriteSeed(world, service, metrics);
  const check = remembered(world, createProbe(name, service, metrics, seed));
  const follow = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      const well = await check().then(
        () => true,
        (error: unknown) => {
          world.log.warn('kms plugin failed health check probe', { name, error: errorText(error) });
          return false;
        },
      );
      await sleep(world.clock, well ? wellIntervalMs : illIntervalMs, closed.signal).catch(() => {});
    }
  };
  await check().catch(() => {});
  void follow();
  return {
    transformer: envelope(world, name, service, metrics, sourceCache(world, name, metrics), seed.current),
    check,
    close() {
      closed.abort(new Error('the key service is no longer used'));
      service.close();
    },
  };
}

/** What writes are encrypted with. */
interface WriteSeed {
  /** Throws while there is none. */
  current(): WriteState;
  /** A new seed when the plugin has a new key; a longer life for the old one when it has not. */
  rotate(statusKeyId: string): Promise<void>;
}

function createWriteSeed(world: World, service: KmsService, metrics: EncryptionMetrics): WriteSeed {
  let state: WriteState | undefined;
  return {
    current() {
      if (state === undefined) throw new Error('got unexpected nil transformer');
      return state;
    },
    async rotate(statusKeyId) {
      const expiresMs = world.clock.now() + writeLifetimeMs;
      if (state !== undefined && state.source.keyId === statusKeyId) {
        state = { ...state, expiresMs };
        return;
      }
      const before = state;
      const uid = uuid(world.random);
      let made: WriteState | undefined;
      let failure: unknown;
      try {
        made = await newState(world, service, uid, metrics, expiresMs);
      } catch (error) {
        failure = error;
      }
      if (made !== undefined && made.source.keyId === statusKeyId) {
        state = made;
        return;
      }
      const was = before === undefined ? 'got unexpected nil transformer' : '<nil>';
      throw new Error(
        `failed to rotate DEK uid="${uid}", useSeed=true, errState=${was}, errGen=${failure === undefined ? '<nil>' : errorText(failure)}, statusKeyIDHash="${sha256Text(statusKeyId)}", ` +
          `encryptKeyIDHash="${sha256Text(made?.source.keyId ?? '')}", stateKeyIDHash="${sha256Text(before?.source.keyId ?? '')}", expirationTimestamp=${before === undefined ? '0001-01-01T00:00:00Z' : rfc3339(before.expiresMs)}`,
      );
    },
  };
}

/** Asks the plugin how it is and which key it uses. The returned function throws upstream's text when it is not well. */
function createProbe(name: string, service: KmsService, metrics: EncryptionMetrics, seed: WriteSeed): () => Promise<void> {
  let version = '';
  const judge = async (status: KmsStatus): Promise<void> => {
    const problems: string[] = [];
    if (status.healthz !== 'ok') problems.push(`got unexpected healthz status: ${status.healthz}`);
    if (status.version !== 'v2' && status.version !== 'v2beta1') problems.push(`expected KMSv2 API version v2, got ${status.version}`);
    else {
      if (version === '') version = status.version;
      if (version !== status.version) problems.push(`KMSv2 API version should not change after the initial status response version ${version}, got ${status.version}`);
    }
    const bad = keyIdProblem(status.keyId);
    if (bad === undefined) {
      metrics.keyIdFromStatus(name, status.keyId);
      await seed.rotate(status.keyId).catch((error: unknown) => problems.push(errorText(error)));
    } else {
      metrics.invalidKeyId(name, bad.code);
      problems.push(`got invalid KMSv2 KeyID hash "${sha256Text(status.keyId)}": ${bad.text}`);
    }
    if (problems.length > 0) throw new Error(`kmsv2 Provider ${name} is not healthy, error: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`);
  };
  return async () => judge(await inSection('status', name, service.status()));
}

async function newState(world: World, service: KmsService, uid: string, metrics: EncryptionMetrics, expiresMs: number): Promise<WriteState> {
  const started = world.clock.monotonic();
  const seed = Uint8Array.from(world.random.bytes(seedBytes));
  metrics.keyGenerated(started);
  const answer = await service.encrypt(uid, seed).catch((error: unknown) => {
    throw new Error(`failed to encrypt DEK, error: ${errorText(error)}`, { cause: undefined });
  });
  const source: EncryptedSource = { keyId: answer.keyId, encryptedDekSource: answer.ciphertext, annotations: answer.annotations, sourceType: hkdfSeedSource };
  validateSource(source);
  return { transformer: extendedNonceGcm(world.random, seed), source, encoded: encodeSource(source), cacheKey: cacheKeyOf(source), expiresMs };
}

type SourceCache = ReturnType<typeof sourceCache>;

function envelope(world: World, name: string, service: KmsService, metrics: EncryptionMetrics, cache: SourceCache, current: () => WriteState): Transformer {
  const asking = new Map<string, Promise<Transformer>>();
  /** From the plugin; values that come together and share a key ask once. */
  const fetched = (key: string, object: EncryptedObject): Promise<Transformer> => {
    const under = asking.get(key);
    if (under !== undefined) return under;
    metrics.cacheMiss();
    const request = { ciphertext: object.encryptedDekSource, keyId: object.keyId, annotations: object.annotations };
    const answer = service
      .decrypt(uuid(world.random), request)
      .catch((error: unknown) => {
        throw new Error('failed to decrypt DEK, error', { cause: error });
      })
      .then((plain) => {
        const transformer = object.sourceType === hkdfSeedSource ? extendedNonceGcm(world.random, plain) : aesGcm(world.random, checkedKey(plain));
        cache.set(key, transformer);
        return transformer;
      })
      .finally(() => asking.delete(key));
    asking.set(key, answer);
    return answer;
  };
  return {
    decrypt(value, context): MaybePromise<Decrypted> {
      const object = decodeEncryptedObject(value);
      const state = current();
      const key = cacheKeyOf(object);
      const finish = (transformer: Transformer): MaybePromise<Decrypted> => {
        metrics.keyIdUsed('from_storage', name, object.keyId);
        const opened = transformer.decrypt(object.encryptedData, context);
        const stale = object.keyId !== current().source.keyId || object.sourceType !== state.source.sourceType;
        return opened instanceof Promise ? opened.then((plain) => ({ value: plain.value, stale })) : { value: opened.value, stale };
      };
      const known = key === state.cacheKey ? state.transformer : cache.get(key);
      return known === undefined ? fetched(key, object).then(finish) : finish(known);
    },
    encrypt(value, context) {
      const state = current();
      const now = world.clock.now();
      if (now > state.expiresMs) {
        throw new Error(`encryptedDEKSource with keyID hash "${sha256Text(state.source.keyId)}" expired at ${rfc3339(state.expiresMs)} (current time is ${rfc3339(now)})`);
      }
      if (cache.get(state.cacheKey) !== state.transformer) cache.set(state.cacheKey, state.transformer);
      const sealed = state.transformer.encrypt(value, context);
      metrics.keyIdUsed('to_storage', name, state.source.keyId);
      return sealed instanceof Promise ? sealed.then((bytes) => encodeEncryptedObject(state.encoded, bytes)) : encodeEncryptedObject(state.encoded, sealed);
    },
  };
}

function checkedKey(key: Uint8Array): Uint8Array {
  if (![16, 24, 32].includes(key.length)) throw new Error(`crypto/aes: invalid key size ${key.length}`);
  return key;
}
