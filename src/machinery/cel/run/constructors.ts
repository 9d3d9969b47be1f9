// Literals of lists, maps and objects. An optional element that is absent is left out.
import type { TypeProvider } from '../contract.ts';
import { ListValue } from '../types/lists.ts';
import { MapValue } from '../types/maps.ts';
import { CelError, CelOptional, isError, type CelResult, type CelValue } from '../types/values.ts';
import { valueText } from '../types/value-text.ts';
import type { Frame, Run } from './frame.ts';

const listCost = 10;
const mapCost = 30;
const objectCost = 40;

export interface Element {
  readonly value: Run;
  readonly optional: boolean;
}

export interface Entry extends Element {
  readonly key: Run;
}

function charged(cost: number, make: (frame: Frame) => CelResult): Run {
  return (frame) => {
    const value = make(frame);
    frame.charge(cost);
    return value;
  };
}

/** What an optional entry holds; undefined when absent. */
function optionalEntry(name: CelValue, value: CelValue): CelValue | undefined | CelError {
  if (value instanceof CelOptional) return value.value;
  return new CelError(`cannot initialize optional entry '${valueText(name)}' from non-optional value ${valueText(value)}`);
}

export function listRun(elements: readonly Element[]): Run {
  return charged(listCost, (frame) => {
    const values: CelValue[] = [];
    for (const { value: run, optional } of elements) {
      const value = run(frame);
      if (isError(value)) return value;
      if (!optional) values.push(value);
      else if (!(value instanceof CelOptional)) return new CelError(`cannot initialize optional list element from non-optional value ${valueText(value)}`);
      else if (value.value !== undefined) values.push(value.value);
    }
    return new ListValue(values);
  });
}

export function mapRun(entries: readonly Entry[]): Run {
  return charged(mapCost, (frame) => {
    const map = new MapValue();
    for (const { key: keyRun, value: valueRun, optional } of entries) {
      const key = keyRun(frame);
      if (isError(key)) return key;
      const given = valueRun(frame);
      if (isError(given)) return given;
      const value = optional ? optionalEntry(key, given) : given;
      if (value instanceof CelError) return value;
      if (value === undefined) map.delete(key);
      else map.set(key, value);
    }
    return map;
  });
}

export interface Field extends Element {
  readonly name: string;
}

export function objectRun(typeName: string, fields: readonly Field[], provider: TypeProvider): Run {
  return charged(objectCost, (frame) => {
    const values = new Map<string, CelValue>();
    for (const { name, value: run, optional } of fields) {
      const given = run(frame);
      if (isError(given)) return given;
      const value = optional ? optionalEntry(name, given) : given;
      if (value instanceof CelError) return value;
      if (value === undefined) values.delete(name);
      else values.set(name, value);
    }
    return provider.make === undefined ? new CelError(`unknown type '${typeName}'`) : provider.make(typeName, values);
  });
}
