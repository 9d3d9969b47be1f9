// DELETE on a collection: every object that a list would show is deleted as by a DELETE of its own, a few at a
// time. Not atomic: what is gone when something fails stays gone.
import { isNotFound, stringifyJson } from '#machinery';
import type { Entry } from '../cache/entry.ts';
import { removeObject } from '../registry/delete.ts';
import { listState } from '../read/list-state.ts';
import { selectEntries } from '../read/selection.ts';
import { answerBytes } from '../answer/object-answer.ts';
import { contentTypes } from '../request/media-type.ts';
import { parseListOptions } from '../request/query-options.ts';
import { refuseUnsafeCollection } from './unsafe-delete.ts';
import { deleteRequest, presentationOf, storedOf, type Target } from './endpoint.ts';

const workers = 16;

export async function deleteCollection(target: Target): Promise<void> {
  const { server, call, served } = target;
  const { query } = call.info;
  presentationOf(target, 'list');
  const options = parseListOptions(query, false);
  const selection = selectEntries(served, target.namespace, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  const request = await deleteRequest(target);
  refuseUnsafeCollection(request.deleteOptions);
  const state = await listState(server.cache, served, selection, options, call.signal);
  const entries: Entry[] = [];
  for await (const entry of state.entries) {
    if (!selection.matches(entry)) continue;
    if (state.limit > 0 && entries.length === state.limit) break;
    entries.push(entry);
  }
  let next = 0;
  const work = async (): Promise<void> => {
    for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
      call.signal.throwIfAborted();
      try {
        await removeObject(server.registry, { ...request, namespace: entry.namespace, name: entry.name, ofCollection: true }, { ...request.deleteOptions });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, entries.length) }, work));
  await answerDeleted(target, entries, state.revision);
}

/** The list of what was deleted, as it was. */
async function answerDeleted(target: Target, entries: readonly Entry[], revision: number): Promise<void> {
  const { head, listKind, info } = target.served;
  const skip = info.type === undefined ? 1 : storedOf(target).head.typeMeta.length;
  const start = `{"kind":"${listKind}","apiVersion":"${head.apiVersion}","metadata":${stringifyJson({ resourceVersion: String(revision) })},"items":[`;
  const parts: Uint8Array[] = [Buffer.from(start)];
  entries.forEach((entry, at) => parts.push(Buffer.from(at === 0 ? '{' : ',{'), entry.bytes.subarray(skip)));
  parts.push(Buffer.from(']}\n'));
  await answerBytes(target.call, 200, contentTypes.json, Buffer.concat(parts));
}
