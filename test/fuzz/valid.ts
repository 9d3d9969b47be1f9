// Bodies that pass validation, one for each of the kinds that clusters are made of, and ways to change a body a little:
// what random values alone almost never reach, the code behind validation, is reached through them.
import { randomInt, type Random } from '../../src/base/random.ts';
import { anyValue } from './values.ts';

type Json = Record<string, unknown>;

const labels = { app: 'a' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i:1', env: [{ name: 'A', value: 'b' }], ports: [{ containerPort: 80, name: 'http' }] }] } };
const workload = { selector: { matchLabels: labels }, template };
const rule = { apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] };
const webhook = { name: 'w.example.com', clientConfig: { url: 'https://nobody.example.com/' }, sideEffects: 'None', admissionReviewVersions: ['v1'], failurePolicy: 'Ignore', rules: [rule] };

/** What besides apiVersion, kind and metadata makes an object of a kind whole. */
const bodies: Readonly<Record<string, Json>> = {
  'v1/ConfigMap': { data: { a: '1', b: '2' } },
  'v1/Secret': { type: 'Opaque', data: { a: 'YQ==' }, stringData: { b: 'c' } },
  'v1/Pod': { spec: { ...template.spec, automountServiceAccountToken: false, tolerations: [{ key: 'k', operator: 'Exists' }] } },
  'v1/PodTemplate': { template },
  'v1/Service': { spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } },
  'v1/ServiceAccount': { secrets: [{ name: 's' }] },
  'v1/Endpoints': { subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }] },
  'v1/Namespace': {},
  'v1/Node': { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] }, status: { capacity: { cpu: '4' } } },
  'v1/Event': { involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' }, reason: 'Told', message: 'm', type: 'Normal' },
  'v1/LimitRange': { spec: { limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } }] } },
  'v1/ResourceQuota': { spec: { hard: { 'count/leases.coordination.k8s.io': '10000' } } },
  'v1/ReplicationController': { spec: { replicas: 0, selector: labels, template } },
  'v1/PersistentVolume': { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/x' } } },
  'v1/PersistentVolumeClaim': { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  'apps/v1/Deployment': { spec: { replicas: 0, ...workload } },
  'apps/v1/ReplicaSet': { spec: { replicas: 0, ...workload } },
  'apps/v1/DaemonSet': { spec: workload },
  'apps/v1/StatefulSet': { spec: { replicas: 0, serviceName: 's', ...workload } },
  'apps/v1/ControllerRevision': { revision: 1, data: { a: { b: [1, 2] } } },
  'batch/v1/Job': { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } },
  'batch/v1/CronJob': { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } } } },
  'autoscaling/v2/HorizontalPodAutoscaler': { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } } },
  'autoscaling/v1/HorizontalPodAutoscaler': { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } } },
  'policy/v1/PodDisruptionBudget': { spec: { minAvailable: 1, selector: { matchLabels: labels } } },
  'networking.k8s.io/v1/NetworkPolicy': { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80 }] }] } },
  'networking.k8s.io/v1/Ingress': { spec: { rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }] } }] } },
  'networking.k8s.io/v1/IngressClass': { spec: { controller: 'example.com/c' } },
  'discovery.k8s.io/v1/EndpointSlice': { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }], ports: [{ name: 'http', port: 80 }] },
  'coordination.k8s.io/v1/Lease': { spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } },
  'rbac.authorization.k8s.io/v1/Role': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'rbac.authorization.k8s.io/v1/ClusterRole': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'rbac.authorization.k8s.io/v1/RoleBinding': { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'ServiceAccount', name: 'a', namespace: 'default' }] },
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'u' }] },
  'scheduling.k8s.io/v1/PriorityClass': { value: 1000 },
  'storage.k8s.io/v1/StorageClass': { provisioner: 'example.com/p' },
  'storage.k8s.io/v1/CSIDriver': { spec: { attachRequired: false } },
  'node.k8s.io/v1/RuntimeClass': { handler: 'runc' },
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': { webhooks: [webhook] },
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': { webhooks: [webhook] },
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': { spec: { failurePolicy: 'Ignore', matchConstraints: { resourceRules: [rule] }, variables: [{ name: 'r', expression: 'object.spec.replicas' }], validations: [{ expression: 'variables.r <= 5' }] } },
  'authorization.k8s.io/v1/SubjectAccessReview': { spec: { user: 'u', groups: ['g'], resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } } },
  'authorization.k8s.io/v1/SelfSubjectAccessReview': { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
  'authentication.k8s.io/v1/TokenReview': { spec: { token: 'x' } },
  'authentication.k8s.io/v1/TokenRequest': { spec: { audiences: [], expirationSeconds: 3600 } },
  'autoscaling/v1/Scale': { spec: { replicas: 0 } },
  'policy/v1/Eviction': {},
  'resource.k8s.io/v1/ResourceClaim': { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c.example.com' } }] } } },
  'resource.k8s.io/v1/DeviceClass': { spec: { selectors: [{ cel: { expression: "device.driver == 'a.example.com'" } }] } },
  'fuzz.example.com/v1/Shaped': { spec: { replicas: 1, min: 1, max: 5, mode: 'A', ports: [{ name: 'a', port: 80 }, { name: 'b', port: 81 }], tags: ['x', 'y'], values: { a: 'b' }, at: '2026-01-02T03:04:05Z', size: 3 }, status: { replicas: 1, phase: 'Up' } },
  'fuzz.example.com/v1/Free': { spec: { a: { b: [1, 'x', null, { c: 1.5 }] } }, anything: true },
};

/** Definitions of the custom kinds above. */
export const definitions: readonly Json[] = [
  definition('Shaped', {
    type: 'object',
    properties: {
      spec: {
        type: 'object', 'x-kubernetes-validations': [{ rule: '!has(self.min) || !has(self.max) || self.min <= self.max' }, { rule: '!has(oldSelf.mode) || !has(self.mode) || self.mode == oldSelf.mode || self.mode == "B"' }],
        properties: {
          replicas: { type: 'integer', minimum: 0 }, min: { type: 'integer' }, max: { type: 'integer', default: 9 }, mode: { type: 'string', enum: ['A', 'B'], default: 'A' }, at: { type: 'string', format: 'date-time' },
          ports: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 20 }, port: { type: 'integer', default: 80 }, protocol: { type: 'string', default: 'TCP' } } } },
          tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } }, values: { type: 'object', additionalProperties: { type: 'string' } }, size: { 'x-kubernetes-int-or-string': true },
          inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
      status: { type: 'object', properties: { replicas: { type: 'integer' }, phase: { type: 'string' } } },
    },
  }, { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } }),
  definition('Free', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
];

