// Priority and fairness as clients see it, through the API: the objects that are always there, which flow a request
// belongs to, what happens when there is not enough for all, and what the server tells about it.
import { afterEach, expect, test } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { memoryTransport, type TransportResponse } from '#wire';
import type { ApiServerConfig } from '../server.ts';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
const schemas = `${group}/flowschemas`;
const levels = `${group}/prioritylevelconfigurations`;
const open: { api: TestServer; store: Store }[] = [];

afterEach(async () => {
  for (const { api, store } of open.splice(0)) {
    await api[Symbol.asyncDispose]();
    await store.close();
  }
});

async function start(config: Partial<ApiServerConfig> = {}): Promise<TestServer> {
  const store = openMemoryStore(testWorld());
  const api = await startTestServer(store, config);
  open.push({ api, store });
  return api;
}

const as = (api: TestServer, user: string, groups: string[] = []) => memoryTransport(api.server.handler, { user, groups: [...groups, 'system:authenticated'] });

async function uidsSeen(api: TestServer, path: string, user: string, groups: string[] = []): Promise<[unknown, unknown]> {
  const response = await as(api, user, groups).request({ method: 'GET', path });
  await response.bytes();
  return [response.headers['x-kubernetes-pf-flowschema-uid'], response.headers['x-kubernetes-pf-prioritylevel-uid']];
}

async function uidsOf(api: TestServer, schema: string): Promise<[string, string]> {
  const { body } = await api.get(`${schemas}/${schema}`);
  const level = await api.get(`${levels}/${body.spec.priorityLevelConfiguration.name}`);
  return [body.metadata.uid, level.body.metadata.uid];
}

test('the objects of every cluster are there when the server is ready', async () => {
  const api = await start();
  const names = async (path: string): Promise<string[]> => (await api.get(path)).body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  expect(await names(levels)).toEqual(['catch-all', 'exempt', 'global-default', 'leader-election', 'node-high', 'system', 'workload-high', 'workload-low']);
  expect(await names(schemas)).toEqual(['catch-all', 'exempt', 'global-default', 'kube-controller-manager', 'kube-scheduler', 'kube-system-service-accounts', 'probes', 'service-accounts', 'system-leader-election', 'system-node-high', 'system-nodes']);
  const { body } = await api.get(`${levels}/workload-low`);
  expect(body.metadata.annotations).toEqual({ 'apf.kubernetes.io/autoupdate-spec': 'true' });
  expect(body.metadata.managedFields[0].manager).toBe('api-priority-and-fairness-config-producer-v1');
  expect(body.spec).toEqual({ type: 'Limited', limited: { nominalConcurrencyShares: 100, lendablePercent: 90, limitResponse: { type: 'Queue', queuing: { queues: 128, handSize: 6, queueLengthLimit: 50 } } } });
});

test('each request belongs to the first schema that matches', async () => {
  const api = await start();
  const account = 'system:serviceaccount:default:robot';
  const accounts = ['system:serviceaccounts', 'system:serviceaccounts:default'];
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1';
  expect(await uidsSeen(api, '/api/v1/pods', 'root', ['system:masters'])).toEqual(await uidsOf(api, 'exempt'));
  expect(await uidsSeen(api, '/api/v1/pods', account, accounts)).toEqual(await uidsOf(api, 'service-accounts'));
  expect(await uidsSeen(api, '/api/v1/pods', 'system:serviceaccount:kube-system:robot', accounts)).toEqual(await uidsOf(api, 'kube-system-service-accounts'));
  expect(await uidsSeen(api, '/api/v1/pods', 'jane')).toEqual(await uidsOf(api, 'global-default'));
  expect(await uidsSeen(api, lease, 'system:node:n1', ['system:nodes'])).toEqual(await uidsOf(api, 'system-node-high'));
  expect(await uidsSeen(api, '/api/v1/pods', 'system:node:n1', ['system:nodes'])).toEqual(await uidsOf(api, 'system-nodes'));
  expect(await uidsSeen(api, '/healthz', 'jane')).toEqual(await uidsOf(api, 'probes'));
  expect(await uidsSeen(api, '/readyz/ping', 'jane')).toEqual(await uidsOf(api, 'probes'));
  expect(await uidsSeen(api, lease, 'system:kube-scheduler')).toEqual(await uidsOf(api, 'system-leader-election'));
});

