// Environment, host names, DNS and security as containers get them.
import { expect, test } from 'vitest';
import type { Container, Pod, PodSpec, Service } from '#api/core/v1.ts';
import { notFound } from '#machinery';
import { podDns, parseResolvConf } from './dns.ts';
import { containerEnvironment, type ReferenceReader } from './environment.ts';
import { expand, expandStrict } from './expansion.ts';
import { resourceValue } from './field-values.ts';
import { hostsFile, kernelHostname } from './hostname.ts';
import { containerSecurity, verifyNonRoot } from './security.ts';
import { serviceEnvironment } from './service-env.ts';

const podOf = (spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod => ({ metadata: { name: 'p', namespace: 'd', uid: 'u', ...metadata }, spec: { containers: [{ name: 'a' }], ...spec } });
const fields = { podIPs: ['10.0.0.5', 'fd00::5'], hostIPs: ['192.0.2.1'], allocatable: { cpu: '4', memory: '8Gi' } };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const reader: ReferenceReader = {
  configMap: async (_ns, name) => (name === 'c' ? { data: { a: '1', b: '2' } } : Promise.reject(notFound({ group: '', resource: 'configmap' }, name))),
  secret: async (_ns, name) => (name === 's' ? { data: { k: base64('v') } } : Promise.reject(notFound({ group: '', resource: 'secret' }, name))),
};

test.each([
  ['$(A)', '1'], ['x$(A)y$(B)', 'x1y2'], ['$(NO)', '$(NO)'], ['$$(A)', '$(A)'], ['$$$(A)', '$1'], ['$A', '$A'], ['$(A', '$(A'], ['$', '$'], ['a$$b', 'a$b'], ['$()', '$()'],
])('expands %s to %s', (text, expected) => {
  expect(expand(text, (name) => ({ A: '1', B: '2' })[name])).toBe(expected);
});

test('a subPathExpr with an unknown name is refused', () => {
  expect(() => expandStrict('$(X)/y', () => undefined)).toThrow('missing value for "X"');
});

test('environment from every source, in the declared order', async () => {
  const container: Container = {
    name: 'a',
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'c' } }, { secretRef: { name: 'none', optional: true } }],
    env: [
      { name: 'ONE', value: '1' }, { name: 'TWO', value: '$(ONE)-$(P_a)-$(KUBERNETES_SERVICE_HOST)' }, { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'SKIP', valueFrom: { configMapKeyRef: { name: 'c', key: 'zz', optional: true } } }, { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'LBL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }, { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }, { name: 'EMPTY', value: '' },
    ],
  };
  const services = new Map([['KUBERNETES_SERVICE_HOST', '10.96.0.1'], ['ONE', 'not me']]);
  const env = await containerEnvironment({ pod: podOf({}, { labels: { app: 'x' } }), container, reader, fields, services });
  expect([...env]).toEqual([
    ['P_a', '1'], ['P_b', '2'], ['ONE', '1'], ['TWO', '1-1-10.96.0.1'], ['KEY', 'v'], ['IP', '10.0.0.5'], ['LBL', 'x'], ['CPU', '4'], ['EMPTY', ''], ['KUBERNETES_SERVICE_HOST', '10.96.0.1'],
  ]);
});

test.each<[string, Container['env'], string]>([
  ['a missing ConfigMap', [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'no', key: 'a' } } }], 'configmap "no" not found'],
  ['a missing key', [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'zz' } } }], "couldn't find key zz in ConfigMap d/c"],
  ['a missing secret key', [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'zz' } } }], "couldn't find key zz in Secret d/s"],
])('%s fails with upstream\'s text', async (_name, env, text) => {
  await expect(containerEnvironment({ pod: podOf(), container: { name: 'a', env }, reader, fields, services: new Map() })).rejects.toThrow(text);
});

test.each([['limits.cpu', '1m', '500'], ['limits.memory', '1Mi', '64'], ['requests.cpu', undefined, '1'], ['requests.memory', '1', '33554433'], ['limits.memory', '1Gi', '1']])('%s in %s is %s', (resource, divisor, expected) => {
  const container: Container = { name: 'a', resources: { limits: { cpu: '500m', memory: '64Mi' }, requests: { cpu: '250m', memory: '33554433' } } };
  expect(resourceValue({ resource, ...(divisor !== undefined ? { divisor } : {}) }, podOf(), container, fields)).toBe(expected);
});

