// The verbs of one resource, in one namespace or in all, as REST calls. Lists of built-in types carry no
// apiVersion and kind on their items; they are put back here, so that an object looks the same whichever way
// it came.
import type { ResourceInfo } from '#api/resources.ts';
import type { ApiObject, DeleteOptions, GetOptions, ListOptions, ObjectList, PatchType, ResourceClient, WriteOptions } from './contract.ts';
import type { Rest } from './rest.ts';
import { watchEvents } from './watch.ts';

const patchTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

const metadataItem = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';
const metadataList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface ListBody<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: T[] | null;
}

/** "apps/v1", or "v1" for core. */
export function apiVersionOf(info: Pick<ResourceInfo, 'group' | 'version'>): string {
  return info.group === '' ? info.version : `${info.group}/${info.version}`;
}

/** The URL path of a resource, an object or a subresource. */
export function resourcePath(info: ResourceInfo, namespace: string, name?: string, subresource?: string): string {
  const parts = [info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`];
  if (info.namespaced && namespace !== '') parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(info.plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined && subresource !== '') parts.push(subresource);
  return parts.join('/');
}

function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '' && value !== false) params.set(key, String(value));
  }
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

function listQuery(options: ListOptions): Query {
  const { labelSelector, fieldSelector, limit, resourceVersion, resourceVersionMatch } = options;
  return { labelSelector, fieldSelector, limit, continue: options.continue, resourceVersion, resourceVersionMatch };
}

/** A client for `info`. `namespace` '' means all namespaces, or a cluster-scoped resource. */
export function createResourceClient<T extends ApiObject>(rest: Rest, info: ResourceInfo, namespace: string, fieldManager: string | undefined): ResourceClient<T> {
  const apiVersion = apiVersionOf(info);

  const path = (name: string, own: string, subresource?: string): string => {
    if (name === '') throw new Error(`client: ${info.plural}: an object has a name`);
    if (info.namespaced && own === '') throw new Error(`client: ${info.plural} ${name}: choose a namespace with in()`);
    return resourcePath(info, own, name, subresource);
  };
  const writeQuery = (options: WriteOptions): Query => ({ dryRun: options.dryRun === true ? 'All' : undefined, fieldManager: options.fieldManager ?? fieldManager });
  const namespaceOf = (object: ApiObject): string => (namespace !== '' ? namespace : (object.metadata?.namespace ?? ''));
  const typed = (object: ApiObject): ApiObject => (object.kind === undefined ? { apiVersion, kind: info.kind, ...object } : object);
  const send = <R>(method: string, target: string, body: unknown, options: WriteOptions): Promise<R> =>
    rest.json<R>({ method, path: withQuery(target, writeQuery(options)), contentType: 'application/json', body: JSON.stringify(body), signal: options.signal });

  const list = async (options: ListOptions = {}): Promise<ObjectList<T>> => {
    const body = await rest.json<ListBody<T>>({
      method: 'GET',
      path: withQuery(resourcePath(info, namespace), listQuery(options)),
      accept: options.metadataOnly === true ? metadataList : undefined,
      signal: options.signal,
    });
    const items = body.items ?? [];
    for (const item of items) stamp(item, apiVersion, info.kind);
    return { items, resourceVersion: body.metadata?.resourceVersion ?? '', continue: body.metadata?.continue ?? '' };
  };

  return {
    info,
    in: (other) => createResourceClient(rest, info, other, fieldManager),
    get: (name, options: GetOptions = {}) =>
      rest.json<T>({ method: 'GET', path: path(name, namespace), accept: options.metadataOnly === true ? metadataItem : undefined, signal: options.signal }),
    list,
    async listAll(options = {}) {
      const items: T[] = [];
      let page = await list({ limit: 500, ...options });
      for (;;) {
        for (const item of page.items) items.push(item);
        if (page.continue === '') return { items, resourceVersion: page.resourceVersion, continue: '' };
        // A continue token carries its own revision; the server refuses another one beside it.
        page = await list({ limit: 500, ...options, resourceVersion: undefined, resourceVersionMatch: undefined, continue: page.continue });
      }
    },
    create: async (object, options = {}) => send('POST', resourcePath(info, namespaceOf(object)), typed(object), options),
    update: async (object, options = {}) => send('PUT', path(object.metadata?.name ?? '', namespaceOf(object)), typed(object), options),
    updateStatus: async (object, options = {}) => send('PUT', path(object.metadata?.name ?? '', namespaceOf(object), 'status'), typed(object), options),
    patch: async (name, type, patch, options = {}) =>
      rest.json<T>({
        method: 'PATCH',
        path: withQuery(path(name, namespace, options.subresource), { ...writeQuery(options), force: options.force }),
        contentType: patchTypes[type],
        body: JSON.stringify(patch),
        signal: options.signal,
      }),
    async delete(name, options = {}) {
      await rest.bytes({ method: 'DELETE', path: path(name, namespace), ...deleteBody(options), signal: options.signal });
    },
    async deleteCollection(options = {}) {
      await rest.bytes({ method: 'DELETE', path: withQuery(resourcePath(info, namespace), listQuery(options)), ...deleteBody(options), signal: options.signal });
    },
    createSub: async (name, subresource, body, options = {}) => send('POST', path(name, namespace, subresource), body, options),
    getSub: async (name, subresource, options = {}) => rest.json({ method: 'GET', path: path(name, namespace, subresource), signal: options.signal }),
    watch: (options = {}) =>
      watchEvents<T>(() =>
        rest.stream({
          method: 'GET',
          path: withQuery(resourcePath(info, namespace), {
            ...listQuery(options),
            watch: true,
            allowWatchBookmarks: options.allowBookmarks,
            sendInitialEvents: options.sendInitialEvents,
            timeoutSeconds: options.timeoutSeconds,
          }),
          accept: options.metadataOnly === true ? metadataItem : undefined,
          signal: options.signal,
        }),
      ),
  };
}

function stamp(item: ApiObject, apiVersion: string, kind: string): void {
  item.apiVersion ??= apiVersion;
  item.kind ??= kind;
}

function deleteBody(options: DeleteOptions): { contentType?: string; body?: string } {
  const { gracePeriodSeconds, propagationPolicy, preconditions } = options;
  const body = { gracePeriodSeconds, propagationPolicy, preconditions, dryRun: options.dryRun === true ? ['All'] : undefined };
  const text = JSON.stringify(body);
  return text === '{}' ? {} : { contentType: 'application/json', body: JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', ...body }) };
}
