// --egress-selector-config-file as a real process has it: kubelets, extension API servers and webhooks that exist only
// behind a proxy, reached through it and no other way; and what is told when the proxy refuses or the file is wrong.
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectProxyServer, konnectivityServer, type TunnelServer } from '#testing';
import { acceptWebSocket, dialWebSocket, isWebSocketRequest, serveHttp, type Exchange, type Handler } from '#wire';
import { apiserverFlags } from './apiserver-flags.ts';
import { programEgress } from './egress.ts';
import { parseFlags } from './flag-parse.ts';
import { ca, exit, folder, freePort, pair, save, savePair, servers, start, world } from './server-process.case.ts';

const proxies: TunnelServer[] = [];
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy[Symbol.asyncDispose]()));
});

async function kept(proxy: Promise<TunnelServer>): Promise<TunnelServer> {
  const made = await proxy;
  proxies.push(made);
  return made;
}

interface Selection {
  readonly name: string;
  readonly connection: { readonly proxyProtocol: string; readonly transport?: object };
}

function configFile(name: string, selections: readonly Selection[], version = 'v1beta1'): string {
  return save(name, JSON.stringify({ apiVersion: `apiserver.k8s.io/${version}`, kind: 'EgressSelectorConfiguration', egressSelections: selections }));
}

const json = { 'content-type': 'application/json' };

/** A webhook, an extension API server and a kubelet at once. */
async function farEnd(exchange: Exchange): Promise<void> {
  const path = exchange.url.split('?', 1)[0] ?? '';
  if (path.startsWith('/hook')) {
    const { request } = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString()) as { request: { uid: string } };
    const response = { uid: request.uid, allowed: path !== '/hook/deny', status: { message: 'seen by the webhook' } };
    return exchange.send(200, json, JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }));
  }
  if (path.startsWith('/containerLogs/')) return exchange.send(200, { 'content-type': 'text/plain' }, 'a line of the log\n');
  if (path.startsWith('/exec/') && isWebSocketRequest(exchange)) {
    const socket = await acceptWebSocket(exchange, 'v5.channel.k8s.io');
    socket.resume();
    socket.send(Buffer.from('\u0001done'));
    return socket.close();
  }
  return exchange.send(200, json, JSON.stringify({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'wardle.example.com/v1', resources: [] }));
}

async function behind(handler: Handler = farEnd): Promise<number> {
  const server = await serveHttp(world, { host: '127.0.0.1', port: 0, tls: pair('backend', [], ['hook.default.svc', 'wardle.default.svc', 'hook.example.com']), handler });
  servers.push(server);
  return server.port;
}

const admin = { token: 'admin-token' };

async function startWith(config: string, more: readonly string[] = []): Promise<Awaited<ReturnType<typeof start>> & { make(path: string, object: object): Promise<{ status: number; text: string }> }> {
  const tokens = save('tokens.csv', 'admin-token,admin,1,"system:masters"\n');
  const server = await start([
    `--token-auth-file=${tokens}`, '--authorization-mode=RBAC', '--disable-admission-plugins=ServiceAccount', '--enable-aggregator-routing=false', `--egress-selector-config-file=${config}`, ...more,
  ]);
  return { ...server, make: (path, object) => server.ask(path, admin, 'POST', JSON.stringify(object)) };
}

function webhookFor(name: string, resource: string, clientConfig: object): object {
  return {
    metadata: { name },
    webhooks: [{
      name: `${name}.example.com`, clientConfig: { ...clientConfig, caBundle: Buffer.from(ca.cert).toString('base64') }, admissionReviewVersions: ['v1'], sideEffects: 'None',
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: [resource] }],
    }],
  };
}

const hooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const here = '/api/v1/namespaces/default';

