// The objects that are measured: pods of a common size (3.5 KB as stored), ConfigMaps, nodes. `{n}` becomes the
// object's number.

const env = Array.from({ length: 3 }, (_, i) => ({ name: `SETTING_${i}`, value: `value-of-setting-${i}-for-the-application` }));

/** A pod as a Deployment would make it. Every second one carries half=a. */
export function podTemplate(namespace: string, half: 'a' | 'b', schedulerName: string): string {
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      name: `pod-${half}-{n}`, namespace,
      labels: { app: 'bench', half, 'pod-template-hash': '5d4f8c7b9', 'app.kubernetes.io/name': 'bench', 'app.kubernetes.io/part-of': 'load' },
      annotations: { 'example.com/owner': 'team-of-the-load-generator', 'example.com/description': 'a pod of common size, as a Deployment would make it' },
    },
    spec: {
      schedulerName,
      containers: [
        {
          name: 'app', image: 'registry.example.com/team/application:v1.2.3', ports: [{ name: 'http', containerPort: 8080 }], env,
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 10 },
          livenessProbe: { httpGet: { path: '/live', port: 'http' }, periodSeconds: 20 },
        },
      ],
    },
  });
}

/** A small pod that waits for the default scheduler. */
export function pendingPodTemplate(namespace: string): string {
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod-{n}', namespace, labels: { app: 'bench' } },
    spec: { containers: [{ name: 'app', image: 'registry.example.com/pause:3.10', resources: { requests: { cpu: '100m', memory: '500Mi' } } }] },
  });
}

export function nodeTemplate(): string {
  const amounts = { cpu: '4', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-{n}', labels: { 'kubernetes.io/hostname': 'node-{n}', 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' } },
    status: { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: '2026-01-01T00:00:00Z', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });
}

export function configMapTemplate(namespace: string, name: string, bytes: number): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { app: 'bench' } }, data: { number: '{n}', text: 'x'.repeat(bytes) } });
}
