// The objects that every cluster has from its first second: system namespaces, priority classes,
// and the ConfigMap that tells aggregated servers whom to trust. Each hook may run again at any time.
import type { Clock } from '#base/clock.ts';
import { isAlreadyExists } from '#machinery';
import { commonHeaders, type RequestHeaderSettings } from '../authn/index.ts';
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
    await Promise.all(namespaces.map((name) => ensure(writer, '', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  },
};

const priorityClasses: readonly (readonly [string, number, string])[] = [
  ['system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'],
  ['system-cluster-critical', 2_000_000_000, 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'],
];

export const priorityClassesHook: PostStartHook = {
  name: 'scheduling/bootstrap-system-priority-classes',
  async run(writer) {
    await Promise.all(priorityClasses.map(([name, value, description]) => ensure(writer, 'scheduling.k8s.io', 'priorityclasses', { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description })));
  },
};

/** Since when uses of tokens out of Secrets are noted: who clears unused ones away must know. */
export function legacyTokenTrackingHook(clock: Pick<Clock, 'now'>): PostStartHook {
  const name = 'kube-apiserver-legacy-service-account-token-tracking';
  return {
    name: 'start-legacy-token-tracking-controller',
    background: true,
    run: (writer) => ensure(writer, '', 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data: { since: new Date(clock.now()).toISOString().slice(0, 10) } }),
  };
}

export interface TrustedClients {
  /** PEM of the CA for client certificates. */
  readonly clientCa?: string;
  readonly requestHeaderCa?: string;
  /** How a proxy tells whom it speaks for; absent: the usual names. */
  readonly requestHeader?: RequestHeaderSettings;
}

const authenticationMap = 'extension-apiserver-authentication';

/** Makes kube-system/extension-apiserver-authentication tell what this server trusts. */
export async function publishTrustedClients(writer: ObjectWriter, trusted: TrustedClients): Promise<void> {
  const { clientCa, requestHeaderCa, requestHeader = { ...commonHeaders, allowedNames: ['front-proxy-client'] } } = trusted;
  const list = (texts: readonly string[]): string => JSON.stringify(texts);
  const data: Record<string, string> = {
    ...(clientCa === undefined ? {} : { 'client-ca-file': clientCa }),
    ...(requestHeaderCa === undefined
      ? {}
      : {
          'requestheader-client-ca-file': requestHeaderCa,
          'requestheader-allowed-names': list(requestHeader.allowedNames),
          'requestheader-extra-headers-prefix': list(requestHeader.extraHeaderPrefixes),
          'requestheader-group-headers': list(requestHeader.groupHeaders),
          'requestheader-uid-headers': list(requestHeader.uidHeaders),
          'requestheader-username-headers': list(requestHeader.usernameHeaders),
        }),
  };
  const found = await writer.lookup('', 'configmaps', 'kube-system', authenticationMap);
  if (found === undefined) return ensure(writer, '', 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: authenticationMap, namespace: 'kube-system' }, data });
  const wanted = { ...(typeof found.data === 'object' ? found.data : {}), ...data };
  if (JSON.stringify(wanted) !== JSON.stringify(found.data ?? {})) await writer.update('', 'configmaps', { ...found, data: wanted });
}

/** The same once the server has started. */
export function clusterAuthenticationHook(trusted: TrustedClients): PostStartHook {
  return { name: 'start-cluster-authentication-info-controller', run: (writer) => publishTrustedClients(writer, trusted) };
}
