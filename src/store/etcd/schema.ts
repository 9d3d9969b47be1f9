// etcd's v3 gRPC API as data: message fields with their numbers, for the client here and the server in etcd-server/.
// Names and numbers are etcd's; of its user management only the questions that clients ask are here. int64 travels as text.
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';

type Fields = Readonly<Record<string, readonly [type: string, id: number, repeated?: true]>>;

function message(fields: Fields, oneofs?: Readonly<Record<string, readonly string[]>>): object {
  const entries = Object.entries(fields).map(([name, [type, id, repeated]]) => [name, { type, id, ...(repeated === true ? { rule: 'repeated' } : {}) }]);
  const groups = Object.entries(oneofs ?? {}).map(([name, oneof]) => [name, { oneof }]);
  return { fields: Object.fromEntries(entries), ...(groups.length > 0 ? { oneofs: Object.fromEntries(groups) } : {}) };
}

type Streams = 'both' | 'answers';

function service(methods: Readonly<Record<string, readonly [request: string, response: string, streams?: Streams]>>): object {
  const entries = Object.entries(methods).map(([name, [requestType, responseType, streams]]) => [
    name,
    { requestType, responseType, requestStream: streams === 'both', responseStream: streams !== undefined },
  ]);
  return { methods: Object.fromEntries(entries) };
}

