// Every request that the API takes on its resources, as rows that both dialects render: path, method, action,
// what travels, and the query parameters it understands.
import type { ResourceInfo, SubresourceInfo } from '#api/resources.ts';
import { formatApiVersion, gvkOfType, type GroupVersionKind } from '../group-of-type.ts';
import { customDefinitionName, definitionName } from './definition-name.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch' | 'head' | 'options';

export interface Operation {
  readonly path: string;
  readonly method: Method;
  /** list get post put patch delete deletecollection connect */
  readonly action: string;
  readonly operationId: string;
  readonly description: string;
  readonly tag: string;
  readonly gvk: GroupVersionKind;
  /** Query parameters by name (parameters.ts). */
  readonly parameters: readonly string[];
  /** Definition names; '' is a plain string. */
  readonly body: string | undefined;
  readonly response: string;
}

const listParameters = [
  'allowWatchBookmarks', 'continue', 'fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'resourceVersionMatch', 'sendInitialEvents', 'shardSelector', 'timeoutSeconds', 'watch',
];
const deleteParameters = ['dryRun', 'gracePeriodSeconds', 'ignoreStoreReadErrorWithClusterBreakingPotential', 'orphanDependents', 'propagationPolicy'];
const writeParameters = ['dryRun', 'fieldManager', 'fieldValidation'];
const collectionDeleteParameters = [...deleteParameters, ...listParameters.filter((name) => name !== 'watch' && name !== 'allowWatchBookmarks')];

const status = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const patch = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

const connectParameters: Readonly<Record<string, readonly string[]>> = {
  exec: ['command', 'container', 'stderr', 'stdin', 'stdout', 'tty'],
  attach: ['container', 'stderr', 'stdin', 'stdout', 'tty'],
  portforward: ['ports'],
  proxy: ['path'],
  log: ['container', 'follow', 'insecureSkipTLSVerifyBackend', 'limitBytes', 'previous', 'sinceSeconds', 'stream', 'tailLines', 'timestamps'],
};

