// Freezes an object all the way down, so that a shared cache cannot be changed by one of its readers.

/** Freezes `value` and everything in it. JSON values only: no cycles. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}
