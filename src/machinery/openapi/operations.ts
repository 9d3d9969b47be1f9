// Every request that the API takes on its resources, as rows that both dialects render: path, method, action,
// what travels, and the query parameters it understands. Names, parameters and statuses are what upstream's
// installer registers (apiserver/pkg/endpoints/installer.go).
import type { ResourceInfo, SubresourceInfo } from '#api/resources.ts';
import { formatApiVersion, gvkOfType, type GroupVersionKind } from '../group-of-type.ts';
import { customDefinitionName, definitionName } from './definition-name.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch' | 'head' | 'options';

export interface Operation {
  readonly path: string;
  readonly method: Method;
  /** list get post put patch delete deletecollection watch watchlist connect; absent where no resource is meant. */
  readonly action?: string;
  readonly operationId: string;
  readonly description: string;
  readonly tag: string;
  readonly gvk?: GroupVersionKind;
  /** Query parameters by name (parameters.ts). */
  readonly parameters: readonly string[];
  /** Definition names; '' is a plain string. */
  readonly body: string | undefined;
  readonly response: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  /** Besides 200. */
  readonly alsoAnswers: readonly (201 | 202)[];
}

export const objectEncodings = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const streamEncodings = [...objectEncodings, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
export const anything = ['*/*'];
const patchEncodings = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];
/** A custom resource has no strategic merge patch. */
const customPatchEncodings = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];
const customEncodings = ['application/json', 'application/yaml'];

const listParameters = [
  'allowWatchBookmarks', 'continue', 'fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'resourceVersionMatch', 'sendInitialEvents', 'shardSelector', 'timeoutSeconds', 'watch',
];
const deleteParameters = ['dryRun', 'gracePeriodSeconds', 'ignoreStoreReadErrorWithClusterBreakingPotential', 'orphanDependents', 'propagationPolicy'];
const writeParameters = ['dryRun', 'fieldManager', 'fieldValidation'];
const collectionDeleteParameters = [...deleteParameters, ...listParameters.filter((name) => name !== 'watch' && name !== 'allowWatchBookmarks')];

const status = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
const watchEvent = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';
const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const patch = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

const connectParameters: Readonly<Record<string, readonly string[]>> = {
  exec: ['command', 'container', 'stderr', 'stdin', 'stdout', 'tty'],
  attach: ['container', 'stderr', 'stdin', 'stdout', 'tty'],
  portforward: ['ports'],
  proxy: ['path'],
};
const logParameters = ['container', 'follow', 'insecureSkipTLSVerifyBackend', 'limitBytes', 'previous', 'sinceSeconds', 'stream', 'tailLines', 'timestamps'];

/** Deleting one answers with the object instead of a Status. */
const returnsDeleted: ReadonlySet<string> = new Set([
  '/persistentvolumeclaims', '/persistentvolumes', '/pods', '/podtemplates', '/resourcequotas', '/serviceaccounts', '/services', 'resource.k8s.io/deviceclasses', 'resource.k8s.io/devicetaintrules',
  'resource.k8s.io/resourceclaims', 'resource.k8s.io/resourceclaimtemplates', 'resource.k8s.io/resourcepoolstatusrequests', 'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers', 'storage.k8s.io/csinodes', 'storage.k8s.io/storageclasses', 'storage.k8s.io/volumeattachments', 'storage.k8s.io/volumeattributesclasses',
]);