async function reachesThrough(way: 'HTTPConnect' | 'GRPC', protocol: string, transport: string): Promise<void> {
  const port = await behind();
  const [cert, key] = savePair('to-proxy', pair('api-server'));
  const socketPath = join(folder, `${way}.sock`);
  const reach = (): number => port;
  const cluster = await kept(way === 'GRPC' ? konnectivityServer({ reach, socketPath }) : connectProxyServer({ reach, tls: { ...pair('proxy'), clientCa: ca.cert } }));
  const control = await kept(connectProxyServer({ reach, socketPath: join(folder, `${way}-control.sock`) }));
  const tlsConfig = { caBundle: join(folder, 'ca.crt'), clientCert: cert, clientKey: key };
  const server = await startWith(configFile('egress.yaml', [
    { name: 'cluster', connection: { proxyProtocol: way, transport: way === 'GRPC' ? { uds: { udsName: socketPath } } : { tcp: { url: `https://127.0.0.1:${cluster.port}`, tlsConfig } } } },
    { name: 'master', connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: join(folder, `${way}-control.sock`) } } } },
    { name: 'etcd', connection: { proxyProtocol: 'Direct' } },
  ]));
  for (const [name, ip] of [['hook', '10.0.0.77'], ['wardle', '10.0.0.78']] as const) expect((await server.make(`${here}/services`, { metadata: { name }, spec: { clusterIP: ip, ports: [{ port: 443 }] } })).status).toBe(201);
  await server.make('/api/v1/nodes', { metadata: { name: 'n' } });
  await server.ask('/api/v1/nodes/n/status', { ...admin }, 'PUT', JSON.stringify({ metadata: { name: 'n' }, status: { addresses: [{ type: 'InternalIP', address: '198.51.100.9' }], daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } } }));
  expect((await server.make(`${here}/pods`, { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } })).status).toBe(201);
  await server.make(hooks, webhookFor('by-service', 'configmaps', { service: { name: 'hook', namespace: 'default', path: '/hook/deny' } }));
  await server.make(hooks, webhookFor('by-url', 'secrets', { url: 'https://hook.example.com:8443/hook/deny' }));
  cluster.refusal = 'Not today';
  const told = (address: string): string => (way === 'GRPC' ? 'Not today' : `proxy error from 127.0.0.1:${cluster.port} while dialing ${address}, code 403: 403 Not today`);
  const messageOf = (answer: { text: string }): string => (JSON.parse(answer.text) as { message: string }).message;
  await expect.poll(async () => messageOf(await server.make(`${here}/configmaps`, { metadata: { name: 'a' } }))).toBe(
    `Internal error occurred: failed calling webhook "by-service.example.com": failed to call webhook: Post "https://hook.default.svc:443/hook/deny?timeout=10s": ${told('10.0.0.77:443')}`,
  );
  expect(messageOf(await server.ask(`${here}/pods/p/log`, admin))).toBe(`Get "https://198.51.100.9:10250/containerLogs/default/p/c": ${told('198.51.100.9:10250')}`);
  expect(messageOf(await server.ask(`${here}/pods/p/proxy/x`, admin))).not.toContain('a line');
  cluster.refusal = undefined;
  for (const [name, said] of [['configmaps', 'admission webhook "by-service.example.com" denied the request: seen by the webhook'], ['secrets', 'admission webhook "by-url.example.com" denied the request: seen by the webhook']] as const) {
    expect(messageOf(await server.make(`${here}/${name}`, { metadata: { name: 'a' } }))).toBe(said);
  }
  expect(await server.ask(`${here}/pods/p/log`, admin)).toEqual({ status: 200, text: 'a line of the log\n' });
  const { webSocket } = await dialWebSocket({ url: `wss://127.0.0.1:${server.port}${here}/pods/p/exec?command=x&stdout=1`, subprotocols: ['v5.channel.k8s.io'], headers: { authorization: 'Bearer admin-token' }, insecure: true });
  const message = await new Promise((resolve) => {
    webSocket.once('message', (data) => resolve(String(data)));
    webSocket.resume();
  });
  expect(message).toBe('\u0001done');
  webSocket.terminate();
  await server.make('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'wardle', labels: { 'kubernetes.io/service-name': 'wardle' } }, addressType: 'IPv4', endpoints: [{ addresses: ['10.1.1.1'], conditions: { ready: true } }], ports: [{ name: '', port: 443 }],
  });
  const service = { metadata: { name: 'v1.wardle.example.com' }, spec: { group: 'wardle.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15, insecureSkipTLSVerify: true, service: { name: 'wardle', namespace: 'default' } } };
  expect((await server.make('/apis/apiregistration.k8s.io/v1/apiservices', service)).status).toBe(201);
  await expect.poll(async () => (await server.ask('/apis/wardle.example.com/v1', admin)).text, { timeout: 30_000 }).toContain('APIResourceList');
  for (const address of ['10.0.0.77:443', '198.51.100.9:10250', '10.0.0.78:443']) expect(cluster.asked).toContain(address);
  expect([...new Set(control.asked)]).toEqual(['hook.example.com:8443']);
  const metrics = await server.ask('/metrics', admin);
  for (const name of [`dial_start_total{protocol="${protocol}",transport="${transport}"}`, `dial_failure_count{protocol="${protocol}",stage="proxy",transport="${transport}"}`, `dial_duration_seconds_count{protocol="${protocol}",transport="${transport}"}`]) expect(metrics.text).toContain(`apiserver_egress_dialer_${name}`);
}

test('an HTTP proxy over TLS: webhooks, logs, exec and extension API servers', () => reachesThrough('HTTPConnect', 'http_connect', 'tcp'));
test('a konnectivity server: webhooks, logs, exec and extension API servers', () => reachesThrough('GRPC', 'grpc', 'uds'));

test('etcd is reached through the proxy, under the name of its certificate; audit and token webhooks through that of the control plane', async () => {
  const etcdPort = await freePort();
  const store = await start(['--authorization-mode=RBAC', `--etcd-listen=127.0.0.1:${etcdPort}`]);
  const [cert, key] = [join(store.folder, 'pki/etcd/client.crt'), join(store.folder, 'pki/etcd/client.key')];
  const seen: string[] = [];
  const hook = await behind(async (exchange) => {
    const review = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString()) as { kind: string; apiVersion: string };
    seen.push(review.kind);
    exchange.send(200, json, JSON.stringify({ kind: review.kind, apiVersion: review.apiVersion, status: { authenticated: true, user: { username: 'outsider', groups: ['system:masters'] } } }));
  });
  const etcd = await kept(connectProxyServer({ reach: () => etcdPort }));
  const control = await kept(connectProxyServer({ reach: () => hook }));
  const through = (port: number): Selection['connection'] => ({ proxyProtocol: 'HTTPConnect', transport: { tcp: { url: `http://127.0.0.1:${port}` } } });
  const kubeconfig = save('outside.yaml', `apiVersion: v1\nkind: Config\nclusters: [{name: h, cluster: {server: "https://hook.example.com:9443/", certificate-authority: ${join(folder, 'ca.crt')}}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: h, user: u}}]\ncurrent-context: c\n`);
  const server = await startWith(configFile('outside.json', [{ name: 'etcd', connection: through(etcd.port) }, { name: 'controlplane', connection: through(control.port) }]), [
    '--etcd-servers=https://localhost:2379', `--etcd-cafile=${join(store.folder, 'pki/etcd/ca.crt')}`, `--etcd-certfile=${cert}`, `--etcd-keyfile=${key}`, '--etcd-prefix=/other',
    `--authentication-token-webhook-config-file=${kubeconfig}`, '--authentication-token-webhook-version=v1', `--audit-webhook-config-file=${kubeconfig}`, '--audit-policy-file=default', '--audit-webhook-mode=blocking',
  ]);
  expect((await server.ask('/api/v1/namespaces/default', { token: 'somebody' })).status).toBe(200);
  expect(new Set(etcd.asked)).toEqual(new Set(['localhost:2379']));
  expect(new Set(control.asked)).toEqual(new Set(['hook.example.com:9443']));
  expect(new Set(seen)).toEqual(new Set(['TokenReview', 'EventList']));
});

