// The controllers against the real API server, scheduler and kubelets in virtual time, each with its own permissions:
// what the in-memory server of the other tests does not refuse, this one does.
import { expect, test } from 'vitest';
import type { DaemonSet, StatefulSet } from '#api/apps/v1.ts';
import type { CronJob, Job } from '#api/batch/v1.ts';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2.ts';
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, ResourceQuota, Secret } from '#api/core/v1.ts';
import type { PodDisruptionBudget } from '#api/policy/v1.ts';
import type { ClusterRole } from '#api/rbac/v1.ts';
import { seededRandom } from '#base/random.ts';
import { startCluster, type Cluster } from '#testing';
import { createCa, createCsr, generateKey } from '#wire';

const template = (app: string): Required<StatefulSet>['spec']['template'] => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: 'c:1', resources: { requests: { cpu: '100m' } } }] } });
const within = { within: '3m' } as const;

/** What controllers have complained about. */
function complaints(cluster: Cluster): string[] {
  return cluster.log.filter((line) => line.level === 'warn' || line.level === 'error').map((line) => JSON.stringify(line)).filter((line) => line.includes('forbidden'));
}

test('StatefulSet, claims, quota and budget', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const at = <T extends object>(name: string) => cluster.client.resource<T>(name).in('default');
  await at<ResourceQuota>('resourcequotas').create({ metadata: { name: 'q' }, spec: { hard: { pods: '10', 'requests.cpu': '4', persistentvolumeclaims: '5', 'count/statefulsets.apps': '3' } } });
  await at<PodDisruptionBudget>('poddisruptionbudgets.policy').create({ metadata: { name: 'b' }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'db' } } } });
  await cluster.client.resource<PersistentVolume>('persistentvolumes').create({ metadata: { name: 'v' }, spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', hostPath: { path: '/data' } } });
  await at<PersistentVolumeClaim>('persistentvolumeclaims').create({ metadata: { name: 'c' }, spec: { storageClassName: '', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
  await at<StatefulSet>('statefulsets.apps').create({ metadata: { name: 'db' }, spec: { replicas: 2, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: template('db') } });
  await cluster.until(async () => (await at<StatefulSet>('statefulsets.apps').get('db')).status?.availableReplicas === 2, within);
  await cluster.until(async () => (await at<PersistentVolumeClaim>('persistentvolumeclaims').get('c')).status?.phase === 'Bound', within);
  await cluster.until(async () => (await at<PodDisruptionBudget>('poddisruptionbudgets.policy').get('b')).status?.disruptionsAllowed === 1, within);
  await cluster.until(async () => {
    const used = (await at<ResourceQuota>('resourcequotas').get('q')).status?.used;
    return used?.pods === '2' && used['requests.cpu'] === '200m' && used.persistentvolumeclaims === '1' && used['count/statefulsets.apps'] === '1';
  }, within);
  const generation = (await at<StatefulSet>('statefulsets.apps').get('db')).status?.updateRevision;
  await at<StatefulSet>('statefulsets.apps').patch('db', 'strategic', { spec: { template: { spec: { containers: [{ name: 'c', image: 'c:2' }] } } } });
  await cluster.until(async () => {
    const { status } = await at<StatefulSet>('statefulsets.apps').get('db');
    return status?.updateRevision !== generation && status?.currentRevision === status?.updateRevision && status?.availableReplicas === 2;
  }, within);
  await at('persistentvolumeclaims').delete('c');
  await cluster.until(async () => (await at('persistentvolumeclaims').list()).items.length === 0, within);
  await cluster.until(async () => (await cluster.client.resource<PersistentVolume>('persistentvolumes').get('v')).status?.phase === 'Released', within);
  await cluster.client.resource('persistentvolumes').delete('v');
  await cluster.until(async () => (await cluster.client.resource('persistentvolumes').list()).items.length === 0, within);
  expect(complaints(cluster)).toEqual([]);
});

test('DaemonSet, CronJob, autoscaler, roles, tokens and certificates', async () => {
  const random = seededRandom(1);
  const ca = createCa(random, { commonName: 'ca', notBeforeMs: 0, notAfterMs: Date.parse('2040-01-01T00:00:00Z') });
  await using cluster = await startCluster({ nodes: 2, controllers: ['*', 'tokencleaner'], controllersConfig: { clusterSigningCert: ca.cert, clusterSigningKey: ca.key } });
  const at = <T extends object>(name: string) => cluster.client.resource<T>(name).in('default');
  await at<DaemonSet>('daemonsets.apps').create({ metadata: { name: 'agent' }, spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent') } });
  await at<CronJob>('cronjobs.batch').create({ metadata: { name: 'tick' }, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { metadata: { annotations: { 'skiff.dev/sim-exit-after': '5s' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'c:1' }] } } } } } });
  await at<HorizontalPodAutoscaler>('horizontalpodautoscalers.v2.autoscaling').create({ metadata: { name: 'a' }, spec: { minReplicas: 2, maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web' } } });
  await at<StatefulSet>('statefulsets.apps').create({ metadata: { name: 'web' }, spec: { replicas: 1, serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template: template('web') } });
  await cluster.client.resource<Secret>('secrets').in('kube-system').create({ metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', stringData: { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', expiration: new Date(cluster.now() + 30_000).toISOString().replace('.000', '') } });
  await cluster.client.resource<CertificateSigningRequest>('certificatesigningrequests.certificates.k8s.io').create({
    metadata: { name: 'node' },
    spec: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'], request: Buffer.from(createCsr(generateKey(), { commonName: 'system:node:n9', organizations: ['system:nodes'] })).toString('base64') },
  });
  await cluster.until(async () => ((await cluster.client.resource<CertificateSigningRequest>('certificatesigningrequests.certificates.k8s.io').get('node')).status?.certificate ?? '') !== '', within);
  await cluster.until(async () => (await at<DaemonSet>('daemonsets.apps').get('agent')).status?.numberAvailable === 2, within);
  const nodes = new Set((await at<Pod>('pods').list({ labelSelector: 'app=agent' })).items.map((pod) => pod.spec?.nodeName));
  expect(nodes.size).toBe(2);
  await cluster.until(async () => (await at<StatefulSet>('statefulsets.apps').get('web')).status?.availableReplicas === 2, within);
  await cluster.until(async () => (await at<Job>('jobs.batch').list()).items.some((job) => job.status?.succeeded === 1), within);
  await cluster.until(async () => (await at<CronJob>('cronjobs.batch').get('tick')).status?.lastSuccessfulTime !== undefined, within);
  await cluster.until(async () => (await cluster.client.resource<Secret>('secrets').in('kube-system').list()).items.every((secret) => secret.metadata?.name !== 'bootstrap-token-abcdef'), within);
  const admin = await cluster.client.resource<ClusterRole>('clusterroles.rbac.authorization.k8s.io').get('admin');
  expect(admin.rules?.length).toBeGreaterThan(5);
  expect(complaints(cluster)).toEqual([]);
});
