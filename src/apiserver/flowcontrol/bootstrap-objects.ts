// The FlowSchemas and PriorityLevelConfigurations that every cluster has: the mandatory ones, without which requests
// would have no place to go, and the suggested ones, a start that the cluster's owner may change or delete. Names,
// shares and rules are upstream's; see KEP-1040.
import type { FlowSchema, PolicyRulesWithSubjects, PriorityLevelConfiguration, ResourcePolicyRule, Subject } from '#api/flowcontrol/v1.ts';

export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';
export const flowControlGroup = 'flowcontrol.apiserver.k8s.io';
export const exemptName = 'exempt';
export const catchAllName = 'catch-all';

const apiVersion = `${flowControlGroup}/v1`;
const everyVerb = ['*'];
const onEverything: ResourcePolicyRule = { verbs: everyVerb, apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
const onLeases = (verbs: string[]): ResourcePolicyRule => ({ verbs, apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] });

const groups = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts: Subject = { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } };
const everybody = groups('system:unauthenticated', 'system:authenticated');

/** All that these subjects ask for. */
function anything(subjects: Subject[]): PolicyRulesWithSubjects {
  return { subjects, resourceRules: [onEverything], nonResourceRules: [{ verbs: everyVerb, nonResourceURLs: ['*'] }] };
}

const metadataOf = (name: string) => ({ name, annotations: { [autoUpdateAnnotation]: 'true' } });

function flowSchema(name: string, level: string, matchingPrecedence: number, distinguisher: '' | 'ByUser' | 'ByNamespace', rule: PolicyRulesWithSubjects): FlowSchema {
  return {
    apiVersion,
    kind: 'FlowSchema',
    metadata: metadataOf(name),
    spec: { priorityLevelConfiguration: { name: level }, matchingPrecedence, ...(distinguisher === '' ? {} : { distinguisherMethod: { type: distinguisher } }), rules: [rule] },
  };
}

function queuingLevel(name: string, nominalConcurrencyShares: number, lendablePercent: number, queues = 128, handSize = 6): PriorityLevelConfiguration {
  const limitResponse = { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } };
  return { apiVersion, kind: 'PriorityLevelConfiguration', metadata: metadataOf(name), spec: { type: 'Limited', limited: { nominalConcurrencyShares, limitResponse, lendablePercent } } };
}

export const exemptLevel: PriorityLevelConfiguration = {
  apiVersion, kind: 'PriorityLevelConfiguration', metadata: metadataOf(exemptName), spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
};

export const catchAllLevel: PriorityLevelConfiguration = {
  apiVersion,
  kind: 'PriorityLevelConfiguration',
  metadata: metadataOf(catchAllName),
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 } },
};

export const exemptSchema = flowSchema(exemptName, exemptName, 1, '', anything(groups('system:masters')));
export const catchAllSchema = flowSchema(catchAllName, catchAllName, 10_000, 'ByUser', anything(everybody));

export const mandatoryLevels: readonly PriorityLevelConfiguration[] = [catchAllLevel, exemptLevel];
export const mandatorySchemas: readonly FlowSchema[] = [exemptSchema, catchAllSchema];

export const suggestedLevels: readonly PriorityLevelConfiguration[] = [
  // What keeps nodes and their pods alive.
  queuingLevel('system', 30, 33, 64),
  // Nodes telling that they are well, apart from what starting pods costs.
  queuingLevel('node-high', 40, 25, 64),
  queuingLevel('leader-election', 10, 0, 16, 4),
  queuingLevel('workload-high', 40, 50),
  queuingLevel('workload-low', 100, 90),
  queuingLevel('global-default', 20, 50),
];

export const suggestedSchemas: readonly FlowSchema[] = [
  flowSchema('system-nodes', 'system', 500, 'ByUser', anything(groups('system:nodes'))),
  flowSchema('system-node-high', 'node-high', 400, 'ByUser', {
    subjects: groups('system:nodes'),
    resourceRules: [{ verbs: everyVerb, apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] }, onLeases(everyVerb)],
  }),
  flowSchema('probes', exemptName, 2, '', { subjects: everybody, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] }),
  flowSchema('system-leader-election', 'leader-election', 100, 'ByUser', {
    subjects: [...users('system:kube-controller-manager', 'system:kube-scheduler'), systemAccounts],
    resourceRules: [onLeases(['get', 'create', 'update'])],
  }),
  flowSchema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', anything(users('system:kube-controller-manager'))),
  flowSchema('kube-scheduler', 'workload-high', 800, 'ByNamespace', anything(users('system:kube-scheduler'))),
  flowSchema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', anything([systemAccounts])),
  flowSchema('service-accounts', 'workload-low', 9000, 'ByUser', anything(groups('system:serviceaccounts'))),
  flowSchema('global-default', 'global-default', 9900, 'ByUser', anything(everybody)),
];
