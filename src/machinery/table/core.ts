// Rows of core/v1 apart from pods, and of events.k8s.io.
import type {
  ComponentStatus, ConfigMap, Endpoints, Event, Namespace, Node, PersistentVolume, PersistentVolumeClaim, PodTemplate, ReplicationController, ResourceQuota, Secret, Service,
  ServiceAccount, ServicePort,
} from '#api/core/v1.ts';
import type { Event as NewEvent } from '#api/events/v1.ts';
import { age, containerCells, labelsText, nameOf, since, withMore } from './cell-text.ts';
import { printer, type Cell, type Printers } from './printer.ts';

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function endpointsText(endpoints: Endpoints): string {
  const subsets = endpoints.subsets ?? [];
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses, ports }) => {
    const ips = (addresses ?? []).map(({ ip }) => ip);
    return (ports ?? []).length === 0 ? ips : (ports ?? []).flatMap(({ port }) => ips.map((ip) => hostPort(ip, port)));
  });
  return withMore(all, 3, '');
}

function portsText(ports: readonly ServicePort[] | undefined): string {
  const text = (ports ?? []).map((port) => `${port.port}${port.nodePort ? `:${port.nodePort}` : ''}/${port.protocol ?? ''}`).join(',');
  return text === '' ? '<none>' : text;
}

