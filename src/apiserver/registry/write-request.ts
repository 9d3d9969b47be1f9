// What a write needs to know, whatever its verb, and what the registry needs to carry it out.
import type { World } from '#base/world.ts';
import type { KubeObject, ObjectReader } from '../contract.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { AdmissionChain } from './admission-chain.ts';
import type { LeasePool } from './lease-pool.ts';
import type { ServedResource, StoredResource } from './resources.ts';
import type { ReservationSource } from './reservations.ts';
import type { WriteContext } from './strategy.ts';

export interface Registry {
  readonly world: World;
  readonly cache: WatchCache;
  readonly reader: ObjectReader;
  readonly admission: AdmissionChain;
  readonly leases: LeasePool;
  readonly reservations: ReservationSource;
  /** How long objects that vanish by themselves (events) are kept; undefined: as their strategy says. */
  readonly ttlSeconds?: number | undefined;
  /** Would an unchanged object be stored in another form than it is (another key)? Then it is written all the same. */
  readonly isStale?: (resource: StoredResource, key: string, signal: AbortSignal) => Promise<boolean>;
}

export interface WriteRequest extends WriteContext {
  readonly served: ServedResource;
  readonly stored: StoredResource;
  readonly subresource: string;
  readonly namespace: string;
  /** From the URL; '' for a create on the collection. */
  readonly name: string;
  /** fieldManager, or what the User-Agent says. */
  readonly manager: string;
  /** CreateOptions, UpdateOptions, … as admission sees them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** When the request is given up, in monotonic milliseconds; undefined: never. */
  readonly deadline?: number | undefined;
  /** A server-side apply. */
  readonly isApply?: boolean;
  /** A DELETE of the collection: admission sees each object, but no name. */
  readonly ofCollection?: boolean;
  /** Is the body so large that the work is to be done in slices? */
  heavy?(): boolean;
}

/** What a write leaves behind. */
export interface Written {
  /** In the stored version, with its resourceVersion. */
  readonly object: KubeObject;
  /** The same as JSON. */
  readonly bytes: Buffer;
  readonly created: boolean;
}
