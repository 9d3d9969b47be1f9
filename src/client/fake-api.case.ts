// A small API server in memory for the client's tests: objects under revisions, list, watch with bookmarks and
// streamed lists, optimistic writes, merge patches. Tests cut its watches, expire its history and make it refuse.
import { BoundedQueue } from '#base/queue.ts';
import { uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import type { Transport, TransportRequest, TransportResponse } from '#wire';
import type { ApiObject } from './contract.ts';

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly collection: string;
  readonly object: ApiObject;
}

interface Watcher {
  readonly collection: string;
  readonly queue: BoundedQueue<Uint8Array>;
}

export interface FakeApi {
  readonly transport: Transport;
  /** "METHOD path" of every request so far. */
  readonly requests: string[];
  /** Refuses sendInitialEvents with 422, as a server without the feature does. */
  streamedLists: boolean;
  /** Answers a request instead of the store, when it returns something. */
  intercept: ((request: TransportRequest) => { status: number; body?: unknown; headers?: Record<string, string> } | 'unreachable' | undefined) | undefined;
  put(path: string, object: ApiObject): ApiObject;
  remove(path: string): void;
  get(path: string): ApiObject | undefined;
  /** Ends every watch; with `error` as a broken connection. */
  cutWatches(error?: Error): void;
  /** Forgets history: watches from older revisions get 410. */
  compact(): void;
  bookmark(): void;
}

const refusal = (code: number, reason: string, message = reason): { status: number; body: unknown } => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code },
});

function bytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function frame(type: string, object: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

/** The collection of an object's path: its namespace part taken out, so that all namespaces are one. */
function collectionOf(path: string): string {
  return path.replace(/\/namespaces\/[^/]+(?=\/[^/]+)/, '');
}

export function fakeApi(world: World): FakeApi {
  const objects = new Map<string, ApiObject>();
  const history: Change[] = [];
  const watchers = new Set<Watcher>();
  let revision = 100;
  let oldest = 0;

  const note = (type: Change['type'], path: string, object: ApiObject): void => {
    const collection = collectionOf(path.slice(0, path.lastIndexOf('/')));
    history.push({ type, revision, collection, object });
    for (const watcher of watchers) if (watcher.collection === collection) watcher.queue.push(frame(type, object));
  };
  const put = (path: string, object: ApiObject): ApiObject => {
    const before = objects.get(path);
    revision++;
    const stored = structuredClone({ ...object, metadata: { uid: before?.metadata?.uid ?? uuid(world.random), ...object.metadata, resourceVersion: String(revision) } });
    objects.set(path, stored);
    note(before === undefined ? 'ADDED' : 'MODIFIED', path, stored);
    return stored;
  };
  const remove = (path: string): void => {
    const before = objects.get(path);
    if (before === undefined) return;
    revision++;
    objects.delete(path);
    note('DELETED', path, { ...before, metadata: { ...before.metadata, resourceVersion: String(revision) } });
  };
  const listOf = (collection: string): ApiObject[] => [...objects].filter(([path]) => collectionOf(path.slice(0, path.lastIndexOf('/'))) === collection).map(([, object]) => object);

  const api: FakeApi = {
    requests: [],
    streamedLists: true,
    intercept: undefined,
    put,
    remove,
    get: (path) => objects.get(path),
    cutWatches(error) {
      for (const watcher of watchers) {
        if (error === undefined) watcher.queue.end();
        else watcher.queue.fail(error);
      }
      watchers.clear();
    },
    compact() {
      oldest = revision;
      history.length = 0;
    },
    bookmark() {
      for (const watcher of watchers) watcher.queue.push(frame('BOOKMARK', { metadata: { resourceVersion: String(revision) } }));
    },
    transport: { request, close: async () => undefined },
  };

  function watch(collection: string, query: URLSearchParams, signal: AbortSignal | undefined): { status: number; body?: unknown; stream?: AsyncIterable<Uint8Array> } {
    const queue = new BoundedQueue<Uint8Array>(10_000);
    const from = Number(query.get('resourceVersion') ?? 0);
    if (query.get('sendInitialEvents') === 'true') {
      if (!api.streamedLists) return refusal(422, 'Invalid', 'sendInitialEvents is forbidden');
      for (const object of listOf(collection)) queue.push(frame('ADDED', object));
      queue.push(frame('BOOKMARK', { metadata: { resourceVersion: String(revision), annotations: { 'k8s.io/initial-events-end': 'true' } } }));
    } else if (from < oldest) {
      queue.push(frame('ERROR', refusal(410, 'Expired', 'too old resource version').body));
      queue.end();
      return { status: 200, stream: queue };
    } else for (const change of history) if (change.revision > from && change.collection === collection) queue.push(frame(change.type, change.object));
    const watcher = { collection, queue };
    watchers.add(watcher);
    signal?.addEventListener('abort', () => queue.fail(new Error('aborted')), { once: true });
    return { status: 200, stream: queue };
  }

  function write(method: string, path: string, text: string): { status: number; body: unknown } {
    const sent = JSON.parse(text === '' ? '{}' : text) as ApiObject;
    const bare = path.replace(/\/status$/, '');
    if (method === 'POST') {
      const target = `${path}/${sent.metadata?.name ?? ''}`;
      if (objects.has(target)) return refusal(409, 'AlreadyExists');
      return { status: 201, body: put(target, sent) };
    }
    const before = objects.get(bare);
    if (before === undefined) return refusal(404, 'NotFound');
    if (method === 'DELETE') {
      remove(bare);
      return { status: 200, body: { kind: 'Status', status: 'Success' } };
    }
    if (method === 'PUT' && sent.metadata?.resourceVersion !== undefined && sent.metadata.resourceVersion !== before.metadata?.resourceVersion) return refusal(409, 'Conflict');
    return { status: 200, body: put(bare, method === 'PUT' ? sent : (merge(before, sent) as ApiObject)) };
  }

  async function request(sent: TransportRequest): Promise<TransportResponse> {
    await Promise.resolve();
    sent.signal?.throwIfAborted();
    api.requests.push(`${sent.method} ${sent.path}`);
    const special = api.intercept?.(sent);
    if (special === 'unreachable') throw new Error('connect: connection refused');
    if (special !== undefined) return answer(special.status, special.headers ?? {}, bytes(special.body ?? {}));
    const url = new URL(sent.path, 'http://fake');
    const text = sent.body === undefined ? '' : Buffer.from(sent.body).toString('utf8');
    if (sent.method !== 'GET') {
      const { status, body } = write(sent.method, url.pathname, text);
      return answer(status, {}, bytes(body));
    }
    if (url.searchParams.get('watch') === 'true') {
      const { status, body, stream } = watch(collectionOf(url.pathname), url.searchParams, sent.signal);
      return stream === undefined ? answer(status, {}, bytes(body)) : { status, headers: {}, body: stream, bytes: () => Promise.reject(new Error('a stream')) };
    }
    const one = objects.get(url.pathname);
    if (one !== undefined) return answer(200, {}, bytes(one));
    if (/\/(pods|leases|events|configmaps)$/.test(url.pathname)) return answer(200, {}, bytes(page(listOf(collectionOf(url.pathname)), url.searchParams)));
    const { status, body } = refusal(404, 'NotFound');
    return answer(status, {}, bytes(body));
  }

  function page(all: readonly ApiObject[], query: URLSearchParams): unknown {
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? all.length);
    const more = from + limit < all.length;
    return { kind: 'List', metadata: { resourceVersion: String(revision), ...(more ? { continue: String(from + limit) } : {}) }, items: all.slice(from, from + limit) };
  }

  return api;
}

function answer(status: number, headers: Record<string, string>, body: Uint8Array): TransportResponse {
  return {
    status,
    headers,
    body: (async function* () {
      yield body;
    })(),
    bytes: async () => body,
  };
}
