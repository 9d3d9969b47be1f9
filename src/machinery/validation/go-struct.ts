// How upstream shows a struct in an error: as JSON of its internal Go type, which has no JSON tags, so that every
// field appears under its Go name, absent ones as null, "" or 0. Types of meta/v1 keep their tags.
import { isScalar, typeOf, type FieldSchema } from '#api/schema.ts';

/** Go names that are not the JSON name with a capital. */
const goNames: Readonly<Record<string, string>> = {
  apiGroup: 'APIGroup', apiGroups: 'APIGroups', apiVersion: 'APIVersion', apiVersions: 'APIVersions', awsElasticBlockStore: 'AWSElasticBlockStore', bool: 'BoolValue',
  bools: 'BoolValues', caBundle: 'CABundle', cel: 'CEL', cephfs: 'CephFS', cidr: 'CIDR', cidrs: 'CIDRs', csi: 'CSI', diskURI: 'DataDiskURI', dnsConfig: 'DNSConfig',
  dnsPolicy: 'DNSPolicy', fc: 'FC', fsGroup: 'FSGroup', fsGroupChangePolicy: 'FSGroupChangePolicy', fsType: 'FSType', gcePersistentDisk: 'GCEPersistentDisk', gid: 'GID',
  gmsaCredentialSpec: 'GMSACredentialSpec', gmsaCredentialSpecName: 'GMSACredentialSpecName', grpc: 'GRPC', http: 'HTTP', httpGet: 'HTTPGet', httpHeaders: 'HTTPHeaders',
  int: 'IntValue', ints: 'IntValues', ip: 'IP', ipBlock: 'IPBlock', ipMode: 'IPMode', ips: 'IPs', iqn: 'IQN', iscsi: 'ISCSI', iscsiInterface: 'ISCSIInterface',
  monitors: 'CephMonitors', nfs: 'NFS', os: 'OS', pdName: 'PDName', qosClass: 'QOSClass', rbd: 'RBD', seLinuxChangePolicy: 'SELinuxChangePolicy',
  seLinuxOptions: 'SELinuxOptions', sslEnabled: 'SSLEnabled', storageos: 'StorageOS', string: 'StringValue', strings: 'StringValues', tcpSocket: 'TCPSocket', tls: 'TLS',
  tty: 'TTY', uid: 'UID', url: 'URL', version: 'VersionValue', versions: 'VersionValues', wwids: 'WWIDs',
};

function goName(name: string): string {
  return goNames[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

function zeroOf(field: FieldSchema): unknown {
  if (field.nullable || field.shape !== 'one') return null;
  switch (field.type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32': case 'int64': case 'uint32': case 'uint64': case 'double': case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    default:
      return isScalar(field.type) ? null : goStruct(field.type, {});
  }
}

function shown(field: FieldSchema, value: unknown): unknown {
  if (value === undefined || value === null) return zeroOf(field);
  if (isScalar(field.type)) return value;
  if (field.shape === 'list') return (value as readonly unknown[]).map((item) => goStruct(field.type, item));
  if (field.shape === 'map') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, goStruct(field.type, item)]));
  return goStruct(field.type, value);
}

/** A value of a schema type as the JSON of upstream's internal struct. */
export function goStruct(type: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (type.startsWith('meta.')) return value;
  const members = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(typeOf(type).fields.map((field) => [goName(field.name), shown(field, members[field.name])]));
}

/** As goStruct, for each item of a list. */
export function goStructs(type: string, values: readonly unknown[] | undefined): unknown {
  return values?.map((value) => goStruct(type, value)) ?? null;
}
