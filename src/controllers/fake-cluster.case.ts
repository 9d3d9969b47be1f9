// A small API server in memory for the tests of the controllers' shells: every built-in resource with create,
// update, patch, status, delete with finalizers and propagation, list, watch and discovery. It knows no
// validation and no permissions; the real server's own tests show those. A kubelet of three lines runs the pods.
import type { Pod } from '#api/core/v1.ts';
import { resources, type ResourceInfo } from '#api/resources.ts';
import { rfc3339 } from '#base/clock.ts';
import { BoundedQueue } from '#base/queue.ts';
import { nameSuffix, uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { createClient, type Client } from '#client';
import { aggregatedDiscovery, alreadyExists, conflict, forbidden, mergePatch, notFound, StatusError, strategicMergePatch, type KubeObject } from '#machinery';
import type { Transport, TransportRequest, TransportResponse } from '#wire';
import { sameValue } from './same-value.ts';

interface Target {
  readonly info: ResourceInfo;
  readonly namespace: string;
  readonly name: string;
  readonly sub: string;
}

interface Watcher {
  readonly info: ResourceInfo;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly queue: BoundedQueue<Uint8Array>;
}

interface DeleteBody {
  readonly propagationPolicy?: string;
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface FakeCluster {
  client(user: string): Client;
  /** Objects of a resource, "pods" or "jobs.batch". */
  list<T>(resource: string): T[];
  /** Changes an object as its owner would, past the API; undefined removes it. */
  change<T extends object>(resource: string, key: string, change: (object: T) => T | undefined): void;
  /** Lets every pod be bound, run and become ready, and every terminating one go. */
  runPods(): void;
  /** "METHOD path" with who asked. */
  readonly requests: string[];
}

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

export function fakeCluster(world: World): FakeCluster {
  const stores = new Map<ResourceInfo, Map<string, KubeObject>>();
  const watchers = new Set<Watcher>();
  const requests: string[] = [];
  let revision = 1;
  const storeOf = (info: ResourceInfo): Map<string, KubeObject> => {
    const found = stores.get(info) ?? new Map<string, KubeObject>();
    stores.set(info, found);
    return found;
  };
  const keyOf = (object: KubeObject): string => [object.metadata?.namespace ?? '', object.metadata?.name ?? ''].filter((part) => part !== '').join('/');
  const tell = (info: ResourceInfo, type: string, object: KubeObject): void => {
    for (const watcher of watchers) {
      if (watcher.info !== info || (watcher.namespace !== '' && watcher.namespace !== object.metadata?.namespace) || (watcher.name !== undefined && watcher.name !== object.metadata?.name)) continue;
      watcher.queue.push(Buffer.from(`${JSON.stringify({ type, object })}\n`));
    }
  };
  const finalizersOf = (info: ResourceInfo, object: KubeObject): readonly unknown[] => {
    const spec = object.spec as { finalizers?: unknown[] } | undefined;
    return [...(object.metadata?.finalizers ?? []), ...(info.plural === 'namespaces' ? (spec?.finalizers ?? []) : [])];
  };
  const drop = (info: ResourceInfo, object: KubeObject): void => {
    storeOf(info).delete(keyOf(object));
    tell(info, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(++revision) } });
  };
  const save = (info: ResourceInfo, object: KubeObject): KubeObject => {
    const before = storeOf(info).get(keyOf(object));
    const grown = before !== undefined && !sameValue(before.spec, object.spec) ? (before.metadata?.generation ?? 1) + 1 : (before?.metadata?.generation ?? 1);
    const saved = { ...object, metadata: { ...object.metadata, generation: grown, resourceVersion: String(++revision) } };
    const waits = finalizersOf(info, saved).length > 0 || (saved.metadata.deletionGracePeriodSeconds ?? 0) > 0;
    if (saved.metadata.deletionTimestamp !== undefined && !waits) {
      drop(info, saved);
      return saved;
    }
    storeOf(info).set(keyOf(saved), saved);
    tell(info, before === undefined ? 'ADDED' : 'MODIFIED', saved);
    return saved;
  };
  const existing = ({ info, namespace, name }: Target): KubeObject => {
    const found = storeOf(info).get(namespace === '' ? name : `${namespace}/${name}`);
    if (found === undefined) throw notFound({ group: info.group, resource: info.plural }, name);
    return found;
  };

  function create({ info, namespace }: Target, sent: KubeObject): KubeObject {
    const home = storeOf(infoOf('namespaces')).get(namespace);
    if (home?.metadata?.deletionTimestamp !== undefined) {
      const refusal = forbidden({ group: info.group, resource: info.plural }, sent.metadata?.name ?? '', `unable to create new content in namespace ${namespace} because it is being terminated`);
      throw new StatusError({ ...refusal.status, details: { ...refusal.status.details, causes: [{ reason: 'NamespaceTerminating' }] } });
    }
    const name = sent.metadata?.name ?? `${sent.metadata?.generateName ?? ''}${nameSuffix(world.random)}`;
    const metadata = { ...sent.metadata, name, ...(namespace === '' ? {} : { namespace }), uid: uuid(world.random), creationTimestamp: rfc3339(world.clock.now()), generation: 1 };
    if (storeOf(info).has(keyOf({ metadata }))) throw alreadyExists({ group: info.group, resource: info.plural }, name);
    return save(info, { ...sent, apiVersion: info.group === '' ? info.version : `${info.group}/${info.version}`, kind: info.kind, metadata });
  }

  function update(target: Target, sent: KubeObject): KubeObject {
    const before = existing(target);
    const wanted = sent.metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== before.metadata?.resourceVersion) throw conflict({ group: target.info.group, resource: target.info.plural }, target.name, 'the object has been modified');
    const hasStatus = target.info.subresources.some((sub) => sub.name === 'status');
    const merged = target.sub === 'status' ? { ...before, metadata: sent.metadata, status: sent.status } : { ...before, ...sent, ...(hasStatus ? { status: before.status } : {}) };
    return save(target.info, { ...merged, metadata: { ...merged.metadata, uid: before.metadata?.uid } });
  }

  function remove(target: Target, body: object): KubeObject {
    const options: DeleteBody = body;
    const before = existing(target);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if ((uid !== undefined && uid !== before.metadata?.uid) || (resourceVersion !== undefined && resourceVersion !== before.metadata?.resourceVersion)) {
      throw conflict({ group: target.info.group, resource: target.info.plural }, target.name, 'precondition failed');
    }
    const finalizers = new Set(before.metadata?.finalizers ?? []);
    if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion');
    if (options.propagationPolicy === 'Orphan') finalizers.add('orphan');
    const scheduled = ((before.spec as { nodeName?: string } | undefined)?.nodeName ?? '') !== '';
    const grace = target.info.plural === 'pods' && scheduled ? (options.gracePeriodSeconds ?? 30) : 0;
    const metadata = { ...before.metadata, finalizers: [...finalizers], deletionTimestamp: before.metadata?.deletionTimestamp ?? rfc3339(world.clock.now() + grace * 1000), deletionGracePeriodSeconds: grace };
    return save(target.info, { ...before, metadata });
  }

  function list({ info, namespace }: Target, query: URLSearchParams): KubeObject[] {
    const name = /^metadata\.name=(.*)$/.exec(query.get('fieldSelector') ?? '')?.[1];
    return [...storeOf(info).values()].filter((object) => (namespace === '' || object.metadata?.namespace === namespace) && (name === undefined || object.metadata?.name === name));
  }

  function watch(target: Target, query: URLSearchParams, signal: AbortSignal | undefined): BoundedQueue<Uint8Array> {
    const queue = new BoundedQueue<Uint8Array>(100_000);
    for (const object of list(target, query)) queue.push(Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`));
    queue.push(Buffer.from(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(revision), annotations: { 'k8s.io/initial-events-end': 'true' } } } })}\n`));
    const watcher = { info: target.info, namespace: target.namespace, name: /^metadata\.name=(.*)$/.exec(query.get('fieldSelector') ?? '')?.[1], queue };
    watchers.add(watcher);
    signal?.addEventListener('abort', () => {
      watchers.delete(watcher);
      queue.fail(new Error('aborted'));
    });
    return queue;
  }

  function answer(method: string, target: Target, sent: KubeObject, type: string): unknown {
    if (method === 'GET') return existing(target);
    if (method === 'POST') return create(target, sent);
    if (method === 'PUT') return update(target, sent);
    if (method === 'DELETE') return remove(target, sent);
    const before = existing(target);
    const patched = type.includes('strategic') ? strategicMergePatch(target.info.type, before, sent) : mergePatch(before, sent);
    return update(target, patched);
  }

  async function request(user: string, { method, path, headers, body, signal }: TransportRequest): Promise<TransportResponse> {
    await Promise.resolve();
    signal?.throwIfAborted();
    // Every request looks at the clock: that is how virtual time knows that there is life.
    world.clock.now();
    requests.push(`${user} ${method} ${path}`);
    const url = new URL(path, 'http://fake');
    const sent = body === undefined ? {} : (JSON.parse(Buffer.from(body).toString('utf8')) as KubeObject);
    try {
      if (url.pathname === '/api' || url.pathname === '/apis') return respond(200, aggregatedDiscovery(resources, url.pathname === '/api' ? 'core' : 'groups'));
      const target = parse(url.pathname);
      if (target.name === '' && url.searchParams.get('watch') === 'true') return { status: 200, headers: {}, body: watch(target, url.searchParams, signal), bytes: () => Promise.reject(new Error('a stream')) };
      if (target.name === '' && method === 'GET') return respond(200, { metadata: { resourceVersion: String(revision) }, items: list(target, url.searchParams) });
      if (target.name === '' && method === 'DELETE') {
        for (const object of list(target, url.searchParams)) remove({ ...target, name: object.metadata?.name ?? '' }, sent);
        return respond(200, {});
      }
      return respond(method === 'POST' ? 201 : 200, answer(method, target, sent, headers?.['content-type'] ?? ''));
    } catch (error) {
      if (error instanceof StatusError) return respond(error.code, error.status);
      throw error;
    }
  }

  const self: FakeCluster = {
    requests,
    client(user) {
      const transport: Transport = { request: (sent) => request(user, sent), close: async () => undefined };
      return createClient(world, transport, { userAgent: user });
    },
    list: <T>(resource: string) => [...storeOf(infoOf(resource)).values()] as T[],
    change<T extends object>(resource: string, key: string, change: (object: T) => T | undefined) {
      const info = infoOf(resource);
      const before = storeOf(info).get(key);
      if (before === undefined) throw new Error(`no ${resource} ${key}`);
      const after = change(before as T);
      if (after === undefined) drop(info, before);
      else save(info, after as KubeObject);
    },
    runPods() {
      for (const pod of self.list<Pod>('pods')) {
        const key = keyOf(pod as KubeObject);
        if (pod.metadata?.deletionTimestamp !== undefined) {
          const phase = pod.status?.phase === 'Succeeded' ? 'Succeeded' : 'Failed';
          self.change<Pod>('pods', key, (one) => ({ ...one, metadata: { ...one.metadata, deletionGracePeriodSeconds: 0 }, status: { ...one.status, phase } }));
        } else if (pod.status?.phase === undefined) {
          const now = rfc3339(world.clock.now());
          const ip = `10.244.0.${self.list('pods').length}`;
          self.change<Pod>('pods', key, (one) => ({ ...one, spec: { containers: [], ...one.spec, nodeName: 'n1' }, status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }] } }));
        }
      }
    },
  };
  return self;
}

function respond(status: number, value: unknown): TransportResponse {
  const body = bytes(value);
  return {
    status,
    headers: {},
    body: (async function* () {
      yield body;
    })(),
    bytes: async () => body,
  };
}

function infoOf(name: string): ResourceInfo {
  const [plural, ...group] = name.split('.');
  const found = resources.find((info) => info.plural === plural && info.group === group.join('.'));
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
}

function parse(path: string): Target {
  const match = /^\/(?:api\/v1|apis\/([^/]+)\/([^/]+))\/(.*)$/.exec(path);
  if (match === null) throw notFound({ group: '', resource: path }, '');
  const [, group = '', version = 'v1', rest = ''] = match;
  let parts = rest.split('/').map(decodeURIComponent);
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') {
    namespace = parts[1] ?? '';
    parts = parts.slice(2);
  }
  const [plural = '', name = '', sub = ''] = parts;
  const info = resources.find((each) => each.plural === plural && each.group === group && each.version === version);
  if (info === undefined) throw notFound({ group, resource: plural }, name);
  return { info, namespace, name, sub };
}
