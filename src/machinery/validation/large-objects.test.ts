// Objects as large as a request may be: what belongs together is found without comparing each item with each.
import { expect, it } from 'vitest';
import { errorText } from '../field-errors.ts';
import type { KubeObject } from '../object.ts';
import { patternProblem } from '../structural/pattern.ts';
import { firstOverlap } from './batch/indexes.ts';
import { validateCreate, validateStatusUpdate, validateUpdate, validatingCreate } from './index.ts';
import { webhookUrlErrors } from './meta/webhook-client.ts';

const many = <T>(make: (i: number) => T, count = 50_000): T[] => Array.from({ length: count }, (_, i) => make(i));
const address = (i: number, first: number): string => `${first}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
const named = (rest: object, namespace?: string): KubeObject => ({ metadata: { name: 'a', resourceVersion: '1', ...(namespace === undefined ? {} : { namespace }) }, ...rest });

it('values of allowed topologies', () => {
  const storage = (values: readonly string[]): KubeObject => ({ ...named({ provisioner: 'a.io/b', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowedTopologies: [{ matchLabelExpressions: [{ key: 'z', values }] }] }), metadata: { name: 'a' } });
  expect(validateCreate('storage.v1.StorageClass', storage(['a', 'b', 'a'])).map(errorText)).toEqual(['allowedTopologies[0].matchLabelExpressions[0].values[2]: Duplicate value: "a"']);
  expect(validateCreate('storage.v1.StorageClass', storage(many((i) => `z${i}`, 200_000)))).toEqual([]);
});

it('binding conditions of devices', () => {
  const slice = (bindingConditions: readonly string[], bindingFailureConditions: readonly string[]): KubeObject => ({
    ...named({ spec: { driver: 'd.io', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'd', bindsToNode: true, bindingConditions, bindingFailureConditions }] } }), metadata: { name: 'a' },
  });
  const at = 'spec.devices[0].bindingFailureConditions';
  expect(validateCreate('resource.v1.ResourceSlice', slice(['a'], ['a', 'b', 'b'])).map(errorText)).toEqual([
    `${at}[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions`, `${at}[2]: Duplicate value: "b"`,
  ]);
  expect(validateCreate('resource.v1.ResourceSlice', slice(many((i) => `a${i}`, 100_000), many((i) => `b${i}`, 100_000)))).not.toEqual([]);
});

it('addresses that were there before', () => {
  const balanced = (first: number): KubeObject => ({ ...named({ spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } }, status: { loadBalancer: { ingress: many((i) => ({ ip: address(i, first) })) } } }, 'd') });
  expect(validateStatusUpdate('networking.v1.Ingress', balanced(11), balanced(10))).toEqual([]);
});

it('ranges that were there before', () => {
  const policy = (except: readonly string[]): KubeObject => named({ spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except } }] }] } }, 'd');
  expect(validateUpdate('networking.v1.NetworkPolicy', policy(many((i) => `${address(i, 11)}/32`)), policy(many((i) => `${address(i, 10)}/32`)))).toEqual([]);
});

it('prefixes beyond all numbers', () => {
  const policy = (cidr: string, except: string): KubeObject => ({ ...named({ spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr, except: [except] } }] }] } }), metadata: { name: 'a', namespace: 'd' } });
  const at = 'spec.ingress[0].from[0].ipBlock';
  for (const prefix of ['99999999999', '9'.repeat(400)]) {
    expect(validateCreate('networking.v1.NetworkPolicy', policy(`10.0.0.0/${prefix}`, `10.0.0.0/${prefix}9`)).map(({ field }) => field)).toEqual([`${at}.cidr`]);
    expect(validateCreate('networking.v1.NetworkPolicy', policy('10.0.0.0/8', `10.0.0.0/${prefix}`)).map(({ field }) => field)).toEqual([`${at}.except[0]`]);
  }
});

it('versions that are stored', () => {
  const version = (name: string, storage: boolean): object => ({ name, served: true, storage, schema: { openAPIV3Schema: { type: 'object' } } });
  const definition = (names: readonly string[], storedVersions: readonly string[]): KubeObject => ({
    ...named({ spec: { group: 'b.c', scope: 'Namespaced', names: { plural: 'as', singular: 'a', kind: 'A', listKind: 'AList' }, versions: names.map((name, i) => version(name, i === 0)) }, status: { storedVersions, conditions: [], acceptedNames: {} } }), metadata: { name: 'as.b.c' },
  });
  const names = many((i) => `v${i}`, 20_000);
  const errors = validateCreate('apiextensions.v1.CustomResourceDefinition', definition(names, [...names.toReversed(), 'w1']));
  expect(errors.map(({ field }) => field).filter((field) => field.startsWith('status.storedVersions'))).toEqual(['status.storedVersions[20000]']);
});

it('lists of indexes', () => {
  const [even, odd] = [many((i) => String(2 * i)), many((i) => String(2 * i + 1))];
  expect(firstOverlap(even.join(), odd.join(), 1e9)).toBeUndefined();
  expect(firstOverlap(even.join(), [...odd, '99998-100001'].slice(-1).join(), 1e9)).toBe(99998);
  expect(firstOverlap('0-4,7', '5,6-9', 10)).toBe(7);
});

it('scopes of quotas for resources', () => {
  const quota = (hard: readonly string[], scopes: readonly string[]): KubeObject => ({ ...named({ spec: { hard: Object.fromEntries(hard.map((name) => [name, '1'])), scopes } }), metadata: { name: 'a', namespace: 'd' } });
  expect(validateCreate('core.v1.ResourceQuota', quota(['pods', 'secrets'], ['Terminating', 'x'])).map(errorText)).toEqual([
    'spec.scopes: Invalid value: ["Terminating","x"]: unsupported scope applied to resource', 'spec.scopes: Invalid value: ["Terminating","x"]: unsupported scope',
  ]);
  const errors = validateCreate('core.v1.ResourceQuota', quota(many((i) => `hugepages-${i + 1}`), many(() => 'Terminating')));
  expect(errors.length).toBeLessThan(100_000);
  expect(validateCreate('core.v1.ResourceQuota', quota(many((i) => `hugepages-${i + 1}`), many(() => 'x'))).length).toBeLessThan(100_000);
});

it('drivers of a node', () => {
  const node = (names: readonly string[], nodeID = 'n'): KubeObject => named({ spec: { drivers: names.map((name) => ({ name, nodeID, topologyKeys: [] })) } });
  expect(validateUpdate('storage.v1.CSINode', node(['a', 'b'], 'm'), node(['b'])).map(({ field }) => field)).toEqual(['spec.drivers']);
  const names = many((i) => `d${i}`, 20_000);
  expect(validateUpdate('storage.v1.CSINode', node(names.toReversed()), node(names))).toEqual([]);
});

it('a value longer than any field is told in part', () => {
  const [error] = validateCreate('core.v1.ConfigMap', { metadata: { name: '"'.repeat(1_000_000), namespace: 'd' } });
  expect(error === undefined ? 0 : errorText(error).length).toBeLessThan(200_000);
});

it('policies of thousands of expressions pause between them', () => {
  const policy: KubeObject = {
    metadata: { name: 'a' },
    spec: {
      failurePolicy: 'Fail', matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [{ apiGroups: ['a'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['b'], scope: '*' }] },
      variables: many((i) => ({ name: `v${i}`, expression: `${i}` }), 200), validations: many((i) => ({ expression: `variables.v1 > ${i}` }), 200),
    },
  };
  let pauses = 0;
  const work = validatingCreate('admissionregistration.v1.ValidatingAdmissionPolicy', policy);
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) {
      expect(step.value).toEqual([]);
      break;
    }
    pauses++;
  }
  expect(pauses).toBeGreaterThan(20);
});

it('mistakes of policies by the thousand are looked for until there are as many as are told', () => {
  const kinds: readonly (readonly [string, object, string])[] = [
    ['MutatingAdmissionPolicy', { variables: many(() => ({ name: '-', expression: '1 +' })), mutations: [{ patchType: 'x' }], reinvocationPolicy: 'Never' }, 'spec.variables[0].name'],
    ['MutatingAdmissionPolicy', { mutations: many(() => ({ patchType: 'JSONPatch', jsonPatch: { expression: '1 +' } })), reinvocationPolicy: 'Never' }, 'spec.mutations[0].jsonPatch.expression'],
    ['ValidatingAdmissionPolicy', { variables: many(() => ({ name: '-', expression: '1 +' })), validations: [{ expression: 'true' }] }, 'spec.variables[0].name'],
  ];
  const matchConstraints = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [{ apiGroups: ['a'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['b'], scope: '*' }] };
  for (const [kind, spec, first] of kinds) {
    const errors = validateCreate(`admissionregistration.v1.${kind}`, { metadata: { name: 'a' }, spec: { failurePolicy: 'Fail', matchConstraints, ...spec } });
    expect([kind, errors[0]?.field]).toEqual([kind, first]);
    expect(errors.length).toBeGreaterThan(1_000);
    expect(errors.length).toBeLessThan(1_010);
  }
  const status = { typeChecking: { expressionWarnings: many(() => ({ fieldRef: '[', warning: '' })) } };
  const policy = { metadata: { name: 'a', resourceVersion: '1' } };
  expect(validateStatusUpdate('admissionregistration.v1.ValidatingAdmissionPolicy', { ...policy, status }, policy).length).toBeLessThan(1_010);
});

it('amounts of a volume are looked at once each, and each bad one is told', () => {
  const volume = (capacity: object): KubeObject => ({ metadata: { name: 'a' }, spec: { capacity, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' }, volumeMode: 'Filesystem' } });
  expect(validateCreate('core.v1.PersistentVolume', volume({ storage: '1Gi', a: '0', b: '1Gi', c: '0', d: '-1' })).map(errorText)).toEqual([
    'spec.capacity: Unsupported value: {"a":"0","b":"1Gi","c":"0","d":"-1","storage":"1Gi"}: supported values: "storage"', 'spec.capacity[a]: Invalid value: "0": must be greater than zero',
    'spec.capacity[c]: Invalid value: "0": must be greater than zero', 'spec.capacity[d]: Invalid value: -1: must be a valid resource quantity', 'spec.capacity[d]: Invalid value: "-1": must be greater than zero',
  ]);
});

it('addresses of webhooks and patterns of millions of characters', () => {
  const urls = ['https://a/'.padEnd(2_000_000, '{'), `https://${'a'.repeat(2_000_000)}/`, `https://a/${'%41'.repeat(600_000)}`, 'https://a/?'.padEnd(2_000_000, '+')];
  expect(urls.map((url) => webhookUrlErrors(url, 'url').length)).toEqual([0, 0, 0, 1]);
  expect(webhookUrlErrors('https://a{b/', 'url').map(errorText)).toEqual(['url: Required value: url must be a valid URL: parse "https://a{b/": invalid character "{" in host name; desired format: https://host[/path]']);
  expect(patternProblem('('.repeat(2_000_000))).toMatch(/^error parsing regexp: expression nests too deeply: /);
  expect(patternProblem(`${'(a)'.repeat(2_000)}[(]\\(`)).toBeUndefined();
});
