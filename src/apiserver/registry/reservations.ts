// What some objects take from a supply that all share: cluster IPs and node ports of services. Taken before
// the write, settled after it, given back when the object has gone.
import type { StoredResource } from './resources.ts';
import type { Stored, WriteContext } from './strategy.ts';

export interface Reservation {
  /** The write happened: what the old object held and the new one does not goes back. */
  commit(): Promise<void>;
  /** The write did not happen: what was taken for it goes back. */
  revert(): Promise<void>;
}

export interface Reserver {
  /** Fills in what the object leaves to the server. Throws StatusError when a wish cannot be met. */
  reserve(object: Stored, old: Stored | undefined, context: WriteContext): Promise<Reservation>;
  /** The object has gone. */
  release(object: Stored): Promise<void>;
}

export interface ReservationSource {
  of(resource: StoredResource): Reserver | undefined;
}

const nothing: Reservation = { commit: async () => {}, revert: async () => {} };

/** The reservation of a write; an empty one for resources that share nothing. */
export async function reserve(
  source: ReservationSource, resource: StoredResource, object: Stored, old: Stored | undefined, context: WriteContext,
): Promise<Reservation> {
  const reserver = source.of(resource);
  return reserver === undefined ? nothing : reserver.reserve(object, old, context);
}

/** @param reservers By "group/plural". */
export function reservationSource(reservers: Readonly<Record<string, Reserver>>): ReservationSource {
  return { of: (resource) => reservers[`${resource.group}/${resource.plural}`] };
}
