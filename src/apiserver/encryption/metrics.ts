// The metrics of encryption at rest, under upstream's names. Key ids and server names appear as hashes only, and the
// label sets of key ids are bounded: a plugin that changes its key with each answer must not fill the registry.
import { createHash } from 'node:crypto';
import type { Metrics } from '#base/metrics.ts';
import type { World } from '#base/world.ts';
import { errorCode } from './transformer.ts';

export type Direction = 'from_storage' | 'to_storage';

export interface EncryptionMetrics {
  /** @param startedMs Monotonic. */
  transformed(resource: string, direction: Direction, prefix: string, startedMs: number, error?: unknown): void;
  cacheMiss(): void;
  keyGenerated(startedMs: number): void;
  dekCacheSize(provider: string, size: number): void;
  dekCacheFill(share: number): void;
  dekArrival(direction: Direction): void;
  kmsCall(provider: string, method: string, startedMs: number, error?: unknown): void;
  keyIdUsed(direction: Direction, provider: string, keyId: string): void;
  keyIdFromStatus(provider: string, keyId: string): void;
  invalidKeyId(provider: string, code: string): void;
  reloaded(status: 'success' | 'failure'): void;
  /** @param hash Of the file that is in force. */
  configInfo(hash: string): void;
}

const mostKeyIds = 100;

function exponential(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => start * factor ** at);
}

