// Defaults of core/v1 apart from pods (pkg/apis/core/v1/defaults.go), and what upstream's conversions do to
// every object that passes: Secret.stringData into data, Node.podCIDR alike the first of podCIDRs.
import type {
  Endpoints, LimitRangeItem, Namespace, NamespaceStatus, NodeSpec, NodeStatus, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, ReplicationController,
  Secret, Service, ServiceSpec,
} from '#api/core/v1.ts';
import { copyOf, jsonEqual, setKey } from '../patch/json-tree.ts';
import { hook, type Hooks } from './hook.ts';

function sessionAffinity(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && typeof spec.sessionAffinityConfig?.clientIP?.timeoutSeconds !== 'number') {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
  }
}

function serviceDefaults(service: Service): void {
  const { spec } = service;
  if (spec === undefined) return;
  sessionAffinity(spec);
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  const isReachable = spec.type === 'LoadBalancer' || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
  if (isReachable) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  const ingresses = service.status?.loadBalancer?.ingress ?? [];
  // In a copy: a patch of the spec shares the status with the object before.
  if (ingresses.some((ingress) => ingress.ip && (ingress.ipMode ?? undefined) === undefined)) {
    const ingress = ingresses.map((one) => (one.ip ? { ...one, ipMode: one.ipMode ?? 'VIP' } : one));
    service.status = { ...service.status, loadBalancer: { ...service.status?.loadBalancer, ingress } };
  }
}

function replicationControllerDefaults(rc: ReplicationController): void {
  const labels = rc.spec?.template?.metadata?.labels;
  if (labels === undefined || rc.spec === undefined) return;
  if (Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels };
  if (Object.keys(rc.metadata?.labels ?? {}).length === 0) rc.metadata = { ...rc.metadata, labels: { ...labels } };
}

function secretDefaults(secret: Secret): void {
  secret.type ||= 'Opaque';
  if (secret.stringData === undefined) return;
  const data: Record<string, string> = copyOf(secret.data ?? {});
  for (const key of Object.keys(secret.stringData)) setKey(data, key, Buffer.from(secret.stringData[key] ?? '').toString('base64'));
  if (Object.keys(data).length > 0) secret.data = data;
  delete secret.stringData;
}

function limitRangeItemDefaults(item: LimitRangeItem): void {
  if (item.type !== 'Container') return;
  const limits: Record<string, string> = { ...item.max, ...item.default };
  const requests: Record<string, string> = { ...item.min, ...limits, ...item.defaultRequest };
  if (!jsonEqual(item.default ?? {}, limits)) item.default = limits;
  if (!jsonEqual(item.defaultRequest ?? {}, requests)) item.defaultRequest = requests;
}

export const hooks: Hooks = {
  'core.v1.Service': hook(serviceDefaults),
  'core.v1.ReplicationController': hook(replicationControllerDefaults),
  'core.v1.Secret': hook(secretDefaults),
  'core.v1.LimitRangeItem': hook(limitRangeItemDefaults),
  'core.v1.PersistentVolume': hook<PersistentVolume>((volume) => {
    volume.status ??= {};
    volume.status.phase ||= 'Pending';
    volume.spec ??= {};
    volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
    volume.spec.volumeMode ??= 'Filesystem';
  }),
  'core.v1.PersistentVolumeClaim': hook<PersistentVolumeClaim>((claim) => {
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
  }),
  'core.v1.PersistentVolumeClaimSpec': hook<PersistentVolumeClaimSpec>((spec) => {
    spec.volumeMode ??= 'Filesystem';
  }),
  'core.v1.Endpoints': hook<Endpoints>((endpoints) => {
    for (const subset of endpoints.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
  }),
  'core.v1.Namespace': hook<Namespace>((namespace) => {
    const name = namespace.metadata?.name;
    if (!name || namespace.metadata === undefined || namespace.metadata.labels?.['kubernetes.io/metadata.name'] === name) return;
    namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': name };
  }),
  'core.v1.NamespaceStatus': hook<NamespaceStatus>((status) => {
    status.phase ||= 'Active';
  }),
  'core.v1.NodeStatus': hook<NodeStatus>((status) => {
    if (status.allocatable === undefined && status.capacity !== undefined) status.allocatable = { ...status.capacity };
  }),
  'core.v1.NodeSpec': hook<NodeSpec>((spec) => {
    // Who writes one and keeps the other means the one: an old client knows no more.
    if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
    const first = spec.podCIDRs?.[0];
    if (first && spec.podCIDR !== first) spec.podCIDR = first;
  }),
};