const limited = (name: string, shares: number, queuing?: object) => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'PriorityLevelConfiguration', metadata: { name },
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: shares, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: queuing === undefined ? { type: 'Reject' } : { type: 'Queue', queuing } } },
});

const schemaFor = (name: string, level: string, user: string, precedence = 1000) => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema', metadata: { name },
  spec: {
    matchingPrecedence: precedence, priorityLevelConfiguration: { name: level }, distinguisherMethod: { type: 'ByUser' },
    rules: [{ subjects: [{ kind: 'User', user: { name: user } }], resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }] }],
  },
});

test('a new schema takes effect at once, and its status says whether its level exists', async () => {
  const api = await start();
  await api.post(schemas, schemaFor('mine', 'my-level', 'jane'));
  const condition = async () => (await api.get(`${schemas}/mine`)).body.status?.conditions?.[0] ?? {};
  await expect.poll(condition).toMatchObject({ type: 'Dangling', status: 'True', reason: 'NotFound', message: 'This FlowSchema references the PriorityLevelConfiguration object named "my-level" but there is no such object' });
  expect(await uidsSeen(api, '/api/v1/pods', 'jane')).toEqual(await uidsOf(api, 'global-default'));
  await api.post(levels, limited('my-level', 10));
  await expect.poll(condition).toMatchObject({ status: 'False', reason: 'Found', message: 'This FlowSchema references the PriorityLevelConfiguration object named "my-level" and it exists' });
  expect(await uidsSeen(api, '/api/v1/pods', 'jane')).toEqual(await uidsOf(api, 'mine'));
  const { body } = await api.get(`${schemas}/mine`);
  expect(body.metadata.managedFields).toContainEqual(expect.objectContaining({ manager: 'api-priority-and-fairness-config-consumer-v1', operation: 'Apply', subresource: 'status' }));
  await api.del(`${levels}/my-level`);
  await expect.poll(condition).toMatchObject({ status: 'True' });
  expect(await uidsSeen(api, '/api/v1/pods', 'jane')).toEqual(await uidsOf(api, 'global-default'));
});

