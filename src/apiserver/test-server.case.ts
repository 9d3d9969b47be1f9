// A whole API server in the test's process, on any store, asked through wire's memory transport: what the
// suites of this room share.
import type { Store } from '#store';
import { memoryTransport, type Headers, type Transport } from '#wire';
import type { World } from '#base/world.ts';
import { createMetrics } from '#base/metrics.ts';
import { silentLog } from '#base/log.ts';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { freezeSharedObjects } from './cache/hot-objects.ts';
import type { Identity, Security } from './contract.ts';
import { createApiServer, type ApiServer, type ApiServerConfig } from './server.ts';

/** An answer, its JSON body parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks wherever it likes
  readonly body: any;
}

export interface TestServer extends AsyncDisposable {
  readonly server: ApiServer;
  readonly transport: Transport;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  patch(path: string, type: 'json' | 'merge' | 'strategic' | 'apply', body: unknown): Promise<Answer>;
  del(path: string, body?: unknown): Promise<Answer>;
}

freezeSharedObjects();

const patchTypes = {
  json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json', apply: 'application/apply-patch+yaml',
};

export function testWorld(): World {
  return { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
}

/** Everybody inside the process is who he says, and may do everything. */
export function openSecurity(): Security {
  return {
    authenticators: [{
      name: 'loopback',
      async authenticate(exchange): Promise<Identity | undefined> {
        const caller = exchange.peer.loopback;
        return caller === undefined ? undefined : { name: caller.user, groups: caller.groups };
      },
    }],
    authorizer: { name: 'all', authorize: () => ({ decision: 'allow', reason: '' }) },
    admission: [],
    refusal: () => new Error('refused'),
    creators: {},
    hooks: [],
  };
}

export async function startTestServer(store: Store, config: Partial<ApiServerConfig> = {}, world: World = testWorld()): Promise<TestServer> {
  const server = createApiServer(world, {
    store, security: openSecurity, serviceCidr: '10.96.0.0/16', serviceNodePortRange: '30000-32767', version: { major: '1', minor: '36', gitVersion: 'v1.36.0' }, ...config,
  });
  await server.start();
  const transport = memoryTransport(server.handler, { user: 'tester', groups: ['system:masters'] });
  const call: TestServer['call'] = async (method, path, body, headers = {}) => {
    const text = body === undefined ? undefined : typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const response = await transport.request({ method, path, headers: { 'content-type': 'application/json', 'user-agent': 'suite/1', ...headers }, ...(text === undefined ? {} : { body: text }) });
    const answered = Buffer.from(await response.bytes()).toString();
    const isJson = response.headers['content-type']?.startsWith('application/json') === true;
    return { status: response.status, headers: response.headers, text: answered, body: isJson && answered !== '' ? JSON.parse(answered) : undefined };
  };
  return {
    server,
    transport,
    call,
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
    patch: (path, type, body) => call('PATCH', path, body, { 'content-type': patchTypes[type] }),
    del: (path, body) => call('DELETE', path, body),
    async [Symbol.asyncDispose]() {
      await transport.close();
      await server.close();
    },
  };
}

/** Reads watch events until `count` have come or the stream has ended. */
export async function watchEvents(suite: TestServer, path: string, count: number, signal?: AbortSignal): Promise<{ type: string; object: Answer['body'] }[]> {
  const response = await suite.transport.request({ method: 'GET', path, ...(signal === undefined ? {} : { signal }) });
  const events: { type: string; object: Answer['body'] }[] = [];
  let text = '';
  for await (const chunk of response.body) {
    text += Buffer.from(chunk).toString();
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      events.push(JSON.parse(text.slice(0, at)) as { type: string; object: Answer['body'] });
      text = text.slice(at + 1);
    }
    if (events.length >= count) break;
  }
  return events;
}

export function pod(name: string, more: { labels?: Record<string, string>; nodeName?: string } = {}): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...(more.labels === undefined ? {} : { labels: more.labels }) },
    spec: { containers: [{ name: 'main', image: 'busybox' }], ...(more.nodeName === undefined ? {} : { nodeName: more.nodeName }) },
  };
}
