// A small API server in memory for the kubelet's tests: objects by path, lists and watches with field
// selectors, merge and strategic patches, graceful deletion of pods, tokens. Only what a node agent uses.
import type { Pod } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { BoundedQueue } from '#base/queue.ts';
import { uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import type { ApiObject } from '#client';
import { strategicMergePatch } from '#machinery';
import type { Transport, TransportRequest, TransportResponse } from '#wire';

export interface FakeCluster {
  readonly transport: Transport;
  readonly requests: string[];
  /** While set, every request fails. */
  unreachable: boolean;
  /** Answers SubjectAccessReviews: "get proxy". */
  mayDo: (user: string, what: string) => boolean;
  put<T extends ApiObject>(path: string, object: T): T;
  get<T extends ApiObject>(path: string): T | undefined;
  /** The object is gone at once. */
  remove(path: string): void;
  /** As DELETE with the grace period does. */
  deletePod(namespace: string, name: string, graceSeconds?: number): void;
  pod(name: string, namespace?: string): Pod | undefined;
  /** "Normal Pulled: …" of every event about the pod. */
  events(name: string): string[];
}

interface Watcher {
  readonly collection: string;
  readonly fits: (object: ApiObject) => boolean;
  readonly queue: BoundedQueue<Uint8Array>;
}

const collectionOf = (path: string): string => path.replace(/\/namespaces\/[^/]+(?=\/[^/]+)/, '');
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function selector(text: string | null, namespace: string | undefined): (object: ApiObject) => boolean {
  const terms = (text ?? '').split(',').filter((term) => term !== '').map((term) => term.split('='));
  return (object) => (namespace === undefined || object.metadata?.namespace === namespace) && terms.every(([field = '', value]) => {
    const found = field.split('.').reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined), object);
    return found === value;
  });
}

function answer(status: number, body: unknown): TransportResponse {
  const bytes = encode(body);
  return { status, headers: { 'content-type': 'application/json' }, body: (async function* () { yield bytes; })(), bytes: async () => bytes };
}

const refusal = (code: number, reason: string): TransportResponse => answer(code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message: reason, code });

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = merge(out[key], value);
  }
  return out;
}

