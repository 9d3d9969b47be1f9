// Store leases for objects that expire (events). One lease serves many objects for a while, as upstream's
// lease manager does, so that a flood of events is not a flood of leases; each object lives a little longer
// than asked, never shorter.
import type { Clock } from '#base/clock.ts';
import type { Store } from '#store';

export interface LeasePool {
  /** A lease for an object that shall vanish after `ttlSeconds`. */
  lease(ttlSeconds: number): Promise<string>;
}

const reuseSeconds = 60;
const reuseShare = 0.05;
const objectsPerLease = 1000;

interface Shared {
  readonly id: Promise<string>;
  readonly untilMs: number;
  objects: number;
}

export function createLeasePool(store: Store, clock: Clock): LeasePool {
  const byTtl = new Map<number, Shared>();
  return {
    lease(ttlSeconds) {
      const now = clock.monotonic();
      const known = byTtl.get(ttlSeconds);
      if (known !== undefined && now < known.untilMs && known.objects < objectsPerLease) {
        known.objects++;
        return known.id;
      }
      const reuse = Math.min(reuseSeconds, Math.ceil(ttlSeconds * reuseShare));
      const id = store.grantLease(ttlSeconds + reuse);
      const fresh = { id, untilMs: now + reuse * 1000, objects: 1 };
      byTtl.set(ttlSeconds, fresh);
      id.catch(() => {
        if (byTtl.get(ttlSeconds) === fresh) byTtl.delete(ttlSeconds);
      });
      return id;
    },
  };
}
