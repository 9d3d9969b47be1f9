// The state that a list shows: which revision, from where (the watch cache, its ring of recent changes, or
// the store's history), and where the next chunk starts. Reads without a resourceVersion are consistent.
import { badRequest, gone, notFound } from '#machinery';
import { CompactedError, prefixEnd } from '#store';
import type { Entry } from '../cache/entry.ts';
import { unreadableCause, unreadableList } from '../cache/unreadable.ts';
import type { GroupResourceName } from '../cache/read-metrics.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { cacheOfStored, readPair } from '../registry/current.ts';
import type { ServedResource, StoredResource } from '../registry/resources.ts';
import { keyOfText } from '../registry/storage-layout.ts';
import { parseResourceVersion, type ListOptions } from '../request/query-options.ts';
import { decodeContinue, encodeContinue, type Continuation } from './continue-token.ts';
import type { Selection } from './selection.ts';
import { deadline } from './deadline.ts';
import { goneWithContinue, resourceVersionTooLarge } from './expired.ts';

/** What a reader waits for the cache to reach a revision. */
const freshnessMs = 3000;

export interface ListState {
  readonly revision: number;
  /** Entries in key order from where the list starts, unfiltered. */
  readonly entries: Iterable<Entry> | AsyncIterable<Entry>;
  /** Entries left in scope from there on; undefined when counting would cost. */
  readonly total: number | undefined;
  /** The keys' prefix that continue tokens leave out: "" or "<namespace>/". */
  readonly scope: string;
  readonly limit: number;
  /** To be told when the list is out: how many entries were looked at, and how many of them shown. */
  readonly told: (fetched: number, returned: number) => void;
}

/** Decides what to show. Throws 400, 410 and 504 as upstream. */
export async function listState(
  cache: WatchCache, served: ServedResource, selection: Selection, options: ListOptions, signal: AbortSignal,
): Promise<ListState> {
  const { stored } = served;
  if (stored === undefined) throw notFound(served.groupResource, '');
  const scope = stored.namespaced && selection.namespace !== '' ? keyOfText(`${selection.namespace}/`) : '';
  if (options.continue !== '') return continued(cache, stored, scope, options, signal);
  const version = parseResourceVersion(options.resourceVersion, true);
  if (version === undefined) {
    await fresh(cache, stored, signal);
    return current(cache, stored, scope, selection, '', options.limit);
  }
  if (version === 0) return current(cache, stored, scope, selection, '', 0);
  await reach(cache, stored, version, signal);
  const exact = options.resourceVersionMatch === 'Exact' || (options.resourceVersionMatch === '' && options.limit > 0);
  if (!exact) return current(cache, stored, scope, selection, '', options.limit);
  return atRevision(cache, stored, scope, version, '', options.limit, signal, () => gone('The resourceVersion for the provided list is too old.'));
}

async function continued(cache: WatchCache, stored: StoredResource, scope: string, options: ListOptions, signal: AbortSignal): Promise<ListState> {
  const { revision, start } = decodeContinue(options.continue);
  const version = parseResourceVersion(options.resourceVersion, true);
  if (version !== undefined && version !== 0) throw badRequest('specifying resource version is not allowed when using continue');
  if (revision < 0) {
    await fresh(cache, stored, signal);
    return current(cache, stored, scope, undefined, start, options.limit);
  }
  await reach(cache, stored, revision, signal);
  return atRevision(cache, stored, scope, revision, start, options.limit, signal, () => {
    const message =
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, ' +
      'or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an ' +
      'inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
    return goneWithContinue(message, encodeContinue({ revision: -1, start }));
  });
}

async function fresh(cache: WatchCache, stored: StoredResource, signal: AbortSignal): Promise<void> {
  const counts = cache.reads.of(stored);
  const started = cache.clock.monotonic();
  try {
    if (!cache.store.synchronousWatch) await cache.fresh(signal);
    counts.consistent(true);
  } catch (error) {
    counts.consistent(false);
    throw error;
  } finally {
    counts.waited.observe((cache.clock.monotonic() - started) / 1000);
  }
}

