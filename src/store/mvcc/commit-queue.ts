// Group commit: work that arrives together becomes one journal write, and while one write waits for the
// disk the next is already on its way. A write that fails takes everything behind it along, because what
// is behind was decided on top of it.
import { NoSpaceError, StoreUnavailableError } from '../contract.ts';
import type { Journal, JournalBatch } from './journal.ts';
import type { JournalRecord } from './record.ts';

const batchItems = 4_096;
const batchBytes = 4 * 1024 * 1024;
/** One write in LMDB while the one before it is being synced. */
const overlap = 2;
const waitingItems = 100_000;
const waitingBytes = 256 * 1024 * 1024;

/** Work to be written as one unit. */
export interface Item extends JournalBatch {
  readonly bytes: number;
  /** The write is durable; called in order. */
  done(): void;
  failed(error: Error): void;
}

export interface CommitQueue {
  /** Throws StoreUnavailableError when too much is waiting or the store has broken. */
  push(item: Item): void;
  /** Throws as `push` would. */
  check(): void;
  /** Resolves when everything pushed so far has settled. */
  idle(): Promise<void>;
}

export interface CommitQueueHooks {
  /** Calls back at the end of the turn (real time) or in a microtask (virtual time). */
  afterTurn(run: () => void): void;
  /** The records of one durable write, before any `done` of it. */
  durable(records: readonly JournalRecord[]): void;
  /** Nothing is on its way any more after a failure: forget what was decided but not written. */
  rolledBack(): void;
}

interface Flight {
  readonly items: readonly Item[];
  readonly records: readonly JournalRecord[];
  outcome: 'waiting' | 'durable' | Error;
}

export function createCommitQueue(journal: Journal, hooks: CommitQueueHooks): CommitQueue {
  let waiting: Item[] = [];
  let waitingSize = 0;
  const flights: Flight[] = [];
  let scheduled = false;
  /** Set from a failure until nothing is on its way, or for good when the journal is in doubt. */
  let failure: Error | undefined;
  let broken = false;
  let idlers: (() => void)[] = [];

  const take = (): Item[] => {
    let bytes = 0;
    let count = 0;
    while (count < waiting.length && count < batchItems && bytes < batchBytes) bytes += waiting[count++]?.bytes ?? 0;
    waitingSize -= bytes;
    const items = waiting.slice(0, count);
    waiting = count === waiting.length ? [] : waiting.slice(count);
    return items;
  };

  const flush = (): void => {
    scheduled = false;
    if (flights.length >= overlap || waiting.length === 0) return;
    const items = take();
    const records = items.flatMap((item) => item.records);
    const flight: Flight = { items, records, outcome: 'waiting' };
    flights.push(flight);
    journal.write({ records, removals: items.flatMap((item) => item.removals), notes: items.flatMap((item) => item.notes) }).then(
      () => settle(flight, 'durable'),
      (error: unknown) => settle(flight, error instanceof Error ? error : new Error(String(error))),
    );
    pump();
  };

  const pump = (): void => {
    if (scheduled || flights.length >= overlap || waiting.length === 0) return;
    scheduled = true;
    hooks.afterTurn(flush);
  };

  const settle = (flight: Flight, outcome: 'durable' | Error): void => {
    flight.outcome = outcome;
    for (let first = flights[0]; first !== undefined && first.outcome !== 'waiting'; first = flights[0]) {
      flights.shift();
      if (first.outcome === 'durable' && failure === undefined) {
        hooks.durable(first.records);
        for (const item of first.items) item.done();
      } else fail(first.items, first.outcome === 'durable' ? undefined : first.outcome);
    }
    if (failure !== undefined && flights.length === 0) recover();
    pump();
    if (flights.length === 0 && waiting.length === 0) wakeIdlers();
  };

  const fail = (items: readonly Item[], error: Error | undefined): void => {
    if (failure === undefined && error !== undefined) {
      broken = !(error instanceof NoSpaceError);
      failure = broken ? new StoreUnavailableError('the store failed to write and must be opened again', { cause: error }) : error;
    }
    const behind = waiting;
    waiting = [];
    waitingSize = 0;
    for (const item of [...items, ...behind]) item.failed(failure ?? new StoreUnavailableError('write failed'));
  };

  const recover = (): void => {
    hooks.rolledBack();
    if (!broken) failure = undefined;
  };

  const wakeIdlers = (): void => {
    const wake = idlers;
    idlers = [];
    for (const run of wake) run();
  };

  const check = (): void => {
    if (failure !== undefined) throw failure;
    if (waiting.length >= waitingItems || waitingSize >= waitingBytes) throw new StoreUnavailableError('too many writes are waiting for the disk');
  };

  return {
    check,
    push(item) {
      check();
      waiting.push(item);
      waitingSize += item.bytes;
      pump();
    },
    idle: () => (flights.length === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  };
}
