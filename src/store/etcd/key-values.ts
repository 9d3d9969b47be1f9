// etcd's pairs and ranges to ours and back.
import { prefixEnd, type KeyValue, type StoreEvent } from '#store';
import type { WatchResponse, WireKeyValue } from './schema.ts';

export function fromWire(kv: WireKeyValue): KeyValue {
  return {
    key: kv.key.toString('latin1'),
    value: kv.value,
    createRevision: Number(kv.create_revision),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
    lease: kv.lease === '0' ? '' : kv.lease,
  };
}

export function eventFromWire(event: WatchResponse['events'][number]): StoreEvent {
  const kv = fromWire(event.kv);
  return {
    type: event.type === 'DELETE' ? 'delete' : 'put',
    key: kv.key,
    kv,
    previous: event.prev_kv === null ? undefined : fromWire(event.prev_kv),
  };
}

/** Keys are bytes, a character each; the end of the range of all keys is etcd's single zero byte. */
export function keyRange(start: string, end: string | undefined): { key: Buffer; range_end?: Buffer } {
  const key = start === '' && end !== undefined ? Buffer.alloc(1) : Buffer.from(start, 'latin1');
  if (end === undefined) return { key };
  return { key, range_end: end === prefixEnd('') ? Buffer.alloc(1) : Buffer.from(end, 'latin1') };
}
