// Conditions of CertificateSigningRequests over REST: decisions belong to /approval, and writes keep the order given.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { createCa, createCsr, generateKey, signCsr } from '#wire';
import { systemRandom } from '#base/random.ts';
import { startTestServer, testWorld } from '../test-server.case.ts';

test('a status write keeps the decision where it stands', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const request = Buffer.from(createCsr(generateKey(), { commonName: 'someone', organizations: [] })).toString('base64');
  const made = await api.post(path, { metadata: { name: 'a' }, spec: { request, signerName: 'example.com/x', usages: ['client auth'] } });
  expect(made.status).toBe(201);
  const condition = (type: string): object => ({ type, status: 'True', reason: 'Test', message: 'm' });
  const approved = await api.put(`${path}/a/approval`, { ...made.body, status: { conditions: [condition('Other'), condition('Approved')] } });
  expect(approved.status).toBe(200);
  const { conditions } = approved.body.status;
  const written = await api.put(`${path}/a/status`, { ...approved.body, status: { conditions: [conditions[0], { ...conditions[1], message: 'changed' }, condition('Later')] } });
  expect(written.status).toBe(200);
  expect(written.body.status.conditions.map((c: { type: string; message: string }) => `${c.type} ${c.message}`)).toEqual(['Other m', 'Approved m', 'Later m']);
  const undecided = await api.put(`${path}/a/status`, { ...written.body, status: { conditions: [...written.body.status.conditions, condition('Denied')] } });
  expect(undecided.status).toBe(422);
  expect(undecided.body.message).toContain('updates may not add a condition of type "Denied"');
});

test('whether a signer heeds the lifetime that is asked for is counted once, by its name or as another', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const now = Date.UTC(2026, 0, 1);
  const ca = createCa(systemRandom, { commonName: 'ca', notBeforeMs: now, notAfterMs: now + 1e10 });
  const issue = async (name: string, signerName: string, seconds: number): Promise<void> => {
    const request = createCsr(generateKey(), { commonName: 'someone', organizations: [] });
    const made = await api.post(path, { metadata: { name }, spec: { request: Buffer.from(request).toString('base64'), signerName, usages: ['client auth'], expirationSeconds: 3600 } });
    const approved = await api.put(`${path}/${name}/approval`, { ...made.body, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test' }] } });
    const certificate = signCsr(systemRandom, ca, request, { notBeforeMs: now, notAfterMs: now + seconds * 1000, usages: ['client auth'] });
    const signed = { ...approved.body, status: { ...approved.body.status, certificate: Buffer.from(certificate).toString('base64') } };
    expect((await api.call('PUT', `${path}/${name}/status?dryRun=All`, signed)).status).toBe(200);
    const written = await api.put(`${path}/${name}/status`, signed);
    expect((await api.put(`${path}/${name}/status`, written.body)).status).toBe(200);
  };
  await issue('a', 'kubernetes.io/kube-apiserver-client', 3700);
  await issue('b', 'example.com/x', 7200);
  const { text } = await api.get('/metrics');
  expect(text.split('\n').filter((line) => line.startsWith('apiserver_certificates_registry_csr_'))).toEqual([
    'apiserver_certificates_registry_csr_honored_duration_total{signerName="kubernetes.io/kube-apiserver-client"} 1',
    'apiserver_certificates_registry_csr_requested_duration_total{signerName="kubernetes.io/kube-apiserver-client"} 1',
    'apiserver_certificates_registry_csr_requested_duration_total{signerName="other"} 1',
  ]);
});
