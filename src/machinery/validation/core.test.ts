// Core kinds: what is refused, in upstream's words and order. Each row changes one valid object.
import { describe, expect, test } from 'vitest';
import { errorText } from '../field-errors.ts';
import type { KubeObject } from '../object.ts';
import { validateCreate, validateStatusUpdate, validateSubresource, validateUpdate } from './index.ts';

type Change = (object: any) => void; // eslint-disable-line @typescript-eslint/no-explicit-any

function changed(object: unknown, change: Change): KubeObject {
  const copy = structuredClone(object) as KubeObject;
  change(copy);
  return copy;
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}

const meta = { name: 'web', namespace: 'default', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const container = { name: 'c', image: 'nginx', imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' };
const podSpec = { containers: [container], restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: meta, spec: podSpec };
const service = {
  metadata: meta,
  spec: { type: 'ClusterIP', sessionAffinity: 'None', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }], clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' },
};
const label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

type Row = readonly [name: string, type: string, object: unknown, change: Change, ...errors: string[]];

const creates: readonly Row[] = [
  ['a good pod', 'core.v1.Pod', pod, () => undefined],
  ['a name in capitals', 'core.v1.Pod', pod, (o) => { o.metadata.name = 'Web'; }, `metadata.name: Invalid value: "Web": ${subdomain}`],
  ['no name', 'core.v1.Pod', pod, (o) => { o.metadata.name = ''; }, 'metadata.name: Required value: name or generateName is required'],
  ['no namespace', 'core.v1.Pod', pod, (o) => { o.metadata.namespace = ''; }, 'metadata.namespace: Required value'],
  ['a namespace on a cluster kind', 'core.v1.Node', { metadata: meta, spec: {} }, () => undefined, 'metadata.namespace: Forbidden: not allowed on this type'],
  ['a bad label value', 'core.v1.Pod', pod, (o) => { o.metadata.labels = { a: 'b c' }; },
    "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"],
  ['too many annotations', 'core.v1.Pod', pod, (o) => { o.metadata.annotations = { a: 'x'.repeat(262144) }; }, 'metadata.annotations: Too long: may not be more than 262144 bytes'],
  ['a finalizer without a domain', 'core.v1.Pod', pod, (o) => { o.metadata.finalizers = ['mine']; },
    'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
  ['two controllers', 'core.v1.Pod', pod, (o) => {
    o.metadata.ownerReferences = [1, 2].map((n) => ({ apiVersion: 'v1', kind: 'ReplicationController', name: `rc${n}`, uid: `${n}`, controller: true }));
  }, 'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"ReplicationController","name":"rc1","uid":"1","controller":true},{"apiVersion":"v1","kind":"ReplicationController","name":"rc2","uid":"2","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for ReplicationController/rc1 and ReplicationController/rc2'],
  ['no containers', 'core.v1.Pod', pod, (o) => { o.spec.containers = []; }, 'spec.containers: Required value'],
  ['a container without image', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].image = ''; }, 'spec.containers[0].image: Required value'],
  ['a bad container name', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].name = 'A'; }, `spec.containers[0].name: Invalid value: "A": ${label}`],
  ['two containers of one name', 'core.v1.Pod', pod, (o) => { o.spec.containers.push(container); }, 'spec.containers[1].name: Duplicate value: "c"'],
  ['a request above its limit', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].resources = { requests: { cpu: '2' }, limits: { cpu: '1' } }; },
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ['an unknown volume', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].volumeMounts = [{ name: 'data', mountPath: '/data' }]; }, 'spec.containers[0].volumeMounts[0].name: Not found: "data"'],
  ['two mounts of one path', 'core.v1.Pod', pod, (o) => {
    o.spec.volumes = [{ name: 'a', emptyDir: {} }];
    o.spec.containers[0].volumeMounts = [{ name: 'a', mountPath: '/a' }, { name: 'a', mountPath: '/a' }];
  }, 'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique'],
  ['a volume of two kinds', 'core.v1.Pod', pod, (o) => { o.spec.volumes = [{ name: 'a', emptyDir: {}, hostPath: { path: '/' } }]; }, 'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ['a volume of no kind', 'core.v1.Pod', pod, (o) => { o.spec.volumes = [{ name: 'a' }]; }, 'spec.volumes[0]: Required value: must specify a volume type'],
  ['a port out of range', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].ports = [{ containerPort: 70000, protocol: 'TCP' }]; },
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
  ['an unknown protocol', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].ports = [{ containerPort: 80, protocol: 'HTTP' }]; },
    'spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
  ['a probe with two handlers', 'core.v1.Pod', pod, (o) => {
    o.spec.containers[0].livenessProbe = { exec: { command: ['a'] }, tcpSocket: { port: 1 }, timeoutSeconds: 1, periodSeconds: 1, successThreshold: 1, failureThreshold: 1 };
  }, 'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
  ['a liveness probe that must succeed twice', 'core.v1.Pod', pod, (o) => {
    o.spec.containers[0].livenessProbe = { exec: { command: ['a'] }, timeoutSeconds: 1, periodSeconds: 1, successThreshold: 2, failureThreshold: 1 };
  }, 'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
  ['an unknown restart policy', 'core.v1.Pod', pod, (o) => { o.spec.restartPolicy = 'Sometimes'; }, 'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
  ['an environment variable from nowhere', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].env = [{ name: 'A', valueFrom: {} }]; },
    'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'],
  ['host ports that differ on the host network', 'core.v1.Pod', pod, (o) => {
    o.spec.hostNetwork = true;
    o.spec.containers[0].ports = [{ containerPort: 80, hostPort: 81, protocol: 'TCP' }];
  }, 'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true'],
  ['a privileged container without escalation', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].securityContext = { privileged: true, allowPrivilegeEscalation: false }; },
    'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true'],
  ['scheduling gates with a node', 'core.v1.Pod', pod, (o) => { o.spec.nodeName = 'n'; o.spec.schedulingGates = [{ name: 'a/b' }]; },
    'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
  ['a good service', 'core.v1.Service', service, () => undefined],
  ['a service without ports', 'core.v1.Service', service, (o) => { o.spec.ports = []; }, 'spec.ports: Required value'],
  ['two ports without names', 'core.v1.Service', service, (o) => { o.spec.ports.push({ port: 81, protocol: 'TCP', targetPort: 81 }); },
    'spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
  ['the same port twice', 'core.v1.Service', service, (o) => { o.spec.ports = ['a', 'b'].map((name) => ({ name, port: 80, protocol: 'TCP', targetPort: 80 })); },
    'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}'],
  ['an unknown service type', 'core.v1.Service', service, (o) => { o.spec.type = 'X'; }, 'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ['a bad key', 'core.v1.ConfigMap', { metadata: meta, data: { 'a b': '' } }, () => undefined,
    "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"],
  ['a key in both maps', 'core.v1.ConfigMap', { metadata: meta, data: { a: '' }, binaryData: { a: '' } }, () => undefined, 'data[a]: Invalid value: "a": duplicate of key present in binaryData'],
  ['too much data', 'core.v1.ConfigMap', { metadata: meta, data: { a: 'x'.repeat(1048577) } }, () => undefined, '[]: Too long: may not be more than 1048576 bytes'],
  ['a TLS secret without its key', 'core.v1.Secret', { metadata: meta, type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, () => undefined, 'data[tls.key]: Required value'],
  ['basic auth without anything', 'core.v1.Secret', { metadata: meta, type: 'kubernetes.io/basic-auth', data: {} }, () => undefined, 'data[username]: Required value', 'data[password]: Required value'],
  ['a namespace with dots', 'core.v1.Namespace', { metadata: { name: 'a.b' } }, () => undefined, 'metadata.name: Invalid value: "a.b": must not contain dots'],
  ['a claim without size', 'core.v1.PersistentVolumeClaim', { metadata: meta, spec: { accessModes: [], resources: {} } }, () => undefined,
    'spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value'],
  ['a quota beyond its scope', 'core.v1.ResourceQuota', { metadata: meta, spec: { hard: { services: '1' }, scopes: ['BestEffort'] } }, () => undefined,
    'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
  ['a minimum above the maximum', 'core.v1.LimitRange', { metadata: meta, spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } }, () => undefined,
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ['a node taint twice', 'core.v1.Node', { metadata: { name: 'n' }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'a', effect: 'NoSchedule' }] } }, () => undefined,
    'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair'],
  ['a binding to nothing', 'core.v1.Binding', { metadata: meta, target: { kind: 'Node', name: '' } }, () => undefined, 'target.name: Required value'],
];