const types = {
  KeyValue: message({
    key: ['bytes', 1], create_revision: ['int64', 2], mod_revision: ['int64', 3], version: ['int64', 4], value: ['bytes', 5], lease: ['int64', 6],
  }),
  EventType: { values: { PUT: 0, DELETE: 1 } },
  Event: message({ type: ['EventType', 1], kv: ['KeyValue', 2], prev_kv: ['KeyValue', 3] }),
  SortOrder: { values: { NONE: 0, ASCEND: 1, DESCEND: 2 } },
  SortTarget: { values: { KEY: 0, VERSION: 1, CREATE: 2, MOD: 3, VALUE: 4 } },
  CompareResult: { values: { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 } },
  CompareTarget: { values: { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3, LEASE: 4 } },
  FilterType: { values: { NOPUT: 0, NODELETE: 1 } },
  AlarmType: { values: { NONE: 0, NOSPACE: 1, CORRUPT: 2 } },
  AlarmAction: { values: { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 } },
  DowngradeAction: { values: { VALIDATE: 0, ENABLE: 1, CANCEL: 2 } },
  ResponseHeader: message({ cluster_id: ['uint64', 1], member_id: ['uint64', 2], revision: ['int64', 3], raft_term: ['uint64', 4] }),
  RangeRequest: message({
    key: ['bytes', 1], range_end: ['bytes', 2], limit: ['int64', 3], revision: ['int64', 4], sort_order: ['SortOrder', 5],
    sort_target: ['SortTarget', 6], serializable: ['bool', 7], keys_only: ['bool', 8], count_only: ['bool', 9], min_mod_revision: ['int64', 10],
    max_mod_revision: ['int64', 11], min_create_revision: ['int64', 12], max_create_revision: ['int64', 13],
  }),
  RangeResponse: message({ header: ['ResponseHeader', 1], kvs: ['KeyValue', 2, true], more: ['bool', 3], count: ['int64', 4] }),
  PutRequest: message({
    key: ['bytes', 1], value: ['bytes', 2], lease: ['int64', 3], prev_kv: ['bool', 4], ignore_value: ['bool', 5], ignore_lease: ['bool', 6],
  }),
  PutResponse: message({ header: ['ResponseHeader', 1], prev_kv: ['KeyValue', 2] }),
  DeleteRangeRequest: message({ key: ['bytes', 1], range_end: ['bytes', 2], prev_kv: ['bool', 3] }),
  DeleteRangeResponse: message({ header: ['ResponseHeader', 1], deleted: ['int64', 2], prev_kvs: ['KeyValue', 3, true] }),
  RequestOp: message(
    {
      request_range: ['RangeRequest', 1], request_put: ['PutRequest', 2], request_delete_range: ['DeleteRangeRequest', 3],
      request_txn: ['TxnRequest', 4],
    },
    { request: ['request_range', 'request_put', 'request_delete_range', 'request_txn'] },
  ),
  ResponseOp: message(
    {
      response_range: ['RangeResponse', 1], response_put: ['PutResponse', 2], response_delete_range: ['DeleteRangeResponse', 3],
      response_txn: ['TxnResponse', 4],
    },
    { response: ['response_range', 'response_put', 'response_delete_range', 'response_txn'] },
  ),
  Compare: message(
    {
      result: ['CompareResult', 1], target: ['CompareTarget', 2], key: ['bytes', 3], version: ['int64', 4], create_revision: ['int64', 5],
      mod_revision: ['int64', 6], value: ['bytes', 7], lease: ['int64', 8], range_end: ['bytes', 64],
    },
    { target_union: ['version', 'create_revision', 'mod_revision', 'value', 'lease'] },
  ),
  TxnRequest: message({ compare: ['Compare', 1, true], success: ['RequestOp', 2, true], failure: ['RequestOp', 3, true] }),
  TxnResponse: message({ header: ['ResponseHeader', 1], succeeded: ['bool', 2], responses: ['ResponseOp', 3, true] }),
  CompactionRequest: message({ revision: ['int64', 1], physical: ['bool', 2] }),
  CompactionResponse: message({ header: ['ResponseHeader', 1] }),
  HashRequest: message({}),
  HashKVRequest: message({ revision: ['int64', 1] }),
  HashKVResponse: message({ header: ['ResponseHeader', 1], hash: ['uint32', 2], compact_revision: ['int64', 3], hash_revision: ['int64', 4] }),
  HashResponse: message({ header: ['ResponseHeader', 1], hash: ['uint32', 2] }),
  SnapshotRequest: message({}),
  SnapshotResponse: message({ header: ['ResponseHeader', 1], remaining_bytes: ['uint64', 2], blob: ['bytes', 3], version: ['string', 4] }),
  WatchRequest: message(
    {
      create_request: ['WatchCreateRequest', 1], cancel_request: ['WatchCancelRequest', 2], progress_request: ['WatchProgressRequest', 3],
    },
    { request_union: ['create_request', 'cancel_request', 'progress_request'] },
  ),
  WatchCreateRequest: message({
    key: ['bytes', 1], range_end: ['bytes', 2], start_revision: ['int64', 3], progress_notify: ['bool', 4], filters: ['FilterType', 5, true],
    prev_kv: ['bool', 6], watch_id: ['int64', 7], fragment: ['bool', 8],
  }),
  WatchCancelRequest: message({ watch_id: ['int64', 1] }),
  WatchProgressRequest: message({}),
  WatchResponse: message({
    header: ['ResponseHeader', 1], watch_id: ['int64', 2], created: ['bool', 3], canceled: ['bool', 4], compact_revision: ['int64', 5],
    cancel_reason: ['string', 6], fragment: ['bool', 7], events: ['Event', 11, true],
  }),
  LeaseGrantRequest: message({ TTL: ['int64', 1], ID: ['int64', 2] }),
  LeaseGrantResponse: message({ header: ['ResponseHeader', 1], ID: ['int64', 2], TTL: ['int64', 3], error: ['string', 4] }),
  LeaseRevokeRequest: message({ ID: ['int64', 1] }),
  LeaseRevokeResponse: message({ header: ['ResponseHeader', 1] }),
  LeaseKeepAliveRequest: message({ ID: ['int64', 1] }),
  LeaseKeepAliveResponse: message({ header: ['ResponseHeader', 1], ID: ['int64', 2], TTL: ['int64', 3] }),
  LeaseTimeToLiveRequest: message({ ID: ['int64', 1], keys: ['bool', 2] }),
  LeaseTimeToLiveResponse: message({
    header: ['ResponseHeader', 1], ID: ['int64', 2], TTL: ['int64', 3], grantedTTL: ['int64', 4], keys: ['bytes', 5, true],
  }),
  LeaseLeasesRequest: message({}),
  LeaseStatus: message({ ID: ['int64', 1] }),
  LeaseLeasesResponse: message({ header: ['ResponseHeader', 1], leases: ['LeaseStatus', 2, true] }),
  Member: message({ ID: ['uint64', 1], name: ['string', 2], peerURLs: ['string', 3, true], clientURLs: ['string', 4, true], isLearner: ['bool', 5] }),
  MemberAddRequest: message({ peerURLs: ['string', 1, true], isLearner: ['bool', 2] }),
  MemberAddResponse: message({ header: ['ResponseHeader', 1], member: ['Member', 2], members: ['Member', 3, true] }),
  MemberRemoveRequest: message({ ID: ['uint64', 1] }),
  MemberRemoveResponse: message({ header: ['ResponseHeader', 1], members: ['Member', 2, true] }),
  MemberUpdateRequest: message({ ID: ['uint64', 1], peerURLs: ['string', 2, true] }),
  MemberUpdateResponse: message({ header: ['ResponseHeader', 1], members: ['Member', 2, true] }),
  MemberListRequest: message({ linearizable: ['bool', 1] }),
  MemberListResponse: message({ header: ['ResponseHeader', 1], members: ['Member', 2, true] }),
  MemberPromoteRequest: message({ ID: ['uint64', 1] }),
  MemberPromoteResponse: message({ header: ['ResponseHeader', 1], members: ['Member', 2, true] }),
  DefragmentRequest: message({}),
  DefragmentResponse: message({ header: ['ResponseHeader', 1] }),
  MoveLeaderRequest: message({ targetID: ['uint64', 1] }),
  MoveLeaderResponse: message({ header: ['ResponseHeader', 1] }),
  AlarmRequest: message({ action: ['AlarmAction', 1], memberID: ['uint64', 2], alarm: ['AlarmType', 3] }),
  AlarmMember: message({ memberID: ['uint64', 1], alarm: ['AlarmType', 2] }),
  AlarmResponse: message({ header: ['ResponseHeader', 1], alarms: ['AlarmMember', 2, true] }),
  DowngradeRequest: message({ action: ['DowngradeAction', 1], version: ['string', 2] }),
  DowngradeResponse: message({ header: ['ResponseHeader', 1], version: ['string', 2] }),
  StatusRequest: message({}),
  StatusResponse: message({
    header: ['ResponseHeader', 1], version: ['string', 2], dbSize: ['int64', 3], leader: ['uint64', 4], raftIndex: ['uint64', 5],
    raftTerm: ['uint64', 6], raftAppliedIndex: ['uint64', 7], errors: ['string', 8, true], dbSizeInUse: ['int64', 9], isLearner: ['bool', 10],
    storageVersion: ['string', 11], dbSizeQuota: ['int64', 12], downgradeInfo: ['DowngradeInfo', 13],
  }),
  DowngradeInfo: message({ enabled: ['bool', 1], targetVersion: ['string', 2] }),
  AuthStatusRequest: message({}),
  AuthenticateRequest: message({ name: ['string', 1], password: ['string', 2] }),
  AuthStatusResponse: message({ header: ['ResponseHeader', 1], enabled: ['bool', 2], authRevision: ['uint64', 3] }),
  AuthenticateResponse: message({ header: ['ResponseHeader', 1], token: ['string', 2] }),
  KV: service({
    Range: ['RangeRequest', 'RangeResponse'], Put: ['PutRequest', 'PutResponse'], DeleteRange: ['DeleteRangeRequest', 'DeleteRangeResponse'],
    Txn: ['TxnRequest', 'TxnResponse'], Compact: ['CompactionRequest', 'CompactionResponse'],
  }),
  Watch: service({ Watch: ['WatchRequest', 'WatchResponse', 'both'] }),
  Lease: service({
    LeaseGrant: ['LeaseGrantRequest', 'LeaseGrantResponse'], LeaseRevoke: ['LeaseRevokeRequest', 'LeaseRevokeResponse'],
    LeaseKeepAlive: ['LeaseKeepAliveRequest', 'LeaseKeepAliveResponse', 'both'], LeaseTimeToLive: ['LeaseTimeToLiveRequest', 'LeaseTimeToLiveResponse'],
    LeaseLeases: ['LeaseLeasesRequest', 'LeaseLeasesResponse'],
  }),
  Cluster: service({
    MemberAdd: ['MemberAddRequest', 'MemberAddResponse'], MemberRemove: ['MemberRemoveRequest', 'MemberRemoveResponse'],
    MemberUpdate: ['MemberUpdateRequest', 'MemberUpdateResponse'], MemberList: ['MemberListRequest', 'MemberListResponse'],
    MemberPromote: ['MemberPromoteRequest', 'MemberPromoteResponse'],
  }),
  Maintenance: service({
    Alarm: ['AlarmRequest', 'AlarmResponse'], Status: ['StatusRequest', 'StatusResponse'], Defragment: ['DefragmentRequest', 'DefragmentResponse'],
    Hash: ['HashRequest', 'HashResponse'], HashKV: ['HashKVRequest', 'HashKVResponse'], Snapshot: ['SnapshotRequest', 'SnapshotResponse', 'answers'],
    MoveLeader: ['MoveLeaderRequest', 'MoveLeaderResponse'], Downgrade: ['DowngradeRequest', 'DowngradeResponse'],
  }),
  Auth: service({ AuthStatus: ['AuthStatusRequest', 'AuthStatusResponse'], Authenticate: ['AuthenticateRequest', 'AuthenticateResponse'] }),
};

export const etcdApi: PackageDefinition = fromJSON(
  { nested: { etcdserverpb: { nested: types as never } } },
  { keepCase: true, longs: String, enums: String, defaults: true, arrays: true, oneofs: true },
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
  'Lease.LeaseGrant': { request: { TTL: number; ID: number | string }; response: { ID: string; TTL: string; error: string } };
  'Lease.LeaseRevoke': { request: { ID: string }; response: object };
  'Lease.LeaseKeepAlive': { request: { ID: string }; response: { ID: string; TTL: string } };
  'Lease.LeaseLeases': { request: object; response: { leases: readonly { readonly ID: string }[] } };
  'Lease.LeaseTimeToLive': { request: { ID: string; keys: boolean }; response: { TTL: string; grantedTTL: string } };
  'KV.Put': { request: object; response: { header: Header } };
  'KV.DeleteRange': { request: object; response: { header: Header } };
  'Maintenance.Defragment': { request: object; response: object };
  'Watch.Watch': { request: object; response: WatchResponse };
  'Maintenance.Status': { request: object; response: { header: Header; version: string; dbSize: string } };
}
