// A closed server leaves nothing running: no timer of its own remains on the clock, whatever was configured and however
// badly its neighbours behaved.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock, type Clock } from '#base/clock.ts';
import { openMemoryStore } from '#store';
import { generateKey, memoryTransport } from '#wire';
import { defaultAuditOptions, openAudit } from './audit/index.ts';
import { definition, establish } from './crds/crd.case.ts';
import { defaultSecurity } from './default-security.ts';
import { startTestServer, testWorld } from './test-server.case.ts';

/** Counts the timers that are set and have neither run nor been cancelled, by where they were set. */
function countingClock(): { readonly clock: Clock; pending(): string[] } {
  const waiting = new Map<object, string>();
  return {
    clock: {
      ...systemClock,
      after(delayMs, run, options) {
        const token = {};
        waiting.set(token, `${delayMs} ms ${new Error('set').stack?.split('\n').slice(2, 6).join(' ') ?? ''}`);
        const timer = systemClock.after(delayMs, () => {
          waiting.delete(token);
          run();
        }, options);
        return {
          cancel() {
            waiting.delete(token);
            timer.cancel();
          },
        };
      },
    },
    pending: () => [...waiting.values()],
  };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-close-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function auditOptions(): typeof defaultAuditOptions {
  const { log } = defaultAuditOptions;
  return { ...defaultAuditOptions, policyFile: 'default', log: { ...log, path: join(folder, 'audit.log'), batch: { ...log.batch, mode: 'batch', maxSize: 100, maxWaitMs: 30_000 } } };
}

test('closing stops everything: caches that cannot be converted, backends that are let go, batches, watched files, watches', async () => {
  const { clock, pending } = countingClock();
  const world = { ...testWorld(), clock };
  const stopped = new AbortController();
  const authorizationFile = join(folder, 'authorization.yaml');
  writeFileSync(authorizationFile, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers: [{ type: 'RBAC', name: 'rbac' }] }));
  const store = openMemoryStore(testWorld());
  const broken = (): ReturnType<typeof memoryTransport> => memoryTransport(async (exchange) => exchange.send(500, {}, 'out of order'), { user: 'w', groups: [] });
  const audit = openAudit(world, auditOptions());
  if (audit === undefined) throw new Error('no audit');
  const api = await startTestServer(store, {
    audit, connect: broken, frontProxy: () => ({ cert: 'c', key: 'k' }),
    security: defaultSecurity(world, { serviceAccountKey: generateKey(), issuer: 'https://kubernetes.default.svc', authorizationModes: ['Node', 'RBAC'], authorizationFile, signal: stopped.signal }),
  }, world);
  await establish(api, definition([
    { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
  ], { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://webhook.example.com/convert' } } } }));
  await api.post('/apis/stable.example.com/v1/namespaces/default/crontabs', { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'a' } });
  expect((await api.get('/apis/stable.example.com/v2/namespaces/default/crontabs')).status).toBe(500);

  const services = '/apis/apiregistration.k8s.io/v1/apiservices';
  await api.post('/api/v1/namespaces/default/services', { metadata: { name: 'ext' }, spec: { ports: [{ port: 443 }] } });
  await api.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'ext-1', labels: { 'kubernetes.io/service-name': 'ext' } }, addressType: 'IPv4', ports: [{ name: '', port: 443, protocol: 'TCP' }], endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
  });
  const named = (group: string): object => ({ metadata: { name: `v1.${group}` }, spec: { group, version: 'v1', service: { namespace: 'default', name: 'ext', port: 443 }, groupPriorityMinimum: 2000, versionPriority: 200, insecureSkipTLSVerify: true } });
  expect((await api.post(services, named('one.example.com'))).status).toBe(201);
  await vi.waitFor(async () => expect((await api.get(`${services}/v1.one.example.com`)).body.status?.conditions?.[0]?.reason).toBe('FailedDiscoveryCheck'), { timeout: 5000, interval: 10 });
  expect((await api.del(`${services}/v1.one.example.com`)).status).toBe(200);
  await vi.waitFor(() => expect(pending().some((timer) => timer.includes('backends.ts'))).toBe(true), { timeout: 5000, interval: 10 });
  const watching = await api.transport.request({ method: 'GET', path: '/api/v1/pods?watch=1' });
  expect(watching.status).toBe(200);

  await api[Symbol.asyncDispose]();
  stopped.abort(new Error('the program ends'));
  await store.close();
  await vi.waitFor(() => expect(pending()).toEqual([]), { timeout: 1000, interval: 20 });
});
