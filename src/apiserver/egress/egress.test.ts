// The egress selector's file: what is read, what is wrong with it in upstream's words, certificates that change, and what
// is counted.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { connectProxyServer } from '#testing';
import { createCa, issueCertificate, type CertifiedKey } from '#wire';
import { testWorld } from '../test-server.case.ts';
import { readEgressSelections } from './configuration.ts';
import { openEgressSelector } from './selector.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'egress-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function save(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function fileOf(selections: readonly object[], version = 'v1beta1'): string {
  return save('egress.json', JSON.stringify({ apiVersion: `apiserver.k8s.io/${version}`, kind: 'EgressSelectorConfiguration', egressSelections: selections }));
}

function problemOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}

describe('reading', () => {
  test('both versions, the name of old, names in any case', () => {
    const text = (version: string): string => `apiVersion: apiserver.k8s.io/${version}\nkind: EgressSelectorConfiguration\negressSelections:\n- name: master\n  connection: {proxyProtocol: Direct}\n- name: Etcd\n  connection: {proxyProtocol: HTTPConnect, transport: {uds: {udsName: /s}}}\n`;
    for (const version of ['v1beta1', 'v1alpha1']) {
      expect(readEgressSelections(save('f.yaml', text(version)))).toEqual([
        { name: 'controlplane', connection: { proxyProtocol: 'Direct' } }, { name: 'etcd', connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: '/s' } } } },
      ]);
    }
  });
  test.each([
    ['', "failed to read egress selector config: Object 'Kind' is missing in ''"],
    ['kind: EgressSelectorConfiguration', "failed to read egress selector config: Object 'apiVersion' is missing in 'kind: EgressSelectorConfiguration'"],
    ['apiVersion: apps/v1\nkind: DaemonSet', 'failed to read egress selector config: no kind "DaemonSet" is registered for version "apps/v1" in scheme'],
    ['apiVersion: apiserver.k8s.io/v1\nkind: EgressSelectorConfiguration', 'failed to read egress selector config: no kind "EgressSelectorConfiguration" is registered for version "apiserver.k8s.io/v1" in scheme'],
    ['apiVersion: apiserver.k8s.io/v1alpha1\nkind: AdmissionConfiguration', 'failed to read egress selector config: unexpected config type: apiserver.k8s.io/v1alpha1, Kind=AdmissionConfiguration'],
    [
      'apiVersion: apiserver.k8s.io/v1beta1\nkind: EgressSelectorConfiguration\negressSelections:\n- name: etcd\n  connection: {proxyProtocol: Direct}\n  foo: {bar: baz}',
      'failed to read egress selector config: strict decoding error: unknown field "egressSelections[0].foo"',
    ],
  ])('%j', (text, told) => {
    expect(problemOf(() => readEgressSelections(save('f.yaml', text)))).toBe(told);
  });
  test('a file that is not there', () => {
    expect(problemOf(() => readEgressSelections('/nowhere/f'))).toBe('egress-selector-config-file /nowhere/f does not exist');
  });
});

describe('validation', () => {
  const one = (connection: object): string => problemOf(() => readEgressSelections(fileOf([{ name: 'cluster', connection }]))).replace('failed to validate egress selector configuration: ', '');
  const connect = (transport: object): string => one({ proxyProtocol: 'HTTPConnect', transport });
  test.each([
    [{}, 'service.connection.protocol: Unsupported value: "": supported values: "Direct", "HTTPConnect", "GRPC"'],
    [{ proxyProtocol: 'Direct', transport: {} }, 'service.connection.transport: Invalid value: "direct": config must be absent for direct connect'],
    [{ proxyProtocol: 'HTTPConnect' }, 'service.connection.transport: Required value: transport must be set for HTTPConnect'],
    [{ proxyProtocol: 'GRPC' }, 'service.connection.transport: Required value: transport must be set for GRPC'],
    [{ proxyProtocol: 'GRPC', transport: { tcp: { url: 'http://x:1' } } }, 'service.connection.uds: Required value: UDS must be set with GRPC'],
    [{ proxyProtocol: 'GRPC', transport: { uds: {} } }, 'service.connection.udsName: Invalid value: "nil": must be present for UDS connections'],
  ])('%j', (connection, told) => {
    expect(one(connection)).toBe(told);
  });
  test.each([
    [{}, 'service.connection.tcp: Required value: One of TCP or UDS must be set'],
    [{ uds: {} }, 'service.connection.udsName: Invalid value: "nil": must be present for UDS connections'],
    [{ tcp: { url: 'ftp://x' } }, 'service.connection.url: Invalid value: "ftp://x": supported connection protocols are http:// and https://'],
    [{ tcp: { url: 'http://x:1', tlsConfig: {} } }, 'service.connection.tlsConfig: Invalid value: "nil": config must not be present when using HTTP'],
    [{ tcp: { url: 'https://x:1' } }, 'service.connection.tlsConfig: Required value: TLSConfig must be present when using HTTPS'],
    [
      { tcp: { url: 'https://x:1', tlsConfig: { caBundle: '/nowhere/ca' } } },
      '[service.connection.tlsConfig.caBundle: Invalid value: "/nowhere/ca": TLS config ca bundle does not exist, service.connection.tlsConfig.clientCert: Invalid value: "nil": Using TLS requires clientCert, service.connection.tlsConfig.clientKey: Invalid value: "nil": Using TLS requires requires clientKey]',
    ],
    [
      { tcp: { url: 'https://x:1', tlsConfig: { clientCert: '/nowhere/c', clientKey: '/nowhere/k' } } },
      '[service.connection.tlsConfig.clientCert: Invalid value: "/nowhere/c": TLS client cert does not exist, service.connection.tlsConfig.clientKey: Invalid value: "/nowhere/k": TLS client key does not exist]',
    ],
  ])('HTTPConnect %j', (transport, told) => {
    expect(connect(transport)).toBe(told);
  });
  test('TCP and UDS together', () => {
    expect(connect({ tcp: { url: 'http://x:1' }, uds: { udsName: '/s' } })).toContain('TCP and UDS cannot both be set');
  });
  test('names that are none, or twice', () => {
    const selection = (name: string): object => ({ name, connection: { proxyProtocol: 'Direct' } });
    expect(problemOf(() => readEgressSelections(fileOf(['cluster', 'Cluster', 'moon'].map(selection))))).toBe(
      'failed to validate egress selector configuration: [service.connection[1]: Duplicate value: "cluster", service.connection: Unsupported value: "moon": supported values: "cluster", "controlplane", "etcd"]',
    );
  });
});

