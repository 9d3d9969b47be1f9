// The Kubernetes DNS specification, row by row, on a small made-up cluster.
import { expect, test } from 'vitest';
import type { Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { addressOfReverse, createZone, type ZoneView } from './zone.ts';

const services: Service[] = [
  { metadata: { name: 'web', namespace: 'shop' }, spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::7'], ports: [{ name: 'http', port: 80 }, { name: 'dns', port: 53, protocol: 'UDP' }] } },
  { metadata: { name: 'kv', namespace: 'shop' }, spec: { clusterIP: 'None', ports: [{ name: 'client', port: 6379 }] } },
  { metadata: { name: 'empty', namespace: 'shop' }, spec: { clusterIP: 'None' } },
  { metadata: { name: 'ext', namespace: 'shop' }, spec: { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' } },
];
const slices: EndpointSlice[] = [
  {
    metadata: { name: 'kv-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'kv' } },
    addressType: 'IPv4',
    ports: [{ name: 'client', port: 6379 }],
    endpoints: [{ addresses: ['10.244.0.3'], hostname: 'kv-0', conditions: { ready: true } }, { addresses: ['10.244.0.4'], conditions: { ready: true } }, { addresses: ['10.244.0.5'], conditions: { ready: false } }],
  },
];
const view: ZoneView = {
  service: (ns, name) => services.find((s) => s.metadata?.namespace === ns && s.metadata.name === name),
  slices: (ns, name) => slices.filter((s) => s.metadata?.namespace === ns && s.metadata.labels?.['kubernetes.io/service-name'] === name),
  hasNamespace: (name) => name === 'shop',
  servicesWithIp: (ip) => services.filter((s) => s.spec?.clusterIPs?.includes(ip) === true),
  slicesWithIp: (ip) => slices.filter((s) => s.endpoints?.some((e) => e.addresses.includes(ip)) === true),
};
const zone = createZone(view, { domain: 'cluster.local', ttlSeconds: 30 }, () => 0);
const data = (name: string, type: string): unknown => {
  const answer = zone.answer(name, type);
  return answer === undefined ? undefined : answer.rcode === 'NXDOMAIN' ? 'NXDOMAIN' : answer.answers.map((a) => a.data);
};

test.each([
  ['web.shop.svc.cluster.local', 'A', ['10.96.0.7']],
  ['WEB.shop.svc.cluster.local.', 'A', ['10.96.0.7']],
  ['web.shop.svc.cluster.local', 'AAAA', ['fd00::7']],
  ['kv.shop.svc.cluster.local', 'A', ['10.244.0.3', '10.244.0.4']],
  ['kv-0.kv.shop.svc.cluster.local', 'A', ['10.244.0.3']],
  ['10-244-0-4.kv.shop.svc.cluster.local', 'A', ['10.244.0.4']],
  ['10-244-0-5.kv.shop.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['empty.shop.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['nothing.shop.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['web.shop.svc.cluster.local', 'MX', []],
  ['shop.svc.cluster.local', 'A', []],
  ['gone.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['10-244-0-9.shop.pod.cluster.local', 'A', ['10.244.0.9']],
  ['dns-version.cluster.local', 'TXT', ['1.1.0']],
  ['7.0.96.10.in-addr.arpa', 'PTR', ['web.shop.svc.cluster.local']],
  ['3.0.244.10.in-addr.arpa', 'PTR', ['kv-0.kv.shop.svc.cluster.local']],
  ['1.1.1.1.in-addr.arpa', 'PTR', undefined],
  ['example.com', 'A', undefined],
])('%s %s', (name, type, expected) => expect(data(name, type)).toEqual(expected));

test('SRV of a ClusterIP service points at the service, of a headless one at each endpoint', () => {
  expect(data('_http._tcp.web.shop.svc.cluster.local', 'SRV')).toEqual([{ target: 'web.shop.svc.cluster.local', port: 80, priority: 0, weight: 100 }]);
  expect(data('_dns._udp.web.shop.svc.cluster.local', 'SRV')).toEqual([{ target: 'web.shop.svc.cluster.local', port: 53, priority: 0, weight: 100 }]);
  expect(data('_http._udp.web.shop.svc.cluster.local', 'SRV')).toBe('NXDOMAIN');
  const headless = zone.answer('_client._tcp.kv.shop.svc.cluster.local', 'SRV');
  expect(headless?.answers.map((a) => a.data)).toEqual([
    { target: 'kv-0.kv.shop.svc.cluster.local', port: 6379, priority: 0, weight: 100 },
    { target: '10-244-0-4.kv.shop.svc.cluster.local', port: 6379, priority: 0, weight: 100 },
  ]);
  expect(headless?.additionals.map((a) => a.data)).toEqual(['10.244.0.3', '10.244.0.4']);
});

test('ExternalName is an alias, followed within the cluster', () => {
  expect(data('ext.shop.svc.cluster.local', 'A')).toEqual(['web.shop.svc.cluster.local', '10.96.0.7']);
});

test('reverse names of IPv6 are written as the API writes addresses', () => {
  expect(addressOfReverse('7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa')).toBe('fd00::7');
});
