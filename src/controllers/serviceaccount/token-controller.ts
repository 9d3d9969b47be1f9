// Secrets of type kubernetes.io/service-account-token get their token, the cluster's CA and their namespace, and go with
// their account. Upstream: serviceaccount-token-controller, which speaks as the controller manager itself.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { Secret, ServiceAccount } from '#api/core/v1.ts';
import { createWorkQueue, runWorkers } from '#client';
import { isConflict, isNotFound } from '#machinery';
import { rootCaOf } from '../config.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { accountOf, reconcileSecret, tokenSecretType } from './token-secrets.ts';

function setUp(context: ControllerContext): Run {
  const { world, client, config, signal } = context;
  const secrets = context.informer<Secret>('secrets', { fieldSelector: `type=${tokenSecretType}` });
  const accounts = context.informer<ServiceAccount>('serviceaccounts');
  const queue = createWorkQueue(world);
  const wake = (secret: Secret): void => queue.add(`${secret.metadata?.namespace ?? ''}/${secret.metadata?.name ?? ''}`);
  secrets.addHandler({ added: wake, updated: wake });
  const wakeAll = (account: ServiceAccount): void => {
    for (const secret of secrets.list(account.metadata?.namespace ?? '')) if (accountOf(secret) === account.metadata?.name) wake(secret);
  };
  accounts.addHandler({ added: wakeAll, deleted: wakeAll });
  config.authority?.onChange(() => secrets.list().forEach(wake));
  return async () => {
    const key = config.serviceAccountKey ?? '';
    if (key === '') return;
    const privateKey = createPrivateKey(key);
    const publicKey = createPublicKey(privateKey);
    await runWorkers(world, queue, 1, signal, async (id) => {
      const secret = secrets.byKey(id);
      if (secret === undefined) return;
      const namespace = secret.metadata?.namespace ?? '';
      const resource = client.resource<Secret>('secrets').in(namespace);
      // The cache may not have an account that was made a moment ago.
      const account = accounts.get(namespace, accountOf(secret)) ?? (await client.resource<ServiceAccount>('serviceaccounts').in(namespace).get(accountOf(secret)).catch(absent));
      const action = reconcileSecret(secret, account, { privateKey, publicKey, rootCa: rootCaOf(config) });
      if (action === 'keep') return;
      const { name = '', uid } = secret.metadata ?? {};
      const done = action === 'delete' ? resource.delete(name, { preconditions: { ...(uid === undefined ? {} : { uid }) } }) : resource.update(action.fill);
      await Promise.resolve(done).catch((error: unknown) => {
        // Gone or changed: its own event brings it here again.
        if (!isNotFound(error) && !isConflict(error)) throw error;
      });
    });
  };
}

function absent(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}

export const serviceaccounttoken: Controller = {
  name: 'serviceaccount-token-controller',
  alias: 'serviceaccount-token',
  is: 'Fills Secrets of type kubernetes.io/service-account-token, and deletes them with their account.',
  serviceAccount: 'kube-controller-manager',
  reads: ['secrets', 'serviceaccounts'],
  writes: ['secrets'],
  setUp,
};
