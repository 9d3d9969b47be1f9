// Sizes as the language counts them: code points of strings, bytes, elements, entries.
import { CelBytes, CelOptional, isError, type CelResult } from '../types/values.ts';

/** Code points; a lone surrogate counts as one. */
export function codePoints(text: string): number {
  const { length } = text;
  let count = length;
  for (let i = 0; i + 1 < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count--;
      i++;
    }
  }
  return count;
}

/** What a value counts for in run-time costs; 1 for everything without a size. */
export function actualSize(value: CelResult): number {
  if (typeof value === 'string') return codePoints(value);
  if (typeof value !== 'object' || value === null || isError(value)) return 1;
  if (value instanceof CelBytes) return value.value.length;
  if (value instanceof CelOptional) return value.value === undefined ? 1 : actualSize(value.value);
  if (value.is === 'list' || value.is === 'map') return value.size;
  return value.is === 'opaque' ? value.size ?? 1 : 1;
}
