// Defaults must satisfy the schema they stand in: nothing that would be pruned, valid values, and metadata that is valid
// in its surroundings.
import { addAll, aggregateText, child, errorText, invalidValue, key, type FieldError } from '../../field-errors.ts';
import { cloneJson, isObject, jsonEqual, setKey } from '../../patch/json-tree.ts';
import { CoerceError, coerceEmbedded, prune, validateEmbedded, validateValue, type Structural } from '../../structural/index.ts';

interface Surroundings {
  readonly root: Structural;
  /** Steps from the root: names, '*' and '[]'. */
  readonly steps: readonly string[];
  readonly insideMeta: boolean;
}

const metaFields: ReadonlySet<string> = new Set(['metadata', 'apiVersion', 'kind']);

/** What is wrong with the defaults of a whole resource's schema. */
export function defaultErrors(path: string, schema: Structural): FieldError[] {
  const root = schema.embeddedResource ? schema : { ...schema, embeddedResource: true };
  const errors: FieldError[] = [];
  check(path, root, { root, steps: [], insideMeta: false }, errors);
  return errors;
}

function check(path: string, schema: Structural, around: Surroundings, errors: FieldError[]): void {
  const place = schema.embeddedResource ? { root: schema, steps: [], insideMeta: false } : around;
  if (schema.default !== undefined) addAll(errors, place.insideMeta ? metaDefaultErrors(child(path, 'default'), schema, place) : valueErrors(child(path, 'default'), schema));
  if (schema.items !== undefined) check(child(path, 'items'), schema.items, { ...place, steps: [...place.steps, '[]'] }, errors);
  for (const [name, property] of schema.properties ?? []) {
    const insideMeta = place.insideMeta || (schema.embeddedResource && metaFields.has(name));
    check(key(child(path, 'properties'), name), property, { ...place, steps: [...place.steps, name], insideMeta }, errors);
  }
}

function valueErrors(path: string, schema: Structural): FieldError[] {
  const errors: FieldError[] = [];
  const value = cloneJson(schema.default);
  prune(value, schema, schema.embeddedResource);
  if (!jsonEqual(value, schema.default)) errors.push(invalidValue(path, schema.default, 'must not have unknown fields'));
  const problem = coerceProblem(cloneJson(schema.default), schema, schema.embeddedResource, path);
  if (problem !== undefined) return [...errors, problem];
  const embedded = validateEmbedded(schema.default, schema, schema.embeddedResource, path);
  return [...errors, ...(embedded.length > 0 ? embedded : validateValue(schema.raw, schema.default, path))];
}

function coerceProblem(value: unknown, schema: Structural, isResource: boolean, path: string): FieldError | undefined {
  try {
    coerceEmbedded(value, schema, isResource, { dropInvalid: false }, path);
    return undefined;
  } catch (error) {
    if (error instanceof CoerceError) return error.error;
    throw error;
  }
}

/** The default where it would stand in an object. */
function surrounded(value: unknown, steps: readonly string[]): Record<string, unknown> {
  const whole = [...steps].reverse().reduce<unknown>((inner, step) => {
    if (step === '[]') return [inner];
    const object: Record<string, unknown> = {};
    setKey(object, step, inner);
    return object;
  }, value);
  return { kind: 'Validation', apiVersion: 'validation/v1', ...(isObject(whole) ? whole : {}) };
}

function metaDefaultErrors(path: string, schema: Structural, { root, steps }: Surroundings): FieldError[] {
  const object = surrounded(cloneJson(schema.default), steps);
  const problem = coerceProblem(object, root, true, '');
  if (problem !== undefined) return [invalidValue(path, schema.default, `must result in valid metadata: ${errorText(problem)}`)];
  const embedded = validateEmbedded(object, root, true);
  if (embedded.length > 0) return [invalidValue(path, schema.default, `must result in valid metadata: ${aggregateText(embedded)}`)];
  return validateValue(schema.raw, schema.default, path);
}