function definition(kind: string, openAPIV3Schema: Json, subresources?: Json): Json {
  const plural = `${kind.toLowerCase()}s`;
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, additionalPrinterColumns: [{ name: 'Mode', type: 'string', jsonPath: '.spec.mode' }], ...(subresources === undefined ? {} : { subresources }) };
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.fuzz.example.com` }, spec: { group: 'fuzz.example.com', scope: 'Namespaced', names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` }, versions: [{ ...version }] } };
}

/** A whole object, its metadata apart; undefined for kinds without an example. */
export function validBody({ group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string }): Json | undefined {
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const body = bodies[`${apiVersion}/${kind}`];
  return body === undefined ? undefined : { apiVersion, kind, ...structuredClone(body) };
}

interface Place {
  readonly holder: Json | unknown[];
  readonly key: string | number;
}

function placesOf(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  const holder = value as Json | unknown[];
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    found.push({ holder, key });
    placesOf((holder as Json)[key], found);
  }
  return found;
}

/** Changes one place of a body, in place: another value, none, a neighbour's, or the same twice. */
export function mutate(object: Json, random: Random): void {
  const places = placesOf(object);
  const place = places[randomInt(random, places.length)];
  if (place === undefined) return;
  const holder = place.holder as Json;
  const choice = randomInt(random, 5);
  if (choice === 0) delete holder[place.key];
  else if (choice === 1 && Array.isArray(place.holder)) place.holder.push(structuredClone(place.holder[Number(place.key)]));
  else if (choice === 2) {
    const other = places[randomInt(random, places.length)];
    if (other !== undefined) holder[place.key] = structuredClone((other.holder as Json)[other.key]);
  } else holder[place.key] = typeof holder[place.key] === 'number' ? randomInt(random, 70_000) : anyValue(random, 2);
}

/** Makes a body huge: the items of one of its lists, or the members of one of its maps, thousands of times. */
export function inflate(object: Json, random: Random): void {
  const lists = placesOf(object).filter(({ holder, key }) => typeof (holder as Json)[key] === 'object' && (holder as Json)[key] !== null);
  const place = lists[randomInt(random, lists.length)];
  if (place === undefined) return;
  const value = (place.holder as Json)[place.key];
  const count = 2_000 + randomInt(random, 12_000);
  const named = (item: unknown, i: number): unknown => (typeof item === 'object' && item !== null && 'name' in item ? { ...item, name: `n${i}` } : typeof item === 'string' ? `${item}${i}` : item);
  (place.holder as Json)[place.key] = Array.isArray(value) ? Array.from({ length: count }, (_, i) => named(value[0] ?? '', i)) : Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, Object.values(value as object)[0] ?? 'v']));
}
