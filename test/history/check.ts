// Judges a history. The store promises one order of all writes, told by their revisions; each rule below is one way in
// which a lost, doubled, reordered or half-told write would show. Answers sentences about what broke, none when all held.
import type { History, Read, Seen, State, Watched, Write } from './record.ts';

/** @returns at most `limit` violations. */
export function checkHistory(history: History, limit = 20): string[] {
  const found: string[] = [];
  const rules = [marksSurvive, ownObjectsSurvive, revisionsAreUnique, realTimeOrder, preconditionsHold, watchesAreOrdered, watchesAgree, watchesAreComplete, readsAreFresh, listsAreMoments];
  for (const rule of rules) {
    for (const violation of rule(history)) {
      if (found.length === limit) return found;
      found.push(violation);
    }
  }
  return found;
}

/** Acknowledged marks are there in the end, refused ones are not. */
function* marksSurvive({ writes, last }: History): Generator<string> {
  const there = new Map((last?.found ?? []).map((state) => [state.key, new Set(state.marks)]));
  for (const write of writes) {
    if (write.kind !== 'mark') continue;
    const present = there.get(write.key)?.has(write.id) === true;
    if (write.outcome === 'done' && !present) yield `lost: ${write.id} on ${write.key} was acknowledged at revision ${write.revision}`;
    if (write.outcome === 'refused' && present) yield `ghost: ${write.id} on ${write.key}${write.expected === undefined ? '' : ` (if at ${write.expected})`} was refused (${write.refusal ?? ''}) and is there`;
  }
  const known = new Set(writes.map((write) => write.id));
  for (const [key, marks] of there) for (const mark of marks) if (!known.has(mark)) yield `unheard of: ${mark} on ${key}`;
}

/** Objects that one client creates and deletes are there or not, as it was told. */
function* ownObjectsSurvive({ writes, last }: History): Generator<string> {
  const there = new Set((last?.found ?? []).map((state) => state.key));
  const fate = new Map<string, { there: boolean | undefined }>();
  for (const write of writes) {
    if (write.kind === 'mark' || write.outcome === 'refused') continue;
    fate.set(write.key, { there: write.outcome === 'unknown' ? undefined : write.kind === 'create' });
  }
  for (const [key, { there: expected }] of fate) {
    if (expected === true && !there.has(key)) yield `lost: ${key} was created and acknowledged`;
    if (expected === false && there.has(key)) yield `undeleted: the deletion of ${key} was acknowledged`;
  }
}

function* revisionsAreUnique({ writes }: History): Generator<string> {
  const by = new Map<number, Write>();
  for (const write of writes) {
    if (write.revision === undefined || write.outcome !== 'done') continue;
    const other = by.get(write.revision);
    if (other !== undefined) yield `doubled: ${other.id} and ${write.id} were both acknowledged at revision ${write.revision}`;
    by.set(write.revision, write);
  }
}

/** A write that began after another's acknowledgement has the higher revision. */
function* realTimeOrder({ writes }: History): Generator<string> {
  const done = writes.filter((write) => write.outcome === 'done' && write.revision !== undefined);
  const byEnd = done.toSorted((a, b) => a.endedMs - b.endedMs);
  const byStart = done.toSorted((a, b) => a.startedMs - b.startedMs);
  let highest: Write | undefined;
  let at = 0;
  for (const write of byStart) {
    for (; (byEnd[at]?.endedMs ?? Infinity) < write.startedMs; at++) {
      const ended = byEnd[at];
      if (ended !== undefined && (ended.revision ?? 0) > (highest?.revision ?? 0)) highest = ended;
    }
    if ((write.revision ?? 0) <= (highest?.revision ?? 0)) yield `reordered: ${write.id} (${write.revision}) began after ${highest?.id} (${highest?.revision}) had ended`;
  }
}

/** Between the revision that a conditional write expected and its own, its object did not change. */
function* preconditionsHold({ writes }: History): Generator<string> {
  const byKey = Map.groupBy(writes.filter((write) => write.outcome === 'done' && write.revision !== undefined), (write) => write.key);
  for (const [key, all] of byKey) {
    const revisions = all.map((write) => write.revision ?? 0).toSorted((a, b) => a - b);
    for (const write of all) {
      if (write.expected === undefined) continue;
      const between = revisions.find((revision) => revision > (write.expected ?? 0) && revision < (write.revision ?? 0));
      if (between !== undefined) yield `unfair: ${write.id} replaced revision ${write.expected} of ${key} at ${write.revision}, although ${between} came between`;
    }
  }
}

function* watchesAreOrdered({ watches }: History): Generator<string> {
  for (const [number, watch] of watches.entries()) {
    let last = watch.from.revision;
    const alive = new Set(watch.from.found.map((state) => state.key));
    for (const { type, state } of watch.events) {
      if (state.revision <= last) yield `watch ${number}: revision ${state.revision} of ${state.key} came after ${last}`;
      last = Math.max(last, state.revision);
      if (type === 'ADDED' && alive.has(state.key)) yield `watch ${number}: ${state.key} was added twice (${state.revision})`;
      if (type !== 'ADDED' && !alive.has(state.key)) yield `watch ${number}: ${type} of the absent ${state.key} (${state.revision})`;
      if (type === 'DELETED') alive.delete(state.key);
      else alive.add(state.key);
    }
  }
}

