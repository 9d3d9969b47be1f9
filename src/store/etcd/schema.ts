// The part of etcd's v3 gRPC API that the store speaks, as data: message fields with their numbers. Names
// and numbers are etcd's; what is not used here is left out, which protobuf allows. int64 travels as text.
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';

type Fields = Readonly<Record<string, readonly [type: string, id: number, repeated?: true]>>;

function message(fields: Fields, oneofs?: Readonly<Record<string, readonly string[]>>): object {
  const entries = Object.entries(fields).map(([name, [type, id, repeated]]) => [name, { type, id, ...(repeated === true ? { rule: 'repeated' } : {}) }]);
  const groups = Object.entries(oneofs ?? {}).map(([name, oneof]) => [name, { oneof }]);
  return { fields: Object.fromEntries(entries), ...(groups.length > 0 ? { oneofs: Object.fromEntries(groups) } : {}) };
}

function service(methods: Readonly<Record<string, readonly [request: string, response: string, streams?: true]>>): object {
  const entries = Object.entries(methods).map(([name, [requestType, responseType, streams]]) => [
    name,
    { requestType, responseType, ...(streams === true ? { requestStream: true, responseStream: true } : {}) },
  ]);
  return { methods: Object.fromEntries(entries) };
}

const types = {
  ResponseHeader: message({ cluster_id: ['uint64', 1], member_id: ['uint64', 2], revision: ['int64', 3] }),
  KeyValue: message({
    key: ['bytes', 1], create_revision: ['int64', 2], mod_revision: ['int64', 3], version: ['int64', 4], value: ['bytes', 5], lease: ['int64', 6],
  }),
  EventType: { values: { PUT: 0, DELETE: 1 } },
  Event: message({ type: ['EventType', 1], kv: ['KeyValue', 2], prev_kv: ['KeyValue', 3] }),
  RangeRequest: message({
    key: ['bytes', 1], range_end: ['bytes', 2], limit: ['int64', 3], revision: ['int64', 4], serializable: ['bool', 7], keys_only: ['bool', 8],
    count_only: ['bool', 9], min_mod_revision: ['int64', 10],
  }),
  RangeResponse: message({ header: ['ResponseHeader', 1], kvs: ['KeyValue', 2, true], more: ['bool', 3], count: ['int64', 4] }),
  PutRequest: message({ key: ['bytes', 1], value: ['bytes', 2], lease: ['int64', 3] }),
  DeleteRangeRequest: message({ key: ['bytes', 1], range_end: ['bytes', 2] }),
  RequestOp: message(
    { request_range: ['RangeRequest', 1], request_put: ['PutRequest', 2], request_delete_range: ['DeleteRangeRequest', 3] },
    { request: ['request_range', 'request_put', 'request_delete_range'] },
  ),
  ResponseOp: message({ response_range: ['RangeResponse', 1] }),
  CompareResult: { values: { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 } },
  CompareTarget: { values: { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3, LEASE: 4 } },
  Compare: message(
    { result: ['CompareResult', 1], target: ['CompareTarget', 2], key: ['bytes', 3], mod_revision: ['int64', 6] },
    { target_union: ['mod_revision'] },
  ),
  TxnRequest: message({ compare: ['Compare', 1, true], success: ['RequestOp', 2, true], failure: ['RequestOp', 3, true] }),
  TxnResponse: message({ header: ['ResponseHeader', 1], succeeded: ['bool', 2], responses: ['ResponseOp', 3, true] }),
  CompactionRequest: message({ revision: ['int64', 1], physical: ['bool', 2] }),
  CompactionResponse: message({ header: ['ResponseHeader', 1] }),
  WatchCreateRequest: message({
    key: ['bytes', 1], range_end: ['bytes', 2], start_revision: ['int64', 3], progress_notify: ['bool', 4], prev_kv: ['bool', 6],
  }),
  WatchProgressRequest: message({}),
  WatchRequest: message(
    { create_request: ['WatchCreateRequest', 1], progress_request: ['WatchProgressRequest', 3] },
    { request_union: ['create_request', 'progress_request'] },
  ),
  WatchResponse: message({
    header: ['ResponseHeader', 1], watch_id: ['int64', 2], created: ['bool', 3], canceled: ['bool', 4], compact_revision: ['int64', 5],
    cancel_reason: ['string', 6], events: ['Event', 11, true],
  }),
  LeaseGrantRequest: message({ TTL: ['int64', 1], ID: ['int64', 2] }),
  LeaseGrantResponse: message({ header: ['ResponseHeader', 1], ID: ['int64', 2], TTL: ['int64', 3], error: ['string', 4] }),
  LeaseRevokeRequest: message({ ID: ['int64', 1] }),
  LeaseRevokeResponse: message({ header: ['ResponseHeader', 1] }),
  LeaseKeepAliveRequest: message({ ID: ['int64', 1] }),
  LeaseKeepAliveResponse: message({ header: ['ResponseHeader', 1], ID: ['int64', 2], TTL: ['int64', 3] }),
  StatusRequest: message({}),
  StatusResponse: message({ header: ['ResponseHeader', 1], version: ['string', 2], dbSize: ['int64', 3] }),
  KV: service({ Range: ['RangeRequest', 'RangeResponse'], Txn: ['TxnRequest', 'TxnResponse'], Compact: ['CompactionRequest', 'CompactionResponse'] }),
  Watch: service({ Watch: ['WatchRequest', 'WatchResponse', true] }),
  Lease: service({
    LeaseGrant: ['LeaseGrantRequest', 'LeaseGrantResponse'],
    LeaseRevoke: ['LeaseRevokeRequest', 'LeaseRevokeResponse'],
    LeaseKeepAlive: ['LeaseKeepAliveRequest', 'LeaseKeepAliveResponse', true],
  }),
  Maintenance: service({ Status: ['StatusRequest', 'StatusResponse'] }),
};

export const etcdApi: PackageDefinition = fromJSON(
  { nested: { etcdserverpb: { nested: types as never } } },
  { keepCase: true, longs: String, enums: String, defaults: true, arrays: true },
);

interface Header {
  readonly revision: string;
}

export interface WireKeyValue {
  readonly key: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly version: string;
  readonly value: Buffer;
  readonly lease: string;
}

export interface RangeResponse {
  readonly header: Header;
  readonly kvs: readonly WireKeyValue[];
  readonly more: boolean;
  readonly count: string;
}

export interface WatchResponse {
  readonly header: Header | null;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: string;
  readonly cancel_reason: string;
  readonly events: readonly { readonly type: 'PUT' | 'DELETE'; readonly kv: WireKeyValue; readonly prev_kv: WireKeyValue | null }[];
}

/** Requests and responses of each method. */
export interface EtcdMethods {
  'KV.Range': { request: object; response: RangeResponse };
  'KV.Txn': { request: object; response: { header: Header; succeeded: boolean; responses: readonly { response_range?: RangeResponse }[] } };
  'KV.Compact': { request: { revision: number; physical: boolean }; response: { header: Header } };
  'Lease.LeaseGrant': { request: { TTL: number; ID: number }; response: { ID: string; TTL: string; error: string } };
  'Lease.LeaseRevoke': { request: { ID: string }; response: object };
  'Lease.LeaseKeepAlive': { request: { ID: string }; response: { ID: string; TTL: string } };
  'Watch.Watch': { request: object; response: WatchResponse };
  'Maintenance.Status': { request: object; response: { header: Header; version: string; dbSize: string } };
}
