// Trust bundles and pods' certificate requests in a cluster that serves them: with their feature gates on, upstream's roles
// let the controllers, nodes and pods do their part.
import { expect, test } from 'vitest';
import type { ClusterTrustBundle } from '#api/certificates/v1beta1.ts';
import type { ClusterRole } from '#api/rbac/v1.ts';
import { createApiServer, defaultSecurity } from '#apiserver';
import { createVirtualWorld } from '#testing';
import { createClient, type Client } from '#client';
import { startControllers, type ClusterAuthority } from '#controllers';
import { openMemoryStore } from '#store';
import { createCa, createCsr, generateKey, memoryTransport, pemBlocks } from '#wire';
import { versionInfo } from './version.ts';

test('the API server’s bundle follows its authority, and old requests of pods go', async () => {
  const world = createVirtualWorld({ seed: 3 });
  const store = openMemoryStore(world);
  const server = createApiServer(world, {
    store, serviceCidr: '10.96.0.0/16', serviceNodePortRange: '30000-32767', version: versionInfo, runtimeConfig: { 'certificates.k8s.io/v1beta1': 'true' },
    security: defaultSecurity(world, { serviceAccountKey: generateKey('rsa-2048'), issuer: 'https://x', authorizationModes: ['Node', 'RBAC'], trustBundles: true, podCertificates: true }),
  });
  await server.start();
  const client = (user: string, groups: readonly string[]): Client => createClient(world, memoryTransport(server.handler, { user, groups: [...groups, 'system:authenticated'] }), { userAgent: 'test' });
  const admin = client('admin', ['system:masters']);
  const authority = (name: string): string => createCa(world.random, { commonName: name, notBeforeMs: world.clock.now() - 1000, notAfterMs: world.clock.now() + 1e9 }).cert;
  let rootCa = authority('one');
  const listeners: (() => void)[] = [];
  const live: ClusterAuthority = { rootCa: () => rootCa, signing: () => ({ cert: '', key: '' }), onChange: (listener) => void listeners.push(listener) };
  const running = startControllers(world, (name) => (name === 'kube-controller-manager' ? admin : client(`system:serviceaccount:kube-system:${name}`, ['system:serviceaccounts'])), {
    controllers: ['kube-apiserver-serving-clustertrustbundle-publisher-controller', 'podcertificaterequest-cleaner-controller'], leaderElect: false, authority: live,
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let at = 0; at < seconds; at++) {
      await world.clock.advance('1s');
      await world.clock.settle();
    }
  };
  const bundles = async (as = admin): Promise<string[]> => (await as.resource<ClusterTrustBundle>('clustertrustbundles.certificates.k8s.io').list()).items.map(({ spec }) => spec.trustBundle);
  await pass(5);
  expect(await bundles()).toEqual([rootCa]);
  rootCa = authority('two');
  for (const listener of listeners) listener();
  await pass(5);
  expect(await bundles()).toEqual([rootCa]);
  // Nodes and service accounts may read them, others not.
  expect(await bundles(client('system:node:n', ['system:nodes']))).toEqual([rootCa]);
  expect(await bundles(client('system:serviceaccount:default:x', ['system:serviceaccounts']))).toEqual([rootCa]);
  await expect(bundles(client('jane', []))).rejects.toThrow('is forbidden');
  expect((await admin.resource<ClusterRole>('clusterroles.rbac.authorization.k8s.io').get('system:node')).rules?.at(-1)?.resources).toEqual(['podcertificaterequests']);

  const request = pemBlocks(createCsr(generateKey(), { commonName: '', organizations: [] }))[0]?.der.toString('base64');
  const spec = { signerName: 'example.com/s', podName: 'p', podUID: 'p', serviceAccountName: 'sa', serviceAccountUID: 's', nodeName: 'n', nodeUID: 'n', stubPKCS10Request: request };
  const requests = admin.resource('podcertificaterequests.certificates.k8s.io').in('default');
  await requests.create({ apiVersion: 'certificates.k8s.io/v1beta1', kind: 'PodCertificateRequest', metadata: { name: 'r' }, spec } as never);
  await pass(14 * 60);
  expect((await requests.list()).items).toHaveLength(1);
  await pass(6 * 60);
  expect((await requests.list()).items).toHaveLength(0);
  await running.close();
  await server.close();
});
