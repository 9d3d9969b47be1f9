// How much of the server a request takes, guessed before it runs: lists and watches that begin with the state by how
// much they load, writes by how many watches they wake. Upstream's figures: 100 KB to a seat, ten watches to a seat
// for 5 ms, never more than the priority level lets one request have.
import { queryFlag } from '../request/request-info.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { RequestInfo } from '../contract.ts';
import { oneSeat, type Width } from './fair-queue.ts';
import type { Level } from './level.ts';
import type { FlowTally } from './tallies.ts';
import type { WatchCounts } from './watch-counts.ts';

const mostListSeats = 100;
const mostWriteSeats = 10;
const bytesPerSeat = 100_000;
/** What a list that streams from the cache holds at once. */
const mostStreamedBytes = 1_000_000;
const watchesPerSeat = 10;
const eventMs = 5;

export interface Estimator {
  widthOf(info: RequestInfo, level: Level, tally: FlowTally): Width;
}

export function createEstimator(cache: Pick<WatchCache, 'resource'>, watches: WatchCounts): Estimator {
  const sizes = new WeakMap<ResourceCache, { readonly changes: number; readonly bytes: number }>();
  const averageBytes = (resource: ResourceCache): number => {
    const known = sizes.get(resource);
    // Sizes hardly change; a tenth more or fewer objects may.
    if (known !== undefined && resource.changes - known.changes <= 32 + resource.size / 10) return known.bytes;
    const bytes = sampleBytes(resource);
    sizes.set(resource, { changes: resource.changes, bytes });
    return bytes;
  };
  return {
    widthOf(info, level, tally) {
      switch (info.verb) {
        case 'list':
        case 'watch':
          return listWidth(info, level.widest, cache.resource(info.apiGroup, info.resource), averageBytes);
        case 'create':
        case 'update':
        case 'patch':
        case 'delete':
          return writeWidth(info, level.widest, watches, tally);
        default:
          return oneSeat;
      }
    },
  };
}

const sampleSize = 64;

function sampleBytes(resource: ResourceCache): number {
  let bytes = 0;
  let count = 0;
  for (const entry of resource.entries()) {
    bytes += entry.bytes.length;
    if (++count === sampleSize) break;
  }
  return count === 0 ? 0 : bytes / count;
}

function listWidth(info: RequestInfo, widest: number, resource: ResourceCache | undefined, averageBytes: (resource: ResourceCache) => number): Width {
  const { query } = info;
  const most = widest === 0 || widest > mostListSeats ? mostListSeats : widest;
  const version = query.get('resourceVersion') ?? '';
  if (info.verb === 'watch') {
    if (version !== '' && version !== '0' && !queryFlag(query, 'sendInitialEvents')) return oneSeat;
  }
  // Not of this server: somebody else's work.
  if (resource === undefined || resource.size === 0) return oneSeat;
  const limit = Number(query.get('limit') ?? 0);
  const asked = limit > 0 && limit < resource.size ? limit : resource.size;
  const fromCache = info.verb === 'watch' || !readsStore(query, version, limit);
  const selective = (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== '';
  const loaded = info.name !== '' ? 1 : !fromCache && selective ? Math.max(asked, resource.size / 2) : asked;
  const bytes = loaded * averageBytes(resource);
  const seats = Math.min(most, Math.max(1, Math.ceil((fromCache ? Math.min(bytes, mostStreamedBytes) : bytes) / bytesPerSeat)));
  return seats === 1 ? oneSeat : { initialSeats: seats, finalSeats: 0, extraMs: 0 };
}

/** Lists of a moment in the past cost more. */
function readsStore(query: URLSearchParams, version: string, limit: number): boolean {
  const match = query.get('resourceVersionMatch') ?? '';
  if (match === 'Exact') return true;
  if (match === 'NotOlderThan') return false;
  return (query.get('continue') ?? '') !== '' || (limit > 0 && version !== '' && version !== '0');
}

function writeWidth(info: RequestInfo, widest: number, watches: WatchCounts, tally: FlowTally): Width {
  // A token is no event.
  if (info.resource === 'serviceaccounts' && info.subresource === 'token') return oneSeat;
  const count = watches.interested(info);
  tally.watchCount.observe(count);
  if (count < watchesPerSeat) return oneSeat;
  const wanted = Math.ceil(count / watchesPerSeat);
  const finalSeats = Math.min(wanted, widest === 0 || widest > mostWriteSeats ? mostWriteSeats : widest);
  return { initialSeats: 1, finalSeats, extraMs: (wanted * eventMs) / finalSeats };
}
