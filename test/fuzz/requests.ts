// Requests after the grammar: path, query, headers and body chosen by a seeded random, so that one number names a request.
import { randomInt, type Random } from '../../src/base/random.ts';
import { encodeCbor, encodeProtobuf, stringifyYaml, typeOfGvk } from '../../src/machinery/index.ts';
import type { Grammar, Operation } from './grammar.ts';
import { inflate, mutate, validBody } from './valid.ts';
import { anyValue, damaged, randomText, valueOf } from './values.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Its answer has no end of its own. */
  readonly endless: boolean;
}

const namespaces = ['default', 'default', 'default', 'default', 'default', 'default', 'fuzz', 'fuzz', 'fuzz', 'fuzz', 'kube-system', 'nowhere', '%2e%2e', 'UPPER'];
/** So few that objects are met again: updates find them, creates find them there. */
const names = 12;
const accepts = [
  'application/json', 'application/json', 'application/json', 'application/json', 'application/json', 'application/json', 'application/json', 'application/json', 'application/yaml', '*/*', 'application/vnd.kubernetes.protobuf', 'application/vnd.kubernetes.protobuf, application/json', 'application/json;as=Table;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'application/cbor', '*/*', 'text/html', 'application/json;stream=watch', ';;;', 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json',
];
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml', 'application/apply-patch+yaml', 'application/apply-patch+cbor', 'text/plain'];
const bodyTypes = ['application/json', 'application/yaml', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/vnd.kubernetes.protobuf', 'application/cbor', 'application/cbor', 'text/plain', ''];
const queryValues: Readonly<Record<string, readonly string[]>> = {
  labelSelector: ['app=a', 'app in (a,b)', '!app', 'app notin (x),b', 'a==b,', '=', 'app in (', 'x'.repeat(300)], fieldSelector: ['metadata.name=n1', 'spec.nodeName=', 'status.phase!=Running', 'bogus=1', '='], limit: ['1', '5', '0', '-1', 'x', '9999999999'],
  resourceVersion: ['0', '0', '1', '5', '', 'abc', '-1', '99999999999'], resourceVersionMatch: ['Exact', 'NotOlderThan', 'Wrong'], continue: ['', 'abc', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0'], timeoutSeconds: ['1', '0', '-5', 'x'],
  watch: ['true', 'false', '1', 'x'], dryRun: ['All', 'All', 'Some', ''], fieldManager: ['fuzz', 'fuzz', 'other', 'other', 'x'.repeat(200), '\u0001'], fieldValidation: ['Strict', 'Warn', 'Ignore', 'Wrong'], force: ['true', 'true', 'false', 'x'], pretty: ['true', '1', 'x'],
  propagationPolicy: ['Foreground', 'Background', 'Orphan', 'Wrong'], gracePeriodSeconds: ['0', '30', '-1', 'x'], sendInitialEvents: ['true', 'false'], allowWatchBookmarks: ['true'], path: ['/', '..'], tailLines: ['1', '-1'], container: ['a'],
};

const pick = <T>(random: Random, from: readonly T[]): T => from[randomInt(random, from.length)] as T;

const examples = new WeakMap<Grammar, readonly Operation[]>();

/** Operations that take a body of which a valid one is known, and those that read such objects. */
function withExamples(grammar: Grammar): readonly Operation[] {
  let known = examples.get(grammar);
  if (known === undefined) {
    known = grammar.operations.filter(({ kind, action }) => kind !== undefined && validBody(kind) !== undefined && action !== 'deletecollection' && !action.startsWith('watch'));
    examples.set(grammar, known);
  }
  return known;
}

/** The request that `random` chooses. */
export function makeRequest(grammar: Grammar, random: Random): FuzzRequest {
  const operation = pick(random, randomInt(random, 2) === 0 ? grammar.operations : withExamples(grammar));
  const method = randomInt(random, 60) === 0 ? pick(random, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'FROB']) : operation.method;
  const huge = operation.body !== undefined && randomInt(random, oneHugeIn) === 0;
  const path = pathOf(operation, random) + (huge ? '?fieldManager=fuzz&dryRun=All' : queryOf(operation, random));
  const headers: Record<string, string> = { accept: randomInt(random, 2) === 0 ? 'application/json' : pick(random, accepts) };
  if (randomInt(random, 8) === 0) headers['accept-encoding'] = 'gzip';
  if (randomInt(random, 100) === 0) headers['impersonate-user'] = pick(random, ['alice', 'system:serviceaccount:default:default', '']);
  const body = bodyOf(grammar, operation, method, random, headers, nameIn(path), huge);
  const endless = /[?&]watch=(?!(false|0)(&|$))/.test(path) || operation.action === 'watch' || operation.action === 'watchlist' || operation.action === 'connect';
  return { method, path, headers, body, endless };
}

