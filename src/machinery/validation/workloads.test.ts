// Workloads, RBAC, networking and the small kinds: what is refused, in upstream's words and order.
import { describe, expect, test } from 'vitest';
import { errorText } from '../field-errors.ts';
import type { KubeObject } from '../object.ts';
import { cronError } from './batch/cron-syntax.ts';
import { validateCreate, validateStatusUpdate, validateUpdate } from './index.ts';

type Change = (object: any) => void; // eslint-disable-line @typescript-eslint/no-explicit-any

function changed(object: unknown, change: Change): KubeObject {
  const copy = structuredClone(object) as KubeObject;
  change(copy);
  return copy;
}

const meta = { name: 'web', namespace: 'default', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const clusterMeta = { name: 'web', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const selector = { matchLabels: { app: 'web' } };
const podSpec = {
  containers: [{ name: 'c', image: 'nginx', imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' }],
  restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30,
};
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec };
const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } };
const deployment = { metadata: meta, spec: { replicas: 1, selector, template, strategy: rolling, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 } };
const replicaSet = { metadata: meta, spec: { replicas: 1, selector, template } };
const statefulSet = {
  metadata: meta,
  spec: { replicas: 1, selector, template, serviceName: 'web', podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } },
};
const daemonSet = { metadata: meta, spec: { selector, template, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, revisionHistoryLimit: 10 } };
const jobLabels = { 'controller-uid': 'u1', 'batch.kubernetes.io/controller-uid': 'u1', 'job-name': 'web', 'batch.kubernetes.io/job-name': 'web' };
const job = {
  metadata: meta,
  spec: {
    completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', podReplacementPolicy: 'TerminatingOrFailed', suspend: false,
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } },
    template: { metadata: { labels: jobLabels }, spec: { ...podSpec, restartPolicy: 'Never' } },
  },
};
const cronJob = {
  metadata: meta,
  spec: { schedule: '*/5 * * * *', concurrencyPolicy: 'Allow', jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } },
};
const binding = { metadata: meta, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' }, subjects: [{ kind: 'ServiceAccount', name: 'a', namespace: 'default' }] };
const ingress = { metadata: meta, spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] } };
const hpa = { metadata: meta, spec: { minReplicas: 1, maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } };
const storageClass = { metadata: clusterMeta, provisioner: 'example.com/disk', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' };

type Row = readonly [name: string, type: string, object: unknown, change: Change, ...errors: string[]];

const creates: readonly Row[] = [
  ['a good deployment', 'apps.v1.Deployment', deployment, () => undefined],
  ['no selector', 'apps.v1.Deployment', deployment, (o) => { delete o.spec.selector; }, 'spec.selector: Required value',
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
  ['an empty selector', 'apps.v1.Deployment', deployment, (o) => { o.spec.selector = {}; }, 'spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  ['a selector that does not fit', 'apps.v1.Deployment', deployment, (o) => { o.spec.selector = { matchLabels: { app: 'x' } }; },
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
  ['negative replicas', 'apps.v1.Deployment', deployment, (o) => { o.spec.replicas = -1; }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ['neither surge nor unavailable', 'apps.v1.Deployment', deployment, (o) => { o.spec.strategy.rollingUpdate = { maxSurge: 0, maxUnavailable: 0 }; },
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
  ['recreate with rolling parameters', 'apps.v1.Deployment', deployment, (o) => { o.spec.strategy.type = 'Recreate'; },
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ['a deadline before readiness', 'apps.v1.Deployment', deployment, (o) => { o.spec.minReadySeconds = 600; }, 'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
  ['a template that does not restart', 'apps.v1.ReplicaSet', replicaSet, (o) => { o.spec.template.spec.restartPolicy = 'Never'; },
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ['a replica set', 'apps.v1.ReplicaSet', replicaSet, () => undefined],
  ['a stateful set', 'apps.v1.StatefulSet', statefulSet, () => undefined],
  ['an unknown pod management', 'apps.v1.StatefulSet', statefulSet, (o) => { o.spec.podManagementPolicy = 'X'; }, "spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'"],
  ['a daemon set', 'apps.v1.DaemonSet', daemonSet, () => undefined],
  ['a job', 'batch.v1.Job', job, () => undefined],
  ['a job that always restarts', 'batch.v1.Job', job, (o) => { o.spec.template.spec.restartPolicy = 'Always'; }, 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ['an indexed job without completions', 'batch.v1.Job', job, (o) => { o.spec.completionMode = 'Indexed'; delete o.spec.completions; },
    'spec.completions: Required value: when completion mode is Indexed'],
  ['a cron job', 'batch.v1.CronJob', cronJob, () => undefined],
  ['a schedule of four fields', 'batch.v1.CronJob', cronJob, (o) => { o.spec.schedule = '* * * *'; },
    'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
  ['a zone in the schedule', 'batch.v1.CronJob', cronJob, (o) => { o.spec.schedule = 'TZ=UTC * * * * *'; },
    'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
  ['an unknown zone', 'batch.v1.CronJob', cronJob, (o) => { o.spec.timeZone = 'Nowhere/City'; }, 'spec.timeZone: Invalid value: "Nowhere/City": unknown time zone Nowhere/City'],
  ['a long cron name', 'batch.v1.CronJob', cronJob, (o) => { o.metadata.name = 'x'.repeat(53); }, `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`],
  ['a role binding', 'rbac.v1.RoleBinding', binding, () => undefined],
  ['a binding to a stranger', 'rbac.v1.RoleBinding', binding, (o) => { o.roleRef.kind = 'Pod'; }, 'roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"'],
  ['a rule without verbs', 'rbac.v1.Role', { metadata: meta, rules: [{ apiGroups: [''], resources: ['pods'], verbs: [] }] }, () => undefined, 'rules[0].verbs: Required value: verbs must contain at least one value'],
  ['URLs in a namespaced role', 'rbac.v1.Role', { metadata: meta, rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] }, () => undefined,
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
  ['an ingress', 'networking.v1.Ingress', ingress, () => undefined],
  ['an ingress of nothing', 'networking.v1.Ingress', ingress, (o) => { o.spec = {}; }, 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
  ['a relative path', 'networking.v1.Ingress', ingress, (o) => { o.spec.rules[0].http.paths[0].path = 'a//b/..'; },
    'spec.rules[0].http.paths[0].path: Invalid value: "a//b/..": must be an absolute path',
    "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": must not contain '//'",
    "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": cannot end with '/..'"],
  ['an address as host', 'networking.v1.Ingress', ingress, (o) => { o.spec.rules[0].host = '1.2.3.4'; }, 'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
  ['a backend without port', 'networking.v1.Ingress', ingress, (o) => { delete o.spec.rules[0].http.paths[0].backend.service.port; },
    'spec.rules[0].http.paths[0].backend: Required value: port name or number is required'],
  ['an ingress class', 'networking.v1.IngressClass', { metadata: { name: 'x' }, spec: { controller: 'nginx' } }, () => undefined,
    'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'],
  ['a peer of nothing', 'networking.v1.NetworkPolicy', { metadata: meta, spec: { podSelector: {}, ingress: [{ from: [{}] }], policyTypes: ['Ingress'] } }, () => undefined,
    'spec.ingress[0].from[0]: Required value: must specify a peer'],
  ['a budget with both limits', 'policy.v1.PodDisruptionBudget', { metadata: meta, spec: { minAvailable: 1, maxUnavailable: 1, selector: {} } }, () => undefined,
    'spec: Invalid value: {"MinAvailable":1,"Selector":{},"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set'],
  ['a priority too high', 'scheduling.v1.PriorityClass', { metadata: { name: 'x' }, value: 1000000001 }, () => undefined, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ['a system priority', 'scheduling.v1.PriorityClass', { metadata: { name: 'system-x' }, value: 1 }, () => undefined,
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class"],
  ['a lease for no time', 'coordination.v1.Lease', { metadata: meta, spec: { leaseDurationSeconds: 0 } }, () => undefined, 'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
  ['a storage class', 'storage.v1.StorageClass', storageClass, (o) => { o.reclaimPolicy = 'X'; }, 'reclaimPolicy: Unsupported value: "X": supported values: "Delete", "Retain"'],
  ['an autoscaler', 'autoscaling.v2.HorizontalPodAutoscaler', hpa, () => undefined],
  ['an autoscaler from zero', 'autoscaling.v2.HorizontalPodAutoscaler', hpa, (o) => { o.spec.minReplicas = 0; },
    'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
    'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas'],
  ['an autoscaler of fewer', 'autoscaling.v1.HorizontalPodAutoscaler', hpa, (o) => { o.spec.minReplicas = 5; }, 'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`'],
  ['a metric of two kinds', 'autoscaling.v2.HorizontalPodAutoscaler', hpa, (o) => {
    const target = { type: 'AverageValue', averageValue: '1' };
    o.spec.metrics = [{ type: 'Pods', pods: { metric: { name: 'm' }, target }, resource: { name: 'cpu', target } }];
  }, 'spec.metrics[0].resource: Forbidden: must populate the given metric source only'],
  ['metadata of a kind without rules of its own', 'admissionregistration.v1.ValidatingWebhookConfiguration', { metadata: { name: 'A' } }, (o) => { o.metadata.labels = { '': 'x' }; },
    ...["metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'metadata.labels: Invalid value: "": name part must be non-empty',
      "metadata.labels: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]],
];

describe('on create', () => {
  for (const [name, type, object, change, ...errors] of creates) {
    test(`${name} (${type})`, () => {
      expect(validateCreate(type, changed(object, change)).map(errorText)).toEqual(errors);
    });
  }
});

const updates: readonly Row[] = [
  ['more replicas', 'apps.v1.Deployment', deployment, (o) => { o.spec.replicas = 5; }],
  ['another selector', 'apps.v1.Deployment', deployment, (o) => { o.spec.selector = { matchLabels: { app: 'web', x: 'y' } }; o.spec.template.metadata.labels.x = 'y'; },
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","x":"y"}}: field is immutable'],
  ['another set name', 'apps.v1.StatefulSet', statefulSet, (o) => { o.spec.serviceName = 'x'; },
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"],
  ['other completions', 'batch.v1.Job', job, (o) => { o.spec.completions = 2; }, 'spec.completions: Invalid value: 2: field is immutable'],
  ['another role', 'rbac.v1.RoleBinding', binding, (o) => { o.roleRef.name = 'x'; },
    'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"x"}: cannot change roleRef'],
  ['another provisioner', 'storage.v1.StorageClass', storageClass, (o) => { o.provisioner = 'x'; }, 'provisioner: Invalid value: "x": field is immutable'],
  ['another priority', 'scheduling.v1.PriorityClass', { metadata: clusterMeta, value: 1 }, (o) => { o.value = 2; }, 'value: Forbidden: may not be changed in an update.'],
  ['another handler', 'node.v1.RuntimeClass', { metadata: clusterMeta, handler: 'a' }, (o) => { o.handler = 'b'; }, 'handler: Invalid value: "b": field is immutable'],
];

describe('on update', () => {
  for (const [name, type, object, change, ...errors] of updates) {
    test(`${name} (${type})`, () => {
      expect(validateUpdate(type, changed(object, change), object as KubeObject).map(errorText)).toEqual(errors);
    });
  }

  test('a deployment counts in its status', () => {
    const status = { replicas: 1, updatedReplicas: 2, readyReplicas: -1, availableReplicas: 0, unavailableReplicas: 0 };
    expect(validateStatusUpdate('apps.v1.Deployment', changed(deployment, (o) => { o.status = status; }), deployment as KubeObject).map(errorText)).toEqual([
      'status.readyReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 0: cannot be greater than readyReplicas',
    ]);
  });
});

describe('cron schedules', () => {
  test.each(['* * * * *', '0 0 1 jan sun', '@daily', '@every 1h30m', '1-5/2,7 */2 ? * mon-fri', 'TZ=UTC 0 0 * * *'])('%s', (schedule) => {
    expect(cronError(schedule)).toBeUndefined();
  });

  test.each([
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1-x-3 * * * *', 'too many hyphens: 1-x-3'],
    ['@hourlyish', 'unrecognized descriptor: @hourlyish'],
  ])('%s is refused', (schedule, error) => {
    expect(cronError(schedule)).toBe(error);
  });
});
