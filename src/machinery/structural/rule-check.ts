// Validation rules at work: walks a value with the schema, runs each node's rules within one budget, and tells failures
// as the rules say (message, messageExpression, reason, fieldPath). Rules that look at the old value run only where there
// is one; failures of values that an update left alone become warnings.
import type { ValidationRule } from '#api/apiextensions/v1.ts';
import { CelError, CelOptional, isError, maxMessageBytes, noneOptional, reader, resourceNode, runtimeCostBudget, type Activation, type CelResult, type Evaluated, type Reader } from '../cel/index.ts';
import { child, duplicate, errorText, forbiddenField, goQuote, index, invalidValue, key, required, type FieldError } from '../field-errors.ts';
import { isObject, own } from '../patch/json-tree.ts';
import { keyedItems, type Correlated } from './correlate.ts';
import { compileRules, selfType, type CompiledRule } from './rules.ts';
import { asSchema, parseStructural, type Structural } from './schema.ts';

interface RuleNode {
  readonly schema: Structural;
  readonly rules: readonly CompiledRule[];
  readonly read: Reader;
  /** Why rules that exist cannot run. */
  readonly broken: boolean;
  readonly allOf: readonly RuleNode[];
  readonly items: RuleNode | undefined;
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
}

/**
 * The rules of a schema and all below; undefined when there are none.
 * @param hasType False below items of what is no array: values there have no type that a rule could be checked for.
 */
export function compileRuleTree(schema: Structural, isResource: boolean, hasType = true): RuleNode | undefined {
  const rules = schema.rules.length === 0 || !hasType ? [] : rulesOf(schema, isResource);
  const items = schema.items === undefined ? undefined : compileRuleTree(schema.items, schema.items.embeddedResource, hasType && schema.type === 'array');
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of schema.properties ?? []) {
    const node = compileRuleTree(property, property.embeddedResource, hasType);
    if (node !== undefined) properties.set(name, node);
  }
  const additional = typeof schema.additional === 'object' ? compileRuleTree(schema.additional, schema.additional.embeddedResource, hasType) : undefined;
  const allOf = (schema.raw.allOf ?? []).flatMap((part) => {
    const nested = part['x-kubernetes-validations'] ?? [];
    const node = nested.length === 0 ? undefined : compileRuleTree({ ...parseStructural({ ...schema.raw, allOf: [], 'x-kubernetes-validations': nested }), items: undefined, properties: undefined, additional: undefined }, isResource);
    return node === undefined || asSchema(part) === undefined ? [] : [node];
  });
  if (rules.length === 0 && schema.rules.length === 0 && items === undefined && properties.size === 0 && additional === undefined && allOf.length === 0) return undefined;
  return { schema, rules, read: reader(isResource ? resourceNode(schema) : schema), broken: rules.length !== schema.rules.length, allOf, items, properties, additional };
}

function rulesOf(schema: Structural, isResource: boolean): CompiledRule[] {
  const declared = selfType(schema, isResource);
  return declared === undefined ? [] : compileRules(schema, schema.rules, declared);
}

export interface RuleRun {
  readonly value: unknown;
  /** undefined on create. */
  readonly old: unknown;
  readonly correlation: Correlated | undefined;
  /** Told instead of refused: the value has not changed. */
  warn(text: string): void;
  readonly path?: string;
}

/** What breaks the rules. */
export function runRules(root: RuleNode, run: RuleRun): FieldError[] {
  const state: State = { errors: [], budget: runtimeCostBudget, warn: run.warn };
  visit(root, run.path ?? '', run.value, run.old, { current: run.correlation, parent: undefined }, state);
  return state.errors;
}

interface State {
  readonly errors: FieldError[];
  /** Negative: spent. */
  budget: number;
  warn(text: string): void;
}

/** The value's counterpart in the old object, or the nearest one above it. */
interface Unchanged {
  readonly current: Correlated | undefined;
  readonly parent: Correlated | undefined;
}

function isUnchanged({ current, parent }: Unchanged): boolean {
  return (current ?? parent)?.equal === true;
}

function below(unchanged: Unchanged, step: (of: Correlated) => Correlated | undefined, isTypeMeta = false): Unchanged {
  const { current, parent } = unchanged;
  if (current === undefined) return unchanged;
  return parent === undefined && isTypeMeta ? { current: undefined, parent: undefined } : { current: step(current), parent: current };
}

function visit(node: RuleNode, path: string, value: unknown, old: unknown, unchanged: Unchanged, state: State): void {
  if (value === null || value === undefined) return;
  runNode(node, path, value, old ?? undefined, unchanged, state);
  for (const part of node.allOf) if (state.budget >= 0) visit(part, path, value, old, { current: undefined, parent: unchanged.parent }, state);
  if (state.budget < 0) return;
  if (Array.isArray(value)) visitList(node, path, value, old, unchanged, state);
  else if (isObject(value)) visitObject(node, path, value, old, unchanged, state);
}

function visitList(node: RuleNode, path: string, list: readonly unknown[], old: unknown, unchanged: Unchanged, state: State): void {
  const { items } = node;
  if (items === undefined) return;
  const oldItem = keyedItems(node.schema, Array.isArray(old) ? old : undefined);
  for (let i = 0; i < list.length && state.budget >= 0; i++) visit(items, index(path, i), list[i], oldItem(list[i]), below(unchanged, (of) => of.index(i)), state);
}

