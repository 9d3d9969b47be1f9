// The bands of cluster sizes, and what a node's annotation becomes.
import { expect, test } from 'vitest';
import { startCluster } from '#testing';
import { annotation, annotationFor, bandFor } from './reconcile.ts';

test('a cluster that grows and shrinks goes from band to band late', () => {
  let band = 0;
  const seen = [100, 101, 95, 89, 501, 460, 449, 1001, 2001, 1850, 1799].map((count) => (band = bandFor(count, band)));
  expect(seen).toEqual([0, 1, 1, 0, 2, 2, 1, 3, 4, 4, 3]);
});

test.each<[string | undefined, number, string | undefined]>([
  [undefined, 0, '0'],
  ['0', 0, undefined],
  ['0', 1, '15'],
  ['15', 1, undefined],
  ['soon', 2, '30'],
])('%s in band %d', (text, band, wanted) => {
  const annotations: Record<string, string> = text === undefined ? {} : { [annotation]: text };
  expect(annotationFor({ metadata: { annotations } }, band)).toBe(wanted);
});

test('nodes of a cluster carry it', async () => {
  await using cluster = await startCluster({ nodes: 1, scheduler: false, controllers: ['ttl'] });
  await cluster.until(async () => {
    const { items } = await cluster.client.resource<{ metadata?: { annotations?: Record<string, string> } }>('nodes').list();
    return items.length === 1 && items.every((node) => node.metadata?.annotations?.[annotation] === '0');
  }, { within: '1m' });
});
