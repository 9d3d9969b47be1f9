// How many watches one user may have open. Upstream has no such bound: a watch costs no seat once it has begun, so that
// one client that forgets its watches could fill the server's memory with them. The default is far beyond what any known
// controller opens; the server's own watches are not counted.
import { tooManyRequests } from '#machinery';

export const defaultWatchesPerUser = 10_000;
const retryAfterSeconds = 5;
const itself = 'system:apiserver';

export interface WatchPlaces {
  /** Answers how to give the place back, which may be done more than once. Throws 429. */
  take(user: string): () => void;
}

/** @param most for each user; 0: any number. */
export function createWatchPlaces(most: number): WatchPlaces {
  const taken = new Map<string, number>();
  return {
    take(user) {
      if (most === 0 || user === itself) return () => {};
      const open = taken.get(user) ?? 0;
      if (open >= most) throw tooManyRequests(`user ${JSON.stringify(user)} has ${open} watches open, the most that --max-watches-per-user allows`, retryAfterSeconds);
      taken.set(user, open + 1);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        const left = (taken.get(user) ?? 1) - 1;
        if (left > 0) taken.set(user, left);
        else taken.delete(user);
      };
    },
  };
}
