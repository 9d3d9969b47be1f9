// etcd's Lease service on a local engine.
import type { Random } from '#base/random.ts';
import { LeaseNotFoundError, type LocalStore } from '#store';
import { refusals } from './wire.ts';

const mostSeconds = 9_000_000_000;
const fewestSeconds = 2;

export interface Leases {
  grant(request: { readonly TTL: string; readonly ID: string }): Promise<object>;
  revoke(request: { readonly ID: string }): Promise<object>;
  keepAlive(request: { readonly ID: string }): Promise<object>;
  timeToLive(request: { readonly ID: string; readonly keys: boolean }): Promise<object>;
  list(): Promise<object>;
}

/** @param header with the store's newest revision. */
export function createLeases(store: LocalStore, random: Random, header: () => object): Leases {
  const freshId = (): string => String(Buffer.from(random.bytes(6)).readUIntBE(0, 6) + 1);
  return {
    async grant({ TTL, ID }) {
      const seconds = Number(TTL);
      if (seconds > mostSeconds) throw refusals.ttlTooLarge();
      const granted = Math.max(fewestSeconds, seconds);
      const id = ID === '0' ? freshId() : ID;
      if (!(await store.grantLeaseAs(id, granted))) throw refusals.leaseExists();
      return { header: header(), ID: id, TTL: granted };
    },
    async revoke({ ID }) {
      await store.revokeLease(ID);
      return { header: header() };
    },
    async keepAlive({ ID }) {
      try {
        await store.renewLease(ID);
      } catch (error) {
        if (!(error instanceof LeaseNotFoundError)) throw error;
        return { header: header(), ID, TTL: 0 };
      }
      return { header: header(), ID, TTL: store.lease(ID)?.ttlSeconds ?? 0 };
    },
    async timeToLive({ ID, keys }) {
      const lease = store.lease(ID);
      if (lease === undefined) return { header: header(), ID, TTL: -1, grantedTTL: 0, keys: [] };
      return { header: header(), ID, TTL: lease.remainingSeconds, grantedTTL: lease.ttlSeconds, keys: keys ? lease.keys.map((key) => Buffer.from(key, 'latin1')) : [] };
    },
    list: async () => ({ header: header(), leases: store.leases().map((ID) => ({ ID })) }),
  };
}
