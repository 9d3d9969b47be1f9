// A JSON value as one text that equal values share, whatever the order of their keys.
import { isObject } from '../patch/json-tree.ts';

export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`).join(',')}}`;
}
