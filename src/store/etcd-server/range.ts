// Answers of etcd's Range: filters, sorting and limits over the pairs of a range.
import type { KeyValue } from '#store';
import type { RangeRequest } from './requests.ts';
import { refusals, wirePair } from './wire.ts';

/** gRPC answers are put together in memory: more than this is refused. */
const answerBytes = 512 * 1024 * 1024;

const filterFields = ['min_mod_revision', 'max_mod_revision', 'min_create_revision', 'max_create_revision'] as const;

/** Sorting by key upwards is the order that the store has anyway. */
export function isPlain(request: RangeRequest): boolean {
  const sorted = request.sort_order === 'DESCEND' || (request.sort_order === 'ASCEND' && request.sort_target !== 'KEY') || (request.sort_order === 'NONE' && request.sort_target !== 'KEY');
  return !sorted && filterFields.every((field) => Number(request[field]) === 0);
}

function compareBy(target: RangeRequest['sort_target']): (a: KeyValue, b: KeyValue) => number {
  switch (target) {
    case 'KEY':
      return (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
    case 'VERSION':
      return (a, b) => a.version - b.version;
    case 'CREATE':
      return (a, b) => a.createRevision - b.createRevision;
    case 'MOD':
      return (a, b) => a.modRevision - b.modRevision;
    case 'VALUE':
      return (a, b) => Buffer.compare(a.value, b.value);
  }
}

/** @param count of the whole range, filters and limit aside. */
export function rangeAnswer(request: RangeRequest, all: readonly KeyValue[], count: number, more: boolean): object {
  if (request.count_only) return { kvs: [], more: false, count };
  let kvs = all;
  if (!isPlain(request)) {
    const within = (value: number, min: string, max: string): boolean => (Number(min) === 0 || value >= Number(min)) && (Number(max) === 0 || value <= Number(max));
    kvs = all.filter((kv) => within(kv.modRevision, request.min_mod_revision, request.max_mod_revision) && within(kv.createRevision, request.min_create_revision, request.max_create_revision));
    const order = compareBy(request.sort_target);
    kvs = kvs.toSorted(request.sort_order === 'DESCEND' ? (a, b) => order(b, a) : order);
  }
  const limit = Number(request.limit);
  const cut = limit > 0 && kvs.length > limit;
  if (cut) kvs = kvs.slice(0, limit);
  let bytes = 0;
  for (const kv of kvs) bytes += kv.key.length + kv.value.length + 32;
  if (bytes > answerBytes) throw refusals.answerTooLarge();
  return { kvs: kvs.map((kv) => wirePair(kv, request.keys_only)), more: cut || more, count };
}
