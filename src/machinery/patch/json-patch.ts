// JSON patch (RFC 6902) with the leniences and texts of the library upstream uses: negative indices,
// `replace` of an absent object key, `null` standing for absent on the way to a target. The operations run
// on a copy, so a failing patch leaves nothing half-done. Operations and copied bytes are bounded.
import { invalidValue } from '../field-errors.ts';
import type { KubeObject } from '../object.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { badRequest, genericServerResponse, invalid, requestEntityTooLarge, type StatusError } from '../status.ts';
import { cloneJson, cloningJson, isObject, jsonEqual, jsonKind, setKey, type JsonObject } from './json-tree.ts';

const maxOperations = 10_000;
const maxCopiedBytes = 3 * 1024 * 1024;

interface Document {
  root: unknown;
  copiedBytes: number;
}

type Operation = JsonObject;

class PatchError extends Error {}

/**
 * Applies a JSON patch to a copy of `object`. `ops` is the decoded body.
 * Throws StatusError 400 for what is no patch, 413 for more than 10,000 operations, 422 when an operation fails.
 */
export function jsonPatch(object: KubeObject, ops: unknown): KubeObject {
  return atOnce(patchingJson(object, ops));
}

const operationsPerSlice = 256;

/** As jsonPatch, in slices. */
export function* patchingJson(object: KubeObject, ops: unknown): Sliced<KubeObject> {
  const operations = decode(ops);
  if (operations.length > maxOperations) {
    throw requestEntityTooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`);
  }
  const document: Document = { root: operations.length < operationsPerSlice ? cloneJson(object) : yield* cloningJson(object), copiedBytes: 0 };
  try {
    for (const [i, operation] of operations.entries()) {
      if (i % operationsPerSlice === operationsPerSlice - 1) yield;
      run(document, operation);
    }
  } catch (error) {
    if (error instanceof PatchError) throw unprocessable(error.message);
    throw error;
  }
  return patched(document.root);
}

/** The patched document, which must still be an object. */
export function patched(root: unknown): KubeObject {
  if (isObject(root)) return root;
  const text = `json: cannot unmarshal ${jsonKind(root)} into Go value of type map[string]interface {}`;
  throw invalid({ group: '', kind: '' }, '', [invalidValue('patch', JSON.stringify(root, plainNumbers), text)]);
}

/** 422 in upstream's general words for a patch that cannot be applied; the server's own text is the cause. */
export function unprocessable(message: string): StatusError {
  const error = genericServerResponse(422, '', { group: '', resource: '' }, '', message);
  error.cause = new Error(message);
  return error;
}

function decode(ops: unknown): Operation[] {
  if (ops === null) return [];
  if (!Array.isArray(ops)) throw badRequest(`json: cannot unmarshal ${jsonKind(ops)} into Go value of type jsonpatch.Patch`);
  return ops.map((operation: unknown) => {
    if (operation === null) return {};
    if (!isObject(operation)) throw badRequest(`json: cannot unmarshal ${jsonKind(operation)} into Go value of type jsonpatch.Operation`);
    return operation;
  });
}

function run(document: Document, operation: Operation): void {
  const kind = text(operation, 'op') ?? 'unknown';
  switch (kind) {
    case 'add': {
      const path = text(operation, 'path');
      if (path === undefined) throw new PatchError('add operation failed to decode path: missing value');
      const target = find(document, path) ?? fail(`add operation does not apply: doc is missing path: "${path}": missing value`);
      within(`error in add for path: '${path}'`, () => add(target, value(operation)));
      return;
    }
    case 'remove': {
      const path = text(operation, 'path');
      if (path === undefined) throw new PatchError('remove operation failed to decode path: missing value');
      const target = find(document, path) ?? fail(`remove operation does not apply: doc is missing path: "${path}": missing value`);
      within(`error in remove for path: '${path}'`, () => remove(target));
      return;
    }
    case 'replace':
      replace(document, operation);
      return;
    case 'move':
      move(document, operation);
      return;
    case 'copy':
      copy(document, operation);
      return;
    case 'test':
      test(document, operation);
      return;
    default:
      throw new PatchError(`Unexpected kind: ${kind}`);
  }
}

function replace(document: Document, operation: Operation): void {
  const path = text(operation, 'path');
  if (path === undefined) throw new PatchError('replace operation failed to decode path: operation missing path field: missing value');
  if (path === '') {
    const root = value(operation);
    if (!isObject(root) && !Array.isArray(root)) throw new PatchError('replace operation value must be object or array: %!w(<nil>)');
    document.root = root;
    return;
  }
  const target = find(document, path) ?? fail(`replace operation does not apply: doc is missing path: ${path}: missing value`);
  if (!Array.isArray(target.container)) {
    setKey(target.container, target.key, value(operation));
    return;
  }
  const index = existingIndex(target.container, target.key);
  if (index === undefined) throw new PatchError(`replace operation does not apply: doc is missing key: ${path}: missing value`);
  target.container[index] = value(operation);
}

function move(document: Document, operation: Operation): void {
  const from = text(operation, 'from');
  if (from === undefined) throw new PatchError('move operation failed to decode from: operation, missing from field: missing value');
  const source = find(document, from) ?? fail(`move operation does not apply: doc is missing from path: ${from}: missing value`);
  const moved = within(`error in move for path: '${source.key}'`, () => {
    const found = read(source);
    remove(source);
    return found;
  });
  const path = text(operation, 'path');
  if (path === undefined) throw new PatchError('move operation failed to decode path: operation missing path field: missing value');
  const target = find(document, path) ?? fail(`move operation does not apply: doc is missing destination path: ${path}: missing value`);
  within(`error in move for path: '${path}'`, () => add(target, moved ?? null));
}

function copy(document: Document, operation: Operation): void {
  const from = text(operation, 'from');
  if (from === undefined) throw new PatchError('copy operation failed to decode from: operation, missing from field: missing value');
  const source = find(document, from) ?? fail(`copy operation does not apply: doc is missing from path: ${from}: missing value`);
  const found = within(`error in copy for from: '${from}'`, () => read(source));
  const path = text(operation, 'path');
  if (path === undefined) throw new PatchError('copy operation failed to decode path: missing value');
  const target = find(document, path) ?? fail(`copy operation does not apply: doc is missing destination path: ${path}: missing value`);
  document.copiedBytes += Buffer.byteLength(JSON.stringify(found ?? null, plainNumbers));
  if (document.copiedBytes > maxCopiedBytes) {
    throw new PatchError(`Unable to complete the copy, the accumulated size increase of copy is ${document.copiedBytes}, exceeding the limit ${maxCopiedBytes}`);
  }
  within('error while adding value during copy', () => add(target, cloneJson(found ?? null)));
}

function plainNumbers(_key: string, item: unknown): unknown {
  return typeof item === 'bigint' ? String(item) : item;
}

function test(document: Document, operation: Operation): void {
  const path = text(operation, 'path');
  if (path === undefined) throw new PatchError('test operation failed to decode path: operation missing path field: missing value');
  const wanted = value(operation);
  if (path === '') {
    if (!jsonEqual(document.root, wanted)) throw new PatchError(`testing value ${path} failed: test failed`);
    return;
  }
  const target = find(document, path) ?? fail(`test operation does not apply: is missing path: ${path}: missing value`);
  const found = within(`error in test for path: '${path}'`, () => read(target));
  if (!jsonEqual(found ?? null, wanted)) throw new PatchError(`testing value ${path} failed: test failed`);
}

interface Target {
  readonly container: JsonObject | unknown[];
  readonly key: string;
}

/** The container that a pointer's last token addresses; undefined when the way there is missing or null. */
function find(document: Document, path: string): Target | undefined {
  const tokens = path.split('/');
  if (tokens.length < 2) return undefined;
  let at = document.root;
  for (const token of tokens.slice(1, -1)) {
    const key = unescape(token);
    if (Array.isArray(at)) {
      const index = existingIndex(at, key);
      at = index === undefined ? undefined : at[index];
    } else {
      at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }
  }
  return Array.isArray(at) || isObject(at) ? { container: at, key: unescape(tokens.at(-1) ?? '') } : undefined;
}

function unescape(token: string): string {
  return token.includes('~') ? token.replace(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~')) : token;
}

function parseIndex(key: string): number | undefined {
  return /^[+-]?\d{1,15}$/.test(key) ? Number(key) : undefined;
}

function existingIndex(array: unknown[], key: string): number | undefined {
  const index = parseIndex(key);
  if (index === undefined || index >= array.length || index < -array.length) return undefined;
  return index < 0 ? index + array.length : index;
}

function badIndex(key: string): string {
  const index = parseIndex(key);
  return index === undefined
    ? `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`
    : `Unable to access invalid index: ${index}: invalid index referenced`;
}

function read({ container, key }: Target): unknown {
  if (!Array.isArray(container)) return Object.hasOwn(container, key) ? container[key] : undefined;
  const index = existingIndex(container, key);
  if (index === undefined) throw new PatchError(badIndex(key));
  return container[index];
}

function add({ container, key }: Target, item: unknown): void {
  if (!Array.isArray(container)) {
    setKey(container, key, item);
    return;
  }
  if (key === '-') {
    container.push(item);
    return;
  }
  const index = parseIndex(key);
  if (index === undefined) {
    throw new PatchError(`value was not a proper array index: '${key}': ${badIndex(key)}`);
  }
  const size = container.length + 1;
  if (index >= size || index < -size) throw new PatchError(badIndex(key));
  container.splice(index < 0 ? index + size : index, 0, item);
}

function remove({ container, key }: Target): void {
  if (!Array.isArray(container)) {
    if (!Object.hasOwn(container, key)) throw new PatchError(`Unable to remove nonexistent key: ${key}: missing value`);
    delete container[key];
    return;
  }
  const index = existingIndex(container, key);
  if (index === undefined) throw new PatchError(badIndex(key));
  container.splice(index, 1);
}

function text(operation: Operation, field: string): string | undefined {
  const found = Object.hasOwn(operation, field) ? operation[field] : undefined;
  return typeof found === 'string' ? found : undefined;
}

function value(operation: Operation): unknown {
  return Object.hasOwn(operation, 'value') ? cloneJson(operation['value']) : null;
}

function fail(message: string): never {
  throw new PatchError(message);
}

function within<T>(context: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof PatchError) throw new PatchError(`${context}: ${error.message}`);
    throw error;
  }
}
