// The Audit-Id of requests that bring none: UUIDs that differ in their last digits only, because drawing sixteen
// random bytes would cost more than a small request does. Unique, not secret.
import { uuid, type Random } from '#base/random.ts';

export interface AuditIds {
  next(): string;
}

const perPrefix = 2 ** 32;

export function createAuditIds(random: Random): AuditIds {
  let prefix = '';
  let count = perPrefix;
  return {
    next() {
      if (count === perPrefix) {
        prefix = uuid(random).slice(0, -8);
        count = 0;
      }
      return prefix + (count++).toString(16).padStart(8, '0');
    },
  };
}
