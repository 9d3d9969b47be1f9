// Does an applied configuration fit its type? The messages are structured-merge-diff's, with the path of
// each fault; unknown fields, wrong kinds, and items without keys or with doubled keys are faults.
import { goType } from '../patch/go-text.ts';
import { isObject, isSmall } from '../patch/json-tree.ts';
import { isDue, type Pace, type Sliced } from '../slices.ts';
import { itemPathElement, PathElementError, showPathElement } from './path-element.ts';
import type { ListShape, MapShape, ScalarShape, Shape } from './shape.ts';

/** The faults of `value`, "path: message" each; none when it fits. Stored objects may have items twice. */
export function checkShape(shape: Shape, value: unknown, mayRepeat = false): string[] {
  const faults: string[] = [];
  check(shape, value, '', faults);
  return mayRepeat ? faults.filter((text) => !text.includes(repeated)) : faults;
}

/** As checkShape, in slices. */
export function* checkingShape(shape: Shape, value: unknown): Sliced<string[]> {
  const faults: string[] = [];
  yield* checking(shape, value, '', faults, { spent: 0 });
  return faults;
}

function* checking(shape: Shape, value: unknown, path: string, faults: string[], pace: Pace): Sliced<void> {
  if (shape.kind === 'map' && isObject(value)) {
    const keys = Object.keys(value);
    for (const key of keys) {
      const child = shape.fields?.get(key)?.shape ?? shape.element;
      if (child === undefined) {
        faults.push(fault(`${path}.${key}`, undeclared));
        return;
      }
      if (isSmall(value[key], keys.length)) check(child, value[key], `${path}.${key}`, faults);
      else yield* checking(child, value[key], `${path}.${key}`, faults, pace);
      if (isDue(pace, value[key])) yield;
    }
  } else if (shape.kind === 'list' && Array.isArray(value)) {
    const seen = new Set<string>();
    for (const [i, item] of value.entries()) {
      const at = checkStep(shape, item, i, path, seen, faults);
      if (at === undefined) return;
      if (isSmall(item, value.length)) check(shape.element, item, `${path}${at}`, faults);
      else yield* checking(shape.element, item, `${path}${at}`, faults, pace);
      if (isDue(pace, item)) yield;
    }
  } else {
    check(shape, value, path, faults);
  }
}

const undeclared = 'field not declared in schema';
const repeated = ': duplicate entries for key ';

/** One fault as it is, several under a heading, as upstream prints them. */
export function shapeErrorText(faults: readonly string[]): string {
  return faults.length === 1 ? (faults[0] ?? '') : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n');
}

function fault(path: string, message: string): string {
  return path === '' ? message : `${path}: ${message}`;
}

function check(shape: Shape, value: unknown, path: string, faults: string[]): void {
  if (value === null || value === undefined) return;
  switch (shape.kind) {
    case 'any':
      return;
    case 'scalar':
      checkScalar(shape, value, path, faults);
      return;
    case 'map':
      if (isObject(value)) checkMap(shape, value, path, faults);
      else faults.push(fault(path, `expected map, got ${verbose(value)}`));
      return;
    case 'list':
      if (Array.isArray(value)) checkList(shape, value, path, faults);
      else faults.push(fault(path, `expected list, got ${verbose(value)}`));
  }
}

/** The value as Go prints the wrapper it travels in. */
function verbose(value: unknown): string {
  return `&{${Array.isArray(value) ? `[${value.map(plain).join(' ')}]` : plain(value)}}`;
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(plain).join(' ')}]`;
  if (isObject(value)) return `map[${Object.keys(value).sort().map((key) => `${key}:${plain(value[key])}`).join(' ')}]`;
  return String(value);
}

function checkScalar(shape: ScalarShape, value: unknown, path: string, faults: string[]): void {
  const isContainer = Array.isArray(value) || isObject(value);
  const isNumber = !isContainer && typeof value !== 'string' && typeof value !== 'boolean';
  switch (shape.scalar) {
    case 'numeric':
      if (!isNumber) faults.push(fault(path, `expected numeric (int or float), got ${goType(value)}`));
      return;
    case 'string':
      if (typeof value !== 'string') faults.push(fault(path, `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`));
      return;
    case 'boolean':
      if (typeof value !== 'boolean') faults.push(fault(path, `expected boolean, got ${verbose(value)}`));
      return;
    case 'untyped':
      if (isContainer) faults.push(fault(path, `expected any scalar, got ${verbose(value)}`));
  }
}

/** Go's %#v of a decoded JSON value. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isObject(value)) {
    return `map[string]interface {}{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`).join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : value === null ? 'interface {}(nil)' : String(value);
}

function checkMap(shape: MapShape, map: Record<string, unknown>, path: string, faults: string[]): void {
  for (const key of Object.keys(map)) {
    const child = shape.fields?.get(key)?.shape ?? shape.element;
    if (child === undefined) {
      faults.push(fault(`${path}.${key}`, undeclared));
      return;
    }
    check(child, map[key], `${path}.${key}`, faults);
  }
}

function checkList(shape: ListShape, list: readonly unknown[], path: string, faults: string[]): void {
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    const at = checkStep(shape, item, i, path, seen, faults);
    if (at === undefined) return;
    check(shape.element, item, `${path}${at}`, faults);
  }
}

/** How an item is selected, as messages show it; undefined where no step can. */
function checkStep(shape: ListShape, item: unknown, i: number, path: string, seen: Set<string>, faults: string[]): string | undefined {
  if (shape.relation === 'atomic') return `[${i}]`;
  try {
    const element = itemPathElement(shape, item);
    const at = showPathElement(element);
    if (seen.has(element)) faults.push(fault(path, `duplicate entries for key ${at}`));
    seen.add(element);
    return at;
  } catch (error) {
    if (!(error instanceof PathElementError)) throw error;
    faults.push(fault(path, `element ${i}: ${error.message}`));
    return undefined;
  }
}
