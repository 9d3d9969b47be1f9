// Trust bundles and pods' certificate requests over REST: selection by field, the status subresource, and who may sign.
import { expect, test } from 'vitest';
import { rfc3339, systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { openMemoryStore } from '#store';
import { createCa, createCsr, generateKey, pemBlocks, signCsr } from '#wire';
import { clusterTrustBundleAttest, podCertificateSigning } from '../admission/certificate-plugins.ts';
import type { Authorizer } from '../contract.ts';
import { openSecurity, startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const hour = 3_600_000;
const served = { runtimeConfig: { 'certificates.k8s.io/v1beta1': 'true', 'certificates.k8s.io/v1alpha1': 'true' } };
const apiVersion = 'certificates.k8s.io/v1beta1';

function authority(commonName = 'ca'): ReturnType<typeof createCa> {
  const now = systemClock.now();
  return createCa(systemRandom, { commonName, notBeforeMs: now - hour, notAfterMs: now + 100 * hour });
}

/** A server on which everybody may do everything with signers of this name alone. */
async function start(signer: string): Promise<TestServer> {
  const authorizer: Authorizer = { name: 'test', authorize: (ask) => ({ decision: ask.resource === 'signers' && ask.name === signer ? 'allow' : 'deny', reason: '' }) };
  return startTestServer(openMemoryStore(testWorld()), { ...served, security: () => ({ ...openSecurity(), admission: [clusterTrustBundleAttest(authorizer), podCertificateSigning(authorizer)] }) });
}

test('bundles of a signer are found by it, and are his who may attest', async () => {
  await using api = await start('example.com/good');
  const path = '/apis/certificates.k8s.io/v1beta1/clustertrustbundles';
  const bundle = (name: string, signerName?: string): object => ({ apiVersion, kind: 'ClusterTrustBundle', metadata: { name }, spec: { trustBundle: authority().cert, ...(signerName === undefined ? {} : { signerName }) } });
  const made = await Promise.all([bundle('plain'), bundle('example.com:good:a', 'example.com/good'), bundle('example.com:bad:a', 'example.com/bad')].map((each) => api.post(path, each)));
  expect(made.map(({ status }) => status)).toEqual([201, 201, 403]);
  expect(made[2]?.body.message).toContain('user not permitted to attest for signerName "example.com/bad"');
  const found = await api.get('/apis/certificates.k8s.io/v1alpha1/clustertrustbundles?fieldSelector=spec.signerName%3Dexample.com/good');
  expect(found.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['example.com:good:a']);
  const { resourceVersion: _, ...metadata } = made[0]?.body.metadata ?? {};
  const blind = await api.put(`${path}/plain`, { ...made[0]?.body, metadata });
  expect(blind.body.message).toContain('metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
});

test('a request is decided once, through its status, by who may sign', async () => {
  await using api = await start('example.com/s');
  const path = '/apis/certificates.k8s.io/v1beta1/namespaces/default/podcertificaterequests';
  const request = createCsr(generateKey(), { commonName: '', organizations: [] });
  const ask = (name: string, signerName: string): object => ({
    apiVersion, kind: 'PodCertificateRequest', metadata: { name }, status: { certificateChain: 'x' },
    spec: { signerName, podName: name, podUID: 'p', serviceAccountName: 'sa', serviceAccountUID: 's', nodeName: 'n', nodeUID: 'n', stubPKCS10Request: pemBlocks(request)[0]?.der.toString('base64') },
  });
  await api.post('/api/v1/namespaces', { metadata: { name: 'default' } });
  const [made, foreign] = [await api.post(path, ask('a', 'example.com/s')), await api.post(path, ask('b', 'example.com/t'))];
  expect([made.status, made.body.status, made.body.spec.maxExpirationSeconds]).toEqual([201, {}, 86_400]);
  const found = await api.get(`${path}?fieldSelector=spec.nodeName%3Dn,spec.podName%3Da,spec.signerName%3Dexample.com/s`);
  expect(found.body.items).toHaveLength(1);

  const from = Math.floor(systemClock.now() / 1000) * 1000;
  const chain = signCsr(systemRandom, authority(), request, { usages: ['client auth'], notBeforeMs: from, notAfterMs: from + 2 * hour });
  const conditions = [{ type: 'Issued', status: 'True', reason: 'R', message: '', lastTransitionTime: rfc3339(from) }];
  const status = { conditions, certificateChain: chain, notBefore: rfc3339(from), notAfter: rfc3339(from + 2 * hour), beginRefreshAt: rfc3339(from + hour) };
  const issued = await api.put(`${path}/a/status`, { ...made.body, spec: { ...made.body.spec, podName: 'other' }, status });
  expect([issued.status, issued.body.spec.podName, issued.body.status.certificateChain]).toEqual([200, 'a', chain]);
  const again = await api.put(`${path}/a/status`, { ...issued.body, status: { ...status, beginRefreshAt: rfc3339(from + hour + 1000) } });
  expect([again.status, again.body.message]).toEqual([422, 'PodCertificateRequest.certificates.k8s.io "a" is invalid: status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed']);
  const forbidden = await api.put(`${path}/b/status`, { ...foreign.body, status });
  expect([forbidden.status, forbidden.body.details.causes]).toEqual([422, [{ reason: 'FieldValueForbidden', field: 'spec.signerName', message: 'Forbidden: User "tester" is not permitted to "sign" for signer "example.com/t"' }]]);
});
