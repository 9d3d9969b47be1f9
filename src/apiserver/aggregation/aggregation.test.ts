// Extension API servers behind the API server, through REST: registration, availability, requests, discovery, OpenAPI.
import { expect, test, vi } from 'vitest';
import { openMemoryStore } from '#store';
import { acceptWebSocket, dialWebSocket, httpTransport, memoryTransport, serveHttp, type Exchange } from '#wire';
import { openSecurity, startTestServer, testWorld, type TestServer } from '../test-server.case.ts';
import type { ApiServerConfig } from '../server.ts';
import { caBundle, frontProxyClient, startBackend } from '../webhooks/tls-backend.case.ts';

const services = '/apis/apiregistration.k8s.io/v1/apiservices';
const group = '/apis/wardle.example.com/v1alpha1';

interface Cluster extends AsyncDisposable {
  readonly api: TestServer;
  readonly seen: { readonly url: string; readonly headers: Exchange['headers']; readonly client: string | undefined }[];
}

const resourceList = {
  kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'wardle.example.com/v1alpha1',
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list', 'create'], shortNames: ['fl'] },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
};

const openApiV2 = {
  swagger: '2.0', info: { title: 'w', version: '1' },
  paths: { '/apis/wardle.example.com/v1alpha1/flunders': { get: { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/com.example.Flunder' } } } } }, '/healthz': {} },
  definitions: { 'com.example.Flunder': { type: 'object', properties: { kind: { type: 'string' } } }, unused: {} },
};

const documents: Readonly<Record<string, unknown>> = {
  [group]: resourceList,
  '/openapi/v2': openApiV2,
  '/openapi/v3': { paths: { 'apis/wardle.example.com/v1alpha1': { serverRelativeURL: '/openapi/v3/apis/wardle.example.com/v1alpha1?hash=ABC' } } },
  '/openapi/v3/apis/wardle.example.com/v1alpha1?hash=ABC': { openapi: '3.0.0', info: { title: 'wardle' }, paths: {} },
};

async function startCluster(handle?: (exchange: Exchange) => Promise<boolean>, config: Partial<ApiServerConfig> = {}): Promise<Cluster> {
  const seen: Cluster['seen'] = [];
  const backend = await startBackend(async (exchange) => {
    seen.push({ url: exchange.url, headers: exchange.headers, client: exchange.peer.certificate?.commonName });
    if (await handle?.(exchange) === true) return;
    const known = documents[exchange.url];
    if (known === undefined) exchange.send(404, {}, '');
    else exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify(known));
  }, ['api.wardle.svc']);
  const store = openMemoryStore(testWorld());
  const api = await startTestServer(store, {
    ...config,
    frontProxy: () => frontProxyClient,
    connect: (options) => httpTransport({ ...options, resolve: async () => ({ host: '127.0.0.1', port: (await options.resolve?.())?.port ?? 0 }) }),
  });
  await api.post('/api/v1/namespaces', { metadata: { name: 'wardle' } });
  await api.post('/api/v1/namespaces/wardle/services', { metadata: { name: 'api' }, spec: { ports: [{ port: 7443, targetPort: 443 }], clusterIP: '10.96.0.78' } });
  return {
    api, seen,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await backend.close();
      await store.close();
    },
    ...{ port: backend.port },
  } as Cluster;
}

async function addEndpoint(cluster: Cluster): Promise<void> {
  const { port } = cluster as Cluster & { port: number };
  await cluster.api.post('/apis/discovery.k8s.io/v1/namespaces/wardle/endpointslices', {
    metadata: { name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } }, addressType: 'IPv4', ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
  });
}

function wardle(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { metadata: { name: 'v1alpha1.wardle.example.com' }, spec: { group: 'wardle.example.com', version: 'v1alpha1', service: { namespace: 'wardle', name: 'api', port: 7443 }, groupPriorityMinimum: 2000, versionPriority: 200, caBundle, ...more } };
}

async function condition(api: TestServer, name = 'v1alpha1.wardle.example.com'): Promise<[string, string, string]> {
  const { body } = await api.get(`${services}/${name}`);
  const [found] = body.status?.conditions ?? [];
  return [found?.status, found?.reason, found?.message];
}

const until = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 5000, interval: 10 });

async function register(cluster: Cluster): Promise<void> {
  await addEndpoint(cluster);
  expect((await cluster.api.post(services, wardle())).status).toBe(201);
  await until(async () => expect((await condition(cluster.api))[1]).toBe('Passed'));
}

