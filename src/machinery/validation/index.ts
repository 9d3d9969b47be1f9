// The registry of validation: one row per kind, spelled out. Kinds without a row obey the metadata rules
// with a DNS subdomain as name. The API server asks here after defaulting and mutating admission.
import { admissionRegistration } from './admissionregistration/index.ts';
import { allResources } from '#api/resources.ts';
import type { Binding, Pod } from '#api/core/v1.ts';
import { addAll, type FieldError } from '../field-errors.ts';
import { nameIsPathSegment, nameIsSubdomain } from '../names.ts';
import type { KubeObject } from '../object.ts';
import type { Sliced } from '../slices.ts';
import { apiService } from './apiregistration/api-service.ts';
import { customResourceDefinition } from './apiextensions/custom-resource-definition.ts';
import { storageVersion } from './apiserverinternal/storage-version.ts';
import { controllerRevision, daemonSet } from './apps/daemon-set.ts';
import { deployment, replicaSet } from './apps/deployment.ts';
import { statefulSet } from './apps/stateful-set.ts';
import { horizontalPodAutoscaler, horizontalPodAutoscalerV1, scale } from './autoscaling/horizontal-pod-autoscaler.ts';
import { cronJob } from './batch/cron-job.ts';
import { job } from './batch/job.ts';
import { podCertificateRequest } from './certificates/pod-request.ts';
import { certificateSigningRequest } from './certificates/signing-request.ts';
import { clusterTrustBundle } from './certificates/trust-bundle.ts';
import { leaseCandidate } from './coordination/lease-candidate.ts';
import { lease } from './coordination/lease.ts';
import { configMap, secret } from './core/config.ts';
import { endpoints } from './core/endpoints.ts';
import { event, strictEvent } from './core/event.ts';
import { namespace } from './core/namespace.ts';
import { node } from './core/node.ts';
import { persistentVolume, persistentVolumeClaim } from './core/persistent-volume.ts';
import { validatePodStatusUpdate } from './core/pod-status.ts';
import { validateBinding, validateEphemeralContainersUpdate, validatePodCreate, validatePodUpdate } from './core/pod.ts';
import { validatePodResize } from './core/pod-resize.ts';
import { limitRange, resourceQuota } from './core/quota.ts';
import { podTemplate, replicationController } from './core/replication-controller.ts';
import { service } from './core/service.ts';
import { endpointSlice } from './discovery/endpoint-slice.ts';
import { flowSchema } from './flowcontrol/flow-schema.ts';
import { priorityLevelConfiguration } from './flowcontrol/priority-level.ts';
import { ingress, ingressClass } from './networking/ingress.ts';
import { networkPolicy } from './networking/network-policy.ts';
import { ipAddress, serviceCidr } from './networking/service-addresses.ts';
import { runtimeClass } from './node/runtime-class.ts';
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from './rbac/rbac.ts';
import { resourceClaim, resourceClaimTemplate } from './resource/device-claim.ts';
import { deviceClass } from './resource/device-class.ts';
import { resourcePoolStatusRequest } from './resource/pool-status-request.ts';
import { resourceSlice } from './resource/resource-slice.ts';
import { deviceTaintRule } from './resource/taint-rule.ts';
import { podGroup, workload } from './scheduling/pod-group.ts';
import { priorityClass } from './scheduling/priority-class.ts';
import { csiDriver, csiNode, csiStorageCapacity } from './storage/csi.ts';
import { storageClass } from './storage/storage-class.ts';
import { volumeAttachment, volumeAttributesClass } from './storage/volume-attachment.ts';
import { storageVersionMigration } from './storagemigration/storage-version-migration.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from './meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind, standard, type Validator } from './validator.ts';

