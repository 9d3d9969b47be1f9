// Every active namespace has a ServiceAccount "default", which pods run as when they name none.
import type { Namespace, ServiceAccount } from '#api/core/v1.ts';
import { createWorkQueue, runWorkers } from '#client';
import { isAlreadyExists } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { missingAccounts } from './reconcile.ts';

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const namespaces = context.informer<Namespace>('namespaces');
  const accounts = context.informer<ServiceAccount>('serviceaccounts');
  const queue = createWorkQueue(world);
  namespaces.addHandler({
    added: (namespace) => queue.add(namespace.metadata?.name ?? ''),
    updated: (namespace) => queue.add(namespace.metadata?.name ?? ''),
  });
  accounts.addHandler({ deleted: (account) => queue.add(account.metadata?.namespace ?? '') });
  return () =>
    runWorkers(world, queue, 1, signal, async (name) => {
      const missing = missingAccounts(namespaces.byKey(name), (account) => accounts.get(name, account) !== undefined);
      for (const account of missing) {
        await client.resource<ServiceAccount>('serviceaccounts').create(account).catch((error: unknown) => {
          if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
        });
      }
    });
}

export const serviceaccount: Controller = {
  name: 'serviceaccount-controller',
  alias: 'serviceaccount',
  is: 'Gives every namespace its ServiceAccount "default".',
  serviceAccount: 'service-account-controller',
  reads: ['namespaces', 'serviceaccounts'],
  writes: ['serviceaccounts'],
  setUp,
};
