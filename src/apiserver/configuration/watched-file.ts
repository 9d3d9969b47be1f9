// A configuration file of the server (AuthenticationConfiguration, AuthorizationConfiguration): looked at again every few
// seconds, so that a change counts without a restart. A file that has become bad changes nothing and is told of.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';

const periodMs = 10_000;

export interface WatchedFile<T> {
  /** As of the last good reading. */
  readonly current: T;
}

export interface FileUse<T> {
  /** Makes of the text what the server goes on with; what it throws ends the start, and later keeps the old. */
  load(text: string): T;
  /** Resolves when `next` can take over. Rejects when it could not within the time that it has: it is tried again. */
  ready?(next: T, signal: AbortSignal): Promise<void>;
  /** `next` is in force from now on; `old` may be closed. */
  changed?(old: T, next: T): void;
  /** `next` never came into force. */
  discarded?(next: T): void;
}

export interface WatchedFileSettings {
  readonly path: string;
  /** "authentication", "authorization" */
  readonly name: string;
  /** Who this server is, among several. */
  readonly serverId?: string;
}

/** @param signal ends the looking. */
export function watchConfiguration<T>(world: World, { path, name, serverId = '' }: WatchedFileSettings, signal: AbortSignal, use: FileUse<T>): WatchedFile<T> {
  let text = readFileSync(path, 'utf8');
  let current = use.load(text);
  const { note, tell } = reloadMetrics(world, name, hashOf(serverId));
  const failed = (error: unknown): void => {
    note('failure');
    world.log.error(`failed to reload ${name} configuration`, { path, error: errorText(error) });
  };
  const loaded = (now: string): T | undefined => {
    try {
      return use.load(now);
    } catch (error) {
      // The same text will never be good.
      text = now;
      failed(error);
      return undefined;
    }
  };
  const look = async (): Promise<void> => {
    let now: string;
    try {
      now = readFileSync(path, 'utf8');
    } catch (error) {
      failed(error);
      return;
    }
    if (now === text) return;
    const next = loaded(now);
    if (next === undefined) return;
    try {
      await use.ready?.(next, signal);
    } catch (error) {
      use.discarded?.(next);
      if (!signal.aborted) failed(error);
      return;
    }
    const old = current;
    current = next;
    text = now;
    tell(now);
    note('success');
    use.changed?.(old, next);
  };
  tell(text);
  let first = true;
  void every(world.clock, periodMs, signal, () => {
    if (!first) return look();
    first = false;
    return undefined;
  });
  return {
    get current() {
      return current;
    },
  };
}

/** As metrics tell identities and contents. */
export function hashOf(text: string): string {
  return text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function reloadMetrics({ metrics, clock }: World, name: string, server: string): { note(status: 'success' | 'failure'): void; tell(text: string): void } {
  const prefix = `apiserver_${name}_config_controller`;
  const reloads = metrics.counter(`${prefix}_automatic_reloads_total`, `Total number of automatic reloads of ${name} configuration split by status and apiserver identity.`, ['status', 'apiserver_id_hash']);
  const reloadedAt = metrics.gauge(`${prefix}_automatic_reload_last_timestamp_seconds`, `Timestamp of the last automatic reload of ${name} configuration split by status and apiserver identity.`, ['status', 'apiserver_id_hash']);
  const info = metrics.gauge(`${prefix}_last_config_info`, `Information about the last applied ${name} configuration with hash as label, split by apiserver identity.`, ['apiserver_id_hash', 'hash']);
  return {
    note(status) {
      reloads.inc({ status, apiserver_id_hash: server });
      reloadedAt.set({ status, apiserver_id_hash: server }, clock.now() / 1000);
    },
    tell(text) {
      info.reset();
      info.set({ apiserver_id_hash: server, hash: hashOf(text) }, 1);
    },
  };
}