const rows: Readonly<Record<string, Validator>> = {
  ...admissionRegistration,
  'apiextensions.v1.CustomResourceDefinition': customResourceDefinition,
  'apiregistration.v1.APIService': apiService,
  'apiserverinternal.v1alpha1.StorageVersion': storageVersion,
  'apps.v1.ControllerRevision': controllerRevision,
  'apps.v1.DaemonSet': daemonSet,
  'apps.v1.Deployment': deployment,
  'apps.v1.ReplicaSet': replicaSet,
  'apps.v1.StatefulSet': statefulSet,
  'autoscaling.v1.HorizontalPodAutoscaler': horizontalPodAutoscalerV1,
  'autoscaling.v1.Scale': scale,
  'autoscaling.v2.HorizontalPodAutoscaler': horizontalPodAutoscaler,
  'batch.v1.CronJob': cronJob,
  'batch.v1.Job': job,
  'certificates.v1.CertificateSigningRequest': certificateSigningRequest,
  'certificates.v1alpha1.ClusterTrustBundle': clusterTrustBundle,
  'certificates.v1beta1.ClusterTrustBundle': clusterTrustBundle,
  'certificates.v1beta1.PodCertificateRequest': podCertificateRequest,
  'coordination.v1.Lease': lease,
  'coordination.v1alpha2.LeaseCandidate': leaseCandidate,
  'coordination.v1beta1.LeaseCandidate': leaseCandidate,
  'core.v1.Binding': kind<Binding>({ create: validateBinding, update: validateBinding }),
  'core.v1.ConfigMap': configMap,
  'core.v1.Endpoints': endpoints,
  'core.v1.Event': event,
  'core.v1.LimitRange': limitRange,
  'core.v1.Namespace': namespace,
  'core.v1.Node': node,
  'core.v1.PersistentVolume': persistentVolume,
  'core.v1.PersistentVolumeClaim': persistentVolumeClaim,
  'core.v1.Pod': kind<Pod>({
    create: validatePodCreate,
    update: validatePodUpdate,
    subresources: { status: validatePodStatusUpdate, ephemeralcontainers: validateEphemeralContainersUpdate, resize: validatePodResize },
  }),
  'core.v1.PodTemplate': podTemplate,
  'core.v1.ReplicationController': replicationController,
  'core.v1.ResourceQuota': resourceQuota,
  'core.v1.Secret': secret,
  'core.v1.Service': service,
  'core.v1.ServiceAccount': standard({ namespaced: true, name: nameIsSubdomain, update: (object) => checkMeta(object.metadata, true, nameIsSubdomain) }),
  'discovery.v1.EndpointSlice': endpointSlice,
  'events.v1.Event': strictEvent,
  'flowcontrol.v1.FlowSchema': flowSchema,
  'flowcontrol.v1.PriorityLevelConfiguration': priorityLevelConfiguration,
  'networking.v1.IPAddress': ipAddress,
  'networking.v1.Ingress': ingress,
  'networking.v1.IngressClass': ingressClass,
  'networking.v1.NetworkPolicy': networkPolicy,
  'networking.v1.ServiceCIDR': serviceCidr,
  'node.v1.RuntimeClass': runtimeClass,
  'policy.v1.PodDisruptionBudget': podDisruptionBudget,
  'rbac.v1.ClusterRole': clusterRole,
  'rbac.v1.ClusterRoleBinding': clusterRoleBinding,
  'rbac.v1.Role': role,
  'rbac.v1.RoleBinding': roleBinding,
  'resource.v1.DeviceClass': deviceClass,
  'resource.v1.ResourceClaim': resourceClaim,
  'resource.v1.ResourceClaimTemplate': resourceClaimTemplate,
  'resource.v1.ResourceSlice': resourceSlice,
  'resource.v1alpha3.DeviceTaintRule': deviceTaintRule,
  'resource.v1alpha3.ResourcePoolStatusRequest': resourcePoolStatusRequest,
  'resource.v1beta2.DeviceTaintRule': deviceTaintRule,
  'scheduling.v1.PriorityClass': priorityClass,
  'scheduling.v1alpha2.PodGroup': podGroup,
  'scheduling.v1alpha2.Workload': workload,
  'storage.v1.CSIDriver': csiDriver,
  'storage.v1.CSINode': csiNode,
  'storage.v1.CSIStorageCapacity': csiStorageCapacity,
  'storage.v1.StorageClass': storageClass,
  'storage.v1.VolumeAttachment': volumeAttachment,
  'storage.v1.VolumeAttributesClass': volumeAttributesClass,
  'storagemigration.v1beta1.StorageVersionMigration': storageVersionMigration,
};

/** A kind's rules, and whether its objects live in namespaces. */
interface Rules {
  readonly validator: Validator;
  readonly namespaced: boolean;
}

const rules = new Map<string, Rules>();

/** The rules of a type; the metadata's alone for kinds without a row. */
function rulesOf(type: string): Rules {
  let known = rules.get(type);
  if (known === undefined) {
    const namespaced = allResources.find((resource) => resource.type === type)?.namespaced ?? true;
    known = { validator: rows[type] ?? standard({ namespaced, name: nameIsSubdomain }), namespaced };
    rules.set(type, known);
  }
  return known;
}

/** What every kind's update must obey, told before what the kind itself says. */
function withCommon(object: KubeObject, old: KubeObject, namespaced: boolean, own: readonly FieldError[]): FieldError[] {
  return [...validateObjectMeta(object.metadata, namespaced, nameIsPathSegment), ...validateObjectMetaUpdate(object.metadata, old.metadata), ...own];
}

/** What is wrong with a new object; its name has been generated and its defaults set. */
export function validateCreate(type: string, object: KubeObject): FieldError[] {
  return rulesOf(type).validator.create(object);
}

/** As validateCreate, with pauses. */
export function* validatingCreate(type: string, object: KubeObject): Sliced<FieldError[]> {
  const { validator } = rulesOf(type);
  return validator.steps === undefined ? validator.create(object) : yield* validator.steps.create(object);
}

/** What is wrong with a changed object or subresource, with pauses. */
export function* validatingChange(type: string, subresource: string, object: KubeObject, old: KubeObject): Sliced<FieldError[]> {
  const { validator, namespaced } = rulesOf(type);
  const meta = validateObjectMeta(object.metadata, namespaced, nameIsPathSegment);
  yield;
  addAll(meta, validateObjectMetaUpdate(object.metadata, old.metadata));
  yield;
  const check = subresource === '' ? validator.update : (validator.subresources?.[subresource] ?? ((one, other) => checkMetaUpdate(one.metadata, other.metadata)));
  addAll(meta, subresource === '' && validator.steps !== undefined ? yield* validator.steps.update(object, old) : check(object, old));
  return meta;
}

/** What is wrong with a changed object, given the stored one. */
export function validateUpdate(type: string, object: KubeObject, old: KubeObject): FieldError[] {
  const { validator, namespaced } = rulesOf(type);
  return withCommon(object, old, namespaced, validator.update(object, old));
}

/** What is wrong with a write of a subresource that changes the object itself: status, resize, finalize, approval. */
export function validateSubresource(type: string, subresource: string, object: KubeObject, old: KubeObject): FieldError[] {
  const { validator, namespaced } = rulesOf(type);
  const check = validator.subresources?.[subresource];
  return withCommon(object, old, namespaced, check === undefined ? checkMetaUpdate(object.metadata, old.metadata) : check(object, old));
}

export function validateStatusUpdate(type: string, object: KubeObject, old: KubeObject): FieldError[] {
  return validateSubresource(type, 'status', object, old);
}

