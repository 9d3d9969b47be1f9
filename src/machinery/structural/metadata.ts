// Object metadata inside custom resources: of the resource itself and of embedded ones. It is read through the table of
// meta/v1 ObjectMeta, so that it has the right types and nothing unknown; malformed members of what is stored are
// dropped instead of making the object unreadable. Embedded resources are validated like whole ones.
import type { ObjectMeta } from '#api/meta/v1.ts';
import { addAll, child, index, invalidValue, key, required, type FieldError } from '../field-errors.ts';
import { dns1035LabelErrors, nameIsPathSegment } from '../names.ts';
import { isObject, type JsonObject } from '../patch/json-tree.ts';
import { planOf } from '../type-plan.ts';
import { validateObjectMeta } from '../validation/meta/object-meta.ts';
import { jsonKind } from '../patch/json-tree.ts';
import { ReadContext, readMessage, UnmarshalError } from '../wire-read.ts';
import { TypeMismatch } from '../scalar-read.ts';
import { asResource, memberSchema, type Structural } from './schema.ts';

export interface CoerceOptions {
  /** What does not fit is dropped; otherwise it is refused. */
  readonly dropInvalid: boolean;
  /** Collects the paths of unknown members. */
  readonly unknown?: string[];
}

/** A member that has the wrong type, as a field error. */
export class CoerceError extends Error {
  readonly error: FieldError;

  constructor(error: FieldError) {
    super(error.detail);
    this.error = error;
  }
}

function read(value: unknown, context: ReadContext): JsonObject {
  try {
    return readMessage(planOf('meta.v1.ObjectMeta'), value, context);
  } catch (error) {
    if (error instanceof TypeMismatch) throw new UnmarshalError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type v1.ObjectMeta`);
    throw error;
  }
}

function readWhatFits(value: unknown, context: ReadContext): JsonObject | undefined {
  if (!isObject(value)) return undefined;
  const fitting: JsonObject = {};
  for (const name of Object.keys(value)) {
    try {
      read({ [name]: value[name] }, new ReadContext(false));
      fitting[name] = value[name];
    } catch (error) {
      if (!(error instanceof UnmarshalError)) throw error;
    }
  }
  return read(fitting, context);
}

/** Puts `object.metadata` into the form of ObjectMeta. Throws UnmarshalError with Go's text unless told to drop. */
export function coerceMetadata(object: JsonObject, path: string, { dropInvalid, unknown }: CoerceOptions): ObjectMeta | undefined {
  if (!Object.hasOwn(object, 'metadata')) return undefined;
  const context = new ReadContext(unknown !== undefined);
  let metadata: JsonObject | undefined;
  try {
    metadata = read(object['metadata'], context);
  } catch (error) {
    if (!dropInvalid || !(error instanceof UnmarshalError)) throw error;
    metadata = readWhatFits(object['metadata'], context);
  }
  for (const name of context.unknown) unknown?.push(`${child(path, 'metadata')}.${name}`);
  if (metadata === undefined) {
    delete object['metadata'];
    return undefined;
  }
  if (metadata['creationTimestamp'] === null) delete metadata['creationTimestamp'];
  object['metadata'] = metadata;
  return metadata;
}

/** Coerces kind, apiVersion and metadata of every embedded resource, in place. Throws CoerceError. */
export function coerceEmbedded(value: unknown, schema: Structural | undefined, isResource: boolean, options: CoerceOptions, path = ''): void {
  walk(value, isResource ? asResource(schema) : schema, path, options);
}

const embedding = new WeakMap<Structural, boolean>();

/** Is there an embedded resource at or below the schema? Most have none, and their values need no walk. */
function embeds(schema: Structural): boolean {
  let known = embedding.get(schema);
  if (known === undefined) {
    const { items, properties, additional } = schema;
    known = schema.embeddedResource || (items !== undefined && embeds(items)) || (typeof additional === 'object' && embeds(additional)) || [...(properties?.values() ?? [])].some(embeds);
    embedding.set(schema, known);
  }
  return known;
}

function walk(value: unknown, schema: Structural | undefined, path: string, options: CoerceOptions): void {
  if (schema === undefined || !embeds(schema)) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) walk(value[i], schema.items, index(path, i), options);
    return;
  }
  if (!isObject(value)) return;
  if (schema.embeddedResource) coerceOne(value, path, options);
  for (const name of Object.keys(value)) {
    const below = memberSchema(schema, name);
    if (below !== undefined) walk(value[name], below, schema.properties?.has(name) === true ? child(path, name) : key(path, name), options);
  }
}

function coerceOne(object: JsonObject, path: string, options: CoerceOptions): void {
  for (const name of ['apiVersion', 'kind']) {
    const value = object[name];
    if (value === undefined || typeof value === 'string') continue;
    if (!options.dropInvalid) throw new CoerceError(invalidValue(child(path, name), value, 'must be a string'));
    delete object[name];
  }
  const before = object['metadata'];
  try {
    coerceMetadata(object, path, options);
  } catch (error) {
    if (error instanceof UnmarshalError) throw new CoerceError(invalidValue(child(path, 'metadata'), before, error.message));
    throw error;
  }
}

/** What is wrong with the embedded resources of a value. */
export function validateEmbedded(value: unknown, schema: Structural | undefined, isResource: boolean, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  checkEmbedded(value, isResource ? asResource(schema) : schema, path, errors);
  return errors;
}

function checkEmbedded(value: unknown, schema: Structural | undefined, path: string, errors: FieldError[]): void {
  if (schema === undefined || !embeds(schema)) return;
  if (Array.isArray(value)) {
    value.forEach((item, i) => checkEmbedded(item, schema.items, index(path, i), errors));
    return;
  }
  if (!isObject(value)) return;
  if (schema.embeddedResource) addAll(errors, resourceErrors(value, path));
  for (const name of Object.keys(value)) {
    const below = memberSchema(schema, name);
    if (below !== undefined) checkEmbedded(value[name], below, schema.properties?.has(name) === true ? child(path, name) : key(path, name), errors);
  }
}

function resourceErrors(object: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion, kind } = object;
  const atVersion = child(path, 'apiVersion');
  const atKind = child(path, 'kind');
  if (apiVersion === undefined) errors.push(required(atVersion, ''));
  else if (typeof apiVersion !== 'string') errors.push(invalidValue(atVersion, apiVersion, 'must be a string'));
  else if (apiVersion === '') errors.push(invalidValue(atVersion, apiVersion, 'must not be empty'));
  else if (apiVersion.split('/').length > 2) errors.push(invalidValue(atVersion, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (kind === undefined) errors.push(required(atKind, ''));
  else if (typeof kind !== 'string') errors.push(invalidValue(atKind, kind, 'must be a string'));
  else if (kind === '') errors.push(invalidValue(atKind, kind, 'must not be empty'));
  else {
    const problems = dns1035LabelErrors(kind.toLowerCase());
    if (problems.length > 0) errors.push(invalidValue(atKind, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`));
  }
  if (Object.hasOwn(object, 'metadata')) addAll(errors, metadataErrors(object, path));
  return errors;
}

function metadataErrors(object: JsonObject, path: string): FieldError[] {
  const at = child(path, 'metadata');
  try {
    const metadata: ObjectMeta = read(object['metadata'], new ReadContext(false));
    const named = (metadata.name ?? '') === '' ? { ...metadata, name: 'fakename' } : metadata;
    return validateObjectMeta(named, (metadata.namespace ?? '') !== '', nameIsPathSegment, at);
  } catch (error) {
    if (error instanceof UnmarshalError) return [invalidValue(at, object['metadata'], error.message)];
    throw error;
  }
}
