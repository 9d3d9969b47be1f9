// What a store is, said once for every engine: the memory, embedded and etcd tests run this whole suite.
// Cases share one store and keep apart by prefix, because a real etcd is slow to start.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomInt, seededRandom } from '#base/random.ts';
import {
  CompactedError, FutureRevisionError, LeaseNotFoundError, prefixEnd,
  type KeyValue, type Store, type StoreEvent, type TxnResult, type WatchQuery,
} from './contract.ts';

export interface StoreHarness {
  readonly store: Store;
  /** Ends the store and what stands behind it, and opens it again on the same data. */
  restart(): Promise<Store>;
  /** Lets this much time pass for leases. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (kv: KeyValue | undefined): string | undefined => (kv === undefined ? undefined : Buffer.from(kv.value).toString());

/** Writes one key whatever it holds. */
export function put(store: Store, key: string, value: string, lease?: string): Promise<TxnResult> {
  return store.commit({ conditions: [], writes: [{ put: key, value: bytes(value), ...(lease === undefined ? {} : { lease }) }] });
}

export function remove(store: Store, key: string): Promise<TxnResult> {
  return store.commit({ conditions: [], writes: [{ delete: key }] });
}

export async function get(store: Store, key: string, revision?: number): Promise<KeyValue | undefined> {
  return (await store.range({ start: key, ...(revision === undefined ? {} : { revision }) })).kvs[0];
}

export interface Recorder {
  readonly events: StoreEvent[];
  /** The sizes of the batches, as revision lists. */
  readonly batches: number[][];
  readonly progress: number[];
  ended: Error | undefined;
  /** Resolves when the condition holds after some callback. */
  until(condition: () => boolean): Promise<void>;
  close(): void;
  requestProgress(): void;
}

/** A watch that writes everything down. */
export function record(store: Store, query: WatchQuery): Recorder {
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const wake = (): void => {
    waiting = waiting.filter(({ condition, resolve }) => {
      if (!condition()) return true;
      resolve();
      return false;
    });
  };
  const watch = store.watch(query, {
    events(events, revision) {
      expect(events.length).toBeGreaterThan(0);
      expect(revision).toBeGreaterThanOrEqual(events.at(-1)?.kv.modRevision ?? 0);
      recorder.events.push(...events);
      recorder.batches.push(events.map((event) => event.kv.modRevision));
      wake();
    },
    progress(revision) {
      recorder.progress.push(revision);
      wake();
    },
    ended(error) {
      recorder.ended = error;
      wake();
    },
  });
  const recorder: Recorder = {
    events: [],
    batches: [],
    progress: [],
    ended: undefined,
    until: (condition) => (condition() ? Promise.resolve() : new Promise((resolve) => waiting.push({ condition, resolve }))),
    close: () => watch.close(),
    requestProgress: () => watch.requestProgress(),
  };
  return recorder;
}

/** "put a=1 (was 0)" */
export function told(event: StoreEvent, prefix: string): string {
  const was = event.previous === undefined ? '' : ` (was ${text(event.previous)})`;
  return `${event.type} ${event.key.slice(prefix.length)}${event.type === 'put' ? `=${text(event.kv)}` : ''}${was}`;
}

/** Runs all cases on one engine. */
export function storeCases(engine: string, create: () => Promise<StoreHarness>): void {
  describe(`the store contract: ${engine}`, () => {
    let harness: StoreHarness;
    let store: Store;
    let count = 0;
    beforeAll(async () => {
      harness = await create();
      store = harness.store;
    });
    afterAll(() => harness.close());
    const fresh = (): string => `/case${++count}/`;

    writeCases(() => store, fresh);
    readCases(() => store, fresh);
    watchCases(() => store, fresh);
    leaseCases(() => store, fresh, (ms) => harness.pass(ms));
    compactionCases(() => store, fresh);
    restartCases(() => store, fresh, async () => {
      store = await harness.restart();
      return store;
    });
  });
}

function writeCases(current: () => Store, fresh: () => string): void {
  test('a write happens only if every condition holds', async () => {
    const store = current();
    const key = `${fresh()}a`;
    const created = await store.commit({ conditions: [{ key, modRevision: 0 }], writes: [{ put: key, value: bytes('1') }] });
    expect(created).toMatchObject({ succeeded: true, current: [] });
    const again = await store.commit({ conditions: [{ key, modRevision: 0 }], writes: [{ put: key, value: bytes('2') }] });
    expect(again.succeeded).toBe(false);
    expect(again.current.map(text)).toEqual(['1']);
    const updated = await store.commit({ conditions: [{ key, modRevision: created.revision }], writes: [{ put: key, value: bytes('2') }] });
    expect(updated.succeeded).toBe(true);
    expect(updated.revision).toBeGreaterThan(created.revision);
    expect(await get(store, key)).toMatchObject({ key, createRevision: created.revision, modRevision: updated.revision, version: 2, lease: '' });
    const stale = await store.commit({ conditions: [{ key, modRevision: created.revision }], writes: [{ delete: key }] });
    expect(stale).toMatchObject({ succeeded: false, current: [{ modRevision: updated.revision }] });
    const deleted = await store.commit({ conditions: [{ key, modRevision: updated.revision }], writes: [{ delete: key }] });
    expect(deleted.succeeded).toBe(true);
    const missing = await store.commit({ conditions: [{ key, modRevision: updated.revision }], writes: [{ put: key, value: bytes('3') }] });
    expect(missing).toMatchObject({ succeeded: false, current: [undefined] });
    const recreated = await put(store, key, '4');
    expect(await get(store, key)).toMatchObject({ createRevision: recreated.revision, version: 1 });
  });

  test('several writes share one revision, or none happens', async () => {
    const store = current();
    const p = fresh();
    const { revision } = await store.commit({
      conditions: [{ key: `${p}a`, modRevision: 0 }, { key: `${p}b`, modRevision: 0 }],
      writes: [{ put: `${p}a`, value: bytes('1') }, { put: `${p}b`, value: bytes('1') }, { put: `${p}c`, value: bytes('1') }],
    });
    const failed = await store.commit({
      conditions: [{ key: `${p}a`, modRevision: revision }, { key: `${p}b`, modRevision: 0 }],
      writes: [{ put: `${p}a`, value: bytes('2') }, { delete: `${p}c` }],
    });
    expect(failed.succeeded).toBe(false);
    expect(failed.current.map(text)).toEqual(['1', '1']);
    const all = await store.range({ start: p, end: prefixEnd(p) });
    expect(all.kvs.map((kv) => [kv.key.slice(p.length), text(kv), kv.modRevision])).toEqual([['a', '1', revision], ['b', '1', revision], ['c', '1', revision]]);
    const read = await store.commit({ conditions: [{ key: `${p}a`, modRevision: revision }], writes: [] });
    expect(read).toMatchObject({ succeeded: true });
    const nothing = await remove(store, `${p}missing`);
    expect(nothing.succeeded).toBe(true);
    expect((await put(store, `${p}d`, '1')).revision).toBe(nothing.revision + 1);
  });

  test('writers that race by compare-and-swap lose nothing', async () => {
    const store = current();
    const key = `${fresh()}counter`;
    await put(store, key, '0');
    const revisions: number[] = [];
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let done = 0; done < 10; ) {
        const kv = await get(store, key);
        const result = await store.commit({
          conditions: [{ key, modRevision: kv?.modRevision ?? 0 }],
          writes: [{ put: key, value: bytes(String(Number(text(kv)) + 1)) }],
        });
        if (!result.succeeded) continue;
        revisions.push(result.revision);
        done++;
      }
    }));
    expect(text(await get(store, key))).toBe('80');
    expect(new Set(revisions).size).toBe(80);
  });

  test('keys are bytes: all are kept, in their order', async () => {
    const store = current();
    const p = fresh();
    const keys = ['\0', '\t', ' ', 'a', '\u007f', '\u0080', '\u00c3\u00b6', '\u00ff'].map((end) => `${p}bytes/${end}`);
    for (const key of keys.toReversed()) await store.commit({ conditions: [], writes: [{ put: key, value: Buffer.from(key) }] });
    const { kvs } = await store.range({ start: `${p}bytes/`, end: prefixEnd(`${p}bytes/`) });
    expect(kvs.map(({ key }) => key)).toEqual(keys);
    expect((await store.range({ start: `${p}bytes/\u00c3\u00b6` })).kvs.map(({ value }) => Buffer.from(value).toString())).toEqual([`${p}bytes/\u00c3\u00b6`]);
  });

  test('what no engine accepts is refused before anything is written', async () => {
    const store = current();
    const p = fresh();
    const value = bytes('1');
    await expect(store.commit({ conditions: [], writes: [{ put: `${p}a`, value }, { delete: `${p}a` }] })).rejects.toThrow('duplicate key');
    await expect(store.commit({ conditions: [], writes: [{ put: '', value }] })).rejects.toThrow('not a key');
    await expect(store.commit({ conditions: [], writes: [{ put: `${p}ā`, value }] })).rejects.toThrow('not a key');
    await expect(store.commit({ conditions: [], writes: Array.from({ length: 129 }, (_, i) => ({ put: `${p}${i}`, value })) })).rejects.toThrow('at most 128');
    await expect(store.commit({ conditions: [], writes: [{ put: `${p}a`, value }] }, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect((await store.range({ start: p, end: prefixEnd(p) })).count).toBe(0);
  });

  test('bytes come back as they were given', async () => {
    const store = current();
    const p = fresh();
    const random = seededRandom(7);
    for (const size of [0, 1, 3_500, 100_000, 1_000_000]) {
      const value = random.bytes(size);
      await store.commit({ conditions: [], writes: [{ put: `${p}${size}`, value }] });
      const kv = await get(store, `${p}${size}`);
      expect(Buffer.compare(Buffer.from(kv?.value ?? []), value)).toBe(0);
    }
  });
}

function readCases(current: () => Store, fresh: () => string): void {
  test('ranges are ordered, bounded and counted', async () => {
    const store = current();
    const p = fresh();
    for (const name of ['b/2', 'a', 'b/10', 'c', 'b/1', 'b0']) await put(store, p + name, name);
    const names = async (query: Parameters<Store['range']>[0]): Promise<unknown> => {
      const { kvs, more, count } = await store.range(query);
      return [kvs.map((kv) => kv.key.slice(p.length)), more, count];
    };
    const end = prefixEnd(p);
    expect(await names({ start: p, end })).toEqual([['a', 'b/1', 'b/10', 'b/2', 'b0', 'c'], false, 6]);
    expect(await names({ start: `${p}b/`, end: prefixEnd(`${p}b/`) })).toEqual([['b/1', 'b/10', 'b/2'], false, 3]);
    expect(await names({ start: p, end, limit: 2 })).toEqual([['a', 'b/1'], true, 6]);
    expect(await names({ start: `${p}b/1\0`, end, limit: 4 })).toEqual([['b/10', 'b/2', 'b0', 'c'], false, 4]);
    expect(await names({ start: `${p}a` })).toEqual([['a'], false, 1]);
    expect(await names({ start: `${p}zz` })).toEqual([[], false, 0]);
    expect(await names({ start: p, end, countOnly: true })).toEqual([[], false, 6]);
    const keys = await store.range({ start: p, end, keysOnly: true, limit: 1 });
    expect(keys.kvs.map((kv) => [kv.value.length, kv.version])).toEqual([[0, 1]]);
  });

  test('the past can be read at any revision', async () => {
    const store = current();
    const p = fresh();
    const seed = 20_260_301;
    const random = seededRandom(seed);
    const model = new Map<string, string>();
    const history: { revision: number; expected: string[] }[] = [];
    for (let i = 0; i < 60; i++) {
      const key = `${p}k${randomInt(random, 6)}`;
      const result = random.next() < 0.3 ? await remove(store, key) : await put(store, key, String(i));
      if ((await get(store, key)) === undefined) model.delete(key);
      else model.set(key, String(i));
      history.push({ revision: result.revision, expected: [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${v}`) });
    }
    for (const { revision, expected } of history) {
      const { kvs, count } = await store.range({ start: p, end: prefixEnd(p), revision });
      expect(kvs.map((kv) => `${kv.key}=${text(kv)}`), `seed ${seed}, revision ${revision}`).toEqual(expected);
      expect(count).toBe(expected.length);
      const limited = await store.range({ start: p, end: prefixEnd(p), revision, limit: 2 });
      expect([limited.kvs.length, limited.count, limited.more]).toEqual([Math.min(2, expected.length), expected.length, expected.length > 2]);
    }
    const { revision } = await store.status();
    await expect(store.range({ start: p, revision: revision + 1_000 })).rejects.toBeInstanceOf(FutureRevisionError);
  });
}

function watchCases(current: () => Store, fresh: () => string): void {
  test('a watch tells every change in its range, in order, with what was before', async () => {
    const store = current();
    const p = fresh();
    const watch = record(store, { start: `${p}a/`, end: prefixEnd(`${p}a/`) });
    await put(store, `${p}a/x`, '1');
    await put(store, `${p}b/x`, 'elsewhere');
    await put(store, `${p}a/x`, '2');
    const { revision } = await store.commit({
      conditions: [],
      writes: [{ put: `${p}a/y`, value: bytes('1') }, { delete: `${p}a/x` }, { put: `${p}b/y`, value: bytes('elsewhere') }],
    });
    await put(store, `${p}a/x`, '3');
    await watch.until(() => watch.events.length === 5);
    const order = watch.events.map((event) => told(event, p));
    expect(order.slice(0, 2)).toEqual(['put a/x=1', 'put a/x=2 (was 1)']);
    expect(order.slice(2, 4).sort()).toEqual(['delete a/x (was 2)', 'put a/y=1']);
    expect(order[4]).toBe('put a/x=3');
    expect(watch.batches.find((batch) => batch.includes(revision))?.filter((one) => one === revision).length).toBe(2);
    const tombstone = watch.events.find((event) => event.type === 'delete');
    expect(tombstone?.kv).toMatchObject({ key: `${p}a/x`, modRevision: revision });
    expect(tombstone?.kv.value.length).toBe(0);
    watch.close();
  });

  test('a watch from a revision has neither a gap nor a double, whatever is written meanwhile', async () => {
    const store = current();
    const p = fresh();
    const written: string[] = [];
    const write = async (i: number): Promise<void> => {
      const { revision } = await put(store, `${p}${i % 7}`, String(i));
      written.push(`${String(revision).padStart(12)} ${i}`);
    };
    const from = (await put(store, `${p}0`, 'first')).revision + 1;
    for (let i = 0; i < 30; i++) await write(i);
    const writers = Promise.all(Array.from({ length: 4 }, async (_, w) => {
      for (let i = 0; i < 20; i++) await write(100 + w * 100 + i);
    }));
    const watches = [from, from, from].map((fromRevision) => record(store, { start: p, end: prefixEnd(p), fromRevision }));
    const single = record(store, { start: `${p}3`, fromRevision: from });
    await writers;
    for (const watch of watches) {
      await watch.until(() => watch.events.length >= 110);
      expect(watch.events.map((event) => `${String(event.kv.modRevision).padStart(12)} ${text(event.kv)}`)).toEqual([...written].sort());
      watch.close();
    }
    const expected = watches[0]?.events.filter((event) => event.key === `${p}3`).map((event) => text(event.kv)) ?? [];
    await single.until(() => single.events.length >= expected.length);
    expect(single.events.map((event) => text(event.kv))).toEqual(expected);
    single.close();
  });

  test('a watch from the future waits; a closed one is silent; progress is told', async () => {
    const store = current();
    const p = fresh();
    const { revision } = await put(store, `${p}a`, '1');
    const later = record(store, { start: p, end: prefixEnd(p), fromRevision: revision + 2 });
    const closed = record(store, { start: p, end: prefixEnd(p) });
    closed.close();
    const witness = record(store, { start: p, end: prefixEnd(p) });
    await put(store, `${p}a`, '2');
    await put(store, `${p}a`, '3');
    await later.until(() => later.events.length >= 1);
    await witness.until(() => witness.events.length >= 2);
    expect(later.events.map((event) => text(event.kv))).toEqual(['3']);
    expect(closed.events).toEqual([]);
    witness.requestProgress();
    await witness.until(() => witness.progress.some((at) => at >= revision + 2));
    later.close();
    witness.close();
  });

  test('synchronous engines tell the watchers before the writer', async () => {
    const store = current();
    if (!store.synchronousWatch) return;
    const p = fresh();
    const wide = record(store, { start: '/', end: prefixEnd('/') });
    const narrow = record(store, { start: p, end: prefixEnd(p) });
    const exact = record(store, { start: `${p}a` });
    await put(store, `${p}a`, '1');
    await put(store, `${p}b`, '1');
    expect([wide, narrow, exact].map((watch) => watch.events.length)).toEqual([2, 2, 1]);
    for (const watch of [wide, narrow, exact]) watch.close();
  });
}

function leaseCases(current: () => Store, fresh: () => string, pass: (ms: number) => Promise<void>): void {
  test('the keys of a lease go when it ends, and stay while it is renewed', async () => {
    const store = current();
    const p = fresh();
    const lease = await store.grantLease(3);
    const kept = await store.grantLease(3);
    await store.commit({ conditions: [], writes: [{ put: `${p}a`, value: bytes('1'), lease }, { put: `${p}b`, value: bytes('1'), lease }] });
    await put(store, `${p}kept`, '1', kept);
    await put(store, `${p}moved`, '1', lease);
    await put(store, `${p}moved`, '2');
    expect((await get(store, `${p}a`))?.lease).toBe(lease);
    expect((await get(store, `${p}moved`))?.lease).toBe('');
    const watch = record(store, { start: p, end: prefixEnd(p) });
    let gone = false;
    const both = watch.until(() => watch.events.length >= 2).then(() => (gone = true));
    for (let i = 0; i < 40 && !gone; i++) {
      await pass(500);
      await store.renewLease(kept);
    }
    await both;
    expect(watch.events.map((event) => told(event, p)).sort()).toEqual(['delete a (was 1)', 'delete b (was 1)']);
    expect((await store.range({ start: p, end: prefixEnd(p) })).kvs.map((kv) => kv.key.slice(p.length))).toEqual(['kept', 'moved']);
    await expect(store.renewLease(lease)).rejects.toBeInstanceOf(LeaseNotFoundError);
    await store.revokeLease(kept);
    expect(await get(store, `${p}kept`)).toBeUndefined();
    watch.close();
  });

  test('an unknown lease is refused', async () => {
    const store = current();
    const p = fresh();
    await expect(put(store, `${p}a`, '1', '123456')).rejects.toBeInstanceOf(LeaseNotFoundError);
    await expect(store.renewLease('123456')).rejects.toBeInstanceOf(LeaseNotFoundError);
    await expect(store.revokeLease('123456')).rejects.toBeInstanceOf(LeaseNotFoundError);
    expect(await get(store, `${p}a`)).toBeUndefined();
  });
}

function compactionCases(current: () => Store, fresh: () => string): void {
  test('compaction forgets the past and nothing else', async () => {
    const store = current();
    const p = fresh();
    const first = (await put(store, `${p}a`, '1')).revision;
    await put(store, `${p}gone`, '1');
    await put(store, `${p}a`, '2');
    const deletion = (await remove(store, `${p}gone`)).revision;
    await put(store, `${p}a`, '3');
    await put(store, `${p}b`, '1');
    await store.compact(deletion);
    await expect(store.range({ start: p, revision: first })).rejects.toBeInstanceOf(CompactedError);
    expect(text(await get(store, `${p}a`, deletion))).toBe('2');
    expect(await get(store, `${p}gone`, deletion)).toBeUndefined();
    expect(text(await get(store, `${p}a`))).toBe('3');
    const old = record(store, { start: p, end: prefixEnd(p), fromRevision: first });
    await old.until(() => old.ended !== undefined);
    expect(old.ended).toBeInstanceOf(CompactedError);
    expect(old.ended).toMatchObject({ compactedRevision: deletion });
    expect(old.events).toEqual([]);
    const recent = record(store, { start: p, end: prefixEnd(p), fromRevision: deletion + 1 });
    await recent.until(() => recent.events.length === 2);
    expect(recent.events.map((event) => told(event, p))).toEqual(['put a=3 (was 2)', 'put b=1']);
    recent.close();
    expect((await store.status()).compactedRevision).toBe(deletion);
    await store.compact(first);
    await expect(store.compact(deletion + 1_000)).rejects.toBeInstanceOf(FutureRevisionError);
  });

  test('a watch outlives the compaction of what it has seen', async () => {
    const store = current();
    const p = fresh();
    const watch = record(store, { start: p, end: prefixEnd(p) });
    for (let i = 0; i < 5; i++) await store.compact((await put(store, `${p}a`, String(i))).revision);
    await put(store, `${p}a`, 'last');
    await watch.until(() => watch.events.length === 6);
    expect(watch.events.map((event) => text(event.kv))).toEqual(['0', '1', '2', '3', '4', 'last']);
    watch.close();
  });
}

function restartCases(current: () => Store, fresh: () => string, restart: () => Promise<Store>): void {
  test('a restart keeps everything: values, revisions, history, compaction, leases', async () => {
    const before = current();
    const p = fresh();
    const compacted = (await put(before, `${p}a`, '0')).revision;
    const lease = await before.grantLease(60);
    await put(before, `${p}a`, '1');
    await put(before, `${p}leased`, '1', lease);
    await remove(before, `${p}a`);
    await before.compact(compacted);
    const { revision } = await put(before, `${p}b`, '1');
    const store = await restart();
    expect(await store.status()).toMatchObject({ revision, compactedRevision: compacted });
    expect((await store.range({ start: p, end: prefixEnd(p) })).kvs.map((kv) => [kv.key.slice(p.length), text(kv), kv.lease])).toEqual([['b', '1', ''], ['leased', '1', lease]]);
    await expect(store.range({ start: p, revision: compacted - 1 })).rejects.toBeInstanceOf(CompactedError);
    const watch = record(store, { start: p, end: prefixEnd(p), fromRevision: compacted });
    await watch.until(() => watch.events.length === 5);
    expect(watch.events.map((event) => told(event, p))).toEqual(['put a=0', 'put a=1 (was 0)', 'put leased=1', 'delete a (was 1)', 'put b=1']);
    watch.close();
    expect((await put(store, `${p}b`, '2')).revision).toBe(revision + 1);
    expect(await get(store, `${p}b`)).toMatchObject({ version: 2, createRevision: revision });
    await store.revokeLease(lease);
    expect(await get(store, `${p}leased`)).toBeUndefined();
  });
}
