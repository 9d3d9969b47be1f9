// Marks and, a year later, deletes tokens out of Secrets that were made on their own and that nobody uses.
import type { ConfigMap, Pod, Secret, ServiceAccount } from '#api/core/v1.ts';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { isConflict, isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { cleaningOf, day, invalidSinceLabel, secretNames, trackedLongEnough, trackingMap } from './token-cleaning.ts';
import { accountOf, tokenSecretType } from './token-secrets.ts';

const periodMs = 365 * 86_400_000;
const lookEveryMs = 86_400_000;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const secrets = context.informer<Secret>('secrets', { fieldSelector: `type=${tokenSecretType}` });
  const accounts = context.informer<ServiceAccount>('serviceaccounts');
  const pods = context.informer<Pod>('pods');
  const act = async (secret: Secret, now: number): Promise<void> => {
    const { namespace = '', name = '', uid, resourceVersion } = secret.metadata ?? {};
    const mounted = (): boolean => pods.list(namespace).some((pod) => secretNames(pod).has(name));
    const action = cleaningOf(secret, accounts.get(namespace, accountOf(secret)), mounted, periodMs, now);
    const resource = client.resource<Secret>('secrets').in(namespace);
    if (action === 'mark') await resource.patch(name, 'merge', { metadata: { uid, labels: { [invalidSinceLabel]: day(now) } } });
    if (action === 'delete') await resource.delete(name, { preconditions: { ...(resourceVersion === undefined ? {} : { resourceVersion }) } });
  };
  const clean = async (): Promise<void> => {
    const now = world.clock.now();
    const tracking = await client.resource<ConfigMap>('configmaps').in('kube-system').get(trackingMap);
    if (!trackedLongEnough(tracking.data?.since, periodMs, now)) return;
    for (const secret of secrets.list()) {
      await act(secret, now).catch((error: unknown) => {
        if (!isConflict(error) && !isNotFound(error)) world.log.warn('an unused token cannot be cleared away', { name: secret.metadata?.name, namespace: secret.metadata?.namespace, error: errorText(error) });
      });
    }
  };
  const tell = (error: unknown): void => world.log.warn('it is not known since when uses of tokens are noted', { error: errorText(error) });
  return async () => {
    await clean().catch(tell);
    await every(world.clock, lookEveryMs, signal, () => clean().catch(tell));
  };
}

export const legacytokencleaner: Controller = {
  name: 'legacy-serviceaccount-token-cleaner-controller',
  alias: 'legacy-service-account-token-cleaner',
  is: 'Marks and deletes tokens in Secrets that nobody uses any more.',
  serviceAccount: 'legacy-service-account-token-cleaner',
  reads: ['secrets', 'serviceaccounts', 'pods', 'configmaps'],
  writes: ['secrets'],
  setUp,
};