test('what the server answers itself is registered with upstream\'s priorities', async () => {
  await using cluster = await startCluster();
  const { body } = await cluster.api.get(services);
  const rows = body.items.map((item: { metadata: { name: string; labels: Record<string, string> }; spec: Record<string, unknown>; status: { conditions: { reason: string }[] } }) =>
    [item.metadata.name, item.metadata.labels['kube-aggregator.kubernetes.io/automanaged'], item.spec.groupPriorityMinimum, item.spec.versionPriority, item.status.conditions[0]?.reason]);
  expect(rows).toEqual(expect.arrayContaining([['v1.', 'onstart', 18000, 1, 'Local'], ['v1.apps', 'onstart', 17800, 15, 'Local'], ['v2.autoscaling', 'onstart', 17500, 30, 'Local']]));
  expect(rows.map(([name]: [string]) => name)).not.toContain('v1.apiregistration.k8s.io');
});

test('the list of paths tells of APIServices whether they answer or not', async () => {
  await using cluster = await startCluster();
  const paths = async (): Promise<string[]> => (await cluster.api.get('/')).body.paths.filter((path: string) => path.includes('wardle'));
  expect(await paths()).toEqual([]);
  await cluster.api.post(services, wardle());
  expect(await paths()).toEqual(['/apis/wardle.example.com', group]);
  await cluster.api.del(`${services}/v1alpha1.wardle.example.com`);
  expect(await paths()).toEqual([]);
});

test('OpenAPI of a backend is told whatever else it answers', async () => {
  await using cluster = await startCluster(async (exchange) => {
    const type = { 'content-type': 'application/json' };
    exchange.send(200, type, JSON.stringify({ swagger: '2.0', info: { title: 'w', version: '1' }, paths: { [`${group}/`]: {} } }));
    return true;
  });
  await register(cluster);
  await until(async () => expect(Object.keys((await cluster.api.get('/openapi/v2')).body.paths)).toContain(`${group}/`));
});

test('an APIService is checked as upstream checks it', async () => {
  await using cluster = await startCluster();
  const told = async (change: Record<string, unknown>): Promise<string> => (await cluster.api.post(services, wardle(change))).body.message;
  expect(await told({ version: 'v1' })).toBe('APIService.apiregistration.k8s.io "v1alpha1.wardle.example.com" is invalid: metadata.name: Invalid value: "v1alpha1.wardle.example.com": must be `spec.version+"."+spec.group`: "v1.wardle.example.com"');
  expect(await told({ groupPriorityMinimum: 20001 })).toContain('spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000');
  expect(await told({ versionPriority: 0 })).toContain('spec.versionPriority: Invalid value: 0: must be positive and less than 1000');
  expect(await told({ insecureSkipTLSVerify: true })).toContain('spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present');
  expect(await told({ service: { name: 'x', port: 0 } })).toContain('spec.service.namespace: Required value');
  expect(await told({ service: null })).toMatch(/spec.caBundle: Invalid value: "\d+ bytes": local APIServices may not have a caBundle/);
});

test('availability says what is missing, and follows what comes', async () => {
  await using cluster = await startCluster();
  const { api } = cluster;
  await api.post(services, wardle({ service: { namespace: 'wardle', name: 'none', port: 443 } }));
  await until(async () => expect(await condition(api)).toEqual(['False', 'ServiceNotFound', 'service/none in "wardle" is not present']));
  await api.patch(`${services}/v1alpha1.wardle.example.com`, 'merge', { spec: { service: { name: 'api' } } });
  await until(async () => expect(await condition(api)).toEqual(['False', 'ServicePortError', 'service/api in "wardle" is not listening on port 443']));
  await api.patch(`${services}/v1alpha1.wardle.example.com`, 'merge', { spec: { service: { port: 7443 } } });
  await until(async () => expect(await condition(api)).toEqual(['False', 'EndpointsNotFound', 'cannot find endpointslices for service/api in "wardle"']));
  expect(await api.get(`${group}/flunders`)).toMatchObject({ status: 503, text: 'service unavailable\n' });
  await addEndpoint(cluster);
  await until(async () => expect(await condition(api)).toEqual(['True', 'Passed', 'all checks passed']));
  await api.patch(`${services}/v1alpha1.wardle.example.com`, 'merge', { spec: { caBundle: null } });
  await until(async () => expect(await condition(api)).toEqual(['False', 'FailedDiscoveryCheck', expect.stringMatching(/^failing or missing response from https:\/\/10\.1\.2\.3:\d+\/apis\/wardle\.example\.com\/v1alpha1: Get "https:.*": tls: failed to verify certificate: x509: certificate signed by unknown authority$/)]));
});