describe('on create', () => {
  for (const [name, type, object, change, ...errors] of creates) {
    test(`${name} (${type})`, () => {
      expect(validateCreate(type, freeze(changed(object, change))).map(errorText)).toEqual(errors);
    });
  }
});

const updates: readonly Row[] = [
  ['nothing changed', 'core.v1.Pod', pod, () => undefined],
  ['another name', 'core.v1.Pod', pod, (o) => { o.metadata.name = 'x'; }, 'metadata.name: Invalid value: "x": field is immutable'],
  ['another uid', 'core.v1.Pod', pod, (o) => { o.metadata.uid = 'u2'; }, 'metadata.uid: Invalid value: "u2": field is immutable'],
  ['another creation time', 'core.v1.Pod', pod, (o) => { o.metadata.creationTimestamp = '2027-01-01T00:00:00Z'; }, 'metadata.creationTimestamp: Invalid value: "2027-01-01T00:00:00Z": field is immutable'],
  ['no resource version', 'core.v1.Pod', pod, (o) => { o.metadata.resourceVersion = ''; }, 'metadata.resourceVersion: Invalid value: "": must be specified for an update'],
  ['another image', 'core.v1.Pod', pod, (o) => { o.spec.containers[0].image = 'nginx:2'; }],
  ['more tolerations', 'core.v1.Pod', pod, (o) => { o.spec.tolerations = [{ key: 'a', operator: 'Exists' }]; }],
  ['fewer containers', 'core.v1.Pod', pod, (o) => { o.spec.containers.push({ ...container, name: 'd' }); }, 'spec.containers: Forbidden: pod updates may not add or remove containers'],
  ['another service address', 'core.v1.Service', service, (o) => { o.spec.clusterIP = '10.0.0.2'; o.spec.clusterIPs = ['10.0.0.2']; },
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'],
  ['a frozen map', 'core.v1.ConfigMap', { metadata: meta, immutable: true, data: { a: '1' } }, (o) => { o.data.a = '2'; }, 'data: Forbidden: field is immutable when `immutable` is set'],
  ['thawing a map', 'core.v1.ConfigMap', { metadata: meta, immutable: true }, (o) => { delete o.immutable; }, 'immutable: Forbidden: field is immutable when `immutable` is set'],
  ['another secret type', 'core.v1.Secret', { metadata: meta, type: 'Opaque' }, (o) => { o.type = 'x'; }, 'type: Invalid value: "x": field is immutable'],
  ['a claim below its capacity', 'core.v1.PersistentVolumeClaim', { metadata: meta, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } }, status: { phase: 'Bound', capacity: { storage: '1Gi' } } },
    (o) => { o.spec.resources.requests.storage = '1Gi'; }, 'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
];

