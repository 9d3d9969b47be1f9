// What the rules of a definition's schema mean: do they compile, what may they cost at most, may they look at old values
// where old and new cannot be told to belong together. Rules that have not changed are not held to their cost.
import type { ValidationRule } from '#api/apiextensions/v1.ts';
import { child, forbiddenField, index, invalidValue, key, type FieldError } from '../../field-errors.ts';
import type { Sliced } from '../../slices.ts';
import { compileRules, selfType } from '../../structural/rules.ts';
import type { Structural } from '../../structural/schema.ts';
import type { ValidationOptions } from './options.ts';

const ruleLimit = 10_000_000;
const schemaLimit = 100_000_000;
const mostTold = 4;

interface Walk {
  readonly errors: FieldError[];
  readonly suppressCost: boolean;
  readonly costs: { readonly path: string; readonly cost: number }[];
  total: number;
}

interface Place {
  /** How many such values there can be; undefined: no bound. */
  readonly cardinality: number | undefined;
  /** Above it old and new values cannot be correlated. */
  readonly uncorrelatable: string | undefined;
}

/** What is wrong with the rules of a structural schema, with pauses. */
export function* checkingRules(structural: Structural, path: string, options: ValidationOptions, version: string): Sliced<FieldError[]> {
  const walk: Walk = { errors: [], suppressCost: options.unchangedSchemas.has(version), costs: [], total: 0 };
  yield* checking(structural, path, true, { cardinality: 1, uncorrelatable: undefined }, walk);
  if (walk.total > schemaLimit) {
    const dearest = walk.costs.filter(({ cost }) => cost >= schemaLimit / 100).sort((a, b) => b.cost - a.cost).slice(0, mostTold);
    for (const { path: at } of dearest) walk.errors.push(forbiddenField(at, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'));
    walk.errors.push(forbiddenField(path, costText('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', walk.total, schemaLimit)));
  }
  return walk.errors;
}

function costText(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const told = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${told} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function elementsOf({ type, raw, additional }: Structural): number | undefined {
  if (type === 'object' && additional !== undefined) return raw.maxProperties === undefined ? undefined : Math.max(0, raw.maxProperties);
  if (type === 'array') return raw.maxItems === undefined ? undefined : Math.max(0, raw.maxItems);
  return 1;
}

function* checking(schema: Structural, path: string, isResource: boolean, place: Place, walk: Walk): Sliced<void> {
  const own = elementsOf(schema);
  const inside = { ...place, cardinality: own === undefined || place.cardinality === undefined ? undefined : place.cardinality * own };
  if (typeof schema.additional === 'object') yield* checking(schema.additional, child(path, 'additionalProperties'), schema.additional.embeddedResource, inside, walk);
  const correlates = schema.mapType === undefined || schema.mapType === 'granular' || schema.mapType === 'atomic';
  for (const [name, property] of schema.properties ?? []) {
    yield* checking(property, key(child(path, 'properties'), name), property.embeddedResource, { ...inside, uncorrelatable: inside.uncorrelatable ?? (correlates ? undefined : path) }, walk);
  }
  if (schema.items !== undefined) {
    const uncorrelatable = inside.uncorrelatable ?? (schema.listType === 'map' ? undefined : path);
    yield* checking(schema.items, child(path, 'items'), schema.items.embeddedResource, { ...inside, uncorrelatable }, walk);
  }
  if (schema.rules.length > 0) {
    checkRules(schema, path, isResource, place, walk);
    yield;
  }
}

/** The rule as upstream's internal type is printed. */
function shown(rule: ValidationRule): Record<string, unknown> {
  return { Rule: rule.rule, Message: rule.message ?? '', MessageExpression: rule.messageExpression ?? '', Reason: rule.reason ?? null, FieldPath: rule.fieldPath ?? '', OptionalOldSelf: rule.optionalOldSelf ?? null };
}

function checkRules(schema: Structural, path: string, isResource: boolean, place: Place, walk: Walk): void {
  const at = child(path, 'x-kubernetes-validations');
  const declared = selfType(schema, isResource);
  if (declared === undefined) {
    walk.errors.push({ type: 'Internal', field: at, detail: 'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations' });
    return;
  }
  for (const [i, compiled] of compileRules(schema, schema.rules, declared).entries()) {
    const one = index(at, i);
    const { rule } = compiled;
    const cost = compiled.maxCost * (place.cardinality ?? compiled.maxCardinality);
    observe(walk, child(one, 'rule'), cost, 'estimated rule cost');
    if (compiled.problem !== undefined) walk.errors.push(invalidValue(child(one, 'rule'), shown(rule), compiled.problem));
    if (compiled.messageProblem !== undefined) walk.errors.push(invalidValue(child(one, 'messageExpression'), shown(rule), compiled.messageProblem));
    else if (compiled.message !== undefined) observe(walk, child(one, 'messageExpression'), compiled.messageCost, 'estimated messageExpression cost');
    if (compiled.usesOldSelf && place.uncorrelatable !== undefined) {
      walk.errors.push(invalidValue(child(one, 'rule'), rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`));
    } else if (!compiled.usesOldSelf && rule.optionalOldSelf !== undefined) {
      walk.errors.push(invalidValue(child(one, 'optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
    }
  }
}

function observe(walk: Walk, path: string, cost: number, what: string): void {
  if (!walk.suppressCost && cost > ruleLimit) walk.errors.push(forbiddenField(path, costText(what, cost, ruleLimit)));
  walk.total += cost;
  walk.costs.push({ path, cost });
}
