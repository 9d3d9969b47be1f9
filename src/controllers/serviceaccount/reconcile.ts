// Which of the standard ServiceAccounts a namespace lacks.
import type { Namespace, ServiceAccount } from '#api/core/v1.ts';

const standard = ['default'];

/** Accounts to create; none for namespaces that are gone or going. */
export function missingAccounts(namespace: Namespace | undefined, exists: (name: string) => boolean): ServiceAccount[] {
  if (namespace === undefined || namespace.metadata?.deletionTimestamp !== undefined || namespace.status?.phase === 'Terminating') return [];
  return standard.filter((name) => !exists(name)).map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: namespace.metadata?.name } }));
}
