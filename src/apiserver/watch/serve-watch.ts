// A watch request from its start to its end: where it begins (a revision, or the current state as initial
// events), its bookmarks, its timeout. Follows KEP-3157 (WatchList) for sendInitialEvents.
import { randomInt } from '#base/random.ts';
import { endOfTurn } from '#base/turn.ts';
import type { World } from '#base/world.ts';
import { gone, isTimeout, StatusError } from '#machinery';
import { isWebSocketRequest, type ResponseBody } from '#wire';
import type { Presentation } from '../answer/object-answer.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { reach } from '../read/list-state.ts';
import type { Selection } from '../read/selection.ts';
import { answerHeaders, type Call } from '../request/call.ts';
import { parseResourceVersion, type ListOptions } from '../request/query-options.ts';
import { entryFrame, frameCodec, type FrameCodec } from './frames.ts';
import type { WatchHub } from './watch-hub.ts';
import type { Watcher } from './watcher.ts';
import { webSocketBody } from './web-socket-body.ts';

/** A watch without timeoutSeconds lasts between this and twice this, unless the server is told otherwise. */
const defaultMinSeconds = 1800;
const bookmarkEveryMs = 60_000;
const sliceMs = 8;

export interface WatchRequest {
  readonly world: World;
  readonly all: WatchCache;
  readonly cache: ResourceCache;
  readonly hub: WatchHub;
  readonly presentation: Presentation;
  readonly selection: Selection;
  readonly options: ListOptions;
  /** Of a watch that names no end; 0: none. */
  readonly minSeconds: number | undefined;
}

/** Answers a watch; resolves when it has ended. Throws 429 when its user has too many. */
export async function serveWatch(call: Call, request: WatchRequest): Promise<void> {
  const giveBack = request.hub.places.take(call.user.name);
  try {
    await serve(call, request);
  } finally {
    giveBack();
  }
}

async function serve(call: Call, request: WatchRequest): Promise<void> {
  const { options, all, world } = request;
  const version = parseResourceVersion(options.resourceVersion);
  const codec = frameCodec(request.presentation);
  const tooNew = await waitForStart(request, version, call.signal);
  const fromState = startsWithState(options, version);
  if (fromState && request.cache.unreadable.size > 0) request.cache.checkReadable('');
  call.status = 200;
  let leave = (): void => {};
  const isSocket = isWebSocketRequest(call.exchange);
  const body = isSocket
    ? await webSocketBody(call.exchange, request.presentation.media.encoding !== 'json', () => leave())
    : call.exchange.start(200, answerHeaders(call, { 'content-type': codec.contentType }));
  const { ring } = request.cache;
  const refusal = tooNew ?? (!fromState && version !== undefined && version !== 0 && version < ring.floor ? gone(`too old resource version: ${version} (${ring.floor})`) : undefined);
  if (refusal !== undefined) {
    body.end(codec.error(refusal.status));
    return;
  }
  await new Promise<void>((resolve) => {
    const watcher = createWatcher(request, call, body, codec, fromState, resolve);
    const seconds = secondsOf(request);
    const timer = seconds === 0 ? undefined : world.clock.after(Math.max(0, seconds) * 1000, () => watcher.end('done'), { background: true });
    call.signal.addEventListener('abort', () => watcher.end('done'), { once: true });
    watcher.onEnd = () => timer?.cancel();
    leave = () => watcher.end('done');
    if (version !== undefined && version !== 0 && !fromState) {
      if (version > all.revision) followFrom(request, watcher, version);
      else {
        watcher.position = ring.after(version);
        all.reads.of(request.cache.resource).initEvents.inc(ring.end - watcher.position);
      }
    }
    request.hub.add(watcher);
    if (fromState) void sendInitial(request, call, watcher, all.revision).then(() => call.permit?.initialized());
    else call.permit?.initialized();
  });
}

/** How long it lasts; 0: until somebody ends it. No time asked for is none. */
function secondsOf({ options, world, minSeconds = defaultMinSeconds }: WatchRequest): number {
  const asked = options.timeoutSeconds ?? 0;
  return asked !== 0 || minSeconds === 0 ? asked : minSeconds + randomInt(world.random, minSeconds);
}

/** WatchList asks for the state; so does a watch that names no revision and does not say otherwise. */
function startsWithState(options: ListOptions, version: number | undefined): boolean {
  if (options.sendInitialEvents !== undefined) return options.sendInitialEvents;
  return version === undefined || version === 0;
}

