// Numbers as Go prints them.
import { RawNumber } from '../json-number.ts';

/** A float64 as %v writes it: shortest digits, an exponent of two digits below 1e-4 and from 1e21 on. */
export function goFloat(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return String(value);
}

export function isNumber(value: unknown): value is number | RawNumber {
  return typeof value === 'number' || value instanceof RawNumber;
}

/** An int64 to Go; others are float64. */
export function isInteger(value: number | RawNumber): boolean {
  return value instanceof RawNumber || Number.isSafeInteger(value);
}