function visitObject(node: RuleNode, path: string, object: Record<string, unknown>, old: unknown, unchanged: Unchanged, state: State): void {
  const before = isObject(old) ? old : {};
  for (const name of Object.keys(object)) {
    if (state.budget < 0) return;
    const property = node.properties.get(name);
    const next = property ?? (node.schema.properties?.has(name) === true ? undefined : node.additional);
    if (next === undefined) continue;
    const isTypeMeta = name === 'apiVersion' || name === 'kind';
    visit(next, property === undefined ? key(path, name) : child(path, name), object[name], own(before, name), below(unchanged, (of) => of.key(name), isTypeMeta), state);
  }
}

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';

function spent(state: State, error: FieldError): void {
  state.errors.push(error);
  state.budget = -1;
}

function runNode(node: RuleNode, path: string, value: unknown, old: unknown, unchanged: Unchanged, state: State): void {
  const { schema, rules } = node;
  const refuse = (detail: string): FieldError => invalidValue(path, schema.type, detail);
  if (node.broken) state.errors.push(refuse('rule compiler initialization error: failed to convert to declType for CEL validation rules'));
  if (rules.length === 0) return;
  if (state.budget <= 0) return spent(state, refuse(outOfBudget));
  const self = node.read(value);
  let oldSelf: CelResult | undefined;
  const readOld = (): CelResult | undefined => (oldSelf ??= old === undefined ? undefined : node.read(old));
  for (const compiled of rules) {
    if (compiled.problem !== undefined) {
      state.errors.push(refuse(`rule compile error: ${compiled.problem}`));
      continue;
    }
    const optional = compiled.rule.optionalOldSelf === true;
    if (compiled.program === undefined || (compiled.usesOldSelf && old === undefined && !optional)) continue;
    const activation: Activation = { find: (name) => (name === 'self' ? self : name === 'oldSelf' ? (optional ? optionalOf(readOld()) : readOld()) : undefined) };
    const evaluated = compiled.program.evaluate(activation);
    const cost = evaluated.cost ?? 0;
    if (cost > state.budget) return spent(state, refuse(outOfBudget));
    state.budget -= cost;
    const failure = evaluationProblem(evaluated, compiled.rule);
    if (failure !== undefined) {
      if (evaluated.cancelled === 'cost') return spent(state, refuse(failure));
      state.errors.push(refuse(failure));
      continue;
    }
    if (evaluated.value === true) continue;
    tell(node, compiled, path, value, activation, !compiled.usesOldSelf && isUnchanged(unchanged), state);
    if (state.budget < 0) return;
  }
}

function optionalOf(value: CelResult | undefined): CelResult {
  return value === undefined ? noneOptional : isError(value) ? value : new CelOptional(value);
}

/** The rule as errors name it. */
function ruleText(rule: ValidationRule): string {
  return (rule.message ?? '') === '' ? rule.rule.trim() : (rule.message ?? '').trim();
}

function evaluationProblem({ value }: Evaluated, rule: ValidationRule): string | undefined {
  if (!(value instanceof CelError)) return undefined;
  const { message } = value;
  if (message.startsWith('no such overload')) return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`;
  if (message.startsWith('operation cancelled: actual cost limit exceeded')) return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`;
  return `${message} evaluating rule: ${ruleText(rule)}`;
}

/** Notes that a rule has failed. */
function tell(node: RuleNode, compiled: CompiledRule, path: string, value: unknown, activation: Activation, tolerated: boolean, state: State): void {
  const { rule, fieldPath } = compiled;
  const at = fieldPath === '' ? path : child(path, fieldPath);
  const add = (error: FieldError): void => {
    if (tolerated) state.warn(errorText(error));
    else state.errors.push(error);
  };
  const message = messageOf(compiled, activation, state);
  if (message instanceof Error) {
    add(invalidValue(at, node.schema.type, message.message));
    state.budget = -1;
    return;
  }
  const detail = message ?? ((rule.message ?? '') === '' ? `failed rule: ${ruleText(rule)}` : ruleText(rule));
  const isContainer = node.schema.type === 'object' || node.schema.type === 'array';
  add(errorFor(at, isContainer ? undefined : value, detail, rule.reason));
}

function errorFor(path: string, value: unknown, detail: string, reason: string | undefined): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbiddenField(path, detail);
    case 'FieldValueRequired':
      return required(path, detail);
    case 'FieldValueDuplicate':
      return value === undefined ? { type: 'Duplicate', field: path, detail: '' } : duplicate(path, value);
    default:
      return value === undefined ? { type: 'Invalid', field: path, detail } : invalidValue(path, value, detail);
  }
}

/** What messageExpression says; undefined where it says nothing usable, an Error when the budget is gone. */
function messageOf({ message, rule }: CompiledRule, activation: Activation, state: State): string | Error | undefined {
  if (message === undefined) return undefined;
  const { value, cost = 0, cancelled } = message.evaluate(activation);
  if (cost > state.budget) return new Error('messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run');
  if (cancelled === 'cost') return new Error(`no further validation rules will be run due to call cost exceeds limit for messageExpression: ${goQuote(rule.messageExpression ?? '')}`);
  state.budget -= cost;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' || text.includes('\n') || Buffer.byteLength(text) > maxMessageBytes ? undefined : text;
}

export type { RuleNode };
