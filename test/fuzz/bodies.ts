// A body that passes validation for each kind that is served by default, the metadata apart: what random values alone
// almost never reach, the code behind validation, is reached through them.

type Json = Record<string, unknown>;

const labels = { app: 'a' };
const container = { name: 'c', image: 'i:1', env: [{ name: 'A', value: 'b' }], ports: [{ containerPort: 80, name: 'http' }] };
const template = { metadata: { labels }, spec: { containers: [container] } };
const workload = { selector: { matchLabels: labels }, template };
const rule = { apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] };
const webhook = { name: 'w.example.com', clientConfig: { url: 'https://nobody.example.com/' }, sideEffects: 'None', admissionReviewVersions: ['v1'], failurePolicy: 'Ignore', rules: [rule] };

/** Signed with a key that nobody kept. */
const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIRk1HNENBUUF3RERFS01BZ0dBMVVFQXd3QllUQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCTjdHRkZ5R2E5RzdXWGRXdm9lekVJSlF1eDg2QkgrY0ZmSmxWaDYvL0RENWVFSXdCTS9QQVVzcXMrVHU1WEF1CnFnQXd2U0FraTFaNFc4aVBqUitlZkdlZ0FEQUtCZ2dxaGtqT1BRUURBZ05IQURCRUFpQUt1V3Y3UW1Xd25xbEcKeHp4L2J1VjVmMVVYWEpFc2ZjSzVlY09rRlNETk13SWdFN1pDWTNRSWp3enVPRm9CUFdaeHo2V0FPWDRQdUlPVQpXWXpQSHdscTZ1bz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==';

