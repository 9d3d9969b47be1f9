// Encryption at rest as the server holds it: the providers in force, replaced when the configuration file changes
// (--encryption-provider-config-automatic-reload: looked at once a minute, taken over only when its key services are
// well), and the health checks that /healthz and /readyz show.
import { readFile } from 'node:fs/promises';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { HealthCheck } from '../health/checks.ts';
import { configHash, parseEncryptionConfig, unreadableConfig } from './config.ts';
import type { GroupResource } from './group-resource.ts';
import { createEncryptionMetrics } from './metrics.ts';
import { openProviders, type Gates, type Providers } from './providers.ts';
import type { Transformer } from './transformer.ts';

export interface EncryptionOptions {
  /** --encryption-provider-config */
  readonly file: string;
  /** --encryption-provider-config-automatic-reload */
  readonly reload?: boolean;
  /** How often the file is looked at; a minute when absent. */
  readonly pollMs?: number;
  /** Tells this server from its peers in metrics. */
  readonly serverId?: string;
  readonly gates?: Gates;
}

export interface Encryption {
  transformerFor(resource: GroupResource): Transformer;
  /** Is anything said about the resource? What is not covered is stored plain. */
  covers(resource: GroupResource): boolean;
  /** Grows with every reload: what was made of the transformers before is out of date. */
  readonly generation: number;
  /** For /healthz and /readyz, not for /livez: a key service that is away is no reason to restart this server. */
  readonly checks: readonly HealthCheck[];
  /** What is begun with the server: following the file. */
  readonly hooks: readonly HealthCheck[];
  /** Looks at the file now. For those who cannot wait for the next look. */
  reload(): Promise<void>;
  /** Called after the providers have changed. */
  onChange(listener: () => void): () => void;
  close(): void;
}

const pollMs = 60_000;
const shortestGraceMs = 10_000;
const healthEveryMs = 100;

async function readConfig(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadableConfig(path, error);
  }
}

/** Several checks as one: what a reload may exchange behind one name. */
function together(checks: () => readonly HealthCheck[]): HealthCheck {
  return {
    name: 'kms-providers',
    async check() {
      const failures: string[] = [];
      for (const each of checks()) {
        try {
          await each.check();
        } catch (error) {
          failures.push(`${each.name}: ${errorText(error)}`);
        }
      }
      if (failures.length > 0) throw new Error(failures.length === 1 ? failures[0] : `[${failures.join(', ')}]`);
    },
  };
}

/** Reads the file and connects to key services. Throws what is wrong with the file; a key service that is away is not. */
export async function openEncryption(world: World, options: EncryptionOptions): Promise<Encryption> {
  const { file, gates = {}, reload: follows = false } = options;
  const metrics = createEncryptionMetrics(world, options.serverId ?? '');
  const closed = new AbortController();
  const listeners = new Set<() => void>();
  const open = async (bytes: Buffer): Promise<{ providers: Providers; hash: string }> => {
    const { config, hash } = parseEncryptionConfig(bytes, file, follows);
    return { providers: await openProviders(world, config, metrics, gates), hash };
  };
  let { providers, hash } = await open(await readConfig(file));
  let generation = 1;
  metrics.configInfo(hash);

  const replace = async (): Promise<void> => {
    const bytes = await readConfig(file);
    if (configHash(bytes) === hash) return;
    const next = await open(bytes);
    try {
      await awaitHealth(world, next.providers, closed.signal);
    } catch (error) {
      next.providers.close();
      throw error;
    }
    const old = providers;
    ({ providers, hash } = next);
    generation++;
    world.clock.after(old.graceMs, () => old.close(), { background: true });
    metrics.reloaded('success');
    metrics.configInfo(hash);
    world.log.info('the encryption configuration has been reloaded', { file, hash });
    for (const listener of listeners) listener();
  };
  let running: Promise<void> | undefined;
  const reload = (): Promise<void> => {
    running ??= replace()
      .catch((error: unknown) => {
        metrics.reloaded('failure');
        throw error;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const follow = async (): Promise<void> => {
    for (;;) {
      await sleep(world.clock, options.pollMs ?? pollMs, closed.signal);
      await reload().catch((error: unknown) => world.log.error('error processing encryption config file', { file, error: errorText(error) }));
    }
  };
  if (follows) follow().catch(() => {});
  const single = together(() => providers.checks);
  return {
    transformerFor: (resource) => providers.transformerFor(resource),
    covers: (resource) => providers.covers(resource),
    get generation() {
      return generation;
    },
    checks: follows || (providers.usesV2 && !providers.usesV1) ? [single] : providers.checks,
    hooks: follows ? [{ name: 'poststarthook/start-encryption-provider-config-automatic-reload', check: () => {} }] : [],
    reload,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed.abort(new Error('encryption is closed'));
      providers.close();
    },
  };
}

/** New key services must be well before they replace working ones. */
async function awaitHealth(world: World, providers: Providers, signal: AbortSignal): Promise<void> {
  const check = together(() => providers.checks);
  const until = world.clock.monotonic() + Math.max(shortestGraceMs, providers.graceMs);
  for (;;) {
    try {
      await check.check();
      return;
    } catch (error) {
      if (world.clock.monotonic() >= until) throw new Error(`health check for new transformers failed, polling error timed out waiting for the condition: ${errorText(error)}`, { cause: undefined });
    }
    await sleep(world.clock, healthEveryMs, signal);
  }
}