function pascal(text: string): string {
  return text.split(/[.-]/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}

/** "rbac.authorization.k8s.io" → "RbacAuthorization"; core is "Core". */
function groupId(group: string): string {
  return group === '' ? 'Core' : pascal(group.replace(/\.k8s\.io$/, ''));
}

export function definitionOf(info: ResourceInfo): string {
  return (info.type === undefined ? undefined : definitionName(info.type)) ?? customDefinitionName(info.group, info.version, info.kind);
}

/** "/api/v1" or "/apis/apps/v1". */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${formatApiVersion(group, version)}`;
}

/** All operations of a resource. */
export function operationsOf(info: ResourceInfo): Operation[] {
  const operations: Operation[] = [];
  const base = groupVersionPath(info.group, info.version);
  const collection = info.namespaced ? `${base}/namespaces/{namespace}/${info.plural}` : `${base}/${info.plural}`;
  const item = `${collection}/{name}`;
  const gvk = { group: info.group, version: info.version, kind: info.kind };
  const definition = definitionOf(info);
  const group = `${groupId(info.group)}${pascal(info.version)}`;
  const scope = info.namespaced ? 'Namespaced' : '';
  const tag = tagOf(info.group, info.version);
  const push = (path: string, method: Method, action: string, id: string, description: string, parameters: readonly string[], body: string | undefined, response: string): void => {
    operations.push({ path, method, action, operationId: id, description, tag, gvk, parameters, body, response });
  };
  const verbs = new Set(info.verbs);
  const own = `${group}${scope}${info.kind}`;
  if (verbs.has('list')) push(collection, 'get', 'list', `list${own}`, `list or watch objects of kind ${info.kind}`, listParameters, undefined, `${definition}List`);
  if (verbs.has('create')) push(collection, 'post', 'post', `create${own}`, `create a ${info.kind}`, writeParameters, definition, definition);
  if (verbs.has('deletecollection')) {
    push(collection, 'delete', 'deletecollection', `delete${group}Collection${scope}${info.kind}`, `delete collection of ${info.kind}`, collectionDeleteParameters, deleteOptions, status);
  }
  if (verbs.has('get')) push(item, 'get', 'get', `read${own}`, `read the specified ${info.kind}`, [], undefined, definition);
  if (verbs.has('update')) push(item, 'put', 'put', `replace${own}`, `replace the specified ${info.kind}`, writeParameters, definition, definition);
  if (verbs.has('patch')) push(item, 'patch', 'patch', `patch${own}`, `partially update the specified ${info.kind}`, [...writeParameters, 'force'], patch, definition);
  if (verbs.has('delete')) push(item, 'delete', 'delete', `delete${own}`, `delete a ${info.kind}`, deleteParameters, deleteOptions, info.kind === 'Pod' ? definition : status);
  if (info.namespaced && verbs.has('list')) {
    const everywhere = `list${group}${info.kind}ForAllNamespaces`;
    push(`${base}/${info.plural}`, 'get', 'list', everywhere, `list or watch objects of kind ${info.kind}`, listParameters, undefined, `${definition}List`);
  }
  for (const sub of info.subresources) {
    if (sub.name === 'proxy') operations.push(...proxyOperations(info, `${item}/proxy`, group, scope, tag, gvkOfType(sub.type)));
    else operations.push(...subresourceOperations(info, sub, `${item}/${sub.name}`, definition, group, scope, tag));
  }
  return operations;
}

const methods: Readonly<Record<string, Method>> = { get: 'get', update: 'put', patch: 'patch', create: 'post', delete: 'delete' };
const ids: Readonly<Record<Method, string>> = { get: 'read', put: 'replace', patch: 'patch', post: 'create', delete: 'delete', head: 'head', options: 'options' };
const proxyMethods: readonly Method[] = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'];

function connectId(method: Method, group: string, scope: string, info: ResourceInfo, suffix: string): string {
  return `connect${group}${pascal(method)}${scope}${info.kind}${suffix}`;
}

/** A proxy takes every method, with and without a path behind it. */
function proxyOperations(info: ResourceInfo, path: string, group: string, scope: string, tag: string, gvk: GroupVersionKind): Operation[] {
  return ['', '/{path}'].flatMap((rest) =>
    proxyMethods.map((method) => ({
      path: `${path}${rest}`, method, action: 'connect', operationId: connectId(method, group, scope, info, rest === '' ? 'Proxy' : 'ProxyWithPath'),
      description: `connect ${method.toUpperCase()} requests to proxy of ${info.kind}`, tag, gvk, parameters: ['path'], body: undefined, response: '',
    })),
  );
}

function subresourceOperations(info: ResourceInfo, sub: SubresourceInfo, path: string, parent: string, group: string, scope: string, tag: string): Operation[] {
  const streams = connectParameters[sub.name];
  const isOwn = sub.type === '' || sub.type === info.type;
  const definition = isOwn ? parent : (definitionName(sub.type) ?? parent);
  const gvk = isOwn ? { group: info.group, version: info.version, kind: info.kind } : gvkOfType(sub.type);
  return sub.verbs.flatMap((verb): Operation[] => {
    const method = methods[verb];
    if (method === undefined) return [];
    const operationId = `${ids[method]}${group}${scope}${info.kind}${pascal(sub.name)}`;
    if (streams !== undefined && sub.name !== 'log') {
      const description = `connect ${method.toUpperCase()} requests to ${sub.name} of ${info.kind}`;
      return [{ path, method, action: 'connect', operationId: connectId(method, group, scope, info, pascal(sub.name)), description, tag, gvk, parameters: streams, body: undefined, response: '' }];
    }
    const description = `${ids[method]} ${sub.name} of the specified ${info.kind}`;
    if (streams !== undefined) return [{ path, method, action: 'get', operationId, description, tag, gvk, parameters: streams, body: undefined, response: '' }];
    const parameters = method === 'get' ? [] : method === 'patch' ? [...writeParameters, 'force'] : writeParameters;
    const body = method === 'get' ? undefined : method === 'patch' ? patch : definition;
    return [{ path, method, action: method, operationId, description, tag, gvk, parameters, body, response: definition }];
  });
}

/** The request that lists what a group and version serve. */
export function discoveryOperation(group: string, version: string): Operation {
  return {
    path: `${groupVersionPath(group, version)}/`, method: 'get', action: 'get', operationId: `get${groupId(group)}${pascal(version)}APIResources`, description: 'get available resources',
    tag: tagOf(group, version), gvk: { group: '', version: 'v1', kind: 'APIResourceList' }, parameters: [], body: undefined,
    response: 'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList',
  };
}

/** "rbac.authorization.k8s.io", "v1" → "rbacAuthorization_v1". */
function tagOf(group: string, version: string): string {
  const name = group === '' ? 'core' : group.replace(/\.k8s\.io$/, '').replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
  return `${name}_${version}`;
}