/** Requests that run until their bodies come: each holds its seat. */
function hold(api: TestServer, user: string, count: number): { readonly answers: Promise<TransportResponse>[]; finish(): void } {
  const finishes: (() => void)[] = [];
  const transport = as(api, user);
  const answers = Array.from({ length: count }, () => {
    const gate = new Promise<void>((resolve) => finishes.push(resolve));
    const bodyStream = (async function* () {
      yield Buffer.from('{"metadata":{"generateName":"held-"}');
      await gate;
      yield Buffer.from('}');
    })();
    return transport.request({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', headers: { 'content-type': 'application/json' }, bodyStream });
  });
  return { answers, finish: () => finishes.forEach((finish) => finish()) };
}

async function queues(api: TestServer, level: string): Promise<{ waiting: number; executing: number }> {
  const { text } = await api.get('/debug/api_priority_and_fairness/dump_priority_levels');
  const [, , , , waiting, executing] = text.split('\n').find((line) => line.startsWith(`${level},`))?.split(/,\s+/) ?? [];
  return { waiting: Number(waiting), executing: Number(executing) };
}

test('a level without queues refuses what is too much for it, and says when to come again', async () => {
  const api = await start({ flow: { readOnly: 4, mutating: 2, fair: true } });
  await api.post(levels, limited('tight', 60));
  await api.post(schemas, schemaFor('tight', 'tight', 'jane'));
  const { executing } = await queues(api, 'tight');
  expect(executing).toBe(0);
  const held = hold(api, 'jane', 2);
  await expect.poll(async () => (await queues(api, 'tight')).executing).toBe(2);
  const refused = await as(api, 'jane').request({ method: 'GET', path: '/api/v1/pods' });
  expect([refused.status, refused.headers['retry-after'], refused.headers['content-type'], Buffer.from(await refused.bytes()).toString()]).toEqual([429, '1', 'text/plain; charset=utf-8', 'Too many requests, please try again later.\n']);
  expect(refused.headers['x-kubernetes-pf-flowschema-uid']).toBe((await uidsOf(api, 'tight'))[0]);
  expect((await as(api, 'john').request({ method: 'GET', path: '/api/v1/namespaces/default' })).status).toBe(200);
  held.finish();
  expect((await Promise.all(held.answers)).map(({ status }) => status)).toEqual([201, 201]);
  expect((await as(api, 'jane').request({ method: 'GET', path: '/api/v1/pods' })).status).toBe(200);
  expect((await api.get('/metrics')).text).toContain('apiserver_flowcontrol_rejected_requests_total{flow_schema="tight",priority_level="tight",reason="concurrency-limit"} 1\n');
});

test('a level with queues lets requests wait, in turn for each user', async () => {
  const api = await start({ flow: { readOnly: 4, mutating: 2, fair: true } });
  await api.post(levels, limited('tight', 60, { queues: 16, handSize: 2, queueLengthLimit: 50 }));
  await api.post(schemas, schemaFor('tight', 'tight', '*'));
  await expect.poll(async () => uidsSeen(api, '/api/v1/pods', 'jane')).toEqual(await uidsOf(api, 'tight'));
  const flood = hold(api, 'jane', 20);
  await expect.poll(async () => (await queues(api, 'tight')).waiting).toBe(18);
  const other = hold(api, 'john', 1);
  await expect.poll(async () => (await queues(api, 'tight')).waiting).toBe(19);
  const { text } = await api.get('/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1');
  expect(text.split('\n').filter((line) => line.startsWith('tight,') && / john,/.test(line))).toHaveLength(1);
  flood.finish();
  other.finish();
  const done: string[] = [];
  await Promise.all([...flood.answers.map(async (answer) => (await answer, done.push('jane'))), ...other.answers.map(async (answer) => (await answer, done.push('john')))]);
  expect(done.indexOf('john')).toBeLessThan(10);
  expect(await queues(api, 'tight')).toEqual({ waiting: 0, executing: 0 });
});

test('levels share the server by their seats, however many ask and however fast they are answered', async () => {
  const api = await start({ flow: { readOnly: 1, mutating: 1, fair: true } });
  const served = { elephant: 0, mouse: 0 };
  const statuses = new Set<number>();
  for (const user of ['elephant', 'mouse'] as const) {
    await api.post(levels, limited(user, 1, { queues: 100, handSize: 1, queueLengthLimit: 60 }));
    await api.post(schemas, schemaFor(user, user, user));
    await expect.poll(async () => uidsSeen(api, '/api/v1/namespaces', user)).toEqual(await uidsOf(api, user));
  }
  const stream = async (user: 'elephant' | 'mouse'): Promise<void> => {
    const transport = as(api, user);
    while (served.elephant + served.mouse < 1000) {
      const response = await transport.request({ method: 'GET', path: '/api/v1/namespaces' });
      await response.bytes();
      statuses.add(response.status);
      served[user]++;
    }
  };
  await Promise.all([...Array.from({ length: 51 }, () => stream('elephant')), ...Array.from({ length: 3 }, () => stream('mouse'))]);
  expect([...statuses]).toEqual([200]);
  expect(served.mouse / served.elephant).toBeGreaterThan(0.8);
  expect(served.mouse / served.elephant).toBeLessThan(1.25);
  await expect.poll(async () => [await queues(api, 'elephant'), await queues(api, 'mouse')]).toEqual([{ waiting: 0, executing: 0 }, { waiting: 0, executing: 0 }]);
});

test('a watch holds its seat only until it has begun', async () => {
  const api = await start({ flow: { readOnly: 4, mutating: 2, fair: true } });
  await api.post(levels, limited('tight', 60));
  await api.post(schemas, schemaFor('tight', 'tight', 'jane'));
  await expect.poll(async () => uidsSeen(api, '/api/v1/pods', 'jane')).toEqual(await uidsOf(api, 'tight'));
  const stop = new AbortController();
  const watches = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => {
    const { status } = await as(api, 'jane').request({ method: 'GET', path: '/api/v1/configmaps?watch=1', signal: stop.signal });
    await expect.poll(async () => (await queues(api, 'tight')).executing).toBe(0);
    return status;
  }));
  expect(watches.filter((status) => status === 200).length).toBeGreaterThan(1);
  stop.abort();
});

