// Objects that every cluster has from its first minute: the Service that names cluster DNS, what DNS may read
// (kubeadm's system:coredns), and that nodes may renew their own client certificates. DNS itself runs in each node's agent, on the Service's address.
import type { Client } from '#client';
import { applyManifests } from './manifests.ts';
import type { ClusterConfig } from './paths.ts';

export const dnsService = 'kube-system/kube-dns';

/** The user that the agents' DNS servers are. */
export const dnsUser = 'system:coredns';

function objects(config: ClusterConfig) {
  const rbac = 'rbac.authorization.k8s.io';
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' };
  return [
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: dnsUser },
      rules: [
        { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: dnsUser },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: dnsUser },
      subjects: [{ kind: 'User', apiGroup: rbac, name: dnsUser }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'kubeadm:node-autoapprove-certificate-rotation' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient' },
      subjects: [{ kind: 'Group', apiGroup: rbac, name: 'system:nodes' }],
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system', labels },
      spec: {
        clusterIP: config.clusterDns,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
          { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
        ],
      },
    },
  ];
}

export async function applyAddons(client: Client, config: ClusterConfig): Promise<void> {
  await applyManifests(client, objects(config));
}
