// Pods as large as a request may be: what a list holds twice is found without comparing each item with each.
import { expect, it } from 'vitest';
import { errorText } from '../field-errors.ts';
import type { KubeObject } from '../object.ts';
import { validateCreate, validateStatusUpdate, validateSubresource, validateUpdate } from './index.ts';

const container = { name: 'c', image: 'x', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', terminationMessagePath: '/x' };
const pod = (spec: object): KubeObject & { spec: object } => ({
  metadata: { name: 'a', namespace: 'd' },
  spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30, containers: [container], ...spec },
});
const many = <T>(make: (i: number) => T, count = 20_000): T[] => Array.from({ length: count }, (_, i) => make(i));
const texts = (spec: object): string[] => validateCreate('core.v1.Pod', pod(spec)).map(errorText);

const spread = (key: string): object => ({ maxSkew: 1, topologyKey: key, whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} });

it('spread constraints', () => {
  expect(texts({ topologySpreadConstraints: [spread('a'), spread('b'), spread('a')] })).toEqual([
    'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a, DoNotSchedule}"',
  ]);
  expect(texts({ topologySpreadConstraints: many((i) => spread(`k${i}`)) })).toEqual([]);
});

it('claims of containers', () => {
  const claimed = (claims: readonly object[], known: readonly string[]): string[] =>
    texts({ resourceClaims: known.map((name) => ({ name, resourceClaimName: 'x' })), containers: [{ ...container, resources: { claims } }] });
  expect(claimed([{ name: 'a', request: 'x' }, { name: 'a', request: 'y' }, { name: 'a', request: 'x' }, { name: 'a' }], ['a'])).toEqual([
    'spec.containers[0].resources.claims[2]: Duplicate value: "a/x"',
    'spec.containers[0].resources.claims[3]: Duplicate value: "a"',
    'spec.containers[0].resources.claims[3]: Duplicate value: "a"',
  ]);
  expect(claimed(many((i) => ({ name: `n${i}` })), many((i) => `n${i}`))).toEqual([]);
  // The list of what is known is told with each, and made once.
  const errors = validateCreate('core.v1.Pod', pod({ resourceClaims: many((i) => ({ name: `n${i}`, resourceClaimName: 'x' })), containers: [{ ...container, resources: { claims: many((i) => ({ name: `m${i}` })) } }] }));
  expect(errors).toHaveLength(20_000);
  expect(new Set(errors.map(({ detail }) => detail)).size).toBe(1);
});

it('mounts beside devices', () => {
  const mounts = (names: readonly string[], paths = names) => names.map((name, i) => ({ name, mountPath: paths[i] }));
  const devices = (names: readonly string[], paths = names) => names.map((name, i) => ({ name, devicePath: paths[i] }));
  const volumes = (names: readonly string[]): object[] => names.map((name) => ({ name, persistentVolumeClaim: { claimName: 'c' } }));
  expect(texts({ volumes: volumes(['a', 'b']), containers: [{ ...container, volumeMounts: mounts(['a'], ['/b']), volumeDevices: devices(['a', 'b'], ['/c', '/b']) }] })).toEqual([
    'spec.containers[0].volumeMounts[0].name: Invalid value: "a": must not already exist in volumeDevices',
    'spec.containers[0].volumeMounts[0].mountPath: Invalid value: "/b": must not already exist as a path in volumeDevices',
    'spec.containers[0].volumeDevices[0].name: Invalid value: "a": must not already exist in volumeMounts',
    'spec.containers[0].volumeDevices[1].devicePath: Invalid value: "/b": must not already exist as a path in volumeMounts',
  ]);
  const [some, others] = [many((i) => `m${i}`, 50_000), many((i) => `d${i}`, 50_000)];
  expect(texts({ volumes: volumes([...some, ...others]), containers: [{ ...container, volumeMounts: mounts(some), volumeDevices: devices(others) }] })).toEqual([]);
});

it('label keys of pod affinity', () => {
  const term = (matchLabelKeys: readonly string[], mismatchLabelKeys: readonly string[], keys: readonly string[]): object => ({
    affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', labelSelector: { matchExpressions: keys.map((key) => ({ key, operator: 'Exists' })) }, matchLabelKeys, mismatchLabelKeys }] } },
  });
  const at = 'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]';
  expect(texts(term(['a', 'b', 'a'], ['b'], ['a', 'a']))).toEqual([
    `${at}[2]: Invalid value: "a": exists in both matchLabelKeys and labelSelector`,
    `${at}.matchLabelKeys[1]: Invalid value: "b": exists in both matchLabelKeys and mismatchLabelKeys`,
  ]);
  expect(texts(term(many((i) => `a${i}`, 50_000), many((i) => `b${i}`, 50_000), many((i) => `c${i}`, 50_000)))).toEqual([]);
});

it('AppArmor annotations', () => {
  const annotated = (names: readonly string[]): KubeObject => ({
    ...pod({ containers: many((i) => ({ ...container, name: `c${i}` }), 5_000) }),
    metadata: { name: 'a', namespace: 'd', annotations: Object.fromEntries(names.map((name) => [`container.apparmor.security.beta.kubernetes.io/${name}`, 'unconfined'])) },
  });
  expect(validateCreate('core.v1.Pod', annotated(['c1', 'x'])).map(errorText)).toEqual(['metadata.annotations[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: "x": container not found']);
  expect(validateCreate('core.v1.Pod', annotated(many((i) => `n${i}`, 30_000)))).not.toEqual([]);
});