/** A converter, an authorizer, and what pods answer, plain and in TLS. */
async function converterAndPods(exchange: Exchange): Promise<void> {
  const path = exchange.url.split('?', 1)[0] ?? '';
  if (path === '/convert') {
    const { request } = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString()) as { request: { uid: string; desiredAPIVersion: string; objects: object[] } };
    const convertedObjects = request.objects.map((object) => ({ ...object, apiVersion: request.desiredAPIVersion, seen: 'by the converter' }));
    return exchange.send(200, json, JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response: { uid: request.uid, result: { status: 'Success' }, convertedObjects } }));
  }
  if (path === '/authorize') {
    const review = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString()) as { apiVersion: string; kind: string };
    return exchange.send(200, json, JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, status: { allowed: true } }));
  }
  if (isWebSocketRequest(exchange)) {
    const socket = await acceptWebSocket(exchange, 'echo');
    socket.resume();
    socket.send('hello');
    return socket.close();
  }
  exchange.send(200, { 'content-type': 'text/plain' }, `${exchange.method} ${exchange.url} as ${exchange.headers['x-forwarded-uri']} for ${exchange.headers['x-forwarded-for']}`);
}

function convertedDefinition(plural: string, clientConfig: object): object {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com', scope: 'Cluster', names: { plural, kind: plural },
      versions: [{ name: 'v1', served: true, storage: true, schema }, { name: 'v2', served: true, storage: false, schema }],
      conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { ...clientConfig, caBundle: Buffer.from(ca.cert).toString('base64') } } },
    },
  };
}

