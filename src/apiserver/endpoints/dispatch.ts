// From a resource request to its handler: which resource, which subresource, which verb; what no URL means is
// a 404, what no verb means a 405.
import { allResources } from '#api/resources.ts';
import { badRequest, genericServerResponse, goQuote, noSuchPath, notFound } from '#machinery';
import { answerNotFound } from '../health/path-handlers.ts';
import type { ResourceTable, ServedResource } from '../registry/resources.ts';
import { objectKey } from '../registry/storage-layout.ts';
import type { Call } from '../request/call.ts';
import type { ParsedRequest } from '../request/request-info.ts';
import { getComponentStatus, listComponentStatuses } from './component-statuses.ts';
import { createBinding } from './binding.ts';
import { getLog, portForward, proxyTo, streamToContainer } from './connect.ts';
import { createVirtual } from './creators.ts';
import { deleteCollection } from './delete-collection.ts';
import { storedOf, type Server, type Target } from './endpoint.ts';
import { createEviction } from './eviction.ts';
import { getObject, listObjects, watchObjects } from './read.ts';
import { getScale, patchScale, putScale } from './scale.ts';
import { deleteObject, patchObject, postObject, putObject } from './write.ts';

type EndpointHandler = (target: Target) => Promise<void> | void;

const verbs: Readonly<Record<string, EndpointHandler>> = {
  get: getObject, list: listObjects, watch: watchObjects, create: postObject, update: putObject, patch: patchObject, delete: deleteObject, deletecollection: deleteCollection,
};

const scale: Readonly<Record<string, EndpointHandler>> = { get: getScale, update: putScale, patch: patchScale };

/** Streams and proxies: any method that the subresource allows is the connection itself. */
const connections: Readonly<Record<string, EndpointHandler>> = {
  log: getLog,
  exec: (target) => streamToContainer(target, 'exec'),
  attach: (target) => streamToContainer(target, 'attach'),
  portforward: portForward,
  proxy: proxyTo,
};

const methodVerbs: Readonly<Record<string, string>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** A watch is a GET, whatever its path says. */
const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** 405 as upstream's router gives it. */
function notAllowed(call: Call): Error {
  return genericServerResponse(405, call.exchange.method, { group: '', resource: '' }, '', '', 0, false);
}

/** Requests that stay open: watches, streams and proxies. */
export function isLongRunning(verb: string, subresource: string): boolean {
  return verb === 'watch' || verb === 'proxy' || subresource === 'log' || subresource === 'exec' || subresource === 'attach' || subresource === 'portforward' || subresource === 'proxy';
}

const builtInGroups: ReadonlySet<string> = new Set(allResources.map(({ group }) => group));

/** Finds the handler and runs it. Throws 404 and 405. */
export function dispatchResource(server: Server, resources: ResourceTable, call: Call): Promise<void> | void {
  const { info } = call;
  const served = resources.find(info.apiGroup, info.apiVersion, info.resource);
  if (served === undefined) {
    // Upstream's routers of the groups that it was built with have words of their own; others are nobody's path.
    if (!builtInGroups.has(info.apiGroup)) return answerNotFound(call);
    throw noSuchPath();
  }
  const { handling } = served;
  if (handling.warnings !== undefined) server.deprecated.tell(call, handling);
  const { namespaced } = served.info;
  const isNamespaces = served.info.group === '' && served.info.plural === 'namespaces';
  if (!namespaced && info.namespace !== '' && !isNamespaces) throw noSuchPath();
  const target: Target = { server, call, served, subresource: info.subresource, namespace: namespaced ? info.namespace : '', name: info.name };
  checkPathName(info);
  // Upstream's router has no HEAD for the kinds it was built with; that of custom resources goes by the verb alone.
  const isHead = call.exchange.method === 'HEAD' && served.info.type !== undefined;
  if (isHead && info.subresource !== 'proxy') throw notAllowed(call);
  if (info.subresource !== '') return dispatchSubresource(target, resources);
  if (info.name !== '' && served.stored === undefined && served.info.plural !== 'componentstatuses') throw noSuchPath();
  if (namespaced && info.namespace === '') {
    const onCollection = info.verb === 'list' || info.verb === 'watch';
    const hasName = info.path.split('/').filter((s) => s !== '').length > (info.apiGroup === '' ? 3 : 4);
    // Custom resources that are in namespaces have nothing else outside: the path itself is unknown there.
    if (!onCollection && served.info.type === undefined) throw noSuchPath();
    if (!onCollection) throw hasName && info.verb !== 'watch' ? noSuchPath() : notAllowed(call);
  }
  const verb = collectionVerb(call);
  if (!served.info.verbs.includes(verb) || (verb === 'watch' && !readMethods.has(call.exchange.method))) throw notAllowed(call);
  if (verb === 'create' && served.stored === undefined) return createUnstored(target, resources);
  if (served.info.group === '' && served.info.plural === 'componentstatuses') return verb === 'list' ? listComponentStatuses(target) : getComponentStatus(target);
  const handler = verbs[verb];
  if (handler === undefined || served.stored === undefined) throw notAllowed(call);
  return whenCaughtUp(target, verb, handler);
}

