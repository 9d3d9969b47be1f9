// Defaults as users meet them: a small manifest in, the stored object out.
import { expect, test } from 'vitest';
import { decodeObject } from '../decode.ts';
import type { KubeObject } from '../object.ts';
import { applyDefaults } from './index.ts';

function defaulted(type: string, body: object): KubeObject {
  const { object } = decodeObject(Buffer.from(JSON.stringify(body)), { type, fieldValidation: 'Strict' });
  applyDefaults(type, object);
  return object;
}

test('a small pod becomes the pod that upstream stores', () => {
  const pod = defaulted('core.v1.Pod', {
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' },
    spec: {
      serviceAccountName: 'robot',
      containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1', memory: '0.1u' } }, livenessProbe: { httpGet: { port: 80 } } }],
      volumes: [{ name: 'v' }, { name: 'cm', configMap: { name: 'x' } }],
    },
  });
  expect(pod['spec']).toEqual({
    volumes: [{ name: 'v', emptyDir: {} }, { name: 'cm', configMap: { name: 'x', defaultMode: 420 } }],
    containers: [{
      name: 'c', image: 'nginx', ports: [{ containerPort: 80, protocol: 'TCP' }],
      resources: { limits: { cpu: '1', memory: '1m' }, requests: { cpu: '1', memory: '1m' } },
      livenessProbe: { httpGet: { path: '/', port: 80, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
      terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: 'Always',
    }],
    restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', serviceAccountName: 'robot', serviceAccount: 'robot', securityContext: {},
    schedulerName: 'default-scheduler', enableServiceLinks: true,
  });
});

test('templates get the shared defaults only', () => {
  const deployment = defaulted('apps.v1.Deployment', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x:1', resources: { limits: { cpu: '1' } } }] } } },
  });
  expect(deployment['spec']).toMatchObject({
    replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    template: { spec: { containers: [{ imagePullPolicy: 'IfNotPresent', resources: { limits: { cpu: '1' } } }] } },
  });
  expect(JSON.stringify(deployment)).not.toContain('enableServiceLinks');
  expect(JSON.stringify(deployment)).not.toContain('requests');
});

test('services, jobs, secrets, namespaces', () => {
  expect(defaulted('core.v1.Service', { apiVersion: 'v1', kind: 'Service', spec: { type: 'NodePort', ports: [{ port: 80 }] } })['spec']).toEqual({
    ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }], type: 'NodePort', sessionAffinity: 'None', externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster',
  });
  expect(defaulted('batch.v1.Job', { apiVersion: 'batch/v1', kind: 'Job', spec: { template: { metadata: { labels: { a: 'b' } }, spec: { containers: [] } } } })).toMatchObject({
    metadata: { labels: { a: 'b' } }, spec: { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed' },
  });
  expect(defaulted('core.v1.Secret', { apiVersion: 'v1', kind: 'Secret', stringData: { a: 'hi' }, data: { b: 'aGk=' } })).toMatchObject({ type: 'Opaque', data: { a: 'aGk=', b: 'aGk=' } });
  expect(defaulted('core.v1.Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } })).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } }, spec: {}, status: { phase: 'Active' },
  });
});

test.each([
  ['nginx', 'Always'], ['nginx:latest', 'Always'], ['nginx:1', 'IfNotPresent'], ['host:5000/a/b', 'Always'], ['host:5000/a/b:2', 'IfNotPresent'],
  [`a@sha256:${'0'.repeat(64)}`, 'IfNotPresent'], ['', 'IfNotPresent'], ['UPPER', 'IfNotPresent'],
])('image %j is pulled %s', (image, policy) => {
  const pod = defaulted('core.v1.Pod', { apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ name: 'c', image }] } });
  expect(pod['spec']).toMatchObject({ containers: [{ imagePullPolicy: policy }] });
});

test('a zero that was sent is not a missing value', () => {
  const rc = defaulted('core.v1.ReplicationController', { apiVersion: 'v1', kind: 'ReplicationController', spec: { replicas: 0 } });
  expect(rc['spec']).toMatchObject({ replicas: 0 });
});

test('limits that are empty ask for nothing', () => {
  const pod: KubeObject = { spec: { containers: [{ name: 'a', resources: { limits: {} } }, { name: 'b', resources: { limits: { cpu: '2' }, requests: { memory: '1Gi' } } }] } };
  applyDefaults('core.v1.Pod', pod);
  expect(pod['spec']).toMatchObject({ containers: [{ resources: { limits: {} } }, { resources: { limits: { cpu: '2' }, requests: { cpu: '2', memory: '1Gi' } } }] });
  expect(JSON.stringify(pod['spec'])).not.toContain('"limits":{},"requests"');
});

test('pod-level requests follow from containers and limits', () => {
  const pod = defaulted('core.v1.Pod', {
    apiVersion: 'v1', kind: 'Pod',
    spec: { resources: { limits: { cpu: '4', memory: '1Gi' } }, containers: [{ name: 'a', resources: { requests: { cpu: '500m' } } }, { name: 'b', resources: { requests: { cpu: '1' } } }] },
  });
  expect(pod['spec']).toMatchObject({ resources: { limits: { cpu: '4', memory: '1Gi' }, requests: { cpu: '1500m', memory: '1Gi' } } });
});

test('policies have the same defaults at every version', () => {
  for (const version of ['v1alpha1', 'v1beta1', 'v1']) {
    const { spec } = defaulted(`admissionregistration.${version}.MutatingAdmissionPolicy`, {
      apiVersion: `admissionregistration.k8s.io/${version}`, kind: 'MutatingAdmissionPolicy', metadata: { name: 'a' },
      spec: { matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] } },
    });
    expect(spec).toEqual({
      failurePolicy: 'Fail',
      matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' }] },
    });
  }
});
