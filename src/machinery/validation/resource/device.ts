// One device of a ResourceSlice: attributes, capacities, counters, taints and place.
import type { Device, DeviceAttribute, DeviceCapacity, DeviceCounterConsumption, NodeAllocatableResourceMapping } from '#api/resource/v1.ts';
import { addAll, child, fieldNotFound, invalidValue, key as keyed, required, tooLong, type FieldError } from '../../field-errors.ts';
import { quantitySign } from '../../quantity.ts';
import { checkLabel1123, quantity } from '../core/fields.ts';
import { isNativeResource } from '../core/resources.ts';
import { goStruct } from '../go-struct.ts';
import { sameValue } from '../meta/object-meta.ts';
import { checkBindingConditions, checkDeviceTaint } from './device-taint.ts';
import { checkCapacity } from './device-capacity.ts';
import { checkList, checkMap, checkQualifiedAttribute, checkSet, longestQualified } from './names.ts';
import { checkPlace } from './place.ts';

const mostEntries = 32;
const mostValues = 48;
const mostTaints = 16;
const mostConsumptions = 2;
const mostCounters = 32;
const longestLabel = 63;
const longestValue = 64;
const semver = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;
const lists = ['bools', 'ints', 'strings', 'versions'] as const;
const valueFields = ['bool', 'int', 'string', 'version', ...lists] as const;

function checkText(value: string, path: string, isVersion: boolean): FieldError[] {
  const errors = isVersion && !semver.test(value) ? [invalidValue(path, value, 'must be a string compatible with semver.org spec 2.0.0')] : [];
  if (Buffer.byteLength(value) > longestValue) errors.push(tooLong(path, '', longestValue));
  return errors;
}

function checkAttribute(attribute: DeviceAttribute, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const set = valueFields.filter((field) => attribute[field] !== undefined && attribute[field] !== null);
  if (typeof attribute.string === 'string') addAll(errors, checkText(attribute.string, child(path, 'string'), false));
  if (typeof attribute.version === 'string') addAll(errors, checkText(attribute.version, child(path, 'version'), true));
  for (const field of lists) {
    const values = attribute[field];
    if (!values) continue;
    const at = child(path, field);
    if (values.length === 0) errors.push(invalidValue(at, [], 'must not be empty if specified'));
    for (const [i, value] of values.entries()) if (typeof value === 'string') addAll(errors, checkText(value, `${at}[${i}]`, field === 'versions'));
  }
  if (set.length === 0) errors.push(invalidValue(path, '', 'exactly one value must be specified'));
  if (set.length > 1) errors.push(invalidValue(path, goStruct('resource.v1.DeviceAttribute', attribute), 'exactly one value must be specified'));
  return errors;
}

function valuesOf(attribute: DeviceAttribute): number {
  return lists.reduce((sum, field) => sum + (attribute[field]?.length ?? 0), 0) || 1;
}

function checkConsumption(consumption: DeviceCounterConsumption, path: string): FieldError[] {
  const name = consumption.counterSet ?? '';
  const errors = name === '' ? [required(child(path, 'counterSet'), '')] : checkLabel1123(name, child(path, 'counterSet'));
  const at = child(path, 'counters');
  if (Object.keys(consumption.counters ?? {}).length === 0) return [...errors, required(at, '')];
  return [...errors, ...checkMap(consumption.counters, mostCounters, longestLabel, checkLabel1123, () => [], at)];
}

function checkMappings(mappings: Readonly<Record<string, NodeAllocatableResourceMapping>>, capacity: Readonly<Record<string, DeviceCapacity>>, path: string): FieldError[] {
  return Object.entries(mappings).flatMap(([name, mapping]) => {
    const at = keyed(path, name);
    const errors = isNativeResource(name) ? [] : [invalidValue(at, name, 'must be a node allocatable resource name')];
    const multiplier = mapping.allocationMultiplier ?? undefined;
    const capacityKey = mapping.capacityKey ?? undefined;
    if (multiplier === undefined && capacityKey === undefined) return [...errors, invalidValue(at, '', 'at least one of allocationMultiplier or capacityKey must be set')];
    if (multiplier !== undefined && quantitySign(quantity(multiplier)) <= 0) errors.push(invalidValue(child(at, 'allocationMultiplier'), multiplier, 'must be positive'));
    if (capacityKey === '') errors.push(invalidValue(child(at, 'capacityKey'), '', 'capacityKey must not be an empty string'));
    else if (capacityKey !== undefined && !Object.hasOwn(capacity, capacityKey)) errors.push(fieldNotFound(child(at, 'capacityKey'), capacityKey));
    return errors;
  });
}

function checkOwnPlace(device: Device, path: string, perDevice: boolean): FieldError[] {
  if (!perDevice) {
    const isSet = [device.nodeName, device.nodeSelector, device.allNodes].some((value) => value !== undefined && value !== null);
    const detail = '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    return isSet ? [invalidValue(path, null, detail)] : [];
  }
  const { set, errors } = checkPlace(device, path, 'must not be empty');
  const detail = 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (set.length === 0) errors.push(required(path, detail));
  if (set.length > 1) errors.push(invalidValue(path, `{${set.join(', ')}}`, detail));
  return errors;
}

/** @param perDevice The slice leaves it to its devices to say where they are. */
export function checkDevice(device: Device, old: Device | undefined, path: string, perDevice: boolean): FieldError[] {
  const errors = checkLabel1123(device.name ?? '', child(path, 'name'));
  const attributes = device.attributes ?? {};
  const capacity = device.capacity ?? {};
  const entries = Object.keys(attributes).length + Object.keys(capacity).length;
  if (entries > mostEntries) errors.push(invalidValue(path, entries, `the total number of attributes and capacities must not exceed ${mostEntries}`));
  const values = Object.values(attributes).reduce((sum, attribute) => sum + valuesOf(attribute), 0);
  if (values > mostValues) errors.push(invalidValue(path, values, `the total number of attribute values must not exceed ${mostValues}`));
  addAll(errors, checkMap(attributes, -1, longestQualified, checkQualifiedAttribute, checkAttribute, child(path, 'attributes')));
  const shared = device.allowMultipleAllocations === true;
  addAll(errors, checkMap(capacity, -1, longestQualified, checkQualifiedAttribute, (item, at) => checkCapacity(item, at, shared), child(path, 'capacity')));
  if (old === undefined || !sameValue(old.taints, device.taints)) addAll(errors, checkList(device.taints, mostTaints, checkDeviceTaint, child(path, 'taints')));
  addAll(errors, checkSet(device.consumesCounters, mostConsumptions, checkConsumption, (item) => item.counterSet ?? '', child(path, 'consumesCounters')));
  addAll(errors, checkOwnPlace(device, path, perDevice));
  addAll(errors, checkBindingConditions(device.bindingConditions, device.bindingFailureConditions, path));
  return [...errors, ...checkMappings(device.nodeAllocatableResourceMappings ?? {}, capacity, child(path, 'nodeAllocatableResourceMappings'))];
}
