// Conditions of CertificateSigningRequests over REST: decisions belong to /approval, and writes keep the order given.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { createCsr, generateKey } from '#wire';
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