export function fakeCluster(world: World): FakeCluster {
  const objects = new Map<string, ApiObject>();
  const watchers = new Set<Watcher>();
  const kept: string[] = [];
  let revision = 1;

  const tell = (type: string, path: string, object: ApiObject): void => {
    const collection = collectionOf(parentOf(path));
    for (const watcher of watchers) if (watcher.collection === collection && watcher.fits(object)) watcher.queue.push(Buffer.from(`${JSON.stringify({ type, object })}\n`));
  };
  const put = <T extends ApiObject>(path: string, object: T): T => {
    const before = objects.get(path);
    revision++;
    const metadata = { uid: before?.metadata?.uid ?? uuid(world.random), creationTimestamp: rfc3339(world.clock.now()), ...object.metadata, resourceVersion: String(revision) };
    const stored = structuredClone({ ...object, metadata });
    objects.set(path, stored);
    tell(before === undefined ? 'ADDED' : 'MODIFIED', path, stored);
    return stored;
  };
  const remove = (path: string): void => {
    const before = objects.get(path);
    if (before === undefined) return;
    objects.delete(path);
    revision++;
    tell('DELETED', path, { ...before, metadata: { ...before.metadata, resourceVersion: String(revision) } });
  };
  const gracefulDelete = (path: string, pod: Pod, grace: number): void => {
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (grace === 0 || pod.spec?.nodeName === undefined || ended) remove(path);
    else put(path, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: rfc3339(world.clock.now() + grace * 1000), deletionGracePeriodSeconds: grace } });
  };
  const write = (request: TransportRequest, path: string): TransportResponse => {
    const sent = JSON.parse(Buffer.from(request.body ?? '{}').toString('utf8')) as ApiObject & { gracePeriodSeconds?: number; preconditions?: { uid?: string }; spec?: { expirationSeconds?: number } };
    const bare = path.replace(/\/status$/, '');
    if (request.method === 'POST') {
      if (path.endsWith('/token')) return answer(201, { ...sent, status: { token: `token-${revision++}`, expirationTimestamp: rfc3339(world.clock.now() + (sent.spec?.expirationSeconds ?? 3600) * 1000) } });
      if (path.endsWith('/tokenreviews')) {
        const { token = '' } = (sent.spec ?? {}) as { token?: string };
        return answer(201, { ...sent, status: token.startsWith('user:') ? { authenticated: true, user: { username: token.slice(5), groups: ['system:authenticated'] } } : { authenticated: false } });
      }
      if (path.endsWith('/subjectaccessreviews')) {
        const { user = '', resourceAttributes } = (sent.spec ?? {}) as { user?: string; resourceAttributes?: { verb?: string; subresource?: string } };
        return answer(201, { ...sent, status: { allowed: cluster.mayDo(user, `${resourceAttributes?.verb} ${resourceAttributes?.subresource}`) } });
      }
      const event = sent as { involvedObject?: { name?: string }; regarding?: { name?: string }; type?: string; reason?: string; message?: string; note?: string };
      if (path.endsWith('/events')) kept.push(`${event.involvedObject?.name ?? event.regarding?.name ?? ''}|${event.type ?? ''} ${event.reason ?? ''}: ${event.message ?? event.note ?? ''}`);
      const target = `${path}/${sent.metadata?.name ?? `generated-${revision}`}`;
      return objects.has(target) ? refusal(409, 'AlreadyExists') : answer(201, put(target, sent));
    }
    const before = objects.get(bare);
    if (before === undefined) return refusal(404, 'NotFound');
    const uid = sent.metadata?.uid ?? sent.preconditions?.uid;
    if (uid !== undefined && uid !== before.metadata?.uid) return refusal(409, 'Conflict');
    if (request.method === 'DELETE') {
      gracefulDelete(bare, before, sent.gracePeriodSeconds ?? 30);
      return answer(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
    }
    if (request.method === 'PUT') return answer(200, put(bare, sent));
    const type = bare.includes('/nodes/') ? 'core.v1.Node' : 'core.v1.Pod';
    const strategic = request.headers?.['content-type']?.includes('strategic') === true;
    return answer(200, put(bare, (strategic ? strategicMergePatch(type, before as Parameters<typeof strategicMergePatch>[1], sent as Parameters<typeof strategicMergePatch>[2]) : merge(before, sent)) as ApiObject));
  };
  const read = (request: TransportRequest, url: URL): TransportResponse => {
    const one = objects.get(url.pathname);
    if (one !== undefined) return answer(200, one);
    const namespace = /\/namespaces\/([^/]+)\/[^/]+$/.exec(url.pathname)?.[1];
    const collection = collectionOf(url.pathname);
    const fits = selector(url.searchParams.get('fieldSelector'), namespace);
    const items = [...objects].filter(([path, object]) => collectionOf(parentOf(path)) === collection && fits(object)).map(([, object]) => object);
    if (url.searchParams.get('watch') === 'true' || url.searchParams.get('watch') === '1') {
      const queue = new BoundedQueue<Uint8Array>(10_000);
      const initial = url.searchParams.get('sendInitialEvents') === 'true';
      if (initial) {
        for (const object of items) queue.push(Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`));
        queue.push(Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(revision), annotations: { 'k8s.io/initial-events-end': 'true' } } } })}\n`));
      }
      const watcher: Watcher = { collection, fits, queue };
      watchers.add(watcher);
      request.signal?.addEventListener('abort', () => {
        watchers.delete(watcher);
        queue.end();
      }, { once: true });
      return { status: 200, headers: { 'content-type': 'application/json' }, body: queue, bytes: () => Promise.reject(new Error('a stream')) };
    }
    const isCollection = /\/(pods|nodes|services|configmaps|secrets|leases|events|serviceaccounts|persistentvolumes|persistentvolumeclaims)$/.test(url.pathname);
    return isCollection ? answer(200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(revision) }, items }) : refusal(404, 'NotFound');
  };
  const cluster: FakeCluster = {
    requests: [],
    unreachable: false,
    mayDo: () => false,
    put, remove,
    get: <T extends ApiObject>(path: string) => objects.get(path) as T | undefined,
    deletePod(namespace, name, graceSeconds) {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      const pod = objects.get(path) as Pod | undefined;
      if (pod !== undefined) gracefulDelete(path, pod, graceSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30);
    },
    pod: (name, namespace = 'default') => objects.get(`/api/v1/namespaces/${namespace}/pods/${name}`),
    events: (name) => kept.filter((line) => line.startsWith(`${name}|`)).map((line) => line.slice(name.length + 1)),
    transport: {
      async request(request) {
        await Promise.resolve();
        request.signal?.throwIfAborted();
        if (cluster.unreachable) throw new Error('connect: connection refused');
        cluster.requests.push(`${request.method} ${request.path}`);
        const url = new URL(request.path, 'http://fake');
        return request.method === 'GET' ? read(request, url) : write(request, url.pathname);
      },
      close: async () => {},
    },
  };
  return cluster;
}