/** A custom resource's version may have to be converted first: one object for requests by name, for those on a collection all; to create, none. */
function whenCaughtUp(target: Target, verb: string, handler: EndpointHandler): Promise<void> | void {
  const { stored } = target.served;
  if (stored?.versioned === undefined || verb === 'create') return handler(target);
  const { versioned } = stored;
  const isOne = target.name !== '' && verb !== 'watch';
  const waiting = isOne ? versioned.ready(objectKey(stored.namespaced, target.namespace, target.name)) : versioned.caughtUp();
  return waiting === undefined ? handler(target) : waiting.then(() => handler(target));
}

/** Names that cannot be part of a key. Throws 400. */
function checkPathName({ name, verb }: ParsedRequest): void {
  if (name === '' || verb === 'list' || verb === 'watch') return;
  const problem = name === '.' || name === '..' ? `may not be '${name}'` : name.includes('%') ? "may not contain '%'" : undefined;
  if (problem !== undefined) throw badRequest(`Name parameter invalid: ${goQuote(name)}: ${problem}`);
}

/** POST on an object and PUT or PATCH on a collection mean nothing. */
function collectionVerb(call: Call): string {
  const { verb, name } = call.info;
  if (verb === 'create' && name !== '') throw notAllowed(call);
  if ((verb === 'update' || verb === 'patch') && name === '') throw notAllowed(call);
  return verb;
}

function createUnstored(target: Target, resources: ResourceTable): Promise<void> | void {
  const { info } = target.served;
  if (info.group === '' && info.plural === 'bindings') return createBinding(target, { ...target, served: must(resources, '', 'pods') });
  return createVirtual(target);
}

function dispatchSubresource(target: Target, resources: ResourceTable): Promise<void> | void {
  const { call, served, subresource } = target;
  const sub = served.info.subresources.find((candidate) => candidate.name === subresource);
  if (sub === undefined && served.info.type === undefined && target.name !== '') throw notFound(served.groupResource, target.name);
  if (sub === undefined || target.name === '' || (served.info.namespaced && target.namespace === '')) throw noSuchPath();
  const verb = methodVerbs[call.exchange.method] ?? '';
  const connection = connections[subresource];
  if (!sub.verbs.includes(verb)) {
    const anyMethod = subresource === 'proxy' && ['HEAD', 'OPTIONS', 'GET'].includes(call.exchange.method);
    if (!anyMethod) throw notAllowed(call);
  }
  if (connection !== undefined) return connection(target);
  if (subresource === 'scale') return whenCaughtUp(target, verb, scale[verb] ?? (() => undefined));
  if (subresource === 'binding') return createBinding(target, target);
  if (subresource === 'eviction') return createEviction(target, storedOf({ ...target, served: must(resources, 'policy', 'poddisruptionbudgets') }));
  if (verb === 'create') return createVirtual(target);
  return whenCaughtUp(target, verb, verbs[verb] ?? (() => undefined));
}

function must(resources: ResourceTable, group: string, plural: string): ServedResource {
  const served = resources.storedIn(group, plural);
  if (served === undefined) throw new Error(`${plural}.${group} is not served`);
  return served;
}
