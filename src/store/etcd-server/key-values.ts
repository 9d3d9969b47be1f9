// etcd's KV service on a local engine.
import type { LocalStore, TxnView } from '#store';
import { isPlain, rangeAnswer } from './range.ts';
import type { DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest } from './requests.ts';
import { checkTxnRequest, decideDelete, decidePut, decideTxn, type Outcome } from './txn.ts';
import { rangeOf, refusals } from './wire.ts';

/** etcd's --max-request-bytes. */
export const maxRequestBytes = 1536 * 1024;

export type HeaderOf = (revision: number) => object;

/** Responses of a transaction carry the header as well, at every depth. */
function withHeaders(response: object, header: object): object {
  const { responses } = response as { responses?: readonly Record<string, object>[] };
  if (responses === undefined) return { header, ...response };
  const inner = responses.map((one) => Object.fromEntries(Object.entries(one).map(([name, value]) => [name, withHeaders(value, header)])));
  return { header, ...response, responses: inner };
}

function sizeOf(request: TxnRequest): number {
  let bytes = 0;
  for (const compare of request.compare) bytes += compare.key.length + (compare.value?.length ?? 0);
  for (const op of [...request.success, ...request.failure]) {
    if (op.request_put !== undefined) bytes += op.request_put.key.length + op.request_put.value.length;
    if (op.request_txn !== undefined) bytes += sizeOf(op.request_txn);
  }
  return bytes;
}

export interface KeyValues {
  range(request: RangeRequest): Promise<object>;
  put(request: PutRequest): Promise<object>;
  deleteRange(request: DeleteRangeRequest): Promise<object>;
  txn(request: TxnRequest): Promise<object>;
  compact(request: { readonly revision: string }): Promise<object>;
}

export function createKeyValues(store: LocalStore, header: HeaderOf): KeyValues {
  const perform = async (decide: (view: TxnView) => Outcome): Promise<object> => {
    const { revision, result } = await store.transact((view) => {
      const { writes, response } = decide(view);
      return { writes, result: response };
    });
    return withHeaders(result, header(revision));
  };
  return {
    async range(request) {
      const { start, end } = rangeOf(request.key, request.range_end);
      const plain = isPlain(request);
      const limit = Number(request.limit);
      const found = await store.range({
        start, ...(end === undefined ? {} : { end }), revision: Number(request.revision), countOnly: request.count_only,
        // An order by value needs the values.
        keysOnly: request.keys_only && request.sort_target !== 'VALUE', limit: plain ? limit : 0,
      });
      return { header: header(found.revision), ...rangeAnswer(request, found.kvs, found.count, found.more) };
    },
    put(request) {
      if (request.key.length + request.value.length > maxRequestBytes) throw refusals.tooLarge();
      return perform((view) => decidePut(view, request));
    },
    deleteRange: (request) => perform((view) => decideDelete(view, request)),
    txn(request) {
      checkTxnRequest(request);
      if (sizeOf(request) > maxRequestBytes) throw refusals.tooLarge();
      return perform((view) => decideTxn(view, request));
    },
    async compact(request) {
      const revision = Number(request.revision);
      const { compactedRevision } = await store.status();
      if (revision <= compactedRevision) throw refusals.compacted();
      await store.compact(revision);
      return { header: header((await store.status()).revision) };
    },
  };
}
