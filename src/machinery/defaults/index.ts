// Defaulting: what the API server fills in before admission. Static defaults come from the schema tables; those
// that need thought are functions per type, one file per package, as upstream's defaults.go. Per type a plan
// says which parts can hold defaults at all, so that the walk touches nothing else.
import type { KubeObject } from '../object.ts';
import { isSmall, wide } from '../patch/json-tree.ts';
import { isDue, type Pace, type Sliced } from '../slices.ts';
import { parseQuantity, roundUpQuantity, formatQuantity } from '../quantity.ts';
import { planOf, type FieldPlan } from '../type-plan.ts';
import { hooks as admissionregistration } from './admissionregistration.ts';
import { hooks as apiextensions } from './apiextensions.ts';
import { hooks as apps } from './apps.ts';
import { hooks as autoscaling } from './autoscaling.ts';
import { hooks as batch } from './batch.ts';
import { hooks as core } from './core.ts';
import { hooks as pod } from './pod.ts';
import type { DefaultsContext, Hook } from './hook.ts';
import { hooks as others } from './others.ts';

const hooks = new Map<string, Hook>(Object.entries({ ...admissionregistration, ...apiextensions, ...apps, ...autoscaling, ...batch, ...core, ...pod, ...others }));

interface DefaultsPlan {
  readonly hook: Hook | undefined;
  /** `explicit`: a zero that was sent stays (a pointer in Go); else a zero is absence. */
  readonly statics: readonly (readonly [name: string, value: unknown, explicit: boolean])[];
  /** Fields whose messages hold defaults somewhere inside. */
  readonly children: readonly (readonly [field: FieldPlan, plan: DefaultsPlan])[];
  /** Maps of quantities, which are rounded up to thousandths. */
  readonly quantityMaps: readonly string[];
}

interface OpenPlan {
  hook: Hook | undefined;
  statics: [string, unknown, boolean][];
  children: [FieldPlan, DefaultsPlan][];
  quantityMaps: string[];
}

const plans = new Map<string, OpenPlan>();
const useful = new Map<string, boolean>();

/** True if the type or any part of it has defaults. Types may hold themselves (JSONSchemaProps). */
function hasDefaults(type: string, visiting: Set<string> = new Set()): boolean {
  const known = useful.get(type);
  if (known !== undefined) return known;
  if (visiting.has(type)) return false;
  visiting.add(type);
  const found = hooks.has(type) || planOf(type).fields.some((field) => isStatic(field) || isResourceList(type, field) || (field.kind === 'message' && hasDefaults(field.type, visiting)));
  visiting.delete(type);
  if (found || visiting.size === 0) useful.set(type, found);
  return found;
}

/** A default equal to the zero value of a field that drops zeroes changes nothing. */
function isStatic(field: FieldPlan): boolean {
  const value = field.schema.default;
  if (value === undefined) return false;
  return field.nullable || (value !== '' && value !== 0 && value !== false);
}

function isResourceList(type: string, field: FieldPlan): boolean {
  return field.shape === 'map' && field.kind === 'quantity' && !type.startsWith('resource.');
}

function defaultsPlanOf(type: string): DefaultsPlan {
  const known = plans.get(type);
  if (known !== undefined) return known;
  const plan: OpenPlan = { hook: hooks.get(type), statics: [], children: [], quantityMaps: [] };
  plans.set(type, plan);
  for (const field of planOf(type).fields) {
    if (isStatic(field)) plan.statics.push([field.name, field.schema.default, field.nullable]);
    if (isResourceList(type, field)) plan.quantityMaps.push(field.name);
    if (field.kind === 'message' && hasDefaults(field.type)) plan.children.push([field, defaultsPlanOf(field.type)]);
  }
  return plan;
}

/** Fills defaults into the object, in place. `nowMs` stamps the few defaults that are times. */
export function applyDefaults(type: string, object: KubeObject, nowMs?: number): void {
  if (!hasDefaults(type)) return;
  walk(defaultsPlanOf(type), object, { nowMs });
}

/** As applyDefaults, in slices. */
export function* applyingDefaults(type: string, object: KubeObject, nowMs?: number): Sliced<void> {
  if (hasDefaults(type)) yield* walking(defaultsPlanOf(type), object, { nowMs }, { spent: 0 });
}

function* walking(plan: DefaultsPlan, object: Record<string, unknown>, context: DefaultsContext, pace: Pace): Sliced<void> {
  fillFields(plan, object, context);
  for (const name of plan.quantityMaps) {
    const map = object[name];
    if (!isMap(map)) continue;
    if (Object.keys(map).length >= wide) yield;
    roundUp(map);
  }
  for (const [field, child] of plan.children) {
    const value = object[field.name];
    const isList = Array.isArray(value);
    const items: readonly unknown[] = isList ? value : isMap(value) ? (field.shape === 'map' ? Object.values(value) : [value]) : [];
    for (const item of items) {
      if (!isMap(item)) continue;
      if (isSmall(item, items.length)) walk(child, item, context);
      else yield* walking(child, item, context, pace);
      if (isDue(pace, item)) yield;
    }
  }
}

function walk(plan: DefaultsPlan, object: Record<string, unknown>, context: DefaultsContext): void {
  fill(plan, object, context);
  for (const [field, child] of plan.children) {
    const value = object[field.name];
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isMap(item)) walk(child, item, context);
    } else if (isMap(value)) {
      if (field.shape === 'map') {
        for (const item of Object.values(value)) if (isMap(item)) walk(child, item, context);
      } else {
        walk(child, value, context);
      }
    }
  }
}

/** What is filled in right in the object. */
function fill(plan: DefaultsPlan, object: Record<string, unknown>, context: DefaultsContext): void {
  fillFields(plan, object, context);
  for (const name of plan.quantityMaps) {
    const map = object[name];
    if (isMap(map)) roundUp(map);
  }
}

function fillFields(plan: DefaultsPlan, object: Record<string, unknown>, context: DefaultsContext): void {
  plan.hook?.(object, context);
  for (const [name, value, explicit] of plan.statics) {
    const current = object[name];
    if (current === undefined || current === null || (!explicit && (current === '' || (current === 0 && value !== 0)))) object[name] = value;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const finerThanMilli = /[un.]|e-/;

function roundUp(map: Record<string, unknown>): void {
  for (const key of Object.keys(map)) {
    const text = map[key];
    if (typeof text === 'string' && finerThanMilli.test(text)) map[key] = formatQuantity(roundUpQuantity(parseQuantity(text), -3));
  }
}
