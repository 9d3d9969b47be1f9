// What a controller has asked for and not yet seen in its cache. While creations or deletions are outstanding
// it does not act again, or it would create twice. Watch events lower the counts; a lost event is forgiven
// after five minutes, as upstream's ControllerExpectations do. Deletions are tracked by uid or key, so that a
// doubled delete event counts once.
import type { Clock } from '#base/clock.ts';

export const expectationsTimeoutMs = 5 * 60_000;

interface Expectation {
  creations: number;
  readonly deletions: Set<string>;
  readonly since: number;
}

export interface Expectations {
  /** True when nothing is outstanding for `key`, or it has been for too long. */
  satisfied(key: string): boolean;
  expectCreations(key: string, count: number): void;
  /** `ids` are what `deletionObserved` will be told. */
  expectDeletions(key: string, ids: readonly string[]): void;
  creationObserved(key: string): void;
  deletionObserved(key: string, id: string): void;
  /** The owner is gone. */
  forget(key: string): void;
}

export function createExpectations(clock: Clock): Expectations {
  const open = new Map<string, Expectation>();
  const settle = (key: string, expectation: Expectation): void => {
    if (expectation.creations <= 0 && expectation.deletions.size === 0) open.delete(key);
  };
  return {
    satisfied(key) {
      const expectation = open.get(key);
      if (expectation === undefined) return true;
      return clock.monotonic() - expectation.since > expectationsTimeoutMs;
    },
    expectCreations(key, count) {
      if (count > 0) open.set(key, { creations: count, deletions: new Set(), since: clock.monotonic() });
    },
    expectDeletions(key, ids) {
      if (ids.length > 0) open.set(key, { creations: 0, deletions: new Set(ids), since: clock.monotonic() });
    },
    creationObserved(key) {
      const expectation = open.get(key);
      if (expectation === undefined || expectation.creations === 0) return;
      expectation.creations--;
      settle(key, expectation);
    },
    deletionObserved(key, id) {
      const expectation = open.get(key);
      if (expectation?.deletions.delete(id) === true) settle(key, expectation);
    },
    forget: (key) => void open.delete(key),
  };
}
