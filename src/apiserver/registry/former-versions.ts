// Versions of built-in kinds that are served no more and that upstream's server still reads from its store: what an
// object of one becomes in the version that is stored now. Most differ in apiVersion alone.
import { isObject } from '#machinery';
import type { KubeObject } from '../contract.ts';
import { definitionFromBeta } from './former-definition.ts';

type Conversion = (object: KubeObject) => KubeObject;
type Fields = Record<string, unknown>;

const same: Conversion = (object) => object;

const sameShape: readonly (readonly [string, string])[] = [
  ['apps/v1beta1', 'ControllerRevision Deployment StatefulSet'],
  ['apps/v1beta2', 'ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet'],
  ['admissionregistration.k8s.io/v1alpha1', 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding'],
  ['apiregistration.k8s.io/v1beta1', 'APIService'],
  ['batch/v1beta1', 'CronJob'],
  ['coordination.k8s.io/v1beta1', 'Lease'],
  ['flowcontrol.apiserver.k8s.io/v1beta1', 'FlowSchema'],
  ['flowcontrol.apiserver.k8s.io/v1beta2', 'FlowSchema'],
  ['flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema'],
  ['networking.k8s.io/v1beta1', 'IngressClass'],
  ['node.k8s.io/v1beta1', 'RuntimeClass'],
  ['rbac.authorization.k8s.io/v1beta1', 'ClusterRole ClusterRoleBinding Role RoleBinding'],
  ['scheduling.k8s.io/v1beta1', 'PriorityClass'],
  ['storage.k8s.io/v1alpha1', 'CSIStorageCapacity VolumeAttachment VolumeAttributesClass'],
  ['storage.k8s.io/v1beta1', 'CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass'],
];

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

const budgetLabel = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';

/** An empty selector chose nothing in v1beta1 and chooses everything in v1. */
function budget(object: KubeObject): KubeObject {
  const spec = fieldsOf(object['spec']);
  if (!isObject(spec['selector'])) return object;
  const { matchExpressions, ...rest } = spec['selector'];
  const all = listOf(matchExpressions).map(fieldsOf);
  const isEmpty = Object.keys(fieldsOf(rest['matchLabels'])).length === 0;
  const kept = all.filter(({ key }) => key !== budgetLabel);
  const nothing = isEmpty && all.length === 0;
  const expressions = nothing ? [{ key: budgetLabel, operator: 'Exists' }] : kept;
  return { ...object, spec: { ...spec, selector: { ...rest, ...(expressions.length === 0 ? {} : { matchExpressions: expressions }) } } };
}

const zone = 'topology.kubernetes.io/zone';
const hostname = 'kubernetes.io/hostname';

function endpoint(value: unknown): Fields {
  const { topology, ...rest } = fieldsOf(value);
  if (!isObject(topology)) return rest;
  const left = { ...topology };
  delete left[zone];
  if (left[hostname] === rest['nodeName']) delete left[hostname];
  return { ...rest, ...(topology[zone] === undefined ? {} : { zone: topology[zone] }), ...(Object.keys(left).length === 0 ? {} : { deprecatedTopology: left }) };
}

function backend(value: unknown): Fields {
  const { serviceName: name = '', servicePort: port = 0, ...rest } = fieldsOf(value);
  if (name === '' && port === 0) return rest;
  return { ...rest, service: { name, port: typeof port === 'number' ? { number: port } : { name: port } } };
}

function ingress(object: KubeObject): KubeObject {
  const { backend: fallback, rules, ...spec } = fieldsOf(object['spec']);
  const path = (value: unknown): Fields => ({ pathType: 'ImplementationSpecific', ...fieldsOf(value), backend: backend(fieldsOf(value)['backend']) });
  const rule = (value: unknown): Fields => {
    const { http, ...rest } = fieldsOf(value);
    return isObject(http) ? { ...rest, http: { ...http, paths: listOf(http['paths']).map(path) } } : rest;
  };
  return { ...object, spec: { ...spec, ...(fallback === undefined ? {} : { defaultBackend: backend(fallback) }), ...(rules === undefined ? {} : { rules: listOf(rules).map(rule) }) } };
}

function priorityLevel(object: KubeObject): KubeObject {
  const spec = fieldsOf(object['spec']);
  if (!isObject(spec['limited'])) return object;
  const { assuredConcurrencyShares: shares, ...limited } = spec['limited'];
  return { ...object, spec: { ...spec, limited: { ...limited, nominalConcurrencyShares: shares === undefined || shares === 0 ? 30 : shares } } };
}

function webhooks(object: KubeObject): KubeObject {
  const defaults = { failurePolicy: 'Ignore', matchPolicy: 'Exact', sideEffects: 'Unknown', timeoutSeconds: 30, admissionReviewVersions: ['v1beta1'], namespaceSelector: {}, objectSelector: {} };
  return { ...object, webhooks: listOf(object['webhooks']).map((webhook) => ({ ...defaults, ...fieldsOf(webhook) })) };
}

const conversions = new Map<string, Conversion>([
  ...sameShape.flatMap(([apiVersion, kinds]) => kinds.split(' ').map((kind) => [`${apiVersion} ${kind}`, same] as const)),
  ['admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration', webhooks],
  ['admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration', webhooks],
  ['apiextensions.k8s.io/v1beta1 CustomResourceDefinition', definitionFromBeta],
  ['discovery.k8s.io/v1beta1 EndpointSlice', (object) => ({ ...object, endpoints: listOf(object['endpoints']).map(endpoint) })],
  ['flowcontrol.apiserver.k8s.io/v1beta1 PriorityLevelConfiguration', priorityLevel],
  ['flowcontrol.apiserver.k8s.io/v1beta2 PriorityLevelConfiguration', priorityLevel],
  ['networking.k8s.io/v1beta1 Ingress', ingress],
  ['policy/v1beta1 PodDisruptionBudget', budget],
]);

/** undefined: no server of today reads that version. */
export function fromFormerVersion(apiVersion: string, kind: string): Conversion | undefined {
  return conversions.get(`${apiVersion} ${kind}`);
}