test('Service variables, links and the API\'s own', () => {
  const service = (name: string, namespace: string, clusterIP: string): Service => ({ metadata: { name, namespace }, spec: { clusterIP, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] } });
  const all = [service('kubernetes', 'default', '10.96.0.1'), service('my-db', 'd', '10.96.0.9'), service('other', 'e', '10.96.0.8'), service('headless', 'd', 'None')];
  const linked = serviceEnvironment(all, 'd', true);
  expect(linked.get('MY_DB_SERVICE_HOST')).toBe('10.96.0.9');
  expect(linked.get('MY_DB_SERVICE_PORT_HTTP')).toBe('80');
  expect(linked.get('MY_DB_PORT_80_TCP')).toBe('tcp://10.96.0.9:80');
  expect([...linked.keys()].some((key) => key.startsWith('OTHER') || key.startsWith('HEADLESS'))).toBe(false);
  expect([...serviceEnvironment(all, 'd', false).keys()].every((key) => key.startsWith('KUBERNETES_'))).toBe(true);
});

test('the managed hosts file', () => {
  const pod = podOf({ hostname: 'h', subdomain: 's', hostAliases: [{ ip: '1.2.3.4', hostnames: ['x', 'y'] }] });
  expect(hostsFile(pod, ['10.0.0.5'], 'cluster.local', '')).toBe('# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n10.0.0.5\th.s.d.svc.cluster.local\th\n\n# Entries added by HostAliases.\n1.2.3.4\tx\ty\n');
  expect(kernelHostname(podOf({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true }), 'cluster.local')).toBe('h.s.d.svc.cluster.local');
  expect(() => kernelHostname(podOf({ subdomain: 's'.repeat(60), setHostnameAsFQDN: true }), 'cluster.local')).toThrow('64 characters is the max');
});

const node = parseResolvConf('# x\nnameserver 8.8.8.8\nsearch corp.example. .\noptions ndots:2 edns0\n');
test.each<[string, Partial<PodSpec>, { servers: string[]; searches: string[]; options: string[] }]>([
  ['ClusterFirst', {}, { servers: ['10.96.0.10'], searches: ['d.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'], options: ['ndots:5'] }],
  ['Default', { dnsPolicy: 'Default' }, { servers: ['8.8.8.8'], searches: ['corp.example'], options: ['ndots:2', 'edns0'] }],
  ['ClusterFirst on the host\'s network', { hostNetwork: true }, { servers: ['8.8.8.8'], searches: ['corp.example'], options: ['ndots:2', 'edns0'] }],
  ['None with its own', { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '3' }, { name: 'rotate' }] } }, { servers: ['1.1.1.1'], searches: ['a.b'], options: ['ndots:3', 'rotate'] }],
])('DNS: %s', (_name, spec, expected) => {
  expect(podDns(podOf(spec), node, { servers: ['10.96.0.10'], domain: 'cluster.local' }, () => {})).toEqual(expected);
});

test('too many nameservers are cut with a warning', () => {
  const warnings: string[] = [];
  const settings = podDns(podOf({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1', '2', '3', '4'] } }), node, { servers: [], domain: '' }, (_reason, text) => warnings.push(text));
  expect([settings.servers, warnings]).toEqual([['1', '2', '3'], ['Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1 2 3']]);
});

test('security contexts join, and root is refused where it must be', () => {
  const pod = podOf({ securityContext: { runAsUser: 1000, fsGroup: 2000, supplementalGroups: [3000], seccompProfile: { type: 'RuntimeDefault' } }, shareProcessNamespace: true });
  const container: Container = { name: 'a', securityContext: { runAsUser: 1, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] }, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true } };
  expect(containerSecurity({ pod, container, user: { uid: 0, username: '' }, seccompDefault: false, seccompRoot: '/s', targetId: undefined })).toMatchObject({
    run_as_user: { value: 1 }, supplemental_groups: [2000, 3000], capabilities: { drop_capabilities: ['ALL'], add_capabilities: ['NET_BIND_SERVICE'] }, no_new_privs: true, readonly_rootfs: true,
    seccomp: { profile_type: 'RuntimeDefault' }, namespace_options: { network: 'POD', pid: 'POD', ipc: 'POD' },
  });
  const nonRoot: Container = { name: 'a', securityContext: { runAsNonRoot: true } };
  expect(() => verifyNonRoot(podOf(), nonRoot, { uid: 0, username: '' })).toThrow('container has runAsNonRoot and image will run as root (pod: "p_d(u)", container: a)');
  expect(() => verifyNonRoot(podOf(), nonRoot, { uid: undefined, username: 'www' })).toThrow('non-numeric user (www)');
  expect(() => verifyNonRoot(podOf(), nonRoot, { uid: 5, username: '' })).not.toThrow();
});
