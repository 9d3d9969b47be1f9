// A cluster with one webhook server behind a Service: what tests of admission webhooks share.
import { openMemoryStore } from '#store';
import type { World } from '#base/world.ts';
import { httpTransport } from '#wire';
import { openSecurity, startTestServer, testWorld, type TestServer } from '../test-server.case.ts';
import { admissionWebhooks } from './plugins.ts';
import type { CompileConditions } from './hooks.ts';
import { caBundle, startBackend } from './tls-backend.case.ts';

export interface Review {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly requestKind: Review['kind'];
  readonly subResource?: string;
  readonly operation: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly dryRun: boolean;
  readonly userInfo: { readonly username: string };
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks wherever it likes
  readonly object: any;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks wherever it likes
  readonly oldObject: any;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks wherever it likes
  readonly options: any;
}

/** What a webhook answers: the response, or undefined to hang. */
export type Answerer = (review: Review, path: string) => Record<string, unknown> | undefined | Promise<Record<string, unknown>>;

export interface WebhookCluster extends AsyncDisposable {
  readonly api: TestServer;
  readonly world: World;
  /** Every review that arrived, with its path. */
  readonly seen: { readonly path: string; readonly review: Review; readonly apiVersion: string }[];
}

export const patchOf = (...operations: unknown[]): Record<string, unknown> => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });

export async function startWebhookCluster(answer: Answerer, compile?: CompileConditions): Promise<WebhookCluster> {
  const seen: WebhookCluster['seen'] = [];
  const backend = await startBackend(async (exchange) => {
    const body: unknown = JSON.parse(Buffer.from(await exchange.body(8 << 20)).toString());
    const { request, apiVersion } = body as { request: Review; apiVersion: string };
    seen.push({ path: exchange.url, review: request, apiVersion });
    const response = await answer(request, exchange.url.split('?', 1)[0] ?? '');
    if (response === undefined) return new Promise<void>(() => undefined);
    exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify({ kind: 'AdmissionReview', apiVersion, response: { uid: request.uid, ...response } }));
    return undefined;
  }, ['hook.default.svc']);
  const store = openMemoryStore(testWorld());
  const world = testWorld();
  const api = await startTestServer(store, {
    // Pods of this cluster live at 10.1.2.3, which is this machine.
    connect: (options) => httpTransport({ ...options, resolve: async () => ({ host: '127.0.0.1', port: (await options.resolve?.())?.port ?? 0 }) }),
    security: (ports) => ({ ...openSecurity(), admission: admissionWebhooks(world, ports, ports.webhooks, compile) }),
  });
  await api.post('/api/v1/namespaces/default/services', { metadata: { name: 'hook' }, spec: { ports: [{ port: 443 }], clusterIP: '10.96.0.77' } });
  await api.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } }, addressType: 'IPv4', ports: [{ name: '', port: backend.port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
  });
  return {
    api, seen, world,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await backend.close();
      await store.close();
    },
  };
}

export interface HookOptions {
  readonly path?: string;
  readonly rules?: readonly unknown[];
  readonly more?: Record<string, unknown>;
}

const everyConfigMap = [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];

export function hook(name: string, { path = '/', rules = everyConfigMap, more = {} }: HookOptions = {}): Record<string, unknown> {
  return { name, clientConfig: { service: { namespace: 'default', name: 'hook', path }, caBundle }, rules, sideEffects: 'None', admissionReviewVersions: ['v1'], ...more };
}

export async function configure(api: TestServer, type: 'mutating' | 'validating', name: string, ...webhooks: unknown[]): Promise<void> {
  const answer = await api.post(`/apis/admissionregistration.k8s.io/v1/${type}webhookconfigurations`, { metadata: { name }, webhooks });
  if (answer.status !== 201) throw new Error(answer.text);
}
