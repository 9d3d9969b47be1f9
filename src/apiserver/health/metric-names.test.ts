// Upstream's documented metrics of kube-apiserver (testdata/upstream-metrics.tsv: name, type, labels, buckets) against
// those that this server has. What is missing stands below with the reason, and the list may only shrink.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { metaMetrics } from '#base/metric-rules.ts';
import { createMetrics, type Metrics } from '#base/metrics.ts';
import type { World } from '#base/world.ts';
import { openMemoryStore } from '#store';
import { defaultAuditOptions, openAudit } from '../audit/index.ts';
import { createSignerMetrics } from '../authn/external-signer-metrics.ts';
import { defaultSecurity } from '../default-security.ts';
import { createEgressCounter } from '../egress/selector.ts';
import { createEncryptionMetrics } from '../encryption/metrics.ts';
import { startTestServer, testWorld } from '../test-server.case.ts';
import { gaps } from './metric-gaps.case.ts';

interface Known {
  readonly type: string;
  readonly labels: readonly string[];
  readonly buckets: readonly number[];
}

/** Metrics that remember what was registered; labels of what is read are those of its first line. */
function recording(): { readonly metrics: Metrics; known(): Map<string, Known> } {
  const inner = createMetrics();
  const known = new Map<string, () => Known>();
  const note = (name: string, type: string, labels: readonly string[] = [], buckets: readonly number[] = []): void => void known.set(name, () => ({ type, labels: labels.toSorted(), buckets }));
  const metrics: Metrics = {
    counter(name, help, labels) {
      note(name, 'counter', labels);
      return inner.counter(name, help, labels);
    },
    gauge(name, help, labels) {
      note(name, 'gauge', labels);
      return inner.gauge(name, help, labels);
    },
    histogram(name, help, labels, buckets) {
      note(name, 'histogram', labels, buckets);
      return inner.histogram(name, help, labels, buckets);
    },
    summary(name, help, labels, quantiles) {
      note(name, 'summary', labels);
      return inner.summary(name, help, labels, quantiles);
    },
    read(name, help, type, samples) {
      known.set(name, () => ({ type, labels: [], buckets: [] }));
      inner.read(name, help, type, samples);
    },
    text: () => inner.text(),
  };
  return { metrics, known: () => new Map([...known].map(([name, of]) => [name, of()])) };
}

function upstream(): Map<string, Known> {
  const rows = readFileSync(new URL('testdata/upstream-metrics.tsv', import.meta.url), 'utf8').trim().split('\n');
  return new Map(rows.map((row) => {
    const [name = '', type = '', labels = '', buckets = ''] = row.split('\t');
    return [name, { type, labels: labels === '' ? [] : labels.split(','), buckets: buckets === '' ? [] : buckets.split(',').map(Number) }];
  }));
}

/** A server with everything configured that has metrics of its own. */
async function registered(): Promise<Map<string, Known>> {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-metrics-'));
  const record = recording();
  const world: World = { ...testWorld(), metrics: record.metrics };
  const stop = new AbortController();
  const config = (kind: string, rest: object): string => JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind, ...rest });
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const kubeconfig = file('hook', JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: '' } }], clusters: [{ name: 'k', cluster: { server: 'http://127.0.0.1:1/' } }],
  }));
  const webhook = { timeout: '3s', subjectAccessReviewVersion: 'v1', failurePolicy: 'Deny', authorizedTTL: '1m', unauthorizedTTL: '1m', connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: kubeconfig } };
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  createEncryptionMetrics(world, 'me');
  createSignerMetrics(world.metrics);
  createEgressCounter(world);
  metaMetrics(world.metrics);
  const audit = openAudit(world, { ...defaultAuditOptions, policyFile: 'default', log: { ...defaultAuditOptions.log, path: join(directory, 'audit.log') } });
  const store = openMemoryStore(world);
  const security = defaultSecurity(world, {
    serviceAccountKey: key, issuer: 'https://me', authorizationModes: [], signal: stop.signal, tokenWebhook: { kubeconfig, version: 'v1', cacheMs: 1 },
    authorizationFile: file('authorization', config('AuthorizationConfiguration', { authorizers: [{ type: 'Webhook', name: 'hook', webhook }] })),
    jwt: { source: { path: file('authentication', config('AuthenticationConfiguration', { jwt: [] })) }, fetcher: () => () => Promise.reject(new Error('nobody')) },
  });
  try {
    await using suite = await startTestServer(store, { security, ...(audit === undefined ? {} : { audit }) }, world);
    await suite.get('/metrics');
    return record.known();
  } finally {
    stop.abort(new Error('the test is over'));
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

test('every documented metric is here, or a known gap', async () => {
  const [here, there] = [await registered(), upstream()];
  const missing = [...there.keys()].filter((name) => !here.has(name)).toSorted();
  expect(missing).toEqual([...gaps.keys()].toSorted());
  for (const [name, own] of here) {
    const theirs = there.get(name);
    if (theirs === undefined) continue;
    if (own.labels.length > 0) expect([name, own.labels]).toEqual([name, theirs.labels]);
    if (theirs.buckets.length > 0 && own.buckets.length > 0) expect([name, own.buckets]).toEqual([name, theirs.buckets]);
  }
});