function pathOf(operation: Operation, random: Random): string {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    if (name === 'namespace') return pick(random, namespaces);
    if (name === 'path' && operation.action === 'connect') return 'x';
    return randomInt(random, 30) === 0 ? encodeURIComponent(printable(randomText(random))) || 'x' : `n${randomInt(random, names)}`;
  });
  return randomInt(random, 200) === 0 ? `${path}/${pick(random, ['', 'status', 'scale', '..', '%00', 'x/y/z'])}` : path;
}

function queryOf(operation: Operation, random: Random): string {
  const parts: string[] = [];
  // What informers ask for.
  if (operation.method === 'GET' && operation.action === 'list' && randomInt(random, 12) === 0) return '?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1';
  for (const { name, type } of operation.queries) {
    // An apply needs its manager.
    const isApplys = operation.method === 'PATCH' && (name === 'fieldManager' || name === 'force');
    if (randomInt(random, isApplys ? 2 : 14) !== 0) continue;
    const known = queryValues[name];
    const value = known !== undefined && randomInt(random, 10) !== 0 ? pick(random, known) : type === 'boolean' ? 'true' : type === 'integer' ? '3' : printable(randomText(random));
    parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

const printable = (text: string): string => text.toWellFormed().slice(0, 300);

/** Sets the content type and answers the bytes. */
function bodyOf(grammar: Grammar, operation: Operation, method: string, random: Random, headers: Record<string, string>, name: string | undefined, huge: boolean): Buffer | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method === 'DELETE' && randomInt(random, 3) !== 0) return undefined;
  const patch = method === 'PATCH';
  const type = patch ? pick(random, patchTypes) : randomInt(random, 4) === 0 ? pick(random, bodyTypes) : 'application/json';
  if (type !== '') headers['content-type'] = type;
  const value = type === 'application/json-patch+json' ? jsonPatch(random) : objectFor(grammar, operation, random, name, huge);
  const bytes = encode(value, type, random);
  return randomInt(random, 25) === 0 ? damaged(bytes, random) : bytes;
}

/** Of so many bodies one has thousands of values. They are tried and not kept, as the store would grow without bound. */
const oneHugeIn = Number(process.env['SKIFF_FUZZ_HUGE'] ?? 1_500);

/** The name of the object that a path is about, as most bodies have it too. */
function nameIn(path: string): string | undefined {
  return /\/(n\d+)(?:\/\w+)?(?:\?|$)/.exec(path)?.[1];
}

function objectFor(grammar: Grammar, operation: Operation, random: Random, name = `n${randomInt(random, names)}`, huge = false): unknown {
  const valid = operation.kind === undefined || operation.method === 'DELETE' ? undefined : validBody(operation.kind);
  if (valid === undefined || randomInt(random, 4) === 0) return randomObject(grammar, operation, random);
  valid['metadata'] = { name, ...(randomInt(random, 3) === 0 ? { labels: { app: 'a', v: `v${randomInt(random, 5)}` } } : {}) };
  if (huge) inflate(valid, random);
  for (let changes = randomInt(random, 5) - 2; changes > 0; changes--) mutate(valid, random);
  return valid;
}

function randomObject(grammar: Grammar, operation: Operation, random: Random): unknown {
  const wrong = pick(random, [0, 0, 60, 20]);
  const value = operation.body === undefined ? anyValue(random) : valueOf(grammar, operation.body, random, wrong);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || operation.kind === undefined) return value;
  const { group, version, kind } = operation.kind;
  const object = value as Record<string, unknown>;
  if (operation.method === 'DELETE') return object;
  if (randomInt(random, 20) !== 0) Object.assign(object, { apiVersion: group === '' ? version : `${group}/${version}`, kind });
  if (randomInt(random, 10) !== 0) object['metadata'] = { ...(randomInt(random, 3) === 0 && typeof object['metadata'] === 'object' ? object['metadata'] : {}), name: `n${randomInt(random, names)}` };
  return object;
}

function jsonPatch(random: Random): unknown {
  if (randomInt(random, 10) === 0) return anyValue(random);
  return Array.from({ length: randomInt(random, 5) }, () => ({
    op: pick(random, ['add', 'remove', 'replace', 'move', 'copy', 'test', 'frob']), path: pick(random, ['/metadata/labels/a', '/metadata/labels', '/spec', '/spec/replicas', '/data/x', '/metadata/finalizers/-', '/spec/containers/0/image', '', '/', '/~2', '/metadata/name']),
    from: pick(random, ['/metadata/labels', '/spec', '/data', '']), value: anyValue(random),
  }));
}

function encode(value: unknown, type: string, random: Random): Buffer {
  const text = JSON.stringify(value) ?? '';
  const isObject = typeof value === 'object' && value !== null;
  if (isObject && type.endsWith('cbor')) return Buffer.from(encodeCbor(undefined, JSON.parse(text)));
  if (isObject && type.endsWith('yaml') && randomInt(random, 2) === 0) return Buffer.from(stringifyYaml(JSON.parse(text)));
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
