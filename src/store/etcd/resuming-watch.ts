// One watch on etcd that outlives connections and members: it remembers the next revision it has not
// delivered and asks for exactly that again, so that nothing is lost and nothing told twice. Only a
// compaction beyond that revision, or etcd's refusal, ends it.
import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock, Timer } from '#base/clock.ts';
import { jitter, type Random } from '#base/random.ts';
import { CompactedError, type StoreWatch, type WatchHandler, type WatchQuery } from '#store';
import { storeError, type EtcdConnection } from './connection.ts';
import { eventFromWire, keyRange } from './key-values.ts';
import type { WatchResponse } from './schema.ts';

const firstRetryMs = 50;
const longestRetryMs = 2_000;

export interface ResumingWatchDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly connection: EtcdConnection;
  /** False for etcd before 3.4.25 and 3.5.8, whose answer to a progress request can overtake events. */
  readonly exactProgress: boolean;
  /** The newest revision if nothing of the range changed after `seen`; undefined when something did. */
  quietUntil(query: WatchQuery, seen: number): Promise<number | undefined>;
  /** A handler threw; the watch is dropped. */
  failed(error: unknown): void;
}

export interface ResumingWatch extends StoreWatch {
  /** Ends it with an error for the handler. */
  end(error: Error): void;
}

type Stream = ClientDuplexStream<object, WatchResponse>;

/** Starts at `query.fromRevision`. `closed` is called once, when the watch is over. */
export function openResumingWatch(
  deps: ResumingWatchDeps, query: WatchQuery & { readonly fromRevision: number }, handler: WatchHandler, closed: () => void,
): ResumingWatch {
  let next = query.fromRevision;
  let stream: Stream | undefined;
  let ready = false;
  let over = false;
  let progressWanted = false;
  let retryMs = firstRetryMs;
  let timer: Timer | undefined;

  const stop = (): void => {
    if (over) return;
    over = true;
    timer?.cancel();
    drop();
    closed();
  };

  const drop = (): void => {
    const old = stream;
    stream = undefined;
    ready = false;
    old?.cancel();
  };

  const guarded = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      stop();
      deps.failed(error);
    }
  };

  const end = (error: Error): void => {
    if (over) return;
    stop();
    guarded(() => handler.ended(error));
  };

  const again = (): void => {
    if (over) return;
    drop();
    deps.connection.moveOn();
    timer = deps.clock.after(jitter(deps.random, retryMs, 0.5), connect);
    retryMs = Math.min(retryMs * 2, longestRetryMs);
  };

  const take = (response: WatchResponse): void => {
    if (response.canceled) {
      if (response.compact_revision !== '0') end(new CompactedError(Number(response.compact_revision)));
      else if (/permission denied|auth/.test(response.cancel_reason)) end(new Error(`etcd: ${response.cancel_reason}`));
      else again();
      return;
    }
    if (response.created) {
      ready = true;
      retryMs = firstRetryMs;
      if (progressWanted) askProgress();
      return;
    }
    const events = response.events.map(eventFromWire).filter((event) => event.kv.modRevision >= next);
    const last = events.at(-1);
    if (last !== undefined) {
      next = last.kv.modRevision + 1;
      guarded(() => handler.events(events, last.kv.modRevision));
    } else if (response.events.length === 0) {
      const revision = Number(response.header?.revision ?? 0);
      if (!deps.exactProgress) return;
      next = Math.max(next, revision + 1);
      guarded(() => handler.progress?.(revision));
    }
  };

  const connect = (): void => {
    if (over) return;
    const opened = deps.connection.stream('Watch.Watch');
    stream = opened;
    opened.on('data', (response: WatchResponse) => {
      if (stream === opened) take(response);
    });
    opened.on('error', (error: Parameters<typeof storeError>[0]) => {
      if (stream !== opened) return;
      if (error.code === status.PERMISSION_DENIED || error.code === status.UNAUTHENTICATED) end(storeError(error));
      else again();
    });
    opened.on('end', () => {
      if (stream === opened) again();
    });
    opened.write({ create_request: { ...keyRange(query.start, query.end), start_revision: next, prev_kv: true, progress_notify: deps.exactProgress } });
  };

  const askProgress = (): void => {
    progressWanted = true;
    if (!ready || stream === undefined) return;
    progressWanted = false;
    if (deps.exactProgress) stream.write({ progress_request: {} });
    else provideProgress(firstRetryMs);
  };

  /** Without the server's word: asks whether the range is unchanged since what was delivered. */
  const provideProgress = (waitMs: number): void => {
    const seen = next - 1;
    deps.quietUntil(query, seen).then(
      (revision) => {
        if (over) return;
        if (revision !== undefined && next - 1 === seen) guarded(() => handler.progress?.(revision));
        else timer = deps.clock.after(waitMs, () => provideProgress(Math.min(waitMs * 2, longestRetryMs)));
      },
      () => (progressWanted = true),
    );
  };

  connect();
  return { close: stop, requestProgress: askProgress, end };
}
