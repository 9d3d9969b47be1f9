// The text that scrapers read, and what counting does to it.
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('families are told by name, labels by alphabet, numbers as Go writes them', async () => {
  const metrics = createMetrics();
  const requests = metrics.counter('requests_total', 'Requests.', ['verb', 'code']);
  const kept = requests.labels({ verb: 'GET', code: 200 });
  kept.inc();
  requests.inc({ code: 200, verb: 'GET' }, 1_234_566);
  requests.inc({ verb: 'say "\n"' });
  metrics.gauge('alone', 'Shown before it is set.');
  metrics.gauge('never_set', 'With labels and without a value.', ['a']);
  const seconds = metrics.histogram('seconds', 'How long.', ['verb'], [0.00001, 1, 1e6]);
  seconds.observe({ verb: 'GET' }, 1);
  seconds.labels('GET').observe(2e6);
  metrics.read('elsewhere', 'Kept elsewhere.', 'counter', () => [{ labels: { b: 1, a: 2 }, value: 0.5 }]);
  expect(await metrics.text()).toBe(`# HELP alone Shown before it is set.
# TYPE alone gauge
alone 0
# HELP elsewhere Kept elsewhere.
# TYPE elsewhere counter
elsewhere{a="2",b="1"} 0.5
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200",verb="GET"} 1.234567e+06
requests_total{code="",verb="say \\"\\n\\""} 1
# HELP seconds How long.
# TYPE seconds histogram
seconds_bucket{verb="GET",le="1e-05"} 0
seconds_bucket{verb="GET",le="1"} 1
seconds_bucket{verb="GET",le="1e+06"} 1
seconds_bucket{verb="GET",le="+Inf"} 2
seconds_sum{verb="GET"} 2.000001e+06
seconds_count{verb="GET"} 2
`);
});

test('a summary tells quantiles of what was observed last', async () => {
  const metrics = createMetrics();
  const summary = metrics.summary('latest', 'Latest.', [], [0.5, 0.99]);
  for (let value = 1; value <= 2000; value++) summary.labels().observe(value);
  expect(await metrics.text()).toContain('latest{quantile="0.5"} 1488\nlatest{quantile="0.99"} 1990\nlatest_sum 2.001e+06\nlatest_count 2000\n');
});

test('what is asked for again is the same; a removed child is gone, a reset family without labels stands at 0', async () => {
  const metrics = createMetrics();
  metrics.gauge('one', 'One.').set(5);
  metrics.gauge('one', 'One.').inc();
  expect(await metrics.text()).toContain('one 6\n');
  metrics.gauge('one', 'One.').reset();
  expect(await metrics.text()).toContain('one 0\n');
  const many = metrics.gauge('many', 'Many.', ['name']);
  many.set({ name: 'a' }, 1);
  many.remove({ name: 'a' });
  expect(await metrics.text()).not.toContain('many');
  expect(() => metrics.counter('one', 'One.')).toThrow('two types');
});

test('rules: disabled metrics are not told, other label values are counted together, former names are shown on demand', async () => {
  const former = [{ name: 'old_seconds', of: 'seconds', help: '(Deprecated since 1.27.0) How long.' }, { name: 'old_gone', of: 'gone', help: 'Gone.' }];
  const fill = async (rules: Parameters<typeof createMetrics>[0]): Promise<string> => {
    const metrics = createMetrics(rules);
    const seconds = metrics.histogram('seconds', 'How long.', ['verb'], [1]);
    for (const verb of ['GET', 'PUT', 'POST']) seconds.observe({ verb }, 0.5);
    metrics.counter('calls', 'Calls.', ['a', 'verb']).labels('x', 'PUT').inc();
    metrics.counter('bad', 'Bad.').inc();
    metrics.gauge('gone', 'Gone.').set(1);
    metrics.read('kept', 'Kept.', 'gauge', () => [{ labels: { verb: 'A' }, value: 1 }, { labels: { verb: 'B' }, value: 2 }, { labels: { verb: 'GET' }, value: 4 }]);
    return metrics.text();
  };
  const verbs = new Map([['verb', new Set(['GET'])]]);
  const text = await fill({ disabled: ['bad', 'old_gone', 'gone'], allowed: new Map([['seconds', verbs], ['calls', verbs], ['kept', verbs]]), former, showsFormer: true });
  for (const line of [
    'seconds_count{verb="GET"} 1', 'seconds_count{verb="unexpected"} 2', 'calls{a="x",verb="unexpected"} 1', 'kept{verb="unexpected"} 3', 'kept{verb="GET"} 4', 'disabled_metrics_total 3', 'hidden_metrics_total 4',
    '# HELP old_seconds (Deprecated since 1.27.0) How long.', '# TYPE old_seconds histogram', 'old_seconds_bucket{verb="unexpected",le="1"} 2', 'old_seconds_sum{verb="GET"} 0.5',
  ]) expect(`\n${text}`).toContain(`\n${line}\n`);
  expect(text).toMatch(/\ncardinality_enforcement_unexpected_categorizations_total [1-9]\d*\n/);
  expect(text).not.toMatch(/^(bad|gone|old_gone) /m);
  const plain = await fill({ former });
  expect(plain).toContain('bad 1\n');
  expect(plain).toContain('hidden_metrics_total 2\n');
  expect(plain).not.toContain('old_');
});