describe('on update', () => {
  for (const [name, type, object, change, ...errors] of updates) {
    test(`${name} (${type})`, () => {
      const old = freeze(structuredClone(object)) as KubeObject;
      // What every kind must obey is told before what the kind itself says, so that upstream's lists hold it twice.
      expect([...new Set(validateUpdate(type, freeze(changed(object, change)), old).map(errorText))]).toEqual(errors);
    });
  }

  test('a pod keeps what it runs', () => {
    const errors = validateUpdate('core.v1.Pod', changed(pod, (o) => { o.spec.hostNetwork = true; }), pod as KubeObject).map(errorText);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n/);
    expect(errors[0]).toContain('HostNetwork');
  });

  test('a resize changes resources only', () => {
    const resized = changed(pod, (o) => { o.spec.containers[0].image = 'other'; });
    expect(validateSubresource('core.v1.Pod', 'resize', resized, pod as KubeObject).map(errorText).join()).toContain('spec: Forbidden: only cpu and memory resources are mutable');
  });

  test('the node of a pod cannot be set through its status', () => {
    const moved = changed(pod, (o) => { o.status = { nominatedNodeName: 'A' }; });
    expect(validateStatusUpdate('core.v1.Pod', moved, pod as KubeObject).map(errorText)).toEqual([`status.nominatedNodeName: Invalid value: "A": ${subdomain}`]);
  });
});
