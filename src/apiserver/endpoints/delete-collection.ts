// DELETE on a collection: every object that a list would show is deleted as by a DELETE of its own, a few at a
// time. Not atomic: what is gone when something fails stays gone.
import { isNotFound } from '#machinery';
import type { Entry } from '../cache/entry.ts';
import { removeObject } from '../registry/delete.ts';
import { listState } from '../read/list-state.ts';
import { selectEntries } from '../read/selection.ts';
import { answerList } from '../answer/list-answer.ts';
import { cacheOf } from '../registry/current.ts';
import { parseListOptions } from '../request/query-options.ts';
import { refuseUnsafeCollection } from './unsafe-delete.ts';
import { deleteRequest, presentationOf, storedOf, type Target } from './endpoint.ts';

const workers = 16;

export async function deleteCollection(target: Target): Promise<void> {
  const { server, call, served } = target;
  const { query } = call.info;
  const presentation = presentationOf(target, 'list');
  const options = parseListOptions(query, false);
  const selection = selectEntries(served, target.namespace, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  const request = await deleteRequest(target);
  refuseUnsafeCollection(request.deleteOptions);
  const state = await listState(server.cache, served, selection, options, call.signal);
  // One more than are to go: so the list knows that there is more.
  const entries: Entry[] = [];
  for await (const entry of state.entries) {
    if (!selection.matches(entry)) continue;
    entries.push(entry);
    if (state.limit > 0 && entries.length > state.limit) break;
  }
  const deleted = state.limit > 0 ? entries.slice(0, state.limit) : entries;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let entry = deleted[next++]; entry !== undefined; entry = deleted[next++]) {
      call.signal.throwIfAborted();
      try {
        await removeObject(server.registry, { ...request, namespace: entry.namespace, name: entry.name, ofCollection: true }, { ...request.deleteOptions });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, deleted.length) }, work));
  // What was deleted, as it was.
  const cache = cacheOf(server.registry, storedOf(target));
  await answerList(call, { presentation, clock: server.world.clock, state: { ...state, entries }, selection, object: (entry) => cache.object(entry) });
}