test('mandatory objects are put right, suggested ones as their owner says', async () => {
  const { revisedObject } = await import('./ensurer.ts');
  const { catchAllLevel, suggestedLevels, exemptLevel } = await import('./bootstrap-objects.ts');
  const [wanted] = suggestedLevels;
  const { spec } = wanted ?? {};
  const annotated = (value: string | undefined, generation: number, shares: number, of = wanted) => ({
    ...of, metadata: { name: of?.metadata?.name, generation, ...(value === undefined ? {} : { annotations: { 'apf.kubernetes.io/autoupdate-spec': value } }) }, spec: { ...of?.spec, limited: { ...of?.spec?.limited, nominalConcurrencyShares: shares } },
  });
  expect(revisedObject(annotated('true', 3, 30), { ...wanted }, false)).toBeUndefined();
  expect(revisedObject(annotated('true', 3, 31), { ...wanted }, false)).toMatchObject({ spec });
  expect(revisedObject(annotated('false', 1, 31), { ...wanted }, false)).toBeUndefined();
  expect(revisedObject(annotated(undefined, 1, 31), { ...wanted }, false)).toMatchObject({ spec, metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } } });
  expect(revisedObject(annotated(undefined, 2, 31), { ...wanted }, false)).toMatchObject({ spec: { limited: { nominalConcurrencyShares: 31 } }, metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } } });
  expect(revisedObject(annotated('false', 2, 9, catchAllLevel), { ...catchAllLevel }, true)).toMatchObject({ spec: catchAllLevel.spec, metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } } });
  const exempt = { ...exemptLevel, metadata: { ...exemptLevel.metadata }, spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 50, lendablePercent: 10 } } };
  expect(revisedObject(exempt, { ...exemptLevel }, true)).toBeUndefined();
});

test('without priority and fairness there are two plain bounds, which system:masters pass', async () => {
  const api = await start({ flow: { readOnly: 5, mutating: 1, fair: false } });
  const held = hold(api, 'jane', 1);
  await expect.poll(async () => (await api.get('/metrics')).text).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 1\n');
  const refused = await as(api, 'john').request({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', body: '{}' });
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  expect((await api.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })).status).toBe(201);
  expect((await as(api, 'john').request({ method: 'GET', path: '/api/v1/pods' })).status).toBe(200);
  held.finish();
  await Promise.all(held.answers);
});

test('a timeout in the URL must be a duration', async () => {
  const api = await start();
  expect((await api.get('/api/v1/pods?timeout=5m')).status).toBe(200);
  expect((await api.get('/api/v1/pods?timeout=5')).body).toMatchObject({ code: 400, message: 'invalid timeout specified in the request URL - time: missing unit in duration "5"' });
  expect((await api.get('/api/v1/pods?timeout=soon')).body).toMatchObject({ code: 400, message: 'invalid timeout specified in the request URL - time: invalid duration "soon"' });
});
