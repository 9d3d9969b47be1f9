// Requests after the grammar: path, query, headers and body chosen by a seeded random, so that one number names a request.
import { randomInt, type Random } from '../../src/base/random.ts';
import { encodeProtobuf, typeOfGvk } from '../../src/machinery/index.ts';
import type { Grammar, Operation } from './grammar.ts';
import { anyValue, damaged, randomText, valueOf } from './values.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Its answer has no end of its own. */
  readonly endless: boolean;
}

const namespaces = ['default', 'default', 'default', 'kube-system', 'fuzz', 'nowhere', '%2e%2e', 'UPPER'];
const accepts = [
  'application/json', 'application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/json;as=Table;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'application/cbor', '*/*', 'text/html', 'application/json;stream=watch', ';;;', 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json',
];
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml', 'application/apply-patch+cbor', 'text/plain'];
const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/cbor', 'text/plain', ''];
const queryValues: Readonly<Record<string, readonly string[]>> = {
  labelSelector: ['app=a', 'app in (a,b)', '!app', 'app notin (x),b', 'a==b,', '=', 'app in (', 'x'.repeat(300)], fieldSelector: ['metadata.name=n1', 'spec.nodeName=', 'status.phase!=Running', 'bogus=1', '='], limit: ['1', '5', '0', '-1', 'x', '9999999999'],
  resourceVersion: ['0', '1', '5', '', 'abc', '-1', '99999999999'], resourceVersionMatch: ['Exact', 'NotOlderThan', 'Wrong'], continue: ['', 'abc', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0'], timeoutSeconds: ['1', '0', '-5', 'x'],
  watch: ['true', 'false', '1', 'x'], dryRun: ['All', 'Some', ''], fieldManager: ['fuzz', 'x'.repeat(200), '\u0001'], fieldValidation: ['Strict', 'Warn', 'Ignore', 'Wrong'], force: ['true', 'false', 'x'], pretty: ['true', '1', 'x'],
  propagationPolicy: ['Foreground', 'Background', 'Orphan', 'Wrong'], gracePeriodSeconds: ['0', '30', '-1', 'x'], sendInitialEvents: ['true', 'false'], allowWatchBookmarks: ['true'], path: ['/', '..'], tailLines: ['1', '-1'], container: ['a'],
};

const pick = <T>(random: Random, from: readonly T[]): T => from[randomInt(random, from.length)] as T;

/** The request that `random` chooses. */
export function makeRequest(grammar: Grammar, random: Random): FuzzRequest {
  const operation = pick(random, grammar.operations);
  const method = randomInt(random, 60) === 0 ? pick(random, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'FROB']) : operation.method;
  const path = pathOf(operation, random) + queryOf(operation, random);
  const headers: Record<string, string> = { accept: pick(random, accepts) };
  if (randomInt(random, 8) === 0) headers['accept-encoding'] = 'gzip';
  if (randomInt(random, 100) === 0) headers['impersonate-user'] = pick(random, ['alice', 'system:serviceaccount:default:default', '']);
  const body = bodyOf(grammar, operation, method, random, headers);
  const endless = /[?&]watch=(?!(false|0)(&|$))/.test(path) || operation.action === 'watch' || operation.action === 'watchlist' || operation.action === 'connect';
  return { method, path, headers, body, endless };
}

function pathOf(operation: Operation, random: Random): string {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    if (name === 'namespace') return pick(random, namespaces);
    return randomInt(random, 30) === 0 ? encodeURIComponent(printable(randomText(random))) || 'x' : `n${randomInt(random, 40)}`;
  });
  return randomInt(random, 200) === 0 ? `${path}/${pick(random, ['', 'status', 'scale', '..', '%00', 'x/y/z'])}` : path;
}

function queryOf(operation: Operation, random: Random): string {
  const parts: string[] = [];
  for (const { name, type } of operation.queries) {
    if (randomInt(random, 7) !== 0) continue;
    const known = queryValues[name];
    const value = known !== undefined && randomInt(random, 10) !== 0 ? pick(random, known) : type === 'boolean' ? 'true' : type === 'integer' ? '3' : printable(randomText(random));
    parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

const printable = (text: string): string => text.toWellFormed().slice(0, 300);

/** Sets the content type and answers the bytes. */
function bodyOf(grammar: Grammar, operation: Operation, method: string, random: Random, headers: Record<string, string>): Buffer | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method === 'DELETE' && randomInt(random, 3) !== 0) return undefined;
  const patch = method === 'PATCH';
  const type = patch ? pick(random, patchTypes) : randomInt(random, 6) === 0 ? pick(random, bodyTypes) : 'application/json';
  if (type !== '') headers['content-type'] = type;
  const value = type === 'application/json-patch+json' ? jsonPatch(random) : objectFor(grammar, operation, random);
  const bytes = encode(value, type);
  return randomInt(random, 12) === 0 ? damaged(bytes, random) : bytes;
}

function objectFor(grammar: Grammar, operation: Operation, random: Random): unknown {
  const wrong = pick(random, [0, 0, 60, 20]);
  const value = operation.body === undefined ? anyValue(random) : valueOf(grammar, operation.body, random, wrong);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || operation.kind === undefined) return value;
  const { group, version, kind } = operation.kind;
  const object = value as Record<string, unknown>;
  if (operation.method === 'DELETE') return object;
  if (randomInt(random, 20) !== 0) Object.assign(object, { apiVersion: group === '' ? version : `${group}/${version}`, kind });
  if (randomInt(random, 10) !== 0) object['metadata'] = { ...(randomInt(random, 3) === 0 && typeof object['metadata'] === 'object' ? object['metadata'] : {}), name: `n${randomInt(random, 40)}` };
  return object;
}

function jsonPatch(random: Random): unknown {
  if (randomInt(random, 10) === 0) return anyValue(random);
  return Array.from({ length: randomInt(random, 5) }, () => ({
    op: pick(random, ['add', 'remove', 'replace', 'move', 'copy', 'test', 'frob']), path: pick(random, ['/metadata/labels/a', '/metadata/labels', '/spec', '/spec/replicas', '/data/x', '/metadata/finalizers/-', '/spec/containers/0/image', '', '/', '/~2', '/metadata/name']),
    from: pick(random, ['/metadata/labels', '/spec', '/data', '']), value: anyValue(random),
  }));
}

function encode(value: unknown, type: string): Buffer {
  const text = JSON.stringify(value) ?? '';
  if (type !== 'application/vnd.kubernetes.protobuf') return Buffer.from(text);
  try {
    const object = value as { apiVersion?: string; kind?: string };
    const [version = '', group = ''] = (object.apiVersion ?? '').split('/').toReversed();
    const schema = typeOfGvk(group, version, object.kind ?? '');
    return Buffer.from(schema === undefined ? text : encodeProtobuf(schema, value as Record<string, unknown>));
  } catch {
    return Buffer.from(`k8s\0${text}`);
  }
}