test('a condition that somebody wrote over comes back', async () => {
  await using cluster = await startCluster();
  const { api } = cluster;
  await register(cluster);
  await api.patch(`${services}/v1alpha1.wardle.example.com/status`, 'merge', { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } });
  await until(async () => expect((await api.get(`${services}/v1alpha1.wardle.example.com`)).body.status.conditions.map((c: { type: string }) => c.type)).toEqual(['StatusPatched', 'Available']));
});

test('requests go on under the caller\'s name, without his credentials', async () => {
  await using cluster = await startCluster(async (exchange) => {
    if (!exchange.url.startsWith(`${group}/namespaces`)) return false;
    const body = Buffer.from(await exchange.body(1000)).toString();
    exchange.send(201, { 'content-type': 'application/json', warning: '299 - "mind"' }, JSON.stringify({ method: exchange.method, url: exchange.url, body }));
    return true;
  });
  await register(cluster);
  const path = `${group}/namespaces/x/flunders?dryRun=All`;
  const { status, body, headers } = await cluster.api.call('POST', path, '{"a":1}', { authorization: 'Bearer secret', 'x-remote-user': 'mallory', 'x-remote-extra-a': 'b', 'audit-id': 'abc' });
  expect([status, body, headers.warning]).toEqual([201, { method: 'POST', url: path, body: '{"a":1}' }, '299 - "mind"']);
  const request = cluster.seen.find(({ url }) => url === path);
  expect(request).toMatchObject({ client: 'front-proxy-client', headers: { 'x-remote-user': 'tester', 'x-remote-group': 'system:masters', 'audit-id': 'abc', host: 'api.wardle.svc:7443' } });
  expect(Object.keys(request?.headers ?? {})).not.toEqual(expect.arrayContaining(['authorization']));
  expect(request?.headers['x-remote-extra-a']).toBeUndefined();
});

test('names beyond ASCII go on as UTF-8', async () => {
  await using cluster = await startCluster();
  await register(cluster);
  const named = memoryTransport(cluster.api.server.handler, { user: 'j\u00f6rg \u0441', groups: ['g\u00e4ste'] });
  await named.request({ method: 'GET', path: group });
  await named.close();
  const utf8 = (text: string | undefined): string => Buffer.from(text ?? '', 'latin1').toString();
  expect(cluster.seen.map(({ headers }) => [utf8(headers['x-remote-user']), utf8(headers['x-remote-group'])])).toContainEqual(['j\u00f6rg \u0441', 'g\u00e4ste']);
});

test('headers that a proxy of this cluster is believed by are nobody else\'s to pass on', async () => {
  const path = `${group}/namespaces/x/flunders`;
  const requestHeader = { allowedNames: [], usernameHeaders: ['X-Remote-User', 'X-Proxy-User'], uidHeaders: [], groupHeaders: ['X-Remote-Group', 'X-Proxy-Group'], extraHeaderPrefixes: ['X-Proxy-Extra-'] };
  await using cluster = await startCluster(async (exchange) => {
    if (exchange.url !== path) return false;
    exchange.send(200, {}, '');
    return true;
  }, { trustedClients: { requestHeader } });
  await register(cluster);
  await cluster.api.get(path, { 'x-proxy-user': 'mallory', 'x-proxy-group': 'system:masters', 'x-proxy-extra-a': 'b', 'x-proxy': 'c' });
  const names = Object.keys(cluster.seen.find(({ url }) => url === path)?.headers ?? {}).filter((name) => name.startsWith('x-proxy'));
  expect(names).toEqual(['x-proxy']);
});