describe('dialers', () => {
  const nowMs = systemClock.now();
  const validity = { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 3_600_000 };
  const ca = createCa(systemRandom, { commonName: 'ca', ...validity });
  const issued = (commonName: string): CertifiedKey => issueCertificate(systemRandom, ca, { commonName, usages: ['client auth', 'server auth'], dnsNames: ['proxy.example.com'], ipAddresses: [], ...validity });
  const direct = { proxyProtocol: 'Direct' };

  test('none for what is direct or not named, and it is known which', () => {
    const selector = openEgressSelector(testWorld(), fileOf([{ name: 'cluster', connection: direct }]));
    expect([selector.lookUp('cluster'), selector.lookUp('etcd'), selector.dial('cluster'), selector.dial('etcd'), selector.files]).toEqual(['direct', undefined, undefined, undefined, []]);
  });

  test('a key of another certificate, a CA that is none and a URL without a port are told at the start', () => {
    const [one, other] = [issued('one'), issued('other')];
    const [clientCert, clientKey] = [save('c.crt', one.cert), save('c.key', other.key)];
    const open = (url: string, tlsConfig: object): string => problemOf(() => openEgressSelector(testWorld(), fileOf([{ name: 'cluster', connection: { proxyProtocol: 'HTTPConnect', transport: { tcp: { url, tlsConfig } } } }])));
    const head = `failed to setup egress selector with config ${join(folder, 'egress.json')}: failed to create dialer for egressSelection "cluster": `;
    expect(open('https://x:1', { clientCert, clientKey })).toBe(`${head}failed to read key pair ${clientCert} & ${clientKey}, got tls: private key does not match public key`);
    save('c.key', one.key);
    expect(open('https://x:1', { clientCert, clientKey, caBundle: clientKey })).toBe(`${head}failed to append CA cert to the cert pool`);
    expect(open('https://x', { clientCert, clientKey })).toContain('missing port in address');
  });

  test('TLS to the proxy under another name; a new client certificate after a reload; every dial is counted', async () => {
    const world = testWorld();
    await using proxy = await connectProxyServer({ reach: () => proxy.port, tls: { ...issued('proxy'), clientCa: ca.cert } });
    const [caBundle, first] = [save('ca.crt', ca.cert), issued('first')];
    const [clientCert, clientKey] = [save('c.crt', first.cert), save('c.key', first.key)];
    const tlsConfig = { caBundle, clientCert, clientKey, tlsServerName: 'proxy.example.com' };
    const selector = openEgressSelector(world, fileOf([{ name: 'cluster', connection: { proxyProtocol: 'HTTPConnect', transport: { tcp: { url: `https://127.0.0.1:${proxy.port}`, tlsConfig } } } }]));
    const dial = selector.dial('cluster');
    if (dial === undefined) throw new Error('no dialer');
    expect(selector.files).toEqual([caBundle, clientCert, clientKey]);
    (await dial({ host: '10.0.0.1', port: 443 })).destroy();
    proxy.refusal = 'No';
    await expect(dial({ host: '10.0.0.2', port: 443 })).rejects.toThrow(`proxy error from 127.0.0.1:${proxy.port} while dialing 10.0.0.2:443, code 403: 403 No`);
    const second = issued('second');
    save('c.crt', second.cert);
    expect(() => selector.reload()).toThrow('private key does not match public key');
    save('c.key', second.key);
    save('ca.crt', createCa(systemRandom, { commonName: 'stranger', ...validity }).cert);
    selector.reload();
    await expect(dial({ host: '10.0.0.3', port: 443 })).rejects.toThrow('certificate');
    const text = await world.metrics.text();
    for (const line of [
      'start_total{protocol="http_connect",transport="tcp"} 3', 'failure_count{protocol="http_connect",stage="connect",transport="tcp"} 1',
      'failure_count{protocol="http_connect",stage="proxy",transport="tcp"} 1', 'duration_seconds_count{protocol="http_connect",transport="tcp"} 1',
    ]) expect(text).toContain(`apiserver_egress_dialer_dial_${line}`);
  });
});
