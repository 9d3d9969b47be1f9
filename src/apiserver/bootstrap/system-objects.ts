// The objects that every cluster has from its first second: system namespaces, priority classes, the service
// range, and the ConfigMap that tells aggregated servers whom to trust. Each hook may run again at any time.
import { isAlreadyExists } from '#machinery';
import type { KubeObject, ObjectWriter, PostStartHook } from '../contract.ts';

/** Creates the object unless somebody, perhaps another server, has. */
async function ensure(writer: ObjectWriter, group: string, resource: string, object: KubeObject): Promise<void> {
  const { namespace = '', name = '' } = object.metadata ?? {};
  if ((await writer.lookup(group, resource, namespace, name)) !== undefined) return;
  try {
    await writer.create(group, resource, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

const namespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'default'];

export const systemNamespacesHook: PostStartHook = {
  name: 'start-system-namespaces-controller',
  async run(writer) {
    for (const name of namespaces) await ensure(writer, '', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  },
};

const priorityClasses: readonly (readonly [string, number, string])[] = [
  ['system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'],
  ['system-cluster-critical', 2_000_000_000, 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'],
];

export const priorityClassesHook: PostStartHook = {
  name: 'scheduling/bootstrap-system-priority-classes',
  async run(writer) {
    for (const [name, value, description] of priorityClasses) {
      const object = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description };
      await ensure(writer, 'scheduling.k8s.io', 'priorityclasses', object);
    }
  },
};

/** The range that cluster IPs come from, as the ServiceCIDR "kubernetes". */
export function serviceCidrHook(serviceCidr: string): PostStartHook {
  return {
    name: 'start-kubernetes-service-cidr-controller',
    run: (writer) => ensure(writer, 'networking.k8s.io', 'servicecidrs', { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'kubernetes' }, spec: { cidrs: serviceCidr.split(',') } }),
  };
}

export interface TrustedClients {
  /** PEM of the CA for client certificates. */
  readonly clientCa?: string;
  readonly requestHeaderCa?: string;
}

/** kube-system/extension-apiserver-authentication: kept equal to what this server trusts. */
export function clusterAuthenticationHook(trusted: TrustedClients): PostStartHook {
  const name = 'extension-apiserver-authentication';
  const data: Record<string, string> = {
    ...(trusted.clientCa === undefined ? {} : { 'client-ca-file': trusted.clientCa }),
    ...(trusted.requestHeaderCa === undefined
      ? {}
      : {
          'requestheader-client-ca-file': trusted.requestHeaderCa,
          'requestheader-allowed-names': '["front-proxy-client"]',
          'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
          'requestheader-group-headers': '["X-Remote-Group"]',
          'requestheader-uid-headers': '["X-Remote-Uid"]',
          'requestheader-username-headers': '["X-Remote-User"]',
        }),
  };
  return {
    name: 'start-cluster-authentication-info-controller',
    async run(writer) {
      const found = await writer.lookup('', 'configmaps', 'kube-system', name);
      if (found === undefined) return ensure(writer, '', 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data });
      const wanted = { ...(typeof found.data === 'object' ? found.data : {}), ...data };
      if (JSON.stringify(wanted) !== JSON.stringify(found.data ?? {})) await writer.update('', 'configmaps', { ...found, data: wanted });
    },
  };
}
