// Defaults of the packages that have only a few: authentication, discovery, flowcontrol, networking, rbac,
// resource, scheduling, storage (pkg/apis/<package>/v1/defaults.go).
import type { TokenRequestSpec } from '#api/authentication/v1.ts';
import type { EndpointPort } from '#api/discovery/v1.ts';
import type { ExemptPriorityLevelConfiguration, FlowSchemaSpec, LimitedPriorityLevelConfiguration, QueuingConfiguration } from '#api/flowcontrol/v1.ts';
import type { IngressClass, NetworkPolicy, NetworkPolicyPort } from '#api/networking/v1.ts';
import type { RoleBinding, Subject } from '#api/rbac/v1.ts';
import type { Device, DeviceTaint, ExactDeviceRequest } from '#api/resource/v1.ts';
import type { PriorityClass } from '#api/scheduling/v1.ts';
import type { CSIDriver, StorageClass } from '#api/storage/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { hook, type Hooks } from './hook.ts';

const rbacGroup = 'rbac.authorization.k8s.io';

const binding = hook<RoleBinding>((object) => {
  object.roleRef.apiGroup ||= rbacGroup;
});

const deviceRequest = hook<ExactDeviceRequest>((request) => {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ||= 1;
});

function policyTypes({ spec }: NetworkPolicy): void {
  if (spec === undefined || (spec.policyTypes ?? []).length > 0) return;
  spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function csiDriverDefaults({ spec }: CSIDriver): void {
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

export const hooks: Hooks = {
  'authentication.v1.TokenRequestSpec': hook<TokenRequestSpec>((spec) => {
    spec.expirationSeconds ??= 3600;
  }),
  'discovery.v1.EndpointPort': hook<EndpointPort>((port) => {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }),
  'flowcontrol.v1.FlowSchemaSpec': hook<FlowSchemaSpec>((spec) => {
    spec.matchingPrecedence ||= 1000;
  }),
  'flowcontrol.v1.ExemptPriorityLevelConfiguration': hook<ExemptPriorityLevelConfiguration>((level) => {
    level.nominalConcurrencyShares ??= 0;
    level.lendablePercent ??= 0;
  }),
  'flowcontrol.v1.LimitedPriorityLevelConfiguration': hook<LimitedPriorityLevelConfiguration>((level) => {
    level.nominalConcurrencyShares ??= 30;
    level.lendablePercent ??= 0;
  }),
  'flowcontrol.v1.QueuingConfiguration': hook<QueuingConfiguration>((queuing) => {
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  }),
  'networking.v1.NetworkPolicy': hook(policyTypes),
  'networking.v1.NetworkPolicyPort': hook<NetworkPolicyPort>((port) => {
    port.protocol ??= 'TCP';
  }),
  'networking.v1.IngressClass': hook<IngressClass>(({ spec }) => {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  }),
  'rbac.v1.ClusterRoleBinding': binding,
  'rbac.v1.RoleBinding': binding,
  'rbac.v1.Subject': hook<Subject>((subject) => {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
  }),
  'resource.v1.ExactDeviceRequest': deviceRequest,
  'resource.v1.DeviceSubRequest': deviceRequest,
  'resource.v1.DeviceTaint': hook<DeviceTaint>((taint, { nowMs }) => {
    if (nowMs !== undefined) taint.timeAdded ??= rfc3339(nowMs);
  }),
  'resource.v1.Device': hook<Device>((device) => {
    for (const mapping of Object.values(device.nodeAllocatableResourceMappings ?? {})) mapping.allocationMultiplier ??= '1';
  }),
  'scheduling.v1.PriorityClass': hook<PriorityClass>((priority) => {
    priority.preemptionPolicy ??= 'PreemptLowerPriority';
  }),
  'storage.v1.StorageClass': hook<StorageClass>((storage) => {
    storage.reclaimPolicy ??= 'Delete';
    storage.volumeBindingMode ??= 'Immediate';
  }),
  'storage.v1.CSIDriver': hook(csiDriverDefaults),
};
