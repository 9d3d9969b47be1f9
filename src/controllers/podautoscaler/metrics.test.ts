// Metrics read from the metrics APIs, on a client that answers by hand.
import { expect, test } from 'vitest';
import { createClient } from '#client';
import { createVirtualWorld } from '#testing';
import type { Transport } from '#wire';
import { externalMetric, podMetrics, resourceMetrics, type Asking } from './metrics.ts';

const at = '2026-01-01T12:00:00Z';
const item = (name: string, containers: readonly object[]) => ({ metadata: { name }, timestamp: at, window: '1m0.5s', containers });

function asking(answers: Readonly<Record<string, unknown>>): Asking & { readonly asked: string[] } {
  const asked: string[] = [];
  const transport: Transport = {
    async request({ path }) {
      asked.push(path);
      const answer = answers[path.split('?')[0] ?? ''];
      const status = answer === undefined ? 404 : 200;
      const body = Buffer.from(JSON.stringify(answer ?? { kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'not here', code: 404 }));
      return { status, headers: { 'content-type': 'application/json' }, body: (async function* () { yield body; })(), bytes: () => Promise.resolve(body) };
    },
    close: () => Promise.resolve(),
  };
  return { client: createClient(createVirtualWorld({ seed: 1 }), transport, { userAgent: 'test' }), namespace: 'a', signal: new AbortController().signal, asked };
}

test('resource use is summed over containers, and told only when all tell', async () => {
  const items = [
    item('whole', [{ name: 'c', usage: { cpu: '250m', memory: '1Mi' } }, { name: 'd', usage: { cpu: '1500000000n' } }]),
    item('partial', [{ name: 'c', usage: { cpu: '1' } }, { name: 'd', usage: {} }]),
  ];
  const source = asking({ '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods': { items } });
  expect([...(await resourceMetrics(source, 'cpu', 'app=web', ''))]).toEqual([['whole', { value: 1750, timestampMs: Date.parse(at), windowMs: 60_500 }]]);
  expect([...(await resourceMetrics(source, 'cpu', 'app=web', 'c')).keys()]).toEqual(['whole', 'partial']);
  expect(source.asked[0]).toContain('labelSelector=app%3Dweb');
});

test('an empty answer and a missing API are failures', async () => {
  await expect(resourceMetrics(asking({ '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods': { items: [] } }), 'cpu', '', '')).rejects.toThrow('no metrics returned from resource metrics API');
  await expect(resourceMetrics(asking({}), 'cpu', '', '')).rejects.toThrow('unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API');
});

test('custom metrics fall back to the older version; external ones are summed', async () => {
  const source = asking({
    '/apis/custom.metrics.k8s.io/v1beta1/namespaces/a/pods/*/qps': { items: [{ describedObject: { name: 'p' }, timestamp: at, value: '12' }] },
    '/apis/external.metrics.k8s.io/v1beta1/namespaces/a/depth': { items: [{ value: '3' }, { value: '500m' }] },
  });
  expect([...(await podMetrics(source, 'qps', '', ''))]).toEqual([['p', { value: 12_000, timestampMs: Date.parse(at), windowMs: 60_000 }]]);
  expect(await externalMetric(source, 'depth', '')).toBe(3500);
});