async function proxiesThrough(way: 'HTTPConnect' | 'GRPC'): Promise<void> {
  const [port, plain] = [await behind(converterAndPods), await serveHttp(world, { host: '127.0.0.1', port: 0, handler: converterAndPods })];
  servers.push(plain);
  const reach = (address: string): number => (address.endsWith(':8080') ? plain.port : port);
  const [clusterSocket, controlSocket] = [join(folder, `${way}-c.sock`), join(folder, `${way}-p.sock`)];
  const open = way === 'GRPC' ? konnectivityServer : connectProxyServer;
  const cluster = await kept(open({ reach, socketPath: clusterSocket }));
  const control = await kept(open({ reach, socketPath: controlSocket }));
  const through = (udsName: string): Selection['connection'] => ({ proxyProtocol: way, transport: { uds: { udsName } } });
  const kubeconfig = save(`${way}-authorizer.yaml`, `apiVersion: v1\nkind: Config\nclusters: [{name: h, cluster: {server: "https://hook.example.com:9443/authorize", certificate-authority: ${join(folder, 'ca.crt')}}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: h, user: u}}]\ncurrent-context: c\n`);
  const others = save(`${way}-others.csv`, 'admin-token,admin,1,"system:masters"\nother-token,other,2,\n');
  const server = await startWith(configFile(`${way}-rest.json`, [{ name: 'cluster', connection: through(clusterSocket) }, { name: 'controlplane', connection: through(controlSocket) }]), [
    '--authorization-mode=Webhook', `--authorization-webhook-config-file=${kubeconfig}`, '--authorization-webhook-version=v1', `--token-auth-file=${others}`,
  ]);
  expect((await server.ask(`${here}/configmaps`, { token: 'other-token' })).status).toBe(200);
  expect(new Set(control.asked)).toEqual(new Set(['hook.example.com:9443']));
  expect((await server.make(`${here}/services`, { metadata: { name: 'hook' }, spec: { clusterIP: '10.0.0.77', ports: [{ name: 'https', port: 443 }] } })).status).toBe(201);
  for (const [plural, clientConfig, where] of [
    ['services', { service: { name: 'hook', namespace: 'default', path: '/convert' } }, cluster], ['urls', { url: 'https://hook.example.com:8443/convert' }, control],
  ] as const) {
    expect((await server.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', convertedDefinition(plural, clientConfig))).status).toBe(201);
    await expect.poll(async () => (await server.make(`/apis/example.com/v1/${plural}`, { apiVersion: 'example.com/v1', kind: plural, metadata: { name: 'a' } })).status, { timeout: 20_000 }).toBe(201);
    expect((await server.ask(`/apis/example.com/v2/${plural}/a`, admin)).text).toContain('"seen":"by the converter"');
    expect(where.asked).toContain(plural === 'urls' ? 'hook.example.com:8443' : '10.0.0.77:443');
  }
  expect((await server.make(`${here}/pods`, { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }] } })).status).toBe(201);
  await server.ask(`${here}/pods/p/status`, admin, 'PUT', JSON.stringify({ metadata: { name: 'p' }, status: { phase: 'Running', podIP: '10.244.0.9', podIPs: [{ ip: '10.244.0.9' }] } }));
  await server.make('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'hook', labels: { 'kubernetes.io/service-name': 'hook' } }, addressType: 'IPv4', endpoints: [{ addresses: ['10.244.0.10'], conditions: { ready: true } }], ports: [{ name: 'https', port: 8443, protocol: 'TCP' }],
  });
  await expect.poll(() => server.ask(`${here}/pods/p/proxy/a/b?c=d`, admin), { timeout: 20_000 }).toEqual({ status: 200, text: `GET /a/b?c=d as ${here}/pods/p/proxy/a/b for 127.0.0.1` });
  await expect.poll(() => server.ask(`${here}/services/https:hook:https/proxy/x`, admin), { timeout: 20_000 }).toEqual({ status: 200, text: `GET /x as ${here}/services/https:hook:https/proxy/x for 127.0.0.1` });
  const { webSocket } = await dialWebSocket({ url: `wss://127.0.0.1:${server.port}${here}/pods/p/proxy/ws`, subprotocols: ['echo'], headers: { authorization: 'Bearer admin-token' }, insecure: true });
  const message = await new Promise((resolve) => {
    webSocket.once('message', (data) => resolve(String(data)));
    webSocket.resume();
  });
  expect(message).toBe('hello');
  webSocket.terminate();
  for (const address of ['10.244.0.9:8080', '10.244.0.10:8443']) expect(cluster.asked).toContain(address);
  cluster.refusal = 'Not today';
  expect((await server.ask(`${here}/pods/p:9090/proxy/late`, admin)).text).toContain(`error trying to reach service: ${way === 'GRPC' ? 'Not today' : 'proxy error from '}`);
}