export function pascal(text: string): string {
  return text.split(/[.-]/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}

/** "rbac.authorization.k8s.io" → "RbacAuthorization"; core is "Core". */
export function groupId(group: string): string {
  return group === '' ? 'Core' : pascal(group.replace(/\.k8s\.io$/, ''));
}

/** "rbac.authorization.k8s.io" → "rbacAuthorization". */
export function groupTag(group: string): string {
  return group === '' ? 'core' : group.replace(/\.k8s\.io$/, '').replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function definitionOf(info: ResourceInfo): string {
  return (info.type === undefined ? undefined : definitionName(info.type)) ?? customDefinitionName(info.group, info.version, info.kind);
}

/** "/api/v1" or "/apis/apps/v1". */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${formatApiVersion(group, version)}`;
}

/** What the operations of one resource share. */
interface Frame {
  readonly info: ResourceInfo;
  readonly base: string;
  readonly collection: string;
  readonly item: string;
  readonly gvk: GroupVersionKind;
  readonly definition: string;
  /** "AppsV1" */
  readonly group: string;
  readonly scope: string;
  readonly tag: string;
  readonly encodings: readonly string[];
}

type Row = Pick<Operation, 'path' | 'method' | 'action' | 'operationId' | 'description'> & Partial<Operation>;

function frameOf(info: ResourceInfo): Frame {
  const base = groupVersionPath(info.group, info.version);
  const collection = info.namespaced ? `${base}/namespaces/{namespace}/${info.plural}` : `${base}/${info.plural}`;
  return {
    info, base, collection, item: `${collection}/{name}`, gvk: { group: info.group, version: info.version, kind: info.kind }, definition: definitionOf(info),
    group: `${groupId(info.group)}${pascal(info.version)}`, scope: info.namespaced ? 'Namespaced' : '', tag: `${groupTag(info.group)}_${info.version}`,
    encodings: info.type === undefined ? customEncodings : objectEncodings,
  };
}

function operation(frame: Frame, row: Row): Operation {
  const isPatch = row.method === 'patch' && row.body === patch;
  return {
    tag: frame.tag, gvk: frame.gvk, parameters: [], body: undefined, response: frame.definition, produces: frame.encodings,
    consumes: isPatch ? (frame.info.type === undefined ? customPatchEncodings : patchEncodings) : anything,
    alsoAnswers: [], ...row,
  };
}

const article = (kind: string): string => (/^[AEIOU]/i.test(kind) ? 'an' : 'a');

/** All operations of a resource. */
export function operationsOf(info: ResourceInfo): Operation[] {
  const frame = frameOf(info);
  const rows = [...collectionRows(frame), ...itemRows(frame), ...watchRows(frame)];
  const operations = rows.map((row) => operation(frame, row));
  for (const sub of info.subresources) operations.push(...(connectParameters[sub.name] === undefined ? subresourceOperations(frame, sub) : connectOperations(frame, sub)));
  return operations;
}

function collectionRows({ info, base, collection, definition, group, scope }: Frame): Row[] {
  const verbs = new Set(info.verbs);
  const rows: Row[] = [];
  const own = `${group}${scope}${info.kind}`;
  const lists = { method: 'get', action: 'list', description: `list ${verbs.has('watch') ? 'or watch ' : ''}objects of kind ${info.kind}`, parameters: listParameters, response: `${definition}List`, produces: info.type === undefined ? customEncodings : streamEncodings } as const;
  if (verbs.has('list')) rows.push({ ...lists, path: collection, operationId: `list${own}` });
  if (verbs.has('create')) rows.push({ path: collection, method: 'post', action: 'post', operationId: `create${own}`, description: `create ${article(info.kind)} ${info.kind}`, parameters: writeParameters, body: definition, alsoAnswers: [201, 202] });
  if (verbs.has('deletecollection')) {
    rows.push({ path: collection, method: 'delete', action: 'deletecollection', operationId: `delete${group}Collection${scope}${info.kind}`, description: `delete collection of ${info.kind}`, parameters: collectionDeleteParameters, body: info.type === undefined ? undefined : deleteOptions, response: status });
  }
  if (info.namespaced && verbs.has('list')) rows.push({ ...lists, path: `${base}/${info.plural}`, operationId: `list${group}${info.kind}ForAllNamespaces` });
  return rows;
}

function itemRows({ info, item, definition, group, scope }: Frame): Row[] {
  const verbs = new Set(info.verbs);
  const rows: Row[] = [];
  const own = `${group}${scope}${info.kind}`;
  const isCustom = info.type === undefined;
  if (verbs.has('get')) rows.push({ path: item, method: 'get', action: 'get', operationId: `read${own}`, description: `read the specified ${info.kind}`, parameters: isCustom ? ['resourceVersion'] : [] });
  if (verbs.has('update')) rows.push({ path: item, method: 'put', action: 'put', operationId: `replace${own}`, description: `replace the specified ${info.kind}`, parameters: writeParameters, body: definition, alsoAnswers: [201] });
  if (verbs.has('delete')) {
    const response = returnsDeleted.has(`${info.group}/${info.plural}`) ? definition : status;
    rows.push({ path: item, method: 'delete', action: 'delete', operationId: `delete${own}`, description: `delete ${article(info.kind)} ${info.kind}`, parameters: deleteParameters, body: deleteOptions, response, alsoAnswers: [202] });
  }
  if (verbs.has('patch')) rows.push({ path: item, method: 'patch', action: 'patch', operationId: `patch${own}`, description: `partially update the specified ${info.kind}`, parameters: [...writeParameters, 'force'], body: patch, alsoAnswers: isCustom ? [] : [201] });
  return rows;
}

/** The old paths of watches, which custom resources do not have. */
function watchRows({ info, base, group, scope }: Frame): Row[] {
  if (!info.verbs.includes('watch') || info.type === undefined) return [];
  const shared = { method: 'get', parameters: listParameters, response: watchEvent, produces: streamEncodings } as const;
  const old = "deprecated: use the 'watch' parameter with a list operation instead";
  const list = { ...shared, action: 'watchlist', description: `watch individual changes to a list of ${info.kind}. ${old}.` };
  const place = info.namespaced ? `namespaces/{namespace}/${info.plural}` : info.plural;
  return [
    { ...shared, path: `${base}/watch/${place}/{name}`, action: 'watch', operationId: `watch${group}${scope}${info.kind}`, description: `watch changes to an object of kind ${info.kind}. ${old}, filtered to a single item with the 'fieldSelector' parameter.` },
    { ...list, path: `${base}/watch/${place}`, operationId: `watch${group}${scope}${info.kind}List` },
    ...(info.namespaced ? [{ ...list, path: `${base}/watch/${info.plural}`, operationId: `watch${group}${info.kind}ListForAllNamespaces` }] : []),
  ];
}

const methods: Readonly<Record<string, Method>> = { get: 'get', update: 'put', patch: 'patch', create: 'post', delete: 'delete' };
const proxyMethods: readonly Method[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

/** Streams and proxies: a proxy takes every method, with and without a path behind it. */
function connectOperations(frame: Frame, sub: SubresourceInfo): Operation[] {
  const isProxy = sub.name === 'proxy';
  const taken = isProxy ? proxyMethods : sub.verbs.flatMap((verb) => methods[verb] ?? []);
  return (isProxy ? ['', '/{path}'] : ['']).flatMap((rest) =>
    taken.map((method) =>
      operation(frame, {
        path: `${frame.item}/${sub.name}${rest}`, method, action: 'connect', gvk: gvkOfType(sub.type), parameters: connectParameters[sub.name] ?? [], response: '', consumes: anything, produces: anything,
        operationId: `connect${frame.group}${pascal(method)}${frame.scope}${frame.info.kind}${pascal(sub.name)}${rest === '' ? '' : 'WithPath'}`,
        description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${frame.info.kind}`,
      }),
    ),
  );
}

