// What flags do to a server that runs: how it lets itself be talked to, how long events stay, which metrics it tells.
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { apiserverFlags } from './apiserver-flags.ts';
import { parseFlags } from './flag-parse.ts';
import { metricFlagErrors, metricRules } from './metric-flags.ts';
import { folder, save, start } from './server-process.case.ts';

/** What a handshake comes to: protocol, cipher suite and the protocol spoken inside; or the alert. */
function handshake(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      resolve(`${String(socket.getProtocol())} ${socket.getCipher().name} ${String(socket.alpnProtocol)}`);
      socket.destroy();
    });
    socket.once('error', (error) => resolve(/alert [a-z ]+/.exec(error.message)?.[0] ?? error.message));
  });
}

const both = ['h2', 'http/1.1'];
const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };

async function startWith(flags: readonly string[]): Promise<Awaited<ReturnType<typeof start>>> {
  return start([`--token-auth-file=${save('tokens.csv', 'admin-token,admin,1,"system:masters"\n')}`, '--authorization-mode=RBAC', ...flags]);
}

const admin = { token: 'admin-token' };

test('by default: TLS 1.2 and 1.3, HTTP/2', async () => {
  const { port } = await startWith([]);
  expect(await handshake(port, { ALPNProtocols: both })).toMatch(/^TLSv1\.3 \S+ h2$/);
  expect(await handshake(port, { maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 /);
  expect(await handshake(port, old)).toContain('alert protocol version');
});

test('--tls-min-version: what is older is refused', async () => {
  const { port } = await startWith(['--tls-min-version=VersionTLS13']);
  expect(await handshake(port, { maxVersion: 'TLSv1.2' })).toContain('alert protocol version');
  expect(await handshake(port, {})).toMatch(/^TLSv1\.3 /);
});

test('--tls-cipher-suites, --disable-http2-serving, --event-ttl and the flags of metrics', async () => {
  const server = await startWith([
    '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', '--disable-http2-serving', '--event-ttl=2s', '--disabled-metrics=apiserver_request_sli_duration_seconds,apiserver_watch_events_total',
    '--allow-metric-labels=apiserver_request_total,verb=POST,LIST', '--show-hidden-metrics-for-version=1.35',
  ]);
  const { port } = server;
  const before = { maxVersion: 'TLSv1.2' } as const;
  expect(await handshake(port, { ...before, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384', ALPNProtocols: both })).toBe('TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 http/1.1');
  expect(await handshake(port, { ...before, ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' })).toContain('alert handshake failure');
  // TLS 1.3 has suites of its own, which nobody chooses.
  expect(await handshake(port, { ALPNProtocols: both })).toMatch(/^TLSv1\.3 TLS_\S+ http\/1\.1$/);
  const events = '/api/v1/namespaces/default/events';
  const made = await server.ask(events, admin, 'POST', JSON.stringify({ metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' } }));
  expect(made.status).toBe(201);
  await expect.poll(async () => (await server.ask(`${events}/e`, admin)).status, { timeout: 30_000 }).toBe(404);
  const { text } = await server.ask('/metrics', admin);
  const told = (pattern: RegExp): number => text.split('\n').filter((line) => pattern.test(line)).length;
  const verbs = (name: string): number => told(new RegExp(`^apiserver_request_total\\{.*verb="${name}"`));
  expect([verbs('POST') > 0, verbs('unexpected') > 0, verbs('GET')]).toEqual([true, true, 0]);
  expect(told(/^(# HELP |# TYPE )?apiserver_request_sli_duration_seconds/)).toBe(0);
  expect(told(/^disabled_metrics_total 2$/)).toBe(1);
  expect(told(/^# HELP apiserver_flowcontrol_request_concurrency_limit \[ALPHA\] \(Deprecated since 1\.30\.0\) /)).toBe(1);
  expect(told(/^apiserver_flowcontrol_request_concurrency_limit\{priority_level="[a-z-]+"\} \d/)).toBeGreaterThan(1);
  // Under its former name too: disabling is for one name.
  expect(told(/^apiserver_request_slo_duration_seconds_count\{.*verb="POST"/)).toBeGreaterThan(0);
});

describe('flags of metrics', () => {
  const errorsOf = (...args: string[]): string[] => metricFlagErrors(parseFlags(apiserverFlags, args));
  test('mistakes are told in the words of component-base', () => {
    expect(errorsOf('--show-hidden-metrics-for-version=1.34')).toEqual([`metrics.showHiddenMetricsForVersion: Invalid value: "1.34": must be omitted or have the value '1.35'; only the previous minor version is allowed`]);
    expect(errorsOf('--disabled-metrics=a,b c')).toEqual(['metrics.disabledMetrics: Invalid value: ["a","b c"]: must be fully qualified metric names matching "^[a-zA-Z_:][a-zA-Z0-9_:]*$", got "b c"']);
    expect(errorsOf('--allow-metric-labels=metric=v')).toEqual([
      'metrics.allowListMapping: Invalid value: {"metric":"v"}: must have keys with format `metricName,labelName` where metricName matches "[a-zA-Z_:][a-zA-Z0-9_:]*" and labelName matches "[a-zA-Z_][a-zA-Z0-9_]*"',
    ]);
    expect(errorsOf('--allow-metric-labels-manifest=/nowhere/m')).toEqual(['metrics.allowListMappingManifest: Invalid value: "/nowhere/m": failed to read allow list manifest: open /nowhere/m: no such file or directory']);
    const manifest = save('manifest.yaml', '"m,l": "a,b"\nn,l: c\n');
    expect(errorsOf(`--allow-metric-labels-manifest=${manifest}`)).toEqual([]);
    expect(errorsOf(`--allow-metric-labels-manifest=${manifest}`, '--allow-metric-labels=m,l=a')).toEqual([
      `metrics: Invalid value: {"allowListMapping":{"m,l":"a"},"allowListMappingManifest":"${join(folder, 'manifest.yaml')}"}: cannot specify both allowListMapping and allowListMappingManifest`,
    ]);
    expect(() => parseFlags(apiserverFlags, ['--allow-metric-labels=nothing'])).toThrow('invalid argument "nothing" for "--allow-metric-labels" flag: nothing must be formatted as key=value');
  });
  test('lists of values by metric and label, from flags and from the manifest', () => {
    const allowed = (...args: string[]): unknown => [...(metricRules(parseFlags(apiserverFlags, args)).allowed ?? [])].map(([metric, labels]) => [metric, [...labels].map(([label, values]) => [label, [...values]])]);
    expect(allowed('--allow-metric-labels="m,l=a,b","m,k=c"', '--allow-metric-labels=n,l=d')).toEqual([['m', [['l', ['a', 'b']], ['k', ['c']]]], ['n', [['l', ['d']]]]]);
    expect(allowed(`--allow-metric-labels-manifest=${save('manifest.yaml', '"m,l": "a,b"\n')}`)).toEqual([['m', [['l', ['a', 'b']]]]]);
    expect(allowed()).toEqual([]);
  });
});
