// One stream of etcd's Watch service: many watches, one bounded queue towards the client. When the client reads too slowly
// all watches of the stream stop where they are, and go on from there once it has read what was waiting: nothing is lost,
// doubled or kept in memory without bound. Progress of the whole stream is told when every watch has reached it.
import { every } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { CompactedError, type LocalStore, type StoreEvent, type StoreWatch } from '#store';
import { keysEnd, refusals, wirePair, type KeyRange } from './wire.ts';

const maxWatches = 4_096;
const queueBytes = 16 * 1024 * 1024;
const fragmentBytes = 1536 * 1024;
const progressMs = 10 * 60_000;

export interface CreateRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly start_revision: string;
  readonly progress_notify: boolean;
  readonly filters: readonly ('NOPUT' | 'NODELETE')[];
  readonly prev_kv: boolean;
  readonly watch_id: string;
  readonly fragment: boolean;
}

export interface WatchRequest {
  readonly create_request?: CreateRequest;
  readonly cancel_request?: { readonly watch_id: string };
  readonly progress_request?: object;
}

export interface WatchStream {
  request(message: WatchRequest): void;
  close(): void;
}

/** The client's side: `write` says false when it should wait for `onDrain`. */
export interface WatchSink {
  write(response: object): boolean;
  onDrain(run: () => void): void;
}

interface Watch {
  readonly id: number;
  readonly range: KeyRange;
  readonly request: CreateRequest;
  /** First revision not sent. */
  next: number;
  open: StoreWatch | undefined;
}

const sizeOf = (event: StoreEvent): number => event.key.length + event.kv.value.length + (event.previous?.value.length ?? 0) + 64;

export function openWatchStream(world: World, store: LocalStore, header: (revision: number) => object, newest: () => number, sink: WatchSink): WatchStream {
  const watches = new Map<number, Watch>();
  const stop = new AbortController();
  let lastId = 0;
  let waitingBytes = 0;
  let blocked = false;
  let suspended = false;
  /** Watches that have not reached the asked-for progress yet, and the lowest revision that the others told. */
  let progress: { readonly left: Set<number>; lowest: number } | undefined;

  const send = (response: object, bytes = 64): void => {
    if (stop.signal.aborted) return;
    waitingBytes += bytes;
    if (sink.write(response)) {
      if (!blocked) waitingBytes = 0;
      return;
    }
    if (blocked) {
      if (waitingBytes > queueBytes) suspend();
      return;
    }
    blocked = true;
    sink.onDrain(() => {
      blocked = false;
      waitingBytes = 0;
      resume();
    });
  };

  const suspend = (): void => {
    if (suspended) return;
    suspended = true;
    for (const watch of watches.values()) {
      watch.open?.close();
      watch.open = undefined;
    }
  };

  const resume = (): void => {
    if (!suspended || stop.signal.aborted) return;
    suspended = false;
    for (const watch of watches.values()) follow(watch);
  };

  const sendEvents = (watch: Watch, events: readonly StoreEvent[], revision: number): void => {
    watch.next = revision + 1;
    const { filters, prev_kv: withPrevious, fragment } = watch.request;
    const wanted = filters.length === 0 ? events : events.filter((event) => !filters.includes(event.type === 'put' ? 'NOPUT' : 'NODELETE'));
    for (let from = 0; from < wanted.length; ) {
      let to = from;
      let bytes = 0;
      while (to < wanted.length && (!fragment || to === from || bytes < fragmentBytes)) bytes += sizeOf(wanted[to++] as StoreEvent);
      const part = wanted.slice(from, to).map((event) => ({
        type: event.type === 'put' ? 'PUT' : 'DELETE', kv: wirePair(event.kv), prev_kv: withPrevious && event.previous !== undefined ? wirePair(event.previous) : null,
      }));
      send({ header: header(revision), watch_id: watch.id, events: part, fragment: to < wanted.length }, bytes);
      from = to;
    }
  };

  const end = (watch: Watch, response: object): void => {
    watch.open?.close();
    watches.delete(watch.id);
    reached(watch.id, newest());
    send({ header: header(newest()), watch_id: watch.id, canceled: true, ...response });
  };

  const reached = (id: number, revision: number): void => {
    if (progress === undefined || !progress.left.delete(id)) return;
    progress.lowest = Math.min(progress.lowest, revision);
    tellProgress();
  };

  const tellProgress = (): void => {
    if (progress === undefined || progress.left.size > 0) return;
    send({ header: header(progress.lowest), watch_id: -1 });
    progress = undefined;
  };

  const follow = (watch: Watch): void => {
    const { start, end: rangeEnd } = watch.range;
    watch.open = store.watch(
      { start, ...(rangeEnd === undefined ? {} : { end: rangeEnd }), fromRevision: watch.next },
      {
        events: (events, revision) => sendEvents(watch, events, revision),
        progress(revision) {
          reached(watch.id, revision);
        },
        ended(error) {
          watch.open = undefined;
          if (error instanceof CompactedError) end(watch, { compact_revision: error.compactedRevision, cancel_reason: refusals.compacted().message });
          else end(watch, { cancel_reason: error.message });
        },
      },
    );
    if (progress?.left.has(watch.id) === true) watch.open.requestProgress();
  };

  const create = (request: CreateRequest): void => {
    const key = request.key.length === 0 ? '\0' : request.key.toString('latin1');
    const rangeEnd = request.range_end.length === 0 ? undefined : request.range_end.length === 1 && request.range_end[0] === 0 ? keysEnd : request.range_end.toString('latin1');
    const asked = Number(request.watch_id);
    const refuse = (reason: string): void => send({ header: header(newest()), watch_id: -1, created: true, canceled: true, cancel_reason: reason });
    if (rangeEnd !== undefined && rangeEnd <= key) return refuse('mvcc: watcher range is empty');
    if (asked !== 0 && watches.has(asked)) return refuse('mvcc: duplicate watch ID provided on the WatchStream');
    if (watches.size >= maxWatches) return refuse(`etcdserver: too many watches on one stream (at most ${maxWatches})`);
    let id = asked;
    if (asked === 0) {
      while (watches.has(lastId)) lastId++;
      id = lastId++;
    }
    const from = Number(request.start_revision);
    const watch: Watch = { id, range: { start: key, end: rangeEnd }, request, next: from > 0 ? from : newest() + 1, open: undefined };
    watches.set(id, watch);
    send({ header: header(newest()), watch_id: id, created: true });
    if (!suspended) follow(watch);
  };

  const askProgress = (): void => {
    progress = { left: new Set(watches.keys()), lowest: progress?.lowest ?? newest() };
    tellProgress();
    for (const watch of watches.values()) watch.open?.requestProgress();
  };

  void every(world.clock, progressMs, stop.signal, () => {
    if (suspended) return;
    for (const watch of watches.values()) if (watch.request.progress_notify && watch.next > newest()) send({ header: header(newest()), watch_id: watch.id });
  });

  return {
    request(message) {
      if (message.create_request !== undefined) create(message.create_request);
      else if (message.cancel_request !== undefined) {
        const watch = watches.get(Number(message.cancel_request.watch_id));
        if (watch !== undefined) end(watch, {});
      } else if (message.progress_request !== undefined) askProgress();
    },
    close() {
      stop.abort(new Error('the stream is over'));
      for (const watch of watches.values()) watch.open?.close();
      watches.clear();
    },
  };
}