test('CONNECT proxies: conversion webhooks, authorization webhooks, proxies to pods and services', () => proxiesThrough('HTTPConnect'));
test('konnectivity servers: conversion webhooks, authorization webhooks, proxies to pods and services', () => proxiesThrough('GRPC'));

test('a file that is wrong ends the start, in the words of kube-apiserver', async () => {
  const wrong = async (file: string): Promise<string> => {
    const { code, output } = await exit([`--data-dir=${join(folder, 'never')}`, `--cert-dir=${join(folder, 'never')}`, '--service-account-issuer=https://i', `--service-account-signing-key-file=${join(folder, 'sa.key')}`, `--service-account-key-file=${join(folder, 'sa.key')}`, `--egress-selector-config-file=${file}`]);
    expect(code).toBe(1);
    return output;
  };
  expect(await wrong(join(folder, 'nothing'))).toContain(`egress-selector-config-file ${join(folder, 'nothing')} does not exist`);
  expect(await wrong(configFile('bad', [{ name: 'cluster', connection: { proxyProtocol: 'GRPC' } }]))).toContain('failed to validate egress selector configuration: service.connection.transport: Required value: transport must be set for GRPC');
});

test('an OpenID provider that names a way out has one, or the start says what is missing', () => {
  const stop = new AbortController();
  const ways = (file: string): ReturnType<typeof programEgress> => programEgress(world, parseFlags(apiserverFlags, [`--egress-selector-config-file=${file}`]), stop.signal);
  const some = ways(configFile('oidc', [{ name: 'cluster', connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: '/s' } } } }]));
  expect([some.forIssuer(''), typeof some.forIssuer('cluster')]).toEqual([undefined, 'function']);
  expect(() => some.forIssuer('controlplane')).toThrow('oidc: egress lookup for "controlplane" is not configured');
  expect(ways(configFile('direct', [{ name: 'cluster', connection: { proxyProtocol: 'Direct' } }])).forIssuer('cluster')).toBe(undefined);
  expect(() => ways('').forIssuer('cluster')).toThrow('oidc: egress lookup required with egress selector type "cluster"');
  stop.abort();
});