/** Two watchers see the same at the same revision, and nothing that the other, complete there, does not have. */
function* watchesAgree({ watches }: History): Generator<string> {
  const tell = ({ type, state }: Seen): string => `${type} ${state.key} [${state.marks.length}]`;
  const first = new Map<number, string>();
  for (const { events } of watches) {
    for (const event of events) {
      const other = first.get(event.state.revision);
      const told = tell(event);
      if (other !== undefined && other !== told) yield `watches disagree at ${event.state.revision}: ${other}, ${told}`;
      first.set(event.state.revision, told);
    }
  }
  for (const [number, watch] of watches.entries()) {
    const own = new Set(watch.events.map((event) => event.state.revision));
    for (const [revision, told] of first) {
      if (revision > watch.from.revision && revision <= watch.completeTo && !own.has(revision)) yield `watch ${number} missed ${told} at ${revision}`;
    }
  }
}

/** Acknowledged writes are seen by every watch that covers their revision. */
function* watchesAreComplete({ writes, watches }: History): Generator<string> {
  for (const [number, watch] of watches.entries()) {
    const seen = new Map(watch.events.map((event) => [event.state.revision, event]));
    for (const write of writes) {
      const { revision } = write;
      if (write.outcome !== 'done' || revision === undefined || revision <= watch.from.revision || revision > watch.completeTo) continue;
      const event = seen.get(revision);
      if (event === undefined) yield `watch ${number} missed the acknowledged ${write.id} at ${revision}`;
      else if (event.state.key !== write.key) yield `watch ${number} shows ${event.state.key} at ${revision}, where ${write.key} was written`;
      else if (write.kind === 'mark' && !event.state.marks.includes(write.id)) yield `watch ${number} shows ${write.key} at ${revision} without ${write.id}`;
    }
  }
}

/** A read begun after an acknowledgement shows what was acknowledged. */
function* readsAreFresh({ writes, reads, last }: History): Generator<string> {
  const marks = writes.filter((write) => write.kind === 'mark' && write.outcome === 'done').toSorted((a, b) => a.endedMs - b.endedMs);
  for (const read of last === undefined ? reads : [...reads, last]) {
    const shown = new Map(read.found.map((state) => [state.key, new Set(state.marks)]));
    for (const write of marks) {
      if (write.endedMs >= read.startedMs) break;
      if (read.key !== undefined && read.key !== write.key) continue;
      if (shown.get(write.key)?.has(write.id) !== true) yield `stale: a read begun at ${read.startedMs.toFixed(1)} does not show ${write.id} on ${write.key}, acknowledged at ${write.endedMs.toFixed(1)}`;
    }
  }
}

/** A list is the state of its revision, as the events of a watch that covers it give it. */
function* listsAreMoments({ reads, watches, last }: History): Generator<string> {
  const lists = [...reads, ...watches.map((watch) => watch.from), ...(last === undefined ? [] : [last])].filter((read) => read.key === undefined).toSorted((a, b) => a.revision - b.revision);
  for (const watch of watches) {
    const state = new Map<string, State>(watch.from.found.map((found) => [found.key, found]));
    let at = 0;
    for (const list of lists) {
      if (list.revision < watch.from.revision || list.revision > watch.completeTo) continue;
      for (; (watch.events[at]?.state.revision ?? Infinity) <= list.revision; at++) applyEvent(state, watch.events[at]);
      const difference = compare(state, list);
      if (difference !== undefined) yield `the list at ${list.revision} ${difference}`;
    }
  }
}

function applyEvent(state: Map<string, State>, event: Seen | undefined): void {
  if (event === undefined) return;
  if (event.type === 'DELETED') state.delete(event.state.key);
  else state.set(event.state.key, event.state);
}

function compare(state: ReadonlyMap<string, State>, list: Read): string | undefined {
  for (const found of list.found) {
    const expected = state.get(found.key);
    if (expected === undefined) return `shows ${found.key}, which no event had made`;
    if (expected.revision !== found.revision || expected.marks.length !== found.marks.length) return `shows ${found.key} at ${found.revision} with ${found.marks.length} marks instead of ${expected.revision} with ${expected.marks.length}`;
  }
  if (list.found.length !== state.size) return `shows ${list.found.length} objects instead of ${state.size}`;
  return undefined;
}

/** How much a run has shown, for its last line. */
export function summary(history: History): string {
  const count = (outcome: Write['outcome']): number => history.writes.filter((write) => write.outcome === outcome).length;
  const events = history.watches.reduce((sum: number, watch: Watched) => sum + watch.events.length, 0);
  return `${count('done')} writes acknowledged, ${count('refused')} refused, ${count('unknown')} unknown; ${history.reads.length} reads; ${history.watches.length} unbroken watches with ${events} events`;
}
