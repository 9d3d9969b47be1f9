// Objects that every cluster has from its first minute: the Service that names cluster DNS. DNS itself runs in each
// node's agent, on the Service's address.
import type { Client } from '#client';
import { applyManifests } from './manifests.ts';
import type { ClusterConfig } from './paths.ts';

export const dnsService = 'kube-system/kube-dns';

function objects(config: ClusterConfig) {
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' };
  return [
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
