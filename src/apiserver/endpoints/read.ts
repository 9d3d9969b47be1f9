// GET of one object, LIST and WATCH.
import { badRequest, notFound, type GroupResource, type StatusError } from '#machinery';
import { answerList } from '../answer/list-answer.ts';
import { answerObject } from '../answer/object-answer.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import { unreadableObject } from '../cache/unreadable.ts';
import { cacheOf, entryAt, freshCurrent } from '../registry/current.ts';
import { objectKey } from '../registry/storage-layout.ts';
import { listState, reach } from '../read/list-state.ts';
import { selectEntries } from '../read/selection.ts';
import { parseListOptions, parseResourceVersion } from '../request/query-options.ts';
import { serveWatch } from '../watch/serve-watch.ts';
import { presentationOf, storedOf, type Target } from './endpoint.ts';

/** Also GET of status and other subresources that show the object. */
export function getObject(target: Target): Promise<void> | void {
  const { server, call, served, name } = target;
  const stored = storedOf(target);
  const presentation = presentationOf(target);
  const key = objectKey(stored.namespaced, target.namespace, name);
  const cache = cacheOf(server.registry, stored);
  const version = call.info.query.size === 0 ? undefined : versionOf(call.info.query);
  if (version === undefined ? !server.cache.store.synchronousWatch : version > server.cache.revision) return getSlowly(target, key, version);
  const entry = entryAt(cache, stored, key);
  if (entry === undefined) throw missing(cache, key, served.groupResource, name);
  return answerObject(call, 200, presentation, { bytes: entry.bytes, object: () => cache.object(entry) });
}

/** Which version a GET with parameters asks for. Throws 400, also for a parameter of old. */
function versionOf(query: URLSearchParams): number | undefined {
  const exported = query.get('export');
  if (exported !== null && exported !== '0' && exported.toLowerCase() !== 'false') throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  return parseResourceVersion(query.get('resourceVersion') ?? '');
}

/** Not found; or there, and not to be read. */
function missing(cache: ResourceCache, key: string, groupResource: GroupResource, name: string): StatusError {
  const unreadable = cache.unreadable.get(key);
  return unreadable === undefined ? notFound(groupResource, name) : unreadableObject(unreadable);
}

async function getSlowly(target: Target, key: string, version: number | undefined): Promise<void> {
  const { server, call, served, name } = target;
  const stored = storedOf(target);
  if (version !== undefined) {
    await reach(server.cache, stored, version, call.signal);
    await stored.versioned?.ready(key);
  }
  const entry = version === undefined ? undefined : entryAt(cacheOf(server.registry, stored), stored, key);
  const found = version === undefined ? await freshCurrent(server.registry, stored, key, call.signal) : undefined;
  const bytes = entry?.bytes ?? found?.bytes;
  if (bytes === undefined) throw missing(cacheOf(server.registry, stored), key, served.groupResource, name);
  const object = () => (entry === undefined ? (found?.object ?? {}) : cacheOf(server.registry, stored).object(entry));
  await answerObject(call, 200, presentationOf(target), { bytes, object });
}

export async function listObjects(target: Target): Promise<void> {
  const { server, call, served } = target;
  const { query } = call.info;
  const presentation = presentationOf(target, 'list');
  const options = parseListOptions(query, false);
  const selection = selectEntries(served, target.namespace, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  const state = await listState(server.cache, served, selection, options, call.signal);
  const cache = cacheOf(server.registry, storedOf(target));
  await answerList(call, { presentation, clock: server.world.clock, state, selection, object: (entry) => cache.object(entry) });
}

export async function watchObjects(target: Target): Promise<void> {
  const { server, call, served } = target;
  const { query } = call.info;
  const presentation = presentationOf(target, 'watch');
  const options = parseListOptions(query, true);
  const byName = target.name === '' || query.get('fieldSelector') !== null ? (query.get('fieldSelector') ?? '') : `metadata.name=${target.name}`;
  const selection = selectEntries(served, target.namespace, query.get('labelSelector') ?? '', byName);
  const cache = cacheOf(server.registry, storedOf(target));
  await serveWatch(call, { world: server.world, all: server.cache, cache, hub: server.hubs.of(cache), presentation, selection, options, minSeconds: server.minWatchSeconds });
}
