// etcd's transactions on a local engine: comparisons of every kind, nested transactions, reads that see the writes before
// them. Everything is decided in one turn over one view, so that no condition needs to be repeated at commit.
import type { KeyValue, TxnView, Write } from '#store';
import { rangeAnswer } from './range.ts';
import type { Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from './requests.ts';
import { inRange, keyText, rangeOf, refusals, wirePair, type KeyRange } from './wire.ts';

const maxOperations = 128;

export interface Outcome {
  readonly writes: Write[];
  /** Without headers, which are known when the writes have their revision. */
  readonly response: object;
}

/** State in the middle of a transaction. */
interface Running {
  readonly view: TxnView;
  readonly writes: Write[];
  readonly pending: Map<string, KeyValue | undefined>;
}

function get({ view, pending }: Running, key: string): KeyValue | undefined {
  return pending.has(key) ? pending.get(key) : view.get(key);
}

function pairs(running: Running, range: KeyRange): KeyValue[] {
  const found = running.view.range(range.start, range.end);
  if (running.pending.size === 0) return found;
  const merged = new Map(found.map((kv) => [kv.key, kv]));
  for (const [key, kv] of running.pending) {
    if (!inRange(range, key)) continue;
    if (kv === undefined) merged.delete(key);
    else merged.set(key, kv);
  }
  return [...merged.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function put(running: Running, request: PutRequest): object {
  const key = keyText(request.key);
  const before = get(running, key);
  if (request.ignore_value && request.value.length > 0) throw refusals.valueProvided();
  if (request.ignore_lease && request.lease !== '0') throw refusals.leaseProvided();
  if ((request.ignore_value || request.ignore_lease) && before === undefined) throw refusals.keyNotFound();
  const value = request.ignore_value ? (before?.value ?? Buffer.alloc(0)) : request.value;
  const lease = request.ignore_lease ? (before?.lease ?? '') : request.lease === '0' ? '' : request.lease;
  running.writes.push({ put: key, value, lease });
  const next = running.view.next;
  running.pending.set(key, { key, value, lease, createRevision: before?.createRevision ?? next, modRevision: next, version: (before?.version ?? 0) + 1 });
  return { prev_kv: request.prev_kv && before !== undefined ? wirePair(before) : null };
}

function remove(running: Running, request: DeleteRangeRequest): object {
  const found = pairs(running, rangeOf(request.key, request.range_end));
  for (const { key } of found) {
    running.writes.push({ delete: key });
    running.pending.set(key, undefined);
  }
  return { deleted: found.length, prev_kvs: request.prev_kv ? found.map((kv) => wirePair(kv)) : [] };
}

function read(running: Running, request: RangeRequest): object {
  const { next } = running.view;
  if (Number(request.revision) >= next) throw refusals.future();
  if (Number(request.revision) > 0 && Number(request.revision) < next - 1) throw refusals.notHere('reading the past inside a transaction');
  const found = pairs(running, rangeOf(request.key, request.range_end));
  return rangeAnswer(request, found, found.length, false);
}

function holds(compare: Compare, kv: KeyValue | undefined): boolean {
  const order = orderOf(compare, kv);
  switch (compare.result) {
    case 'EQUAL':
      return order === 0;
    case 'NOT_EQUAL':
      return order !== 0;
    case 'GREATER':
      return order > 0;
    case 'LESS':
      return order < 0;
  }
}

/** A pair that does not exist has revisions, version and lease 0; its value compares with nothing. */
function orderOf(compare: Compare, kv: KeyValue | undefined): number {
  switch (compare.target) {
    case 'VERSION':
      return (kv?.version ?? 0) - Number(compare.version ?? 0);
    case 'CREATE':
      return (kv?.createRevision ?? 0) - Number(compare.create_revision ?? 0);
    case 'MOD':
      return (kv?.modRevision ?? 0) - Number(compare.mod_revision ?? 0);
    case 'LEASE': {
      const [have, want] = [BigInt(kv?.lease === undefined || kv.lease === '' ? 0 : kv.lease), BigInt(compare.lease ?? 0)];
      return have === want ? 0 : have < want ? -1 : 1;
    }
    case 'VALUE':
      return kv === undefined ? Number.NaN : Buffer.compare(kv.value, compare.value ?? Buffer.alloc(0));
  }
}

function allHold(running: Running, compares: readonly Compare[]): boolean {
  return compares.every((compare) => {
    const range = rangeOf(compare.key, compare.range_end);
    if (range.end === undefined) {
      const kv = get(running, range.start);
      if (compare.target === 'VALUE' && kv === undefined) return false;
      return holds(compare, kv);
    }
    const found = pairs(running, range);
    // An empty range compares like one absent key.
    return found.length === 0 ? compare.target !== 'VALUE' && holds(compare, undefined) : found.every((kv) => holds(compare, kv));
  });
}

function run(running: Running, request: TxnRequest): object {
  const succeeded = allHold(running, request.compare);
  const responses = (succeeded ? request.success : request.failure).map((op) => {
    if (op.request_range !== undefined) return { response_range: read(running, op.request_range) };
    if (op.request_put !== undefined) return { response_put: put(running, op.request_put) };
    if (op.request_delete_range !== undefined) return { response_delete_range: remove(running, op.request_delete_range) };
    return { response_txn: run(running, op.request_txn ?? { compare: [], success: [], failure: [] }) };
  });
  return { succeeded, responses };
}

/** Refuses what etcd refuses before it looks at the state. */
export function checkTxnRequest(request: TxnRequest): void {
  const { compare, success, failure } = request;
  if (Math.max(compare.length, success.length, failure.length) > maxOperations) throw refusals.tooManyOps();
  for (const one of compare) keyText(one.key);
  for (const branch of [success, failure]) writtenBy(branch);
}

interface Written {
  readonly puts: Set<string>;
  readonly deletes: KeyRange[];
}

/** A key is written once whichever branch of a nested transaction is taken. */
function writtenBy(ops: readonly RequestOp[]): Written {
  const all: Written = { puts: new Set(), deletes: [] };
  for (const op of ops) if (op.request_delete_range !== undefined) all.deletes.push(rangeOf(op.request_delete_range.key, op.request_delete_range.range_end));
  const addPut = (key: string): void => {
    if (all.puts.has(key) || all.deletes.some((range) => inRange(range, key))) throw refusals.duplicateKey();
    all.puts.add(key);
  };
  for (const { request_txn: nested } of ops) {
    if (nested === undefined) continue;
    checkTxnRequest(nested);
    const [yes, no] = [writtenBy(nested.success), writtenBy(nested.failure)];
    for (const key of new Set([...yes.puts, ...no.puts])) addPut(key);
    for (const range of [...yes.deletes, ...no.deletes]) {
      if ([...all.puts].some((key) => inRange(range, key) && !yes.puts.has(key) && !no.puts.has(key))) throw refusals.duplicateKey();
      all.deletes.push(range);
    }
  }
  for (const op of ops) {
    if (op.request_put !== undefined) addPut(keyText(op.request_put.key));
    if (op.request_range !== undefined) rangeOf(op.request_range.key, op.request_range.range_end);
  }
  return all;
}

function start(view: TxnView): Running {
  return { view, writes: [], pending: new Map() };
}

export function decideTxn(view: TxnView, request: TxnRequest): Outcome {
  const running = start(view);
  const response = run(running, request);
  // Two deletions of one key are one.
  const seen = new Set<string>();
  const writes = running.writes.filter((write) => {
    const key = 'put' in write ? write.put : write.delete;
    return !seen.has(key) && seen.add(key);
  });
  return { writes, response };
}

export function decidePut(view: TxnView, request: PutRequest): Outcome {
  const running = start(view);
  const response = put(running, request);
  return { writes: running.writes, response };
}

export function decideDelete(view: TxnView, request: DeleteRangeRequest): Outcome {
  const running = start(view);
  const response = remove(running, request);
  return { writes: running.writes, response };
}
