// Kinds of beta and alpha versions that --runtime-config turns on: what is refused, in upstream's words.
import { expect, test } from 'vitest';
import { errorText } from '../field-errors.ts';
import type { KubeObject } from '../object.ts';
import { validateCreate, validateStatusUpdate, validateUpdate } from './index.ts';

const meta = { name: 'x', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '1' };
const condition = (type: string): unknown => ({ type, status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' });
const candidate = (spec: unknown): KubeObject => ({ metadata: { ...meta, namespace: 'default' }, spec });
const whole = (spec: unknown, status?: unknown): KubeObject => ({ metadata: meta, spec, status });
const good = { leaseName: 'l', binaryVersion: '1.36.0', emulationVersion: '1.35.0', strategy: 'OldestEmulationVersion' };

test.each([
  ['coordination.v1beta1.LeaseCandidate', candidate(good), []],
  ['coordination.v1beta1.LeaseCandidate', candidate({}), ['spec.leaseName: Required value', 'spec.binaryVersion: Required value', 'spec.strategy: Required value']],
  ['coordination.v1beta1.LeaseCandidate', candidate({ ...good, emulationVersion: '1.37.0-rc.1' }), ['spec.binaryVersion: Invalid value: "1.36.0": must be greater than or equal to `emulationVersion`']],
  ['coordination.v1beta1.LeaseCandidate', candidate({ ...good, emulationVersion: 'v1' }), [
    'spec.emulationVersion: Invalid value: "v1": must be a valid semantic version',
    "spec.emulationVersion: Required value: must be specified when `strategy` is 'OldestEmulationVersion'",
  ]],
  ['resource.v1beta2.DeviceTaintRule', whole({ taint: { key: 'a', effect: 'NoSchedule' } }), []],
  ['resource.v1beta2.DeviceTaintRule', whole({ taint: { key: 'a' } }), ['spec.taint.effect: Required value']],
  ['storagemigration.v1beta1.StorageVersionMigration', whole({ resource: { resource: 'pods' } }), []],
  ['storagemigration.v1beta1.StorageVersionMigration', whole({}), ['spec.resource.resource: Required value: resource is required to be set']],
])('%s, created', (type, object, errors) => {
  expect(validateCreate(type, object).map(errorText)).toEqual(errors);
});

test('a candidate keeps its lease', () => {
  const errors = validateUpdate('coordination.v1beta1.LeaseCandidate', candidate({ ...good, leaseName: 'm' }), candidate(good));
  expect(errors.map(errorText)).toEqual(['spec.leaseName: Invalid value: "m": field is immutable']);
});

test('a migration ends one way, and for good', () => {
  const type = 'storagemigration.v1beta1.StorageVersionMigration';
  const spec = { resource: { resource: 'pods' } };
  const [running, done] = [whole(spec, {}), whole(spec, { conditions: [condition('Succeeded')] })];
  expect(validateStatusUpdate(type, done, running)).toEqual([]);
  expect(validateStatusUpdate(type, running, done).map((error) => error.detail)).toEqual(['Success condition cannot be set to false once it is true']);
  const both = whole(spec, { conditions: [condition('Succeeded'), condition('Failed')] });
  expect(validateStatusUpdate(type, both, running).map((error) => error.detail)).toEqual(['Both success and failed conditions cannot be true at the same time']);
});

const server = (apiServerID: string, encodingVersion: string, decodableVersions = [encodingVersion], servedVersions?: string[]): unknown => ({ apiServerID, encodingVersion, decodableVersions, ...(servedVersions === undefined ? {} : { servedVersions }) });
const stored = (status: unknown, name = 'apps.deployments'): KubeObject => ({ metadata: { ...meta, name }, spec: {}, status });

test.each<[string, KubeObject, string[]]>([
  ['agreed', stored({ storageVersions: [server('a', 'apps/v1'), server('b', 'apps/v1')], commonEncodingVersion: 'apps/v1' }), []],
  ['of no group', stored({}, 'deployments'), ['metadata.name: Invalid value: "deployments": name must be in the form of <group>.<resource>']],
  ['agreed and not said', stored({ storageVersions: [server('a', 'v1')] }), ['status.commonEncodingVersion: Invalid value: null: the common encoding version is v1']],
  ['said and not agreed', stored({ storageVersions: [server('a', 'v1'), server('b', 'v2')], commonEncodingVersion: 'v1' }), [
    'status.commonEncodingVersion: Invalid value: "v1": should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet',
  ]],
  ['told twice', stored({ storageVersions: [server('a', 'v1'), server('a', 'v1')], commonEncodingVersion: 'v2' }), [
    'status.storageVersions[1].apiServerID: Duplicate value: "a"', 'status.commonEncodingVersion: Invalid value: "v2": the actual common encoding version is v1',
  ]],
  ['that cannot be read', stored({ storageVersions: [server('a', 'v1', ['v2'], ['v3', '/'])], commonEncodingVersion: 'v1' }), [
    'status.storageVersions[0].decodableVersions: Invalid value: ["v2"]: decodableVersions must include encodingVersion v1',
    'status.storageVersions[0].servedVersions[0]: Invalid value: "v3": individual served version : v3 must be included in decodableVersions : [v2]',
    'status.storageVersions[0].servedVersions[1]: Invalid value: "/": group part: must be non-empty,version part: must be non-empty',
    'status.storageVersions[0].servedVersions[1]: Invalid value: "/": individual served version : / must be included in decodableVersions : [v2]',
  ]],
  ['with half a condition', stored({ conditions: [{ type: 'A', status: 'True' }, { type: 'A', status: 'True', reason: 'r', message: 'm' }] }), [
    'status[0].reason: Required value', 'status[0].message: Required value', 'status[1].type: Invalid value: "A": the type of the condition is not unique, it also appears in conditions[0]',
  ]],
])('a storage version %s', (_, object, errors) => expect(validateCreate('apiserverinternal.v1alpha1.StorageVersion', object).map(errorText)).toEqual(errors));

const template = (name: string, schedulingPolicy: unknown): unknown => ({ name, schedulingPolicy });
const gang = { gang: { minCount: 2 } };

test.each<[string, string, unknown, string[]]>([
  ['a workload', 'Workload', { podGroupTemplates: [template('a', gang), template('b', { basic: {} })] }, []],
  ['a workload without groups', 'Workload', { podGroupTemplates: [] }, ['spec.podGroupTemplates: Required value']],
  ['a workload of nine', 'Workload', { podGroupTemplates: Array.from({ length: 9 }, (_, i) => template(`g${i}`, gang)) }, ['spec.podGroupTemplates: Too many: 9: must have at most 8 items']],
  ['a workload with twins', 'Workload', { podGroupTemplates: [template('a', gang), template('a', gang)] }, ['spec.podGroupTemplates[1]: Duplicate value: {"name":"a","schedulingPolicy":{"gang":{"minCount":2}},"schedulingConstraints":null}']],
  ['a workload of somebody', 'Workload', { controllerRef: { kind: 'a/b' }, podGroupTemplates: [template('a', gang)] }, ["spec.controllerRef.kind: Invalid value: \"a/b\": may not contain '/'", 'spec.controllerRef.name: Required value']],
  ['a group of two minds', 'PodGroup', { schedulingPolicy: { ...gang, basic: {} } }, ['spec.schedulingPolicy: Invalid value: "{basic, gang}": must specify exactly one of: `basic`, `gang`']],
  ['a group of no mind', 'PodGroup', { schedulingPolicy: {} }, ['spec.schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`']],
  ['a gang of none', 'PodGroup', { schedulingPolicy: { gang: { minCount: 0 } } }, ['spec.schedulingPolicy.gang.minCount: Required value']],
  ['a gang of less', 'PodGroup', { schedulingPolicy: { gang: { minCount: -1 } } }, ['spec.schedulingPolicy.gang.minCount: Invalid value: -1: must be greater than or equal to 1']],
  ['a group of a template', 'PodGroup', { schedulingPolicy: gang, podGroupTemplateRef: { workload: { workloadName: 'w' } } }, ['spec.podGroupTemplateRef.workload.podGroupTemplateName: Required value']],
])('%s', (_, kindName, spec, errors) => expect(validateCreate(`scheduling.v1alpha2.${kindName}`, { metadata: { ...meta, namespace: 'default' }, spec }).map(errorText)).toEqual(errors));

test('what is scheduled together stays so', () => {
  const [workload, group] = [{ podGroupTemplates: [template('a', gang)] }, { schedulingPolicy: gang, disruptionMode: 'Pod' }];
  const texts = (kindName: string, spec: unknown, old: unknown): string[] =>
    validateUpdate(`scheduling.v1alpha2.${kindName}`, { metadata: { ...meta, namespace: 'default' }, spec }, { metadata: { ...meta, namespace: 'default' }, spec: old }).map(errorText);
  expect(texts('Workload', workload, workload)).toEqual([]);
  expect(texts('Workload', { podGroupTemplates: [template('b', gang)] }, workload)).toEqual(['spec.podGroupTemplates: Invalid value: null: field is immutable']);
  expect(texts('PodGroup', { schedulingPolicy: { basic: {} }, disruptionMode: 'PodGroup' }, group)).toEqual(['spec.schedulingPolicy: Invalid value: null: field is immutable', 'spec.disruptionMode: Forbidden']);
});

const poolType = 'resource.v1alpha3.ResourcePoolStatusRequest';
test.each<[string, unknown, string[]]>([
  ['good', { driver: 'GPU.example.com', poolName: 'a/b', limit: 1000 }, []],
  ['of no driver', { limit: 0 }, ['spec.driver: Required value', 'spec.limit: Invalid value: 0: must be greater than or equal to 1']],
  ['of bad names', { driver: 'a_b', poolName: 'a//B', limit: 1001 }, [
    "spec.driver: Invalid value: \"a_b\": an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '(?i)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    'spec.poolName: Invalid value: "a//B": segment 1: must not be empty',
    expect.stringContaining('spec.poolName: Invalid value: "B": segment 2: a lowercase RFC 1123 subdomain'),
    'spec.limit: Invalid value: 1001: must be less than or equal to 1000',
  ]],
])('a question about pools that is %s', (_, spec, errors) => expect(validateCreate(poolType, whole(spec)).map(errorText)).toEqual(errors));

test('a question about pools is answered once', () => {
  const spec = { driver: 'd' };
  const answer = { poolCount: 1, pools: [{ driver: 'd', poolName: 'p', generation: 1, totalDevices: 2 }], conditions: [condition('Complete')] };
  expect(validateStatusUpdate(poolType, whole(spec, answer), whole(spec))).toEqual([]);
  expect(validateStatusUpdate(poolType, whole(spec, { pools: [{ driver: 'd', poolName: 'p', allocatedDevices: -1 }] }), whole(spec)).map(errorText)).toEqual([
    'status.poolCount: Required value', 'status.pools[0].generation: Required value', 'status.pools[0].allocatedDevices: Invalid value: -1: must be greater than or equal to 0',
  ]);
  expect(validateStatusUpdate(poolType, whole(spec, { ...answer, poolCount: 2 }), whole(spec, answer)).map((error) => `${error.field} ${error.detail}`)).toEqual(['status field is immutable']);
  expect(validateUpdate(poolType, whole({ driver: 'e' }), whole(spec)).map(errorText)).toEqual(['spec: Invalid value: null: field is immutable']);
});
