// A configuration file of the server (AuthenticationConfiguration, AuthorizationConfiguration): decoded strictly, and
// looked at again every few seconds, so that a change counts without a restart. A file that has become bad changes
// nothing and is told of.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { decodeObject, isObject, parseYaml, type KubeObject } from '#machinery';

const group = 'apiserver.config.k8s.io';
const periodMs = 10_000;

/** Throws an Error that tells what is wrong. */
export function decodeConfiguration(text: string, kind: string, versions: readonly string[]): KubeObject {
  const head: unknown = parseYaml(text);
  if (!isObject(head) || head.kind !== kind || typeof head.apiVersion !== 'string' || !versions.some((version) => head.apiVersion === `${group}/${version}`)) {
    throw new Error(`no kind ${JSON.stringify(isObject(head) ? (head.kind ?? '') : '')} is registered for version ${JSON.stringify(isObject(head) ? (head.apiVersion ?? '') : '')} in scheme`);
  }
  const { object } = decodeObject(Buffer.from(text), { type: `apiserver.v1.${kind}`, contentType: 'application/yaml', fieldValidation: 'Strict' });
  return withoutNulls(object) as KubeObject;
}

/** Go writes what is absent as null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, own]) => (own === null || own === undefined ? [] : [[key, withoutNulls(own)]])));
}

export interface WatchedFile<T> {
  /** As of the last good reading. */
  readonly current: T;
}

/**
 * @param load makes of the text what the server goes on with; what it throws ends the start, and later keeps the old.
 * @param changed is told once the new is in force, and gets the old, which it may close.
 */
export function watchConfiguration<T>(world: World, path: string, name: string, signal: AbortSignal, load: (text: string) => T, changed: (old: T) => void = () => {}): WatchedFile<T> {
  let text = readFileSync(path, 'utf8');
  let current = load(text);
  const reloads = world.metrics.counter(`apiserver_${name}_config_controller_automatic_reloads_total`, 'Total number of automatic reloads of the configuration split by status and apiserver identity.', ['status', 'apiserver_id_hash']);
  const reloadedAt = world.metrics.gauge(`apiserver_${name}_config_controller_automatic_reload_last_timestamp_seconds`, 'Timestamp of the last automatic reload of the configuration split by status and apiserver identity.', ['status', 'apiserver_id_hash']);
  const info = world.metrics.gauge(`apiserver_${name}_config_controller_last_config_info`, 'Information about the last applied configuration with hash as label, split by apiserver identity.', ['apiserver_id_hash', 'hash']);
  const note = (status: 'success' | 'failure'): void => {
    reloads.inc({ status, apiserver_id_hash: '' });
    reloadedAt.set({ status, apiserver_id_hash: '' }, world.clock.now() / 1000);
  };
  const tell = (): void => {
    info.reset();
    info.set({ apiserver_id_hash: '', hash: `sha256:${createHash('sha256').update(text).digest('hex')}` }, 1);
  };
  tell();
  let first = true;
  void every(world.clock, periodMs, signal, () => {
    if (first) {
      first = false;
      return;
    }
    try {
      const now = readFileSync(path, 'utf8');
      if (now === text) return;
      const old = current;
      current = load(now);
      text = now;
      tell();
      note('success');
      changed(old);
    } catch (error) {
      note('failure');
      world.log.error(`failed to reload ${name} configuration`, { path, error: errorText(error) });
    }
  });
  return {
    get current() {
      return current;
    },
  };
}
