// Webhooks and extension API servers of a test's own, inside a virtual cluster: the whole way of admission and
// aggregation without a network.
import { expect, test } from 'vitest';
import type { ConfigMap } from '#api/core/v1.ts';
import type { ValidatingWebhookConfiguration } from '#api/admissionregistration/v1.ts';
import type { Handler } from '#wire';
import { startCluster } from './index.ts';

const denies: Handler = async (exchange) => {
  const body: unknown = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString());
  const { request } = body as { request: { uid: string; name: string } };
  const response = { uid: request.uid, allowed: request.name !== 'bad', status: { message: 'no' } };
  exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response }));
};

test('a webhook in the test\'s process judges; one that nobody answers for fails as configured', async () => {
  await using cluster = await startCluster({ nodes: 0, controllers: [], scheduler: false, services: { 'hook.default.svc': denies } });
  const hook = (name: string, service: string, failurePolicy: string) => ({
    name, clientConfig: { service: { namespace: 'default', name: service } }, rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    sideEffects: 'None', admissionReviewVersions: ['v1'], failurePolicy,
  });
  await cluster.client.resource<ValidatingWebhookConfiguration>('validatingwebhookconfigurations.admissionregistration.k8s.io').create({
    metadata: { name: 'v' }, webhooks: [hook('deny.example.com', 'hook', 'Fail'), hook('absent.example.com', 'absent', 'Ignore')],
  });
  const maps = cluster.client.resource<ConfigMap>('configmaps').in('default');
  await maps.create({ metadata: { name: 'good' } });
  await expect(maps.create({ metadata: { name: 'bad' } })).rejects.toThrow('admission webhook "deny.example.com" denied the request: no');
});