function externalAddress({ spec, status }: Service): string {
  const given = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return given.length > 0 ? given.join(',') : '<none>';
    case 'LoadBalancer': {
      const assigned = [...new Set((status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== ''))].sort();
      const all = [...assigned, ...given];
      return all.length > 0 ? all.join(',') : '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

const rolePrefix = 'node-role.kubernetes.io/';

function nodeCells(node: Node, nowMs: number): Cell[] {
  const ready = node.status?.conditions?.findLast(({ type }) => type === 'Ready');
  const status = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (node.spec?.unschedulable === true) status.push('SchedulingDisabled');
  const roles = Object.entries(node.metadata?.labels ?? {}).flatMap(([key, value]) =>
    key.startsWith(rolePrefix) && key.length > rolePrefix.length ? [key.slice(rolePrefix.length)] : key === 'kubernetes.io/role' && value !== '' ? [value] : [],
  );
  const info = node.status?.nodeInfo;
  const address = (kind: string): string => node.status?.addresses?.find(({ type }) => type === kind)?.address ?? '<none>';
  const kernel = `${info?.kernelVersion || '<unknown>'}${info?.architecture ? ` (${info.architecture})` : ''}`;
  return [
    nameOf(node), status.join(','), [...new Set(roles)].sort().join(',') || '<none>', age(node, nowMs), info?.kubeletVersion ?? '',
    address('InternalIP'), address('ExternalIP'), info?.osImage || '<unknown>', kernel, info?.containerRuntimeVersion || '<unknown>',
  ];
}

function eventCells(event: Event, nowMs: number): Cell[] {
  const first = event.firstTimestamp ? since(event.firstTimestamp, nowMs) : since(event.eventTime, nowMs);
  const last = event.series ? since(event.series.lastObservedTime, nowMs) : event.lastTimestamp ? since(event.lastTimestamp, nowMs) : first;
  const { kind = '', name = '', fieldPath = '' } = event.involvedObject ?? {};
  const component = event.source?.component || event.reportingComponent || '';
  const host = event.source?.host || event.reportingInstance || '';
  return [
    last, event.type ?? '', event.reason ?? '', name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`, fieldPath, host === '' ? component : `${component}, ${host}`,
    (event.message ?? '').trim(), first, event.series?.count ?? (event.count || 1), nameOf(event),
  ];
}

function asCoreEvent(event: NewEvent): Event {
  return {
    metadata: event.metadata ?? {}, involvedObject: event.regarding ?? {},
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    ...(event.note === undefined ? {} : { message: event.note }),
    ...(event.type === undefined ? {} : { type: event.type }),
    ...(event.eventTime === undefined ? {} : { eventTime: event.eventTime }),
    ...(event.series === undefined ? {} : { series: event.series }),
    ...(event.deprecatedSource === undefined ? {} : { source: event.deprecatedSource }),
    ...(event.deprecatedFirstTimestamp === undefined ? {} : { firstTimestamp: event.deprecatedFirstTimestamp }),
    ...(event.deprecatedLastTimestamp === undefined ? {} : { lastTimestamp: event.deprecatedLastTimestamp }),
    ...(event.deprecatedCount === undefined ? {} : { count: event.deprecatedCount }),
    ...(event.reportingController === undefined ? {} : { reportingComponent: event.reportingController }),
    ...(event.reportingInstance === undefined ? {} : { reportingInstance: event.reportingInstance }),
  };
}

const modeNames: readonly (readonly [string, string])[] = [['ReadWriteOnce', 'RWO'], ['ReadOnlyMany', 'ROX'], ['ReadWriteMany', 'RWX'], ['ReadWriteOncePod', 'RWOP']];
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

function modesText(modes: readonly string[] | undefined): string {
  return modeNames.filter(([mode]) => modes?.includes(mode)).map(([, short]) => short).join(',');
}

function classOf(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata?.annotations?.[classAnnotation] ?? object.spec?.storageClassName ?? '';
}

function volumeCells(volume: PersistentVolume, nowMs: number): Cell[] {
  const { spec, status, metadata } = volume;
  const claim = spec?.claimRef;
  return [
    nameOf(volume), spec?.capacity?.['storage'] ?? '0', modesText(spec?.accessModes), spec?.persistentVolumeReclaimPolicy ?? '',
    metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''), claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '', classOf(volume),
    spec?.volumeAttributesClassName ?? '<unset>', status?.reason ?? '', age(volume, nowMs), spec?.volumeMode ?? '<unset>',
  ];
}

function claimCells(claim: PersistentVolumeClaim, nowMs: number): Cell[] {
  const { spec, status, metadata } = claim;
  const isBound = (spec?.volumeName ?? '') !== '';
  return [
    nameOf(claim), metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''), spec?.volumeName ?? '', isBound ? (status?.capacity?.['storage'] ?? '0') : '',
    isBound ? modesText(status?.accessModes) : '', classOf(claim), spec?.volumeAttributesClassName ?? '<unset>', age(claim, nowMs), spec?.volumeMode ?? '<unset>',
  ];
}

function quotaCells(quota: ResourceQuota, nowMs: number): Cell[] {
  const hard = quota.status?.hard ?? {};
  const text = (names: string[]): string => names.map((name) => `${name}: ${quota.status?.used?.[name] ?? '0'}/${hard[name] ?? '0'}`).join(', ');
  const names = Object.keys(hard).sort();
  return [nameOf(quota), text(names.filter((name) => !name.startsWith('limits.'))), text(names.filter((name) => name.startsWith('limits.'))), age(quota, nowMs)];
}

const eventColumns = 'Last_Seen Type Reason Object Subobject* Source* Message First_Seen* Count* Name=name*';

export const printers: Printers = {
  'core.v1.Service': printer<Service>('Name=name Type Cluster-IP External-IP Port(s) Age Selector*', (service, nowMs) => [
    nameOf(service), service.spec?.type ?? '', service.spec?.clusterIPs?.[0] ?? service.spec?.clusterIP ?? '<none>', externalAddress(service), portsText(service.spec?.ports), age(service, nowMs),
    labelsText(service.spec?.selector),
  ]),
  'core.v1.Endpoints': printer<Endpoints>('Name=name Endpoints Age', (endpoints, nowMs) => [nameOf(endpoints), endpointsText(endpoints), age(endpoints, nowMs)]),
  'core.v1.Node': printer<Node>('Name=name Status Roles Age Version Internal-IP* External-IP* OS-Image* Kernel-Version* Container-Runtime*', nodeCells),
  'core.v1.Event': printer<Event>(eventColumns, eventCells),
  'events.v1.Event': printer<NewEvent>(eventColumns, (event, nowMs) => eventCells(asCoreEvent(event), nowMs)),
  'core.v1.Namespace': printer<Namespace>('Name=name Status Age', (namespace, nowMs) => [nameOf(namespace), namespace.status?.phase ?? '', age(namespace, nowMs)]),
  'core.v1.Secret': printer<Secret>('Name=name Type Data Age', (secret, nowMs) => [nameOf(secret), secret.type ?? '', Object.keys(secret.data ?? {}).length, age(secret, nowMs)]),
  'core.v1.ConfigMap': printer<ConfigMap>('Name=name Data Age', (map, nowMs) => [
    nameOf(map), Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length, age(map, nowMs),
  ]),
  'core.v1.ServiceAccount': printer<ServiceAccount>('Name=name Age', (account, nowMs) => [nameOf(account), age(account, nowMs)]),
  'core.v1.PersistentVolume': printer<PersistentVolume>(
    'Name=name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age VolumeMode*', volumeCells,
  ),
  'core.v1.PersistentVolumeClaim': printer<PersistentVolumeClaim>('Name=name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age VolumeMode*', claimCells),
  'core.v1.ResourceQuota': printer<ResourceQuota>('Name=name Request Limit Age', quotaCells),
  'core.v1.ReplicationController': printer<ReplicationController>('Name=name Desired:integer Current:integer Ready:integer Age Containers* Images* Selector*', (rc, nowMs) => [
    nameOf(rc), rc.spec?.replicas ?? 0, rc.status?.replicas ?? 0, rc.status?.readyReplicas ?? 0, age(rc, nowMs), ...containerCells(rc.spec?.template?.spec?.containers),
    labelsText(rc.spec?.selector),
  ]),
  'core.v1.PodTemplate': printer<PodTemplate>('Name=name Containers Images Pod_Labels', (object) => [
    nameOf(object), ...containerCells(object.template?.spec?.containers), labelsText(object.template?.metadata?.labels),
  ]),
  'core.v1.ComponentStatus': printer<ComponentStatus>('Name=name Status Message Error', (component) => {
    const healthy = component.conditions?.find(({ type }) => type === 'Healthy');
    const status = healthy === undefined ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy';
    return [nameOf(component), status, healthy?.message ?? '', healthy?.error ?? ''];
  }),
};
