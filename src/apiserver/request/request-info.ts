// What a URL and a method ask for (upstream: RequestInfo). Runs on every request: one pass over the path, no
// regular expressions, the query parsed only when there is one.
import { badRequest } from '#machinery';
import { parseFieldSelector } from '#machinery';
import type { RequestInfo } from '../contract.ts';

const verbOfMethod: Readonly<Record<string, string>> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize']);
const pathVerbs: ReadonlySet<string> = new Set(['proxy', 'watch']);
const selectorVerbs: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);
const noQuery = new URLSearchParams();

/** What lies behind the parts that RequestInfo interprets: "a/b" of …/pods/x/proxy/a/b, with its leading slash. */
export interface ParsedRequest extends RequestInfo {
  readonly rest: string;
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`invalid URL escape in path segment "${segment}"`);
  }
}

/** Throws StatusError 400 for a path that cannot be decoded. */
export function parseRequest(method: string, url: string): ParsedRequest {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 || mark === url.length - 1 ? noQuery : new URLSearchParams(url.slice(mark + 1));
  const segments = segmentsOf(path);
  const isCore = segments[0] === 'api';
  const resourceAt = isCore ? 2 : segments[0] === 'apis' ? 3 : segments.length + 1;
  if (segments.length <= resourceAt) return nonResource(method, path, query);
  const group = isCore ? '' : decode(segments[1] ?? '');
  const version = decode(segments[isCore ? 1 : 2] ?? '');
  return resourceRequest(method, path, query, group, version, segments.slice(resourceAt));
}

/** An escaped slash parts the path like a plain one. What has one is decoded as a whole and escaped again. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (!path.includes('%') || !/%2f/i.test(path)) return segments;
  return segments.flatMap((segment) => decode(segment).split('/')).filter((segment) => segment !== '').map(encodeURIComponent);
}

function nonResource(method: string, path: string, query: URLSearchParams): ParsedRequest {
  return {
    isResourceRequest: false, verb: method.toLowerCase(), path, apiGroup: '', apiVersion: '', namespace: '', resource: '', subresource: '', name: '', query, rest: '',
  };
}

function resourceRequest(method: string, path: string, query: URLSearchParams, apiGroup: string, apiVersion: string, segments: string[]): ParsedRequest {
  let parts = segments;
  let verb = verbOfMethod[method] ?? '';
  const byPath = pathVerbs.has(parts[0] ?? '');
  if (byPath) {
    verb = parts[0] ?? '';
    parts = parts.slice(1);
    if (parts.length === 0) throw badRequest(`unable to determine kind and namespace from url, ${path}`);
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = decode(parts[1] ?? '');
    if (parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '')) parts = parts.slice(2);
  }
  const resource = decode(parts[0] ?? '');
  const name = decode(parts[1] ?? '');
  const subresource = verb === 'proxy' ? '' : decode(parts[2] ?? '');
  const rest = parts.length > 3 ? restOfPath(path, parts.length - 3, path.endsWith('/')) : parts.length === 3 && path.endsWith('/') ? '/' : '';
  if (name === '' && verb === 'get') verb = isWatch(query) ? 'watch' : 'list';
  if (name === '' && verb === 'delete') verb = 'deletecollection';
  const info = { isResourceRequest: true, verb, path, apiGroup, apiVersion, namespace, resource, subresource, name: name === '' ? nameOfSelector(verb, query) : name, query, rest };
  if (byPath || query === noQuery || !selectorVerbs.has(verb)) return info;
  const labelSelector = query.get('labelSelector') ?? undefined;
  const fieldSelector = query.get('fieldSelector') ?? undefined;
  return { ...info, ...(labelSelector === undefined ? {} : { labelSelector }), ...(fieldSelector === undefined ? {} : { fieldSelector }) };
}

/** The last `count` segments of the path, undecoded. */
function restOfPath(path: string, count: number, slash: boolean): string {
  const segments = segmentsOf(path);
  return `/${segments.slice(-count).join('/')}${slash ? '/' : ''}`;
}

/** As Go's conversion of a query value to bool: anything but "false" and "0" is true. */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

function isWatch(query: URLSearchParams): boolean {
  return query !== noQuery && queryFlag(query, 'watch');
}

/** A list for one name by field selector is authorized as that name. */
function nameOfSelector(verb: string, query: URLSearchParams): string {
  if (query === noQuery || (verb !== 'list' && verb !== 'watch')) return '';
  const text = query.get('fieldSelector');
  if (text === null || !text.includes('metadata.name')) return '';
  try {
    const name = parseFieldSelector(text).exact('metadata.name') ?? '';
    return name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('%') ? '' : name;
  } catch {
    return '';
  }
}