test('watches stream; redirects and broken backends are told', async () => {
  await using cluster = await startCluster(async (exchange) => {
    if (exchange.url.includes('watch=1')) {
      const out = exchange.start(200, { 'content-type': 'text/plain' });
      out.write('{"type":"ADDED","object":{"n":1}}\n');
      setImmediate(() => out.end('{"type":"ADDED","object":{"n":2}}\n'));
      return true;
    }
    if (exchange.url.includes('moved')) exchange.send(302, { location: 'https://elsewhere' }, '');
    else return false;
    return true;
  });
  const { api } = cluster;
  await register(cluster);
  expect((await api.get(`${group}/flunders?watch=1`)).text.trim().split('\n').map((line) => JSON.parse(line) as unknown)).toHaveLength(2);
  expect(await api.get(`${group}/moved`)).toMatchObject({ status: 502, text: 'the backend attempted to redirect this request, which is not permitted\n' });
});

test('discovery tells both, in order of priority', async () => {
  await using cluster = await startCluster();
  const { api } = cluster;
  await register(cluster);
  await until(async () => expect((await api.get('/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' })).body.items.at(-1)).toMatchObject({
    metadata: { name: 'wardle.example.com' },
    versions: [{ version: 'v1alpha1', freshness: 'Current', resources: [{ resource: 'flunders', scope: 'Namespaced', responseKind: { kind: 'Flunder' }, shortNames: ['fl'], subresources: [{ subresource: 'status' }] }] }],
  }));
  const { body } = await api.get('/apis');
  expect(body.groups[0].name).toBe('apiregistration.k8s.io');
  expect(body.groups.at(-1)).toEqual({ name: 'wardle.example.com', versions: [{ groupVersion: 'wardle.example.com/v1alpha1', version: 'v1alpha1' }], preferredVersion: { groupVersion: 'wardle.example.com/v1alpha1', version: 'v1alpha1' } });
  expect((await api.get('/apis/wardle.example.com')).body).toMatchObject({ kind: 'APIGroup', name: 'wardle.example.com' });
  expect((await api.get(group)).body).toEqual(resourceList);
  await api.del(`${services}/v1alpha1.wardle.example.com`);
  expect((await api.get('/apis/wardle.example.com')).status).toBe(404);
  expect((await api.get(group)).status).toBe(404);
});

test('resources that an extension server tells without a kind have an empty one', async () => {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  await using cluster = await startCluster(async (exchange) => {
    if (exchange.url !== '/apis') return false;
    const resources = [{ resource: 'flunders', scope: 'Namespaced', verbs: ['get'], subresources: [{ subresource: 'status', verbs: ['get'] }] }];
    exchange.send(200, { 'content-type': aggregated }, JSON.stringify({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items: [{ metadata: { name: 'wardle.example.com' }, versions: [{ version: 'v1alpha1', resources }] }] }));
    return true;
  });
  await register(cluster);
  const empty = { group: '', version: '', kind: '' };
  await until(async () => {
    const { items } = (await cluster.api.get('/apis', { accept: aggregated })).body as { items: { metadata: { name: string }; versions: unknown[] }[] };
    expect(items.find(({ metadata }) => metadata.name === 'wardle.example.com')?.versions).toMatchObject([{ resources: [{ resource: 'flunders', responseKind: empty, subresources: [{ subresource: 'status', responseKind: empty }] }] }]);
  });
});

test('discovery is asked for although the check of availability fails', async () => {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  await using cluster = await startCluster(async (exchange) => {
    if (exchange.url !== '/apis') exchange.send(500, {}, '');
    else exchange.send(200, { 'content-type': aggregated }, JSON.stringify({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items: [{ metadata: { name: 'wardle.example.com' }, versions: [{ version: 'v1alpha1', resources: [] }] }] }));
    return true;
  });
  await addEndpoint(cluster);
  await cluster.api.post(services, wardle());
  await until(async () => expect(await condition(cluster.api)).toEqual(['False', 'FailedDiscoveryCheck', expect.stringContaining('bad status from')]));
  await until(async () => {
    const { items } = (await cluster.api.get('/apis', { accept: aggregated })).body as { items: { metadata: { name: string }; versions: unknown[] }[] };
    expect(items.find(({ metadata }) => metadata.name === 'wardle.example.com')?.versions).toMatchObject([{ version: 'v1alpha1', freshness: 'Current' }]);
  });
  expect(cluster.seen.map(({ url }) => url)).not.toContain('/openapi/v2');
});

