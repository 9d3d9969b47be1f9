// Auditing through REST: who, what, how it ended, and never more than the policy says.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '#base/clock.ts';
import { openMemoryStore, type Store } from '#store';
import { startTestServer, testWorld, watchEvents, type TestServer } from '../test-server.case.ts';
import type { AuditBackend } from './backend.ts';
import { buffered, truncating } from './backend.ts';
import type { AuditEvent } from './event.ts';
import { createAuditor, defaultAuditOptions, openAudit, type AuditOptions } from './index.ts';
import { createAuditMetrics } from './metrics.ts';
import { auditProblems } from './options.ts';
import { latencyAnnotations } from './latency-annotations.ts';
import { openLogFile } from './log-file.ts';
import { parsePolicy } from './policy.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const secrets = '/api/v1/namespaces/default/secrets';

let folder: string;
let log: string;
let store: Store;
let api: TestServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-audit-'));
  log = join(folder, 'audit.log');
  store = openMemoryStore(testWorld());
});
afterEach(async () => {
  await api?.[Symbol.asyncDispose]();
  api = undefined;
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function policyFile(policy: object): string {
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }));
  return path;
}

async function start(policy: object | 'default', more: Partial<AuditOptions> = {}): Promise<TestServer> {
  const policyFileName = policy === 'default' ? 'default' : policyFile(policy);
  const audit = openAudit(testWorld(), { ...defaultAuditOptions, policyFile: policyFileName, log: { ...defaultAuditOptions.log, path: log }, ...more });
  if (audit === undefined) throw new Error('no auditor');
  api = await startTestServer(store, { audit });
  return api;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a test looks wherever it likes
function events(): any[] {
  return readFileSync(log, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** The events of one request, once its last stage is written. */
async function timedEventsOf(id: string | undefined, count: number) {
  await expect.poll(() => events().filter((event) => event.auditID === id).length).toBe(count);
  return events().filter((event) => event.auditID === id);
}

/** The same without what a busy machine adds. */
async function eventsOf(id: string | undefined, count: number) {
  const found = await timedEventsOf(id, count);
  for (const { annotations = {} } of found) for (const key of Object.keys(annotations)) if (key.startsWith('apiserver.latency.k8s.io/')) delete annotations[key];
  return found;
}

describe('an audited request', () => {
  it('is told when it comes and when it ends', async () => {
    const server = await start({ rules: [{ level: 'Metadata' }] });
    const { headers } = await server.call('POST', maps, { metadata: { name: 'c' }, data: { a: 'b' } }, { 'x-forwarded-for': '10.1.2.3, bad, ::1', 'x-real-ip': '10.9.9.9' });
    const [received, complete] = await eventsOf(headers['audit-id'], 2);
    expect(received).toMatchObject({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', stage: 'RequestReceived', verb: 'create', requestURI: maps });
    expect(received.requestReceivedTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(received.stageTimestamp).toBe(received.requestReceivedTimestamp);
    expect(complete).toEqual({
      kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: headers['audit-id'], stage: 'ResponseComplete', requestURI: maps, verb: 'create',
      user: { username: 'tester', groups: ['system:masters'] }, sourceIPs: ['10.1.2.3', '::1', '10.9.9.9', '127.0.0.1'], userAgent: 'suite/1',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'c', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 }, requestReceivedTimestamp: received.requestReceivedTimestamp, stageTimestamp: complete.stageTimestamp,
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    });
    expect(Object.keys(complete).slice(0, 7)).toEqual(['kind', 'apiVersion', 'level', 'auditID', 'stage', 'requestURI', 'verb']);
  });

  it('keeps the id that the client gave, whatever its length', async () => {
    const server = await start({ rules: [{ level: 'Metadata' }], omitStages: ['RequestReceived'] });
    const id = 'x'.repeat(200);
    const { headers } = await server.call('GET', maps, undefined, { 'audit-id': id });
    expect(headers['audit-id']).toBe(id);
    expect(await eventsOf(id, 1)).toHaveLength(1);
  });

  it('shows what was sent and answered, without managed fields if so asked, whatever the encoding', async () => {
    const server = await start({ omitStages: ['RequestReceived'], omitManagedFields: true, rules: [{ level: 'RequestResponse' }] });
    const accept = { accept: 'application/vnd.kubernetes.protobuf, application/json' };
    const { headers } = await server.call('POST', maps, { metadata: { name: 'c' }, data: { a: 'b' } }, accept);
    const [created] = await eventsOf(headers['audit-id'], 1);
    expect(created.requestObject).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c' }, data: { a: 'b' } });
    expect(created.responseObject).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data: { a: 'b' } });
    expect(created.responseObject.metadata.managedFields).toBeUndefined();
    const patched = await server.patch(`${maps}/c`, 'merge', { data: { a: 'c' } });
    expect((await eventsOf(patched.headers['audit-id'], 1))[0]).toMatchObject({ verb: 'patch', requestObject: { data: { a: 'c' } }, responseObject: { data: { a: 'c' } } });
    const listed = await server.get(maps);
    const [list] = await eventsOf(listed.headers['audit-id'], 1);
    expect(list.responseObject).toMatchObject({ kind: 'ConfigMapList', items: [{ data: { a: 'c' } }] });
    expect(list.responseObject.items[0].metadata.managedFields).toBeUndefined();
    const deleted = await server.del(`${maps}/c`, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
    expect((await eventsOf(deleted.headers['audit-id'], 1))[0]).toMatchObject({
      requestObject: { kind: 'DeleteOptions', gracePeriodSeconds: 0 }, responseStatus: { metadata: {}, status: 'Success', code: 200 }, responseObject: { kind: 'Status' },
    });
  });

  it('that fails says why at every level', async () => {
    const server = await start({ omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] });
    const { headers } = await server.get(`${maps}/none`);
    expect((await eventsOf(headers['audit-id'], 1))[0].responseStatus).toEqual({
      metadata: {}, status: 'Failure', message: 'configmaps "none" not found', reason: 'NotFound', details: { name: 'none', kind: 'configmaps' }, code: 404,
    });
  });

  it('that lasts is told when its answer starts, too', async () => {
    const server = await start({ rules: [{ level: 'RequestResponse', verbs: ['watch'] }] });
    const stop = new AbortController();
    await server.post(maps, { metadata: { name: 'c' } });
    await watchEvents(server, `${maps}?watch=1&timeoutSeconds=1`, 1, stop.signal);
    stop.abort();
    await expect.poll(() => events().map((event) => event.stage)).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
    expect(events()[1].responseStatus).toEqual({ metadata: {}, code: 200 });
    expect(events()[2].responseObject).toBeUndefined();
  });
});

describe('a request that took long', () => {
  /** Commits of what has to do with this name take that long. */
  function slowStore(name: string, ms: number): Store {
    return {
      synchronousWatch: store.synchronousWatch,
      range: (query, signal) => store.range(query, signal),
      async commit(txn, signal) {
        if (txn.conditions.some(({ key }) => key.endsWith(`/${name}`))) await sleep(systemClock, ms);
        return store.commit(txn, signal);
      },
      watch: (query, handler) => store.watch(query, handler),
      compact: (revision) => store.compact(revision),
      grantLease: (seconds) => store.grantLease(seconds),
      renewLease: (id) => store.renewLease(id),
      revokeLease: (id) => store.revokeLease(id),
      status: () => store.status(),
      close: () => store.close(),
    };
  }

  const latencies = (event: { readonly annotations: Record<string, string> }): Record<string, number> =>
    Object.fromEntries(Object.entries(event.annotations).filter(([key]) => key.startsWith('apiserver.latency.k8s.io/')).map(([key, value]) => {
      expect(value).toMatch(/^(\d+(\.\d+)?)(s|ms|µs|ns)$/);
      return [key.slice('apiserver.latency.k8s.io/'.length), Number.parseFloat(value) * (/[mµn]s$/.test(value) ? (value.endsWith('ms') ? 1 : 0.001) : 1000)];
    }));

  it('tells in its last event where the time went', async () => {
    const audit = openAudit(testWorld(), { ...defaultAuditOptions, policyFile: policyFile({ rules: [{ level: 'Metadata' }] }), log: { ...defaultAuditOptions.log, path: log } });
    if (audit === undefined) throw new Error('no auditor');
    api = await startTestServer(slowStore('slow', 600), { audit });
    const slow = await api.post(maps, { metadata: { name: 'slow' } });
    const [received, complete] = await timedEventsOf(slow.headers['audit-id'], 2);
    expect(latencies({ annotations: received.annotations ?? {} })).toEqual({});
    const told = latencies(complete);
    expect(Object.keys(told)).toEqual(expect.arrayContaining(['authentication', 'authorization', 'etcd', 'response-write', 'total']));
    expect(told['etcd']).toBeGreaterThanOrEqual(590);
    expect(told['total']).toBeGreaterThanOrEqual(told['etcd'] ?? 0);
    expect(told['authentication']).toBeLessThan(told['etcd'] ?? 0);
  });

  it('is told by layers that took time, in words of Go, beyond half a second only', () => {
    const layers = { authentication: 0, authorization: 0.0125, impersonation: 0, storage: 2, mutatingWebhook: 300, validatingWebhook: 250.5, serialize: 0, responseWrite: 0 };
    expect(latencyAnnotations(1500, layers, 0)).toEqual([
      ['apiserver.latency.k8s.io/etcd', '2ms'], ['apiserver.latency.k8s.io/mutating-webhook', '300ms'], ['apiserver.latency.k8s.io/validating-webhook', '250.5ms'],
      ['apiserver.latency.k8s.io/authorization', '12.5µs'], ['apiserver.latency.k8s.io/total', '1.5s'],
    ]);
    expect(latencyAnnotations(500, layers, 0)).toEqual([]);
  });
});

describe('the policy', () => {
  it('records what its first matching rule says', async () => {
    const server = await start({
      omitStages: ['RequestReceived'],
      rules: [
        { level: 'None', verbs: ['get'], resources: [{ group: '', resources: ['configmaps'], resourceNames: ['quiet'] }] },
        { level: 'Request', resources: [{ group: '', resources: ['configmaps'] }], namespaces: ['default'] },
        { level: 'Metadata', nonResourceURLs: ['/healthz*'] },
        { level: 'Metadata', resources: [{ group: 'apps', resources: ['*/status'] }] },
      ],
    });
    await server.get(`${maps}/quiet`);
    await server.get(`${maps}/loud`);
    await server.get('/healthz/ping');
    await server.get('/version');
    await server.get('/apis/apps/v1/namespaces/default/deployments/d');
    await server.get('/apis/apps/v1/namespaces/default/deployments/d/status');
    await expect.poll(() => events().map((event) => [event.level, event.requestURI])).toEqual([
      ['Request', `${maps}/loud`], ['Metadata', '/healthz/ping'], ['Metadata', '/apis/apps/v1/namespaces/default/deployments/d/status'],
    ]);
  });

  it('that comes with the server never records the content of Secrets, config maps and tokens', async () => {
    const server = await start('default');
    await server.post(secrets, { metadata: { name: 's' }, stringData: { password: 'hunter2' } });
    await server.patch(`${secrets}/s`, 'merge', { stringData: { password: 'hunter3' } });
    await server.post(maps, { metadata: { name: 'c' }, data: { token: 'hunter4' } });
    await server.get(`${secrets}/s`);
    const { headers } = await server.post('/api/v1/namespaces/default/services', { metadata: { name: 'svc' }, spec: { ports: [{ port: 80 }] } });
    await eventsOf(headers['audit-id'], 1);
    expect(events().filter((event) => event.objectRef?.resource === 'secrets').map((event) => event.verb)).toEqual(['create', 'patch', 'get']);
    expect(readFileSync(log, 'utf8')).not.toMatch(/hunter\d|aHVudGVy/);
    expect(events().find((event) => event.objectRef?.resource === 'services')?.requestObject.spec.ports[0].port).toBe(80);
  });

  it('is validated in upstream words', () => {
    const problem = (policy: object): string => {
      try {
        parsePolicy(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }), () => {});
        return 'none';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(problem({ rules: [] })).toBe('loaded illegal policy with 0 rules');
    expect(problem({ rules: [{}] })).toBe('rules[0].level: Required value');
    expect(problem({ rules: [{ level: 'Loud' }] })).toBe('rules[0].level: Unsupported value: "Loud": supported values: "None", "Metadata", "Request", "RequestResponse"');
    expect(problem({ omitStages: ['x'], rules: [{ level: 'None' }] })).toBe('omitStages[0]: Invalid value: "x": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic');
    expect(problem({ rules: [{ level: 'None', nonResourceURLs: ['logs', '/a*b'] }] })).toBe(
      `[rules[0].nonResourceURLs[0]: Invalid value: "logs": non-resource URL rules must begin with a '/' character, rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule]`,
    );
    expect(problem({ rules: [{ level: 'None', resources: [{ resourceNames: ['a'] }] }] })).toBe('rules[0].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource');
    expect(problem({ rules: [{ level: 'None', nonResourceURLs: ['/x'], namespaces: ['a'] }] })).toContain('rules cannot apply to both regular resources and non-resource URLs');
    expect(problem({ rules: [{ level: 'None', levels: 1 }] })).toBe('none');
  });
});

describe('the log backend', () => {
  it('writes the legacy form', async () => {
    const server = await start({ omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] }, { log: { ...defaultAuditOptions.log, path: log, format: 'legacy' } });
    await server.call('GET', maps, undefined, { 'audit-id': 'one' });
    // The server's own requests are recorded as well.
    await expect.poll(() => readFileSync(log, 'utf8').match(/^.* id="one" .*\n/m)?.[0]).toMatch(
      /^\S+Z AUDIT: id="one" stage="ResponseComplete" ip="127.0.0.1" method="list" user="tester" groups="\\"system:masters\\"" as="<self>" asgroups="<lookup>" user-agent="suite\/1" namespace="default" uri="\/api\/v1\/namespaces\/default\/configmaps" response="200"\n$/,
    );
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  it('rotates, compresses and forgets', async () => {
    const world = testWorld();
    let now = Date.parse('2026-03-01T00:00:00Z');
    const file = openLogFile({ ...world, clock: { ...world.clock, now: () => now } }, { path: log, maxMegabytes: 1, maxAgeDays: 0, maxBackups: 2, compress: true });
    for (let at = 0; at < 5; at++, now += 1000) file.write(`${String(at).repeat(700 * 1024)}\n`);
    await file.close();
    expect(readdirSync(folder).sort()).toEqual(['audit-2026-03-01T00-00-03.000.log.gz', 'audit-2026-03-01T00-00-04.000.log.gz', 'audit.log']);
    expect(gunzipSync(readFileSync(join(folder, 'audit-2026-03-01T00-00-04.000.log.gz'))).toString().slice(0, 3)).toBe('333');
  });
});

function collector(): AuditBackend & { readonly batches: AuditEvent[][]; fails: boolean } {
  const batches: AuditEvent[][] = [];
  return {
    name: 'collector', batches, fails: false,
    record(given) {
      if (this.fails) return false;
      batches.push([...given]);
      return true;
    },
    close: async () => {},
  };
}

function event(id: string, more: Partial<AuditEvent> = {}): AuditEvent {
  return { level: 'Request', auditId: id, stage: 'ResponseComplete', requestUri: '/', verb: 'get', user: undefined, sourceIps: [], userAgent: '', receivedMs: 0, stageMs: 0, ...more };
}

describe('backends', () => {
  it('in strict mode refuse the request that cannot be recorded', async () => {
    const backend = collector();
    const world = testWorld();
    const policy = parsePolicy('{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}', () => {});
    api = await startTestServer(store, { audit: createAuditor(world, { policy, backend: () => backend }) });
    expect((await api.get(maps)).status).toBe(200);
    backend.fails = true;
    const refused = await api.get(maps);
    expect([refused.status, refused.body.message]).toEqual([500, 'Internal error occurred: failed to store audit event']);
    expect(await world.metrics.text()).toContain('apiserver_audit_requests_rejected_total 1');
  });

  it('in batch mode send full batches, the rest after a while, and drop what does not fit', async () => {
    const world = testWorld();
    const backend = collector();
    const batch = buffered(world, backend, { bufferSize: 5, maxSize: 2, maxWaitMs: 20, parallel: 1 }, createAuditMetrics(world));
    batch.record(['a', 'b', 'c'].map((id) => event(id)));
    await expect.poll(() => backend.batches.map((events) => events.map((each) => each.auditId).join(''))).toEqual(['ab', 'c']);
    batch.record(Array.from({ length: 9 }, (_, at) => event(String(at))));
    await batch.close();
    expect(backend.batches.slice(2).flat().map((each) => each.auditId).join('')).toBe('01234');
    batch.record([event('late')]);
    expect(await world.metrics.text()).toContain('apiserver_audit_error_total{plugin="buffered"} 5');
  });

  it('do not keep the server from ending when their receiver does not answer', async () => {
    const waits: number[] = [];
    const world = { ...testWorld(), clock: { ...systemClock, after: (ms: number, run: () => void, options?: { background?: boolean }) => {
      if (ms >= 5000) waits.push(ms);
      return systemClock.after(ms >= 5000 ? 0 : ms, run, options);
    } } };
    let closed = false;
    const stuck: AuditBackend = { name: 'stuck', record: () => new Promise<boolean>(() => {}), close: async () => void (closed = true) };
    const batch = buffered(world, stuck, { bufferSize: 5, maxSize: 2, maxWaitMs: 20, parallel: 1 }, createAuditMetrics(world));
    batch.record(['a', 'b', 'c', 'd', 'e'].map((id) => event(id)));
    await batch.close();
    expect([waits, closed]).toEqual([[10_000], true]);
    expect(await world.metrics.text()).toContain('apiserver_audit_error_total{plugin="buffered"} 3');
  });

  it('truncate what is too large', async () => {
    const world = testWorld();
    const backend = collector();
    const truncate = truncating(backend, { maxEventBytes: 600, maxBatchBytes: 700 }, createAuditMetrics(world));
    truncate.record([event('a', { requestObject: 'x'.repeat(1000) }), event('b'), event('c'), event('d', { userAgent: 'y'.repeat(1000) })]);
    expect(backend.batches.map((events) => events.map((each) => each.auditId).join(''))).toEqual(['ab', 'c']);
    expect(backend.batches[0]?.[0]).toMatchObject({ annotations: { 'audit.k8s.io/truncated': 'true' } });
    expect(backend.batches[0]?.[0]?.requestObject).toBeUndefined();
    expect(await world.metrics.text()).toContain('apiserver_audit_error_total{plugin="truncate"} 1');
  });
});

describe('the webhook backend', () => {
  let receiver: Server;
  let bodies: { items: { auditID: string; kind?: string }[]; kind: string }[];
  let failures: number;

  beforeEach(async () => {
    bodies = [];
    failures = 0;
    receiver = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (request.headers.authorization !== 'Bearer t0ken' || failures-- > 0) response.writeHead(503).end();
        else {
          bodies.push(JSON.parse(Buffer.concat(parts).toString()) as (typeof bodies)[number]);
          response.writeHead(200).end('{}');
        }
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => receiver.close());

  it('sends lists of events, again when the receiver is not well', async () => {
    const config = join(folder, 'webhook.yaml');
    const { port } = receiver.address() as AddressInfo;
    writeFileSync(config, JSON.stringify({
      'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'a', user: 'u' } }],
      clusters: [{ name: 'a', cluster: { server: `http://127.0.0.1:${port}/audit` } }], users: [{ name: 'u', user: { token: 't0ken' } }],
    }));
    failures = 1;
    const { webhook } = defaultAuditOptions;
    const batch = { ...webhook.batch, maxWaitMs: 30 };
    const server = await start({ omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] }, { log: defaultAuditOptions.log, webhook: { ...webhook, configFile: config, initialBackoffMs: 10, batch } });
    await server.call('GET', maps, undefined, { 'audit-id': 'one' });
    await expect.poll(() => bodies.flatMap((list) => list.items.map((item) => item.auditID))).toContain('one');
    expect(bodies[0]).toMatchObject({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1' });
  });
});

describe('flags', () => {
  it('are checked in upstream words', () => {
    const { log: logFlags, webhook } = defaultAuditOptions;
    const bad: AuditOptions = {
      policyFile: 'p',
      log: { ...logFlags, path: '-', format: 'xml', maxAgeDays: -1, batch: { ...logFlags.batch, mode: 'now' }, truncate: { enabled: true, maxEventBytes: 10, maxBatchBytes: 5 } },
      webhook: { ...webhook, configFile: 'w', version: 'v2', batch: { ...webhook.batch, throttleQps: 0 } },
    };
    expect(auditProblems(bad)).toEqual([
      'invalid audit log mode now, allowed modes are "batch,blocking,blocking-strict"',
      'invalid audit truncate log max batch size 5, must be greater than max event size (10)',
      'invalid audit log format xml, allowed formats are "legacy,json"',
      "--audit-log-maxage -1 can't be a negative number",
      'invalid audit batch webhook throttle QPS 0, must be a positive number',
      'invalid group version, allowed versions are [{"audit.k8s.io" "v1"}]',
    ]);
  });

  it('without a policy turn nothing on', () => {
    expect(openAudit(testWorld(), { ...defaultAuditOptions, log: { ...defaultAuditOptions.log, path: log } })).toBeUndefined();
  });
});
