// ResourceSlices: what a driver has to offer, and where.
import type { CounterSet, Device, ResourcePool, ResourceSlice, ResourceSliceSpec } from '#api/resource/v1.ts';
import { addAll, child, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkLabel1123 } from '../core/fields.ts';
import { goStructs } from '../go-struct.ts';
import { immutable } from '../meta/object-meta.ts';
import { standard } from '../validator.ts';
import { checkDevice } from './device.ts';
import { checkDriverName, checkMap, checkPoolName, checkSet } from './names.ts';
import { checkPlace } from './place.ts';

const mostDevices = 128;
const mostFancyDevices = 64;
const mostCounterSets = 8;
const mostCounters = 32;
const longestLabel = 63;

function checkWhere(spec: ResourceSliceSpec): FieldError[] {
  const { set, errors } = checkPlace(spec, 'spec', 'must be either unset or set to a non-empty string');
  const terms = spec.nodeSelector?.nodeSelectorTerms ?? [];
  if (spec.nodeSelector && terms.length !== 1) {
    errors.push(invalidValue('spec.nodeSelector.nodeSelectorTerms', goStructs('core.v1.NodeSelectorTerm', spec.nodeSelector.nodeSelectorTerms), 'must have exactly one node selector term'));
  }
  if (spec.perDeviceNodeSelection === true) set.push('`perDeviceNodeSelection`');
  else if (spec.perDeviceNodeSelection === false) errors.push(invalidValue('spec.perDeviceNodeSelection', false, 'must be either unset or set to true'));
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) errors.push(required('spec', one));
  if (set.length > 1) errors.push(invalidValue('spec', `{${set.join(', ')}}`, `${one}, but multiple fields are set`));
  return errors;
}

function checkPool(pool: Partial<ResourcePool>): FieldError[] {
  const { resourceSliceCount: count = 0, generation = 0 } = pool;
  const errors = checkPoolName(pool.name ?? '', 'spec.pool.name');
  if (count <= 0) errors.push(invalidValue('spec.pool.resourceSliceCount', count, 'must be greater than zero'));
  if (generation < 0) errors.push(invalidValue('spec.pool.generation', generation, 'must be greater than or equal to zero'));
  return errors;
}

function checkCounterSet(counters: CounterSet, path: string): FieldError[] {
  const name = counters.name ?? '';
  const errors = name === '' ? [required(child(path, 'name'), '')] : checkLabel1123(name, child(path, 'name'));
  const at = child(path, 'counters');
  if (Object.keys(counters.counters ?? {}).length === 0) return [...errors, required(at, '')];
  return [...errors, ...checkMap(counters.counters, mostCounters, longestLabel, checkLabel1123, () => [], at)];
}

/** Taints, counters and lists cost the scheduler more: such slices hold fewer devices. */
function isFancy(device: Device): boolean {
  const lists = ['bools', 'ints', 'strings', 'versions'] as const;
  return (device.taints ?? []).length > 0 || (device.consumesCounters ?? []).length > 0
    || Object.values(device.attributes ?? {}).some((attribute) => lists.some((name) => attribute[name] !== undefined));
}

function checkSpec(spec: ResourceSliceSpec, old?: ResourceSliceSpec): FieldError[] {
  const pool: Partial<ResourcePool> = spec.pool ?? {};
  const errors = [...checkDriverName(spec.driver, 'spec.driver'), ...checkPool(pool)];
  if (old !== undefined) {
    addAll(errors, immutable(pool.name ?? '', old.pool?.name ?? '', 'spec.pool.name'));
    addAll(errors, immutable(spec.driver ?? '', old.driver ?? '', 'spec.driver'));
    addAll(errors, immutable(spec.nodeName ?? null, old.nodeName ?? null, 'spec.nodeName'));
  }
  addAll(errors, checkWhere(spec));
  if (spec.sharedCounters && spec.devices) errors.push(invalidValue('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  const devices = spec.devices ?? [];
  const most = devices.some(isFancy) ? mostFancyDevices : mostDevices;
  const before = new Map((old?.devices ?? []).map((device) => [device.name ?? '', device]));
  addAll(errors, checkSet(devices, most, (device, at) => checkDevice(device, before.get(device.name ?? ''), at, spec.perDeviceNodeSelection === true), (device) => device.name ?? '', 'spec.devices'));
  return [...errors, ...checkSet(spec.sharedCounters, mostCounterSets, checkCounterSet, (set) => set.name ?? '', 'spec.sharedCounters')];
}

export const resourceSlice = standard<ResourceSlice>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: (object) => checkSpec(object.spec),
  update: (object, old) => checkSpec(object.spec, old.spec),
});
