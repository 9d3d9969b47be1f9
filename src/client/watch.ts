// A watch as events: frames are parsed one by one as they arrive. An ERROR event is handed on (its object is
// a Status); the stream ends when the server ends it, and throws when the connection breaks.
import { parsePlain } from '#machinery';
import type { TransportResponse } from '#wire';
import type { ApiObject, WatchEvent } from './contract.ts';
import { lines } from './frames.ts';
import { isStatus, StatusError } from './status-answer.ts';

/** Opens the stream on first iteration; leaving the loop closes it. */
export async function* watchEvents<T extends ApiObject>(open: () => Promise<TransportResponse>): AsyncGenerator<WatchEvent<T>> {
  const response = await open();
  for await (const batch of lines(response.body)) {
    for (const line of batch) yield parsePlain(line) as WatchEvent<T>;
  }
}

/** The StatusError that an ERROR event carries; undefined for other events. */
export function errorOf(event: WatchEvent<ApiObject>): StatusError | undefined {
  if (event.type !== 'ERROR') return undefined;
  const status: unknown = event.object;
  return isStatus(status)
    ? new StatusError(status)
    : new StatusError({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'InternalError', code: 500, message: 'the watch ended with an unknown error' });
}