it('tolerations that stay', () => {
  const tolerating = (keys: readonly string[], seconds?: number): KubeObject => ({
    ...pod({ tolerations: keys.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', ...(seconds === undefined ? {} : { tolerationSeconds: seconds }) })) }), metadata: { name: 'a', namespace: 'd', resourceVersion: '1' },
  });
  const changed = (now: KubeObject, before: KubeObject): string[] => validateUpdate('core.v1.Pod', now, before).map(errorText);
  expect(changed(tolerating(['b', 'a', 'c'], 5), tolerating(['a', 'b']))).toEqual([]);
  expect(changed(tolerating(['a', 'c']), tolerating(['a', 'b']))).toEqual(['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds']);
  const keys = many((i) => `k${i}`);
  expect(changed(tolerating(keys.toReversed()), tolerating(keys))).toEqual([]);
});

it('statuses of containers and claims', () => {
  const names = many((i) => `c${i}`);
  const ended = { terminated: { exitCode: 1 } };
  const running = { running: {} };
  const withStatus = (state: object): KubeObject => ({
    ...pod({ restartPolicy: 'OnFailure', containers: names.map((name) => ({ ...container, name, resources: { claims: [{ name: 'x' }] } })), resourceClaims: names.map((name) => ({ name, resourceClaimName: 'r' })) }),
    metadata: { name: 'a', namespace: 'd', resourceVersion: '1' },
    status: { containerStatuses: names.toReversed().map((name) => ({ name, state, allocatedResourcesStatus: [{ name: 'claim:x' }] })), resourceClaimStatuses: names.toReversed().map((name) => ({ name })) },
  });
  expect(validateStatusUpdate('core.v1.Pod', withStatus(running), withStatus(ended))).toEqual([]);
});

it('ephemeral containers that stay', () => {
  const debugged = (names: readonly string[], image = 'i'): KubeObject => ({
    ...pod({ ephemeralContainers: names.map((name) => ({ ...container, name, image })) }), metadata: { name: 'a', namespace: 'd', resourceVersion: '1' },
  });
  const changed = (now: KubeObject, before: KubeObject): string[] => validateSubresource('core.v1.Pod', 'ephemeralcontainers', now, before).map(errorText);
  expect(changed(debugged(['a']), debugged(['b', 'a']))).toEqual(['spec.ephemeralContainers: Forbidden: existing ephemeral containers "b" may not be removed\n']);
  const names = many((i) => `n${i}`);
  expect(changed(debugged(names.toReversed()), debugged(names))).toEqual([]);
});

it('amounts: plain ones beside all others', () => {
  const told = (resources: object): string[] => texts({ containers: [{ ...container, resources }] }).map((text) => text.replace('spec.containers[0].resources.', ''));
  expect(told({ limits: { cpu: '1', memory: '1Gi', 'a.io/b': '2', 'kubernetes.io/b': '1' }, requests: { cpu: '1', memory: '1', 'a.io/b': '2' } })).toEqual([]);
  expect(told({ limits: { pods: '1', 'a.io/b': '1500m', 'requests.io/b': '0', x: '1', 'a_/b': '1' }, requests: { pods: '1', 'a.io/b': '1500m' } }).map((text) => text.split(' (e.g.')[0])).toEqual([
    'limits[pods]: Invalid value: "pods": must be a standard resource for containers', 'limits[a.io/b]: Invalid value: "1500m": must be an integer',
    "limits[requests.io/b]: Invalid value: \"requests.io/b\": doesn't follow extended resource name standard",
    'limits[x]: Invalid value: "x": must be a standard resource type or fully qualified', 'limits[x]: Invalid value: "x": must be a standard resource for containers',
    expect.stringMatching(/^limits\[a_\/b\]: Invalid value: "a_\/b": prefix part /), "limits[a_/b]: Invalid value: \"a_/b\": doesn't follow extended resource name standard",
    'requests[pods]: Invalid value: "pods": must be a standard resource for containers', 'requests[a.io/b]: Invalid value: "1500m": must be an integer',
  ]);
  expect(told({ limits: { cpu: '1', 'a.io/b': '2', 'hugepages-2Mi': '2Mi' }, requests: { cpu: '2', 'a.io/b': '1', 'c.io/d': '1', 'hugepages-2Mi': '2Mi' } })).toEqual([
    'requests: Invalid value: "2": must be less than or equal to cpu limit of 1', 'requests: Invalid value: "1": must be equal to a.io/b limit of 2',
    'limits: Required value: Limit must be set for non overcommitable resources',
  ]);
  expect(told({ limits: { 'hugepages-2Mi': '3Mi' }, requests: { 'hugepages-2Mi': '3Mi', 'a.io/b': '-1' } })).toEqual([
    'limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi', 'requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
    'requests[a.io/b]: Invalid value: "-1": must be greater than or equal to 0', 'limits: Required value: Limit must be set for non overcommitable resources',
    ': Forbidden: HugePages require cpu or memory',
  ].map((text) => expect.stringContaining(text)));
});