/** "sha256:…" of a text, '' of the empty one. */
export function sha256Text(text: string): string {
  return text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** @param serverId This server's name among its peers. */
export function createEncryptionMetrics(world: World, serverId: string): EncryptionMetrics {
  const { clock } = world;
  const server = sha256Text(serverId);
  const seconds = (startedMs: number): number => (clock.monotonic() - startedMs) / 1000;
  const storage = storageMetrics(world.metrics);
  const envelope = envelopeMetrics(world.metrics);
  const controller = controllerMetrics(world.metrics);
  const arrivals: Partial<Record<Direction, number>> = {};
  const used = boundedLabels((labels) => {
    envelope.used.remove(...labels);
    envelope.usedAt.remove(...labels);
  });
  const seen = boundedLabels((labels) => envelope.statusAt.remove(...labels));
  let lastHash: string | undefined;
  return {
    transformed(resource, direction, prefix, startedMs, error) {
      storage.operations.inc({ resource, transformation_type: direction, transformer_prefix: prefix, status: errorCode(error) });
      if (error === undefined) storage.durations.observe({ transformation_type: direction, transformer_prefix: prefix }, seconds(startedMs));
    },
    cacheMiss: () => storage.misses.inc(),
    keyGenerated: (startedMs) => storage.keys.observe(seconds(startedMs)),
    dekCacheSize: (provider, size) => envelope.cacheSize.set({ provider_name: provider }, size),
    dekCacheFill: (share) => envelope.fill.set(share),
    dekArrival(direction) {
      const now = clock.monotonic();
      envelope.arrivals.observe({ transformation_type: direction }, (now - (arrivals[direction] ?? now)) / 1000);
      arrivals[direction] = now;
    },
    kmsCall(provider, method, startedMs, error) {
      envelope.calls.observe({ provider_name: provider, method_name: method, grpc_status_code: errorCode(error) }, seconds(startedMs));
    },
    keyIdUsed(direction, provider, keyId) {
      const labels = used([direction, provider, sha256Text(keyId), server]);
      envelope.used.labels(...labels).inc();
      envelope.usedAt.labels(...labels).set(clock.now() / 1000);
    },
    keyIdFromStatus(provider, keyId) {
      envelope.statusAt.labels(...seen([provider, sha256Text(keyId), server])).set(clock.now() / 1000);
    },
    invalidKeyId: (provider, code) => envelope.invalid.inc({ provider_name: provider, error: code }),
    reloaded(status) {
      controller.reloads.inc({ status, apiserver_id_hash: server });
      controller.reloadedAt.set({ status, apiserver_id_hash: server }, clock.now() / 1000);
    },
    configInfo(hash) {
      if (lastHash !== undefined) controller.info.remove(server, lastHash);
      lastHash = hash;
      controller.info.set({ apiserver_id_hash: server, hash }, 1);
    },
  };
}

/** Remembers the label sets used last and removes the oldest beyond the bound. */
function boundedLabels<T extends readonly string[]>(remove: (labels: T) => void): (labels: T) => T {
  const known = new Map<string, T>();
  return (labels) => {
    const key = labels.join('\0');
    known.delete(key);
    known.set(key, labels);
    const oldest = known.size > mostKeyIds ? known.entries().next().value : undefined;
    if (oldest !== undefined) {
      known.delete(oldest[0]);
      remove(oldest[1]);
    }
    return labels;
  };
}

function storageMetrics(metrics: Metrics) {
  return {
    durations: metrics.histogram('apiserver_storage_transformation_duration_seconds', 'Latencies in seconds of value transformation operations.', ['transformation_type', 'transformer_prefix'], exponential(5e-6, 2, 25)),
    operations: metrics.counter('apiserver_storage_transformation_operations_total', 'Total number of transformations, by resource, direction, prefix and status.', ['resource', 'transformation_type', 'transformer_prefix', 'status']),
    misses: metrics.counter('apiserver_storage_envelope_transformation_cache_misses_total', 'Total number of cache misses while accessing key decryption key(KEK).'),
    keys: metrics.histogram('apiserver_storage_data_key_generation_duration_seconds', 'Latencies in seconds of data encryption key(DEK) generation operations.', [], exponential(5e-6, 2, 14)),
    failures: metrics.counter('apiserver_storage_data_key_generation_failures_total', 'Total number of failed data encryption key(DEK) generation operations.'),
  };
}

const keyLabels = ['transformation_type', 'provider_name', 'key_id_hash', 'apiserver_id_hash'] as const;

function envelopeMetrics(metrics: Metrics) {
  const name = (suffix: string): string => `apiserver_envelope_encryption_${suffix}`;
  return {
    fill: metrics.gauge(name('dek_cache_fill_percent'), 'Percent of the cache slots currently occupied by cached DEKs.'),
    arrivals: metrics.histogram(name('dek_cache_inter_arrival_time_seconds'), 'Time (in seconds) of inter arrival of transformation requests.', ['transformation_type'], exponential(60, 2, 10)),
    calls: metrics.histogram(name('kms_operations_latency_seconds'), 'KMS operation duration with gRPC error code status total.', ['provider_name', 'method_name', 'grpc_status_code'], exponential(0.0001, 2, 20)),
    used: metrics.counter(name('key_id_hash_total'), 'Number of times a keyID is used split by transformation type, provider, and apiserver identity.', keyLabels),
    usedAt: metrics.gauge(name('key_id_hash_last_timestamp_seconds'), 'The last time in seconds when a keyID was used.', keyLabels),
    statusAt: metrics.gauge(name('key_id_hash_status_last_timestamp_seconds'), 'The last time in seconds when a keyID was returned by the Status RPC call.', ['provider_name', 'key_id_hash', 'apiserver_id_hash']),
    invalid: metrics.counter(name('invalid_key_id_from_status_total'), 'Number of times an invalid keyID is returned by the Status RPC call split by error.', ['provider_name', 'error']),
    cacheSize: metrics.gauge(name('dek_source_cache_size'), 'Number of records in data encryption key (DEK) source cache.', ['provider_name']),
  };
}

function controllerMetrics(metrics: Metrics) {
  const name = (suffix: string): string => `apiserver_encryption_config_controller_${suffix}`;
  return {
    reloads: metrics.counter(name('automatic_reloads_total'), 'Total number of reload successes and failures of encryption configuration split by apiserver identity.', ['status', 'apiserver_id_hash']),
    reloadedAt: metrics.gauge(name('automatic_reload_last_timestamp_seconds'), 'Timestamp of the last successful or failed automatic reload of encryption configuration split by apiserver identity.', ['status', 'apiserver_id_hash']),
    info: metrics.gauge(name('last_config_info'), 'Information about the last applied encryption configuration with hash as label, split by apiserver identity.', ['apiserver_id_hash', 'hash']),
  };
}