/** What besides apiVersion, kind and metadata makes an object of a kind whole. */
export const bodies: Readonly<Record<string, Json>> = {
  'v1/ConfigMap': { data: { a: '1', b: '2' } },
  'v1/Secret': { type: 'Opaque', data: { a: 'YQ==' }, stringData: { b: 'c' } },
  'v1/Pod': {
    spec: {
      ...template.spec, automountServiceAccountToken: false, tolerations: [{ key: 'k', operator: 'Exists' }], nodeSelector: { a: 'b' }, hostAliases: [{ ip: '10.1.2.3', hostnames: ['a'] }],
      containers: [{
        ...container, args: ['a'], volumeMounts: [{ name: 'files', mountPath: '/m' }], volumeDevices: [{ name: 'disk', devicePath: '/d' }],
        resources: { requests: { 'example.com/r': '1' }, limits: { 'example.com/r': '1' } }, envFrom: [{ configMapRef: { name: 'c' } }],
      }],
      initContainers: [{ name: 'i', image: 'i:1' }], imagePullSecrets: [{ name: 's' }], readinessGates: [{ conditionType: 'example.com/g' }],
      volumes: [{ name: 'files', configMap: { name: 'c', items: [{ key: 'a', path: 'a' }] } }, { name: 'disk', persistentVolumeClaim: { claimName: 'c' } }, { name: 'all', projected: { sources: [{ secret: { name: 's', items: [{ key: 'a', path: 'b' }] } }] } }],
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: labels } }],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] }] } },
        podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'zone', namespaces: ['a'], labelSelector: { matchExpressions: [{ key: 'k', operator: 'Exists' }] }, matchLabelKeys: ['l'], mismatchLabelKeys: ['m'] } }] },
      },
    },
    status: { containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } }], podIPs: [{ ip: '10.1.2.3' }] },
  },
  'v1/PodTemplate': { template },
  'v1/Service': { spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } },
  'v1/ServiceAccount': { secrets: [{ name: 's' }] },
  'v1/Endpoints': { subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }] },
  'v1/Namespace': {},
  'v1/Node': { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] }, status: { capacity: { cpu: '4' } } },
  'v1/Event': { involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' }, reason: 'Told', message: 'm', type: 'Normal' },
  'v1/LimitRange': { spec: { limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } }] } },
  'v1/ResourceQuota': { spec: { hard: { pods: '10000' }, scopes: ['NotTerminating'], scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['none'] }] } } },
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
  'autoscaling/v2/HorizontalPodAutoscaler': { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }], behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } } } },
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
  'storage.k8s.io/v1/StorageClass': { provisioner: 'example.com/p', parameters: { a: 'b' }, allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }] },
  'storage.k8s.io/v1/CSIDriver': { spec: { attachRequired: false } },
  'node.k8s.io/v1/RuntimeClass': { handler: 'runc', overhead: { podFixed: { cpu: '1m' } }, scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }] } },
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
  'v1/Binding': { target: { kind: 'Node', name: 'n' } },
  'events.k8s.io/v1/Event': { eventTime: '2026-01-02T03:04:05.000000Z', action: 'a', reason: 'Told', type: 'Normal', reportingController: 'example.com/c', reportingInstance: 'c-1', regarding: { kind: 'Pod', namespace: 'default', name: 'p' } },
  'networking.k8s.io/v1/IPAddress': { spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } } },
  'networking.k8s.io/v1/ServiceCIDR': { spec: { cidrs: ['10.97.0.0/24'] } },
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': { spec: { priorityLevelConfiguration: { name: 'global-default' }, matchingPrecedence: 9000, distinguisherMethod: { type: 'ByUser' }, rules: [{ subjects: [{ kind: 'User', user: { name: 'nobody' } }], resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['none'] }], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/none/*'] }] }] } },
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 2, queueLengthLimit: 10 } } } } },
  'storage.k8s.io/v1/CSINode': { spec: { drivers: [{ name: 'd.example.com', nodeID: 'n', topologyKeys: ['example.com/zone'] }] } },
  'storage.k8s.io/v1/CSIStorageCapacity': { storageClassName: 's', capacity: '1Gi', nodeTopology: { matchLabels: labels } },
  'storage.k8s.io/v1/VolumeAttachment': { spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
  'storage.k8s.io/v1/VolumeAttributesClass': { driverName: 'd.example.com', parameters: { a: 'b' } },
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': { spec: { policyName: 'none', validationActions: ['Warn'], matchResources: { resourceRules: [rule] } } },
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy': { spec: { failurePolicy: 'Ignore', reinvocationPolicy: 'Never', matchConstraints: { resourceRules: [rule] }, variables: [{ name: 'r', expression: 'object.spec.replicas' }], matchConditions: [{ name: 'm', expression: 'true' }], mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: variables.r}}' } }] } },
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding': { spec: { policyName: 'none', matchResources: { resourceRules: [rule] } } },
  'apiextensions.k8s.io/v1/CustomResourceDefinition': { spec: { group: 'other.example.com', scope: 'Namespaced', names: { plural: 'others', singular: 'other', kind: 'Other', listKind: 'OtherList', shortNames: ['ot'], categories: ['all'] }, versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a' }], selectableFields: [{ jsonPath: '.spec.a' }], schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', required: ['a'], properties: { a: { type: 'string', enum: ['x', 'y'], 'x-kubernetes-validations': [{ rule: 'self != "z"' }] } } } } } } }] } },
  'apiregistration.k8s.io/v1/APIService': { spec: { group: 'none.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, insecureSkipTLSVerify: true, service: { namespace: 'default', name: 'none' } } },
  'authentication.k8s.io/v1/SelfSubjectReview': {},
  'authorization.k8s.io/v1/LocalSubjectAccessReview': { spec: { user: 'u', groups: ['g'], extra: { a: ['b'] }, resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } } },
  'authorization.k8s.io/v1/SelfSubjectRulesReview': { spec: { namespace: 'default' } },
  'certificates.k8s.io/v1/CertificateSigningRequest': { spec: { signerName: 'example.com/s', usages: ['client auth'], request: certificateRequest } },
  'resource.k8s.io/v1/ResourceClaimTemplate': { spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c.example.com' } }] } } } },
  'resource.k8s.io/v1/ResourceSlice': { spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'd', attributes: { a: { int: 1 } }, capacity: { m: { value: '1Gi' } }, bindsToNode: true, bindingConditions: ['a'], bindingFailureConditions: ['b'] }] } },
};
