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

/** Go names that only one type has. */
const ownNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'batch.v1.JobSpec': { ttlSecondsAfterFinished: 'TTLSecondsAfterFinished' },
  'core.v1.CephFSPersistentVolumeSource': { monitors: 'Monitors' },
  'core.v1.CephFSVolumeSource': { monitors: 'Monitors' },
  'core.v1.ContainerStatus': { lastState: 'LastTerminationState' },
  'core.v1.GlusterfsPersistentVolumeSource': { endpoints: 'EndpointsName' },
  'core.v1.GlusterfsVolumeSource': { endpoints: 'EndpointsName' },
  'core.v1.ISCSIPersistentVolumeSource': { chapAuthDiscovery: 'DiscoveryCHAPAuth', chapAuthSession: 'SessionCHAPAuth' },
  'core.v1.ISCSIVolumeSource': { chapAuthDiscovery: 'DiscoveryCHAPAuth', chapAuthSession: 'SessionCHAPAuth' },
  'core.v1.NodeSystemInfo': { osImage: 'OSImage' },
  'core.v1.RBDPersistentVolumeSource': { image: 'RBDImage', pool: 'RBDPool', user: 'RadosUser' },
  'core.v1.RBDVolumeSource': { image: 'RBDImage', pool: 'RBDPool', user: 'RadosUser' },
  'core.v1.ServiceSpec': { ipFamilies: 'IPFamilies', ipFamilyPolicy: 'IPFamilyPolicy' },
  'storage.v1.CSIDriverSpec': { fsGroupPolicy: 'FSGroupPolicy', seLinuxMount: 'SELinuxMount' },
};

const volumeSources = [
  'gcePersistentDisk', 'awsElasticBlockStore', 'hostPath', 'glusterfs', 'nfs', 'rbd', 'quobyte', 'iscsi', 'flexVolume', 'cinder', 'cephfs', 'fc', 'flocker',
  'azureFile', 'vsphereVolume', 'azureDisk', 'photonPersistentDisk', 'portworxVolume', 'scaleIO', 'local', 'storageos', 'csi',
];

/** Fields that the internal type has in another place: the rest follows in the table's order. */
const ownOrder: Readonly<Record<string, readonly string[]>> = {
  'core.v1.PodSpec': [
    'volumes', 'initContainers', 'containers', 'ephemeralContainers', 'restartPolicy', 'terminationGracePeriodSeconds', 'activeDeadlineSeconds', 'dnsPolicy',
    'nodeSelector', 'serviceAccountName', 'automountServiceAccountToken', 'nodeName', 'securityContext', 'imagePullSecrets', 'hostname', 'subdomain',
    'setHostnameAsFQDN', 'affinity', 'schedulerName', 'tolerations', 'hostAliases', 'priorityClassName', 'priority', 'preemptionPolicy', 'dnsConfig',
    'readinessGates', 'runtimeClassName', 'overhead', 'enableServiceLinks', 'topologySpreadConstraints', 'os', 'schedulingGates', 'resourceClaims', 'resources',
  ],
  'autoscaling.v2.ContainerResourceMetricSource': ['name', 'container', 'target'],
  'autoscaling.v2.ContainerResourceMetricStatus': ['name', 'container', 'current'],
  'core.v1.Volume': [
    'name', 'hostPath', 'emptyDir', 'gcePersistentDisk', 'awsElasticBlockStore', 'gitRepo', 'secret', 'nfs', 'iscsi', 'glusterfs', 'persistentVolumeClaim', 'rbd',
    'quobyte', 'flexVolume', 'cinder', 'cephfs', 'flocker', 'downwardAPI', 'fc', 'azureFile', 'configMap', 'vsphereVolume', 'azureDisk',
  ],
  'core.v1.PersistentVolumeSpec': ['capacity', ...volumeSources],
  'core.v1.PersistentVolumeSource': volumeSources,
};

/** Fields of a pod that the internal type keeps in the security context. */
const hostFields = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'];

function goName(type: string, name: string): string {
  return ownNames[type]?.[name] ?? goNames[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

function fieldsInOrder(type: string): readonly FieldSchema[] {
  const { fields, byName } = typeOf(type);
  const first = ownOrder[type];
  if (first === undefined) return fields;
  return [...first.flatMap((name) => byName.get(name) ?? []), ...fields.filter((field) => !first.includes(field.name))];
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
  if (isScalar(field.type)) return field.shape === 'map' ? sorted(value) : value;
  if (field.shape === 'list') return (value as readonly unknown[]).map((item) => goStruct(field.type, item));
  if (field.shape === 'map') return sorted(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, goStruct(field.type, item)])));
  return goStruct(field.type, value);
}

/** Go prints maps by key. */
function sorted(map: unknown): unknown {
  if (typeof map !== 'object' || map === null) return map;
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function podSpecStruct(spec: Readonly<Record<string, unknown>>): unknown {
  const shownSpec = plainStruct('core.v1.PodSpec', spec);
  const context: Record<string, unknown> = {};
  for (const name of hostFields) {
    const own = goName('core.v1.PodSpec', name);
    context[own] = shownSpec[own];
    delete shownSpec[own];
  }
  delete shownSpec['ServiceAccount'];
  const given = spec['securityContext'];
  shownSpec['SecurityContext'] = { ...context, ...plainStruct('core.v1.PodSecurityContext', typeof given === 'object' && given !== null ? { ...given } : {}) };
  return shownSpec;
}

/** A value of a schema type as the JSON of upstream's internal struct. */
export function goStruct(type: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (type.startsWith('meta.')) return value;
  const members = value as Readonly<Record<string, unknown>>;
  return type === 'core.v1.PodSpec' ? podSpecStruct(members) : plainStruct(type, members);
}

function plainStruct(type: string, members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shownFields: Record<string, unknown> = {};
  for (const [field, name] of namedFields(type)) {
    if (name === undefined) Object.assign(shownFields, members['metadata']);
    else shownFields[name] = shown(field, members[field.name]);
  }
  return shownFields;
}

type NamedField = readonly [field: FieldSchema, goName: string | undefined];
const fieldsByType = new Map<string, readonly NamedField[]>();

/** In Go's order, with their names in Go. Metadata is embedded and has none: its members stand for themselves. */
function namedFields(type: string): readonly NamedField[] {
  const known = fieldsByType.get(type);
  if (known !== undefined) return known;
  const named = fieldsInOrder(type).map((field): NamedField => [field, field.name === 'metadata' && field.type === 'meta.v1.ObjectMeta' ? undefined : goName(type, field.name)]);
  fieldsByType.set(type, named);
  return named;
}

/** As goStruct, for each item of a list. */
export function goStructs(type: string, values: readonly unknown[] | undefined): unknown {
  return values?.map((value) => goStruct(type, value)) ?? null;
}
