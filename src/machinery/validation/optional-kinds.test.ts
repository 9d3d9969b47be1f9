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