/** Waits a little for a revision that may be on its way. */
export async function reach(cache: WatchCache, resource: GroupResourceName, revision: number, signal: AbortSignal): Promise<void> {
  const { waited } = cache.reads.of(resource);
  if (cache.revision >= revision) {
    waited.observe(0);
    return;
  }
  const started = cache.clock.monotonic();
  using limit = deadline(cache.clock, freshnessMs, signal);
  try {
    await cache.reach(revision, limit.signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw resourceVersionTooLarge(revision, cache.revision, 1);
  } finally {
    waited.observe((cache.clock.monotonic() - started) / 1000);
  }
}

function current(
  cache: WatchCache, stored: StoredResource, scope: string, selection: Selection | undefined, start: string, limit: number,
): ListState {
  const found = cacheOfStored(cache, stored);
  const { revision } = cache;
  const told = cache.reads.of(stored).listed;
  if (found === undefined) return { revision, entries: [], total: 0, scope, limit, told };
  if (found.unreadable.size > 0) found.checkReadable(selection?.exactName === undefined || (scope === '' && stored.namespaced) ? scope : scope + keyOfText(selection.exactName));
  if (start === '' && selection?.exactName !== undefined && (scope !== '' || !stored.namespaced)) {
    const entry = found.get(scope + keyOfText(selection.exactName));
    return { revision, entries: entry === undefined ? [] : [entry], total: undefined, scope, limit, told };
  }
  return fromSnapshot(found.snapshot(), revision, scope, start, limit, told);
}

type Snapshot = ReturnType<NonNullable<ReturnType<WatchCache['resource']>>['snapshot']>;

function fromSnapshot(snapshot: Snapshot, revision: number, scope: string, start: string, limit: number, told: ListState['told']): ListState {
  const end = scope === '' ? undefined : prefixEnd(scope);
  const from = scope + start;
  return {
    revision,
    entries: snapshot.range(from, end),
    get total() {
      if (scope === '' && start === '') return snapshot.size;
      let count = 0;
      for (const _ of snapshot.range(from, end)) count++;
      return count;
    },
    scope,
    limit,
    told,
  };
}

async function atRevision(
  cache: WatchCache, stored: StoredResource, scope: string, revision: number, start: string, limit: number, signal: AbortSignal, tooOld: () => Error,
): Promise<ListState> {
  // What the store has forgotten is gone, even where the cache's ring still knows: every server answers alike.
  if (revision < cache.revision && revision < (await cache.store.status()).compactedRevision) throw tooOld();
  const snapshot = cacheOfStored(cache, stored)?.snapshotAt(revision);
  if (snapshot !== undefined) return fromSnapshot(snapshot, revision, scope, start, limit, cache.reads.of(stored).listed);
  const query = { start: stored.prefix + scope + start, end: prefixEnd(stored.prefix + scope), revision };
  try {
    const { count } = await cache.store.range({ ...query, countOnly: true }, signal);
    return { revision, entries: fromStore(cache, stored, query, signal), total: count, scope, limit, told: cache.reads.of(stored).listedFromStore };
  } catch (error) {
    if (error instanceof CompactedError) throw tooOld();
    throw error;
  }
}

const storePage = 500;

async function* fromStore(
  cache: WatchCache, stored: StoredResource, query: { start: string; end: string; revision: number }, signal: AbortSignal,
): AsyncGenerator<Entry> {
  let { start } = query;
  for (;;) {
    const page = await cache.store.range({ ...query, start, limit: storePage }, signal);
    for (const kv of page.kvs) {
      const cause = unreadableCause(kv);
      if (cause !== undefined) throw unreadableList({ storeKey: kv.key, revision: kv.modRevision, cause });
      yield await readPair(stored, kv);
    }
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return;
    start = `${last.key}\0`;
  }
}

/** The token after `last`. */
export function continueAfter(state: ListState, last: Entry): Continuation {
  return { revision: state.revision, start: `${last.key.slice(state.scope.length)}\0` };
}
