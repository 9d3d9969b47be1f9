// Quotas hold: nothing is created beyond them, whoever races, and the refusal says by how much.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { defaultSecurity } from '../default-security.ts';
import { startTestServer, testWorld, type Answer, type TestServer } from '../test-server.case.ts';

const store = openMemoryStore(testWorld());
let api: TestServer;
let namespace = '';
let made = 0;

beforeAll(async () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  api = await startTestServer(store, { security: defaultSecurity(testWorld(), { serviceAccountKey: key, issuer: 'https://kubernetes.default.svc', authorizationModes: ['RBAC'] }) });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});
beforeEach(async () => {
  const name = `n${++made}`;
  namespace = `/api/v1/namespaces/${name}`;
  await api.post('/api/v1/namespaces', { metadata: { name } });
  await api.post(`${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
});

/** A quota as it is once the controller has counted. */
async function quota(name: string, hard: Record<string, string>, spec: object = {}, used: Record<string, string> = {}): Promise<void> {
  const { body } = await api.post(`${namespace}/resourcequotas`, { metadata: { name }, spec: { hard, ...spec } });
  const zeros = Object.fromEntries(Object.keys(hard).map((each) => [each, '0']));
  await api.put(`${namespace}/resourcequotas/${name}/status`, { ...body, status: { hard, used: { ...zeros, ...used } } });
}

const usedOf = async (name: string): Promise<Record<string, string>> => (await api.get(`${namespace}/resourcequotas/${name}`)).body.status.used;
const configMap = (name: string): Promise<Answer> => api.post(`${namespace}/configmaps`, { metadata: { name } });
const pod = (name: string, cpu?: string, more: object = {}): Promise<Answer> =>
  api.post(`${namespace}/pods`, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i', ...(cpu === undefined ? {} : { resources: { requests: { cpu } } }) }], ...more } });

test('of many that race exactly as many are made as the quota allows', async () => {
  await quota('q', { 'count/configmaps': '5' });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => configMap(`c${i}`)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  expect(answers.find(({ status }) => status !== 201)).toMatchObject({ status: 403, body: { reason: 'Forbidden', message: expect.stringMatching(/^configmaps "c\d+" is forbidden: exceeded quota: q, requested: count\/configmaps=1, used: count\/configmaps=5, limited: count\/configmaps=5$/) } });
  expect(await usedOf('q')).toEqual({ 'count/configmaps': '5' });
});

test('pods are charged with what they ask for, and must ask for what is limited', async () => {
  await quota('q', { 'requests.cpu': '1', pods: '10' });
  expect((await pod('a')).body.message).toBe('pods "a" is forbidden: failed quota: q: must specify requests.cpu for: c');
  expect((await pod('b', '600m')).status).toBe(201);
  expect((await pod('c', '600m')).body.message).toBe('pods "c" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1');
  expect(await usedOf('q')).toEqual({ 'requests.cpu': '600m', pods: '1' });
});

test('a refusal by one quota gives back what another was charged', async () => {
  await quota('a', { configmaps: '5' });
  await quota('b', { configmaps: '1' }, {}, { configmaps: '1' });
  expect((await configMap('x')).status).toBe(403);
  expect(await usedOf('a')).toEqual({ configmaps: '0' });
});

test('dry runs are judged and not charged', async () => {
  await quota('q', { configmaps: '1' });
  const dry = (name: string): Promise<Answer> => api.post(`${namespace}/configmaps?dryRun=All`, { metadata: { name } });
  expect((await dry('x')).status).toBe(201);
  expect(await usedOf('q')).toEqual({ configmaps: '0' });
  await configMap('x');
  expect((await dry('y')).status).toBe(403);
});

test('only growth is charged when a Service changes, and only objects within the scopes count', async () => {
  await quota('q', { 'services.nodeports': '1', services: '5' });
  const service = (await api.post(`${namespace}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } })).body;
  expect((await api.put(`${namespace}/services/s`, { ...service, spec: { ...service.spec, type: 'NodePort' } })).status).toBe(200);
  expect(await usedOf('q')).toEqual({ 'services.nodeports': '1', services: '1' });
  expect((await api.post(`${namespace}/services`, { metadata: { name: 't' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } })).status).toBe(403);
  await quota('best', { pods: '0' }, { scopes: ['BestEffort'] });
  expect((await pod('a')).status).toBe(403);
  expect((await pod('b', '1')).status).toBe(201);
});

test('a quota that nobody has counted yet limits nothing; one counted in part is waited for', async () => {
  await api.post(`${namespace}/resourcequotas`, { metadata: { name: 'new' }, spec: { hard: { configmaps: '0' } } });
  expect((await configMap('x')).status).toBe(201);
  const { body } = await api.get(`${namespace}/resourcequotas/new`);
  await api.put(`${namespace}/resourcequotas/new/status`, { ...body, status: { hard: { configmaps: '0' } } });
  expect((await configMap('y')).body.message).toBe('configmaps "y" is forbidden: status unknown for quota: new, resources: configmaps');
});