function subresourceOperations(frame: Frame, sub: SubresourceInfo): Operation[] {
  const { info, definition, group, scope } = frame;
  const isOwn = sub.type === '' || sub.type === info.type;
  const type = isOwn ? definition : (definitionName(sub.type) ?? definition);
  const path = `${frame.item}/${sub.name}`;
  const name = `${group}${scope}${info.kind}${pascal(sub.name)}`;
  const shared = { path, gvk: isOwn ? frame.gvk : gvkOfType(sub.type), response: type };
  const rows: Readonly<Record<string, Row>> = {
    get: { ...shared, method: 'get', action: 'get', operationId: `read${name}`, description: `read ${sub.name} of the specified ${info.kind}`, parameters: info.type === undefined ? ['resourceVersion'] : [] },
    update: { ...shared, method: 'put', action: 'put', operationId: `replace${name}`, description: `replace ${sub.name} of the specified ${info.kind}`, parameters: writeParameters, body: type, alsoAnswers: [201] },
    patch: { ...shared, method: 'patch', action: 'patch', operationId: `patch${name}`, description: `partially update ${sub.name} of the specified ${info.kind}`, parameters: [...writeParameters, 'force'], body: patch, alsoAnswers: info.type === undefined ? [] : [201] },
    create: { ...shared, method: 'post', action: 'post', operationId: `create${name}`, description: `create ${sub.name} of ${article(info.kind)} ${info.kind}`, parameters: writeParameters, body: type, alsoAnswers: [201, 202] },
  };
  return sub.verbs.flatMap((verb) => {
    const row = rows[verb];
    if (row === undefined) return [];
    return sub.name === 'log' ? operation(frame, { ...row, parameters: logParameters, response: '', produces: ['text/plain', ...objectEncodings] }) : operation(frame, row);
  });
}