test('OpenAPI of both', async () => {
  await using cluster = await startCluster();
  const { api } = cluster;
  await register(cluster);
  const at = 'apis/wardle.example.com/v1alpha1';
  await until(async () => expect(JSON.parse((await api.get('/openapi/v3')).text).paths[at]).toEqual({ serverRelativeURL: `/openapi/v3/${at}?hash=ABC` }));
  expect((await api.get(`/openapi/v3/${at}?hash=ABC`)).body.info.title).toBe('wardle');
  const { body } = await api.get('/openapi/v2');
  expect(body.paths['/apis/wardle.example.com/v1alpha1/flunders']).toBeDefined();
  expect(Object.keys(body.definitions)).toEqual(expect.arrayContaining(['com.example.Flunder', 'io.k8s.api.core.v1.Pod']));
  expect(body.definitions.unused).toBeUndefined();
});

test('an extension server takes over what is answered beside the built-in groups, and gives it back', async () => {
  await using cluster = await startCluster(async (exchange) => {
    if (!exchange.url.startsWith('/apis/metrics.k8s.io/v1beta1')) return false;
    exchange.send(200, { 'content-type': 'application/json' }, '{"kind":"NodeMetricsList","from":"extension"}');
    return true;
  }, {
    delegates: [{
      resources: [{ group: 'metrics.k8s.io', version: 'v1beta1', kind: 'NodeMetrics', type: undefined, plural: 'nodes', singular: '', namespaced: false, shortNames: [], categories: [], verbs: ['get', 'list'], subresources: [] }],
      handler: async (exchange) => exchange.send(200, { 'content-type': 'application/json' }, '{"from":"here"}'),
    }],
  });
  const { api } = cluster;
  const from = async (): Promise<unknown> => (await api.get('/apis/metrics.k8s.io/v1beta1/nodes')).body?.from;
  const name = `${services}/v1beta1.metrics.k8s.io`;
  await addEndpoint(cluster);
  expect([await from(), (await api.get(name)).body.status.conditions[0].reason]).toEqual(['here', 'Local']);
  // As kubectl apply of a metrics server's manifest does it: over what is there.
  const spec = { service: { namespace: 'wardle', name: 'api', port: 7443 }, caBundle };
  expect((await api.patch(name, 'merge', { metadata: { labels: { 'k8s-app': 'metrics-server' } }, spec })).status).toBe(200);
  await until(async () => expect(await from()).toBe('extension'));
  await api.del(name);
  await until(async () => expect([await from(), (await api.get(name)).body.status?.conditions[0].reason]).toEqual(['here', 'Local']));
});

test('upgrades are passed through as they are, with the caller\'s name', async () => {
  let asked: Exchange['headers'] = {};
  await using backend = await startBackend(async (exchange) => {
    if (exchange.headers.upgrade === undefined) {
      exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify(resourceList));
      return;
    }
    asked = exchange.headers;
    const socket = await acceptWebSocket(exchange, 'echo');
    socket.resume();
    socket.on('message', (data) => socket.send(`echo ${Buffer.from(data as Buffer).toString()}`));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  }, ['api.wardle.svc']);
  const store = openMemoryStore(testWorld());
  const everybody = { name: 'all', authenticate: async () => ({ name: 'tester', groups: ['a', 'b'], extra: { 'example.com/x': ['1'] } }) };
  await using api = await startTestServer(store, { frontProxy: () => frontProxyClient, security: () => ({ ...openSecurity(), authenticators: [everybody] }) });
  await api.post('/api/v1/namespaces', { metadata: { name: 'wardle' } });
  await api.post('/api/v1/namespaces/wardle/services', { metadata: { name: 'api' }, spec: { type: 'ExternalName', externalName: 'localhost' } });
  await api.post(services, wardle({ service: { namespace: 'wardle', name: 'api', port: backend.port } }));
  await until(async () => expect(await condition(api)).toEqual(['True', 'Passed', 'all checks passed']));
  const listener = await serveHttp(testWorld(), { host: '127.0.0.1', port: 0, handler: api.server.handler });
  const { webSocket: socket } = await dialWebSocket({ url: `ws://127.0.0.1:${listener.port}${group}/namespaces/x/flunders/f/exec`, subprotocols: ['echo'] });
  const answered = new Promise<string>((resolve) => socket.once('message', (data) => resolve(Buffer.from(data as Buffer).toString())));
  socket.resume();
  socket.send('hello');
  expect(await answered).toBe('echo hello');
  expect(asked).toMatchObject({ 'x-remote-user': 'tester', 'x-remote-group': 'a, b', 'x-remote-extra-example.com%2fx': '1' });
  socket.close();
  await listener.close({ graceMs: 0 });
  await store.close();
});