/** What shows the state waits a little for a revision to come; what shows changes alone waits in silence. */
async function waitForStart({ all, cache, options }: WatchRequest, version: number | undefined, signal: AbortSignal): Promise<StatusError | undefined> {
  try {
    if (version === undefined) await all.fresh(signal);
    else if (options.sendInitialEvents === true) await reach(all, cache.resource, version, signal);
    return undefined;
  } catch (error) {
    if (version !== undefined && error instanceof StatusError && isTimeout(error)) return error;
    throw error;
  }
}

/** The watcher hears of what comes after a revision that has not happened yet. */
function followFrom(request: WatchRequest, watcher: OwnWatcher, revision: number): void {
  const ended = new AbortController();
  const { onEnd } = watcher;
  watcher.onEnd = () => {
    onEnd();
    ended.abort();
  };
  // In no place of the ring: it may move on as far as it likes.
  watcher.position = Number.MAX_SAFE_INTEGER;
  watcher.held = true;
  const begin = (): void => {
    watcher.position = request.cache.ring.after(revision);
    watcher.held = false;
    request.hub.wake();
  };
  request.all.reach(revision, ended.signal).then(begin, () => undefined);
}

interface OwnWatcher extends Watcher {
  onEnd: () => void;
}

function createWatcher(request: WatchRequest, call: Call, body: ResponseBody, codec: FrameCodec, held: boolean, resolve: () => void): OwnWatcher {
  const { cache, hub, world } = request;
  let ended = false;
  const watcher: OwnWatcher = {
    filter: request.selection,
    codec,
    body,
    events: request.all.reads.events(request.presentation.served.info),
    bookmarks: request.options.allowWatchBookmarks,
    epoch: cache.epoch,
    position: cache.ring.end,
    held,
    waitingSince: undefined,
    nextBookmark: world.clock.monotonic() + bookmarkEveryMs,
    onEnd() {},
    get ended() {
      return ended;
    },
    end(reason) {
      if (ended) return;
      ended = true;
      hub.remove(watcher);
      watcher.onEnd();
      if (reason === 'cut') body.destroy();
      else if (!call.exchange.gone) body.end();
      resolve();
    },
  };
  return watcher;
}

/** The state as ADDED events, then, for WatchList, the bookmark that says so. */
async function sendInitial(request: WatchRequest, call: Call, watcher: Watcher, revision: number): Promise<void> {
  const { cache, selection, options, world, hub } = request;
  const { clock } = world;
  const { body, events } = watcher;
  const { initEvents } = request.all.reads.of(cache.resource);
  const later = (frame: Buffer): Buffer => {
    events.total.inc();
    events.sizes.observe(frame.length);
    watcher.codec = watcher.codec.later ?? watcher.codec;
    return frame;
  };
  let frames: Buffer[] = [];
  let size = 0;
  let sliceStart = clock.monotonic();
  const flush = async (written?: () => void): Promise<void> => {
    const bytes = Buffer.concat(frames);
    frames = [];
    size = 0;
    const isTaken = body.write(bytes);
    written?.();
    if (!isTaken) {
      watcher.waitingSince = clock.monotonic();
      await body.drained();
      watcher.waitingSince = undefined;
    }
    if (clock.monotonic() - sliceStart > sliceMs) {
      await turn();
      sliceStart = clock.monotonic();
    }
  };
  try {
    for (const entry of cache.snapshot().range(...scopeOf(selection.namespace))) {
      if (watcher.ended) return;
      initEvents.inc();
      if (!selection.matches(entry)) continue;
      const frame = later(entryFrame(watcher.codec, 'ADDED', entry));
      frames.push(frame);
      size += frame.length;
      if (size > 256 * 1024) await flush();
    }
    const isMarked = options.sendInitialEvents === true && options.allowWatchBookmarks;
    if (isMarked) frames.push(later(watcher.codec.bookmark(revision, true)));
    const complete = (): void => request.all.reads.watchList(request.presentation.served.info, scopeName(selection), (clock.monotonic() - call.startedAt) / 1000);
    if (frames.length > 0) await flush(isMarked ? complete : undefined);
    watcher.held = false;
    hub.wake();
  } catch {
    watcher.end('cut');
  }
}

/** As the metrics of requests name it. */
function scopeName(selection: Selection): string {
  if (selection.exactName !== undefined) return 'resource';
  return selection.namespace === '' ? 'cluster' : 'namespace';
}

function scopeOf(namespace: string): [string, string] | [] {
  return namespace === '' ? [] : [`${namespace}/`, `${namespace}0`];
}

function turn(): Promise<void> {
  return new Promise((resolve) => endOfTurn(resolve));
}
