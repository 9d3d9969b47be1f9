// Watchers of the local engines. A live watcher gets the events of each commit in the commit; one that
// starts in the past first replays the journal in bounded steps and then goes live without a gap.
// Watchers are grouped by range and found by the key, so that a write costs only those who watch it.
import type { Clock } from '#base/clock.ts';
import { CompactedError, type StoreEvent, type StoreWatch, type WatchHandler, type WatchQuery } from '../contract.ts';
import type { Journal } from './journal.ts';
import { positionOf, revisionOf, toKeyValue, type JournalRecord } from './record.ts';

const replayEvents = 1_000;
const replayBytes = 8 * 1024 * 1024;

interface Watcher {
  readonly handler: WatchHandler;
  readonly group: Group;
  /** First revision not delivered yet. */
  next: number;
  live: boolean;
  closed: boolean;
  progressWanted: boolean;
}

/** All live watchers of one range. */
interface Group {
  readonly start: string;
  readonly end: string | undefined;
  readonly live: Set<Watcher>;
  members: number;
  pending: StoreEvent[];
}

export interface WatchHubState {
  readonly clock: Clock;
  readonly journal: Journal;
  revision(): number;
  compacted(): number;
  /** A handler threw: the watch is dropped. */
  failed(error: unknown): void;
}

export interface WatchHub {
  watch(query: WatchQuery, handler: WatchHandler): StoreWatch;
  /** Delivers records that have just become durable; `revision` is the newest of them. */
  publish(records: readonly JournalRecord[], revision: number): void;
  /** Ends every watch. */
  close(error: Error): void;
}

/** The event of a record: reads what the write replaced. */
export function eventOf(record: JournalRecord, journal: Journal): StoreEvent {
  const before = record.previous === 0 ? undefined : journal.read(record.previous);
  return {
    type: record.deleted ? 'delete' : 'put',
    key: record.key,
    kv: toKeyValue(record, record.value),
    previous: before === undefined || before.deleted ? undefined : toKeyValue(before, before.value),
  };
}

function contains(group: Group, key: string): boolean {
  return group.end === undefined ? key === group.start : key >= group.start && key < group.end;
}

export function createWatchHub(state: WatchHubState): WatchHub {
  const groups = new Map<string, Group>();
  const watchers = new Set<Watcher>();
  /** Groups by start; `reach[i]` is the largest end among the first i + 1. */
  let sorted: Group[] = [];
  let reach: string[] = [];

  const resort = (): void => {
    sorted = [...groups.values()].sort((a, b) => (a.start < b.start ? -1 : 1));
    let most = '';
    reach = sorted.map((group) => {
      const end = group.end ?? `${group.start}\0`;
      if (end > most) most = end;
      return most;
    });
  };

  const groupsOf = (key: string, run: (group: Group) => void): void => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const group = sorted[middle];
      if (group !== undefined && group.start <= key) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && (reach[i] ?? '') > key; i--) {
      const group = sorted[i];
      if (group !== undefined && contains(group, key)) run(group);
    }
  };

  const drop = (watcher: Watcher): void => {
    if (watcher.closed) return;
    watcher.closed = true;
    watchers.delete(watcher);
    const { group } = watcher;
    group.live.delete(watcher);
    if (--group.members === 0) {
      groups.delete(`${group.start}\0${group.end ?? ''}`);
      resort();
    }
  };

  const guarded = (watcher: Watcher, run: () => void): void => {
    try {
      run();
    } catch (error) {
      drop(watcher);
      state.failed(error);
    }
  };

  const deliver = (watcher: Watcher, events: readonly StoreEvent[], revision: number): void => {
    const wanted = watcher.next;
    watcher.next = Math.max(wanted, revision + 1);
    const first = events[0];
    const news = first !== undefined && first.kv.modRevision < wanted ? events.filter((event) => event.kv.modRevision >= wanted) : events;
    if (news.length > 0) guarded(watcher, () => watcher.handler.events(news, revision));
  };

  const answerProgress = (watcher: Watcher): void => {
    if (!watcher.live || !watcher.progressWanted) return;
    watcher.progressWanted = false;
    guarded(watcher, () => watcher.handler.progress?.(state.revision()));
  };

  /** Replays one step of history; true when the watcher has caught up. */
  const replay = (watcher: Watcher): boolean => {
    const events: StoreEvent[] = [];
    let bytes = 0;
    let complete = state.revision();
    state.journal.scan(positionOf(watcher.next, 0), positionOf(complete + 1, 0), true, (record) => {
      const revision = revisionOf(record.position);
      if ((events.length >= replayEvents || bytes >= replayBytes) && events.at(-1)?.kv.modRevision !== revision) {
        complete = revision - 1;
        return false;
      }
      if (!contains(watcher.group, record.key)) return true;
      bytes += record.value.length;
      events.push(eventOf(record, state.journal));
      return true;
    });
    deliver(watcher, events, complete);
    return complete === state.revision();
  };

  const catchUp = (watcher: Watcher): void => {
    if (watcher.closed) return;
    if (watcher.next < state.compacted()) {
      drop(watcher);
      watcher.handler.ended(new CompactedError(state.compacted()));
      return;
    }
    if (watcher.next <= state.revision() && !replay(watcher)) {
      state.clock.after(0, () => catchUp(watcher));
      return;
    }
    if (watcher.closed) return;
    watcher.live = true;
    watcher.group.live.add(watcher);
    answerProgress(watcher);
  };

  return {
    watch(query, handler) {
      const id = `${query.start}\0${query.end ?? ''}`;
      let group = groups.get(id);
      if (group === undefined) {
        group = { start: query.start, end: query.end, live: new Set(), members: 0, pending: [] };
        groups.set(id, group);
        resort();
      }
      group.members++;
      const next = query.fromRevision ?? state.revision() + 1;
      const watcher: Watcher = { handler, group, next, live: false, closed: false, progressWanted: false };
      watchers.add(watcher);
      if (next > state.revision()) {
        watcher.live = true;
        group.live.add(watcher);
      } else queueMicrotask(() => catchUp(watcher));
      return {
        close: () => drop(watcher),
        requestProgress() {
          watcher.progressWanted = true;
          queueMicrotask(() => {
            if (!watcher.closed) answerProgress(watcher);
          });
        },
      };
    },
    publish(records, revision) {
      if (sorted.length === 0) return;
      const touched = new Set<Group>();
      for (const record of records) {
        let event: StoreEvent | undefined;
        groupsOf(record.key, (group) => {
          if (group.live.size === 0) return;
          event ??= eventOf(record, state.journal);
          group.pending.push(event);
          touched.add(group);
        });
      }
      for (const group of touched) {
        const events = group.pending;
        group.pending = [];
        for (const watcher of group.live) if (!watcher.closed) deliver(watcher, events, revision);
      }
    },
    close(error) {
      for (const watcher of watchers) {
        drop(watcher);
        guarded(watcher, () => watcher.handler.ended(error));
      }
    },
  };
}
