// What clients are told about pods that are accepted and will surprise, and that usual pods are told nothing.
import { expect, test } from 'vitest';
import type { ObjectMeta } from '#api/meta/v1.ts';
import type { PodSpec } from '#api/core/v1.ts';
import { podSpecWarnings } from './pods.ts';

function warningsOf(spec: Partial<PodSpec>, meta: ObjectMeta = {}): string[] {
  return podSpecWarnings({ containers: [{ name: 'c', image: 'i' }], ...spec }, meta, '');
}

const files = (...paths: string[]) => paths.map((path) => ({ key: path, path }));

test('a usual pod is told nothing', () => {
  const container = {
    name: 'c', image: 'i', ports: [{ containerPort: 80 }, { containerPort: 443 }], env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }],
    resources: { requests: { memory: '64Mi', cpu: '100m' }, limits: { memory: '1000m' } },
  };
  const token = { projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'ca', items: files('ca.crt') } }, { downwardAPI: { items: [{ path: 'namespace' }] } }] } };
  expect(warningsOf({ containers: [container, { ...container, name: 'd', ports: [] }], volumes: [{ name: 'v', ...token }, { name: 'c', configMap: { name: 'c', items: files('a', 'ab', 'b/c') } }] })).toEqual([]);
});

test.each<[string, Partial<PodSpec>, string[]]>([
  ['fractions of bytes', { containers: [{ name: 'c', image: 'i', resources: { requests: { memory: '128m' } } }] }, ['spec.containers[0].resources.requests[memory]: fractional byte value "128m" is invalid, must be an integer']],
  ['a variable said twice', { containers: [{ name: 'c', image: 'i', env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }] }] }, ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply']],
  ['a variable that extends itself', { containers: [{ name: 'c', image: 'i', env: [{ name: 'A', value: '1' }, { name: 'A', value: '$(A),2' }] }] }, []],
  [
    'a port twice',
    { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }, { containerPort: 80, protocol: 'TCP' }] }] },
    ['spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]'],
  ],
  [
    'ports of one name in two containers',
    { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, name: 'web' }] }, { name: 'd', image: 'i', ports: [{ containerPort: 81, name: 'web' }] }] },
    ['spec.containers[1].ports[0]: duplicate port name "web" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]'],
  ],
  ['a file in the place of a folder', { volumes: [{ name: 'v', configMap: { name: 'm', items: files('a', 'a/b') } }] }, ['volume "v" (ConfigMap "m"): overlapping paths: "a/b" with "a"']],
  ['one file of a secret twice', { volumes: [{ name: 'v', secret: { secretName: 's', items: files('a', 'a/') } }] }, ['volume "v" (Secret "s"): overlapping paths: "a" with "a"']],
  [
    'sources of a projected volume that meet',
    { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'x' } }, { secret: { name: 's', items: files('x') } }, {}] } }] },
    ['volume "v" (Projected): overlapping paths: "x" (Secret "s") with "x" (ServiceAccountToken)', 'volume "v" (Projected) has no sources provided'],
  ],
  ['a volume that is gone', { volumes: [{ name: 'v', gitRepo: { repository: 'r' } }] }, ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+']],
  ['an old node label', { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }, ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead']],
  ['an empty pull secret', { imagePullSecrets: [{}] }, ['spec.imagePullSecrets[0].name: invalid empty name ""']],
  ['a negative grace period', { terminationGracePeriodSeconds: -1 }, ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1']],
])('warns of %s', (_, spec, expected) => {
  expect(warningsOf(spec)).toEqual(expected);
});

test('tells of host ports that clash, in the order of the ports', () => {
  const ports = [
    { containerPort: 80, protocol: 'TCP' }, { containerPort: 80, hostPort: 8080, hostIP: '10.0.0.1', protocol: 'TCP' }, { containerPort: 80, hostPort: 8080, protocol: 'TCP' },
    { containerPort: 80, hostPort: 8080, hostIP: '10.0.0.2', protocol: 'TCP' }, { containerPort: 80, hostPort: 8081, hostIP: '10.0.0.2', protocol: 'TCP' }, { containerPort: 80, hostPort: 8080, hostIP: '10.0.0.1', protocol: 'UDP' },
  ];
  expect(warningsOf({ containers: [{ name: 'c', image: 'i', ports }] })).toEqual([
    'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: dangerously ambiguous port definition with spec.containers[0].ports[1]',
    'spec.containers[0].ports[3]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[3]: dangerously ambiguous port definition with spec.containers[0].ports[2]',
    'spec.containers[0].ports[4]: overlapping port definition with spec.containers[0].ports[0]',
  ]);
});

test.each([
  ['equal', () => ({ containerPort: 80, protocol: 'TCP' })],
  ['of one host port and ever other addresses', (i: number) => ({ containerPort: 80, hostPort: 80, hostIP: `10.0.${i >> 8}.${i & 255}`, protocol: 'TCP' })],
  ['of ever other host ports', (i: number) => ({ containerPort: 80, hostPort: i + 1, protocol: 'TCP' })],
])('tens of thousands of ports, %s, are not compared pair by pair', (_, port) => {
  const ports = Array.from({ length: 40_000 }, (_each, i) => port(i));
  // Pair by pair these would be 800 million comparisons, and for equal ports as many texts: more than memory holds.
  expect(warningsOf({ containers: [{ name: 'c', image: 'i', ports }] }).length).toBeLessThanOrEqual(1000);
});

test('files that meet, however many', () => {
  const told = (paths: readonly string[]): string[] => warningsOf({ volumes: [{ name: 'v', configMap: { name: 'm', items: files(...paths) } }] }).map((text) => text.slice(text.indexOf('paths: ') + 'paths: '.length));
  expect(told(['b/c', 'a', 'b-', 'b/c/d', 'b', 'a/', '', 'b'])).toEqual(['"b/c/d" with "b/c"', '"b" with "b/c"', '"b" with "b/c/d"', '"a" with "a"', '"b" with "b/c"', '"b" with "b/c/d"', '"b" with "b"']);
  expect(told(Array.from({ length: 30_000 }, () => 'same'))).toHaveLength(1000);
  expect(told(Array.from({ length: 100_000 }, (_, i) => `f${i}`))).toEqual([]);
  // Slashes that do not end the path, and folders in folders.
  expect(told([`a${'/'.repeat(1_000_000)}b`, 'b'])).toEqual([]);
  expect(told([...Array.from({ length: 1000 }, (_, i) => 'a/'.repeat(i + 1)), 'b'])).toHaveLength(1000);
  const volumes = Array.from({ length: 300 }, (_, i) => ({ name: `v${i}`, secret: { secretName: 's', items: files(...Array.from({ length: 200 }, () => 'same')) } }));
  expect(warningsOf({ volumes })).toHaveLength(1000);
});
