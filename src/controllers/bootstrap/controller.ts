// Signs the cluster-info ConfigMap with the bootstrap tokens, and deletes tokens when they expire.
import type { ConfigMap, Secret } from '#api/core/v1.ts';
import { createWorkQueue, keyOf, runWorkers, type Informer } from '#client';
import { isConflict, isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { expiresInMs, signed, tokenType } from './reconcile.ts';

const infoNamespace = 'kube-public';
const infoName = 'cluster-info';

function tokenSecrets(context: ControllerContext): Informer<Secret> {
  return context.informer<Secret>('secrets', { namespace: 'kube-system', fieldSelector: `type=${tokenType}` });
}

function setUpSigner(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const secrets = tokenSecrets(context);
  const infos = context.informer<ConfigMap>('configmaps', { namespace: infoNamespace, fieldSelector: `metadata.name=${infoName}` });
  const queue = createWorkQueue(world);
  const wake = (): void => queue.add(infoName);
  secrets.addHandler({ added: wake, updated: wake, deleted: wake });
  infos.addHandler({ added: wake, updated: wake });
  return () =>
    runWorkers(world, queue, 1, signal, async () => {
      const info = infos.get(infoNamespace, infoName);
      const changed = info === undefined ? undefined : signed(info, secrets.list('kube-system'), world.clock.now());
      if (changed !== undefined) await client.resource<ConfigMap>('configmaps').in(infoNamespace).update(changed);
    });
}

function setUpCleaner(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const secrets = tokenSecrets(context);
  const queue = createWorkQueue(world);
  const wake = (secret: Secret): void => queue.add(keyOf(secret));
  secrets.addHandler({ added: wake, updated: wake });
  return () =>
    runWorkers(world, queue, 1, signal, async (key) => {
      const secret = secrets.byKey(key);
      const left = secret?.type === tokenType ? expiresInMs(secret, world.clock.now()) : undefined;
      if (secret === undefined || left === undefined) return;
      if (left > 0) return { requeueAfterMs: left };
      try {
        await client.resource<Secret>('secrets').in(secret.metadata?.namespace ?? '').delete(secret.metadata?.name ?? '', { preconditions: { uid: secret.metadata?.uid } });
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    });
}

export const bootstrapsigner: Controller = {
  name: 'bootstrap-signer-controller',
  alias: 'bootstrapsigner',
  offByDefault: true,
  is: 'Signs the cluster-info document with the bootstrap tokens.',
  serviceAccount: 'bootstrap-signer',
  reads: ['secrets', 'configmaps'],
  writes: ['configmaps'],
  setUp: setUpSigner,
};

export const tokencleaner: Controller = {
  name: 'token-cleaner-controller',
  alias: 'tokencleaner',
  offByDefault: true,
  is: 'Deletes expired bootstrap tokens.',
  serviceAccount: 'token-cleaner',
  reads: ['secrets'],
  writes: ['secrets'],
  setUp: setUpCleaner,
};
