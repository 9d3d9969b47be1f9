// Leases of the local engines: which keys hang on which lease and when it runs out. A lease itself is a
// note on disk; renewals are not written, so that after a restart every lease has its full time again
// (as after a leader change in etcd).
import type { Clock, Timer } from '#base/clock.ts';
import { LeaseNotFoundError } from '../contract.ts';
import type { LeaseState } from './local-store.ts';
import type { Head } from './record.ts';

interface Lease {
  readonly ttlSeconds: number;
  readonly ttlMs: number;
  expiresAt: number;
  readonly keys: Set<string>;
}

export interface LeaseTable {
  add(id: string, ttlSeconds: number): void;
  renew(id: string): void;
  has(id: string): boolean;
  find(id: string): LeaseState | undefined;
  ids(): readonly string[];
  /** Takes the lease away and returns what it was. Throws LeaseNotFoundError. */
  take(id: string): { readonly ttlSeconds: number; readonly keys: ReadonlySet<string> };
  /** Keeps the keys of leases right when a key's newest version changes. */
  moved(before: Head | undefined, after: Head): void;
  close(): void;
}

/** `expired` is called once for each lease that ran out; it is still in the table then, and is reported again a ttl later. */
export function createLeaseTable(clock: Clock, expired: (id: string) => void): LeaseTable {
  const leases = new Map<string, Lease>();
  let timer: Timer | undefined;
  let wakesAt = Number.POSITIVE_INFINITY;

  const check = (): void => {
    timer = undefined;
    wakesAt = Number.POSITIVE_INFINITY;
    const now = clock.monotonic();
    for (const [id, lease] of leases) {
      if (lease.expiresAt > now) continue;
      lease.expiresAt = now + lease.ttlMs;
      expired(id);
    }
    let soonest = Number.POSITIVE_INFINITY;
    for (const lease of leases.values()) soonest = Math.min(soonest, lease.expiresAt);
    if (soonest !== Number.POSITIVE_INFINITY) arm(soonest);
  };

  const arm = (at: number): void => {
    if (at >= wakesAt) return;
    timer?.cancel();
    wakesAt = at;
    timer = clock.after(Math.max(0, Math.ceil(at - clock.monotonic())), check, { background: true });
  };

  const existing = (id: string): Lease => {
    const lease = leases.get(id);
    if (lease === undefined) throw new LeaseNotFoundError('requested lease not found');
    return lease;
  };

  return {
    add(id, ttlSeconds) {
      const ttlMs = ttlSeconds * 1_000;
      const lease = { ttlSeconds, ttlMs, expiresAt: clock.monotonic() + ttlMs, keys: new Set<string>() };
      leases.set(id, lease);
      arm(lease.expiresAt);
    },
    renew(id) {
      const lease = existing(id);
      lease.expiresAt = clock.monotonic() + lease.ttlMs;
    },
    has: (id) => leases.has(id),
    find(id) {
      const lease = leases.get(id);
      if (lease === undefined) return undefined;
      return { id, ttlSeconds: lease.ttlSeconds, remainingSeconds: Math.max(0, Math.ceil((lease.expiresAt - clock.monotonic()) / 1_000)), keys: [...lease.keys] };
    },
    ids: () => [...leases.keys()],
    take(id) {
      const lease = existing(id);
      leases.delete(id);
      return lease;
    },
    moved(before, after) {
      if (before !== undefined && before.lease !== '' && before.lease !== after.lease) leases.get(before.lease)?.keys.delete(after.key);
      if (after.lease !== '') leases.get(after.lease)?.keys.add(after.key);
    },
    close() {
      timer?.cancel();
      leases.clear();
    },
  };
}
