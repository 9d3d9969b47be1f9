// The status of ResourceClaims: what was allocated, for whom it is reserved, and what drivers tell of the devices.
import type {
  AllocatedDeviceStatus, AllocationResult, DeviceAllocationConfiguration, DeviceRequestAllocationResult, NetworkDeviceData, ResourceClaim, ResourceClaimConsumerReference,
} from '#api/resource/v1.ts';
import { addAll, child, forbiddenField, invalidValue, notSupported, required, tooLong, tooMany, type FieldError } from '../../field-errors.ts';
import { jsonEqual } from '../../patch/json-tree.ts';
import { checkInterfaceAddress } from '../core/addresses.ts';
import { checkNodeSelector } from '../core/affinity.ts';
import { checkLabel1123 } from '../core/fields.ts';
import { goStruct } from '../go-struct.ts';
import { validateConditions } from '../meta/conditions.ts';
import { immutable } from '../meta/object-meta.ts';
import { checkBindingConditions, checkOpaque, checkRawObject } from './device-taint.ts';
import { checkDriverName, checkList, checkPoolName, checkSet, checkUid } from './names.ts';
import { checkRequestReference, requestNames, type RequestNames } from './request-names.ts';

const mostConsumers = 256;
const mostResults = 32;
const mostConfigs = 64;
const mostConditions = 8;
const longestData = 10 * 1024;
const longestInterface = 256;
const longestHardware = 128;
const mostAddresses = 16;

interface DeviceId {
  readonly driver?: string;
  readonly pool?: string;
  readonly device?: string;
  readonly shareID?: string;
}

function deviceName({ driver = '', pool = '', device = '', shareID }: DeviceId): string {
  return JSON.stringify([driver, pool, device, shareID ?? '']);
}

/** As upstream's SharedDeviceID prints in JSON. */
function shownDevice({ driver = '', pool = '', device = '', shareID }: DeviceId): unknown {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID ?? '' };
}

function checkConsumer(reference: ResourceClaimConsumerReference, path: string): FieldError[] {
  return (['resource', 'name', 'uid'] as const).flatMap((field) => ((reference[field] ?? '') === '' ? [required(child(path, field), '')] : []));
}

function checkResult(result: DeviceRequestAllocationResult, known: RequestNames, path: string): FieldError[] {
  const errors = [
    ...checkRequestReference(result.request ?? '', child(path, 'request'), known),
    ...checkDriverName(result.driver, child(path, 'driver')),
    ...checkPoolName(result.pool ?? '', child(path, 'pool')),
    ...checkLabel1123(result.device ?? '', child(path, 'device')),
    ...checkBindingConditions(result.bindingConditions, result.bindingFailureConditions, path),
  ];
  if (typeof result.shareID === 'string') addAll(errors, checkUid(result.shareID, child(path, 'shareID')));
  return errors;
}

function checkConfig(config: DeviceAllocationConfiguration, known: RequestNames, path: string): FieldError[] {
  const sources = ['FromClaim', 'FromClass'];
  const source = config.source ?? '';
  const errors: FieldError[] = [];
  if (source === '') errors.push(required(child(path, 'source'), ''));
  else if (!sources.includes(source)) errors.push(notSupported(child(path, 'source'), source, sources));
  addAll(errors, checkSet(config.requests, mostResults, (name, at) => checkRequestReference(name, at, known), (name) => name, child(path, 'requests')));
  return [...errors, ...checkOpaque(config, path, false)];
}

function checkAllocation(allocation: AllocationResult, known: RequestNames, path: string): FieldError[] {
  const { devices, nodeSelector } = allocation;
  return [
    ...checkList(devices?.results, mostResults, (result, at) => checkResult(result, known, at), child(path, 'devices', 'results')),
    ...checkList(devices?.config, mostConfigs, (config, at) => checkConfig(config, known, at), child(path, 'devices', 'config')),
    ...(nodeSelector ? checkNodeSelector(nodeSelector, child(path, 'nodeSelector')) : []),
  ];
}

function checkNetworkData(data: NetworkDeviceData | undefined, path: string): FieldError[] {
  if (!data) return [];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(data.interfaceName ?? '') > longestInterface) errors.push(tooLong(child(path, 'interfaceName'), '', longestInterface));
  if (Buffer.byteLength(data.hardwareAddress ?? '') > longestHardware) errors.push(tooLong(child(path, 'hardwareAddress'), '', longestHardware));
  return [...errors, ...checkSet(data.ips, mostAddresses, checkInterfaceAddress, (ip) => ip, child(path, 'ips'))];
}

function checkDevice(device: AllocatedDeviceStatus, allocated: ReadonlySet<string>, path: string): FieldError[] {
  const errors = [
    ...checkDriverName(device.driver, child(path, 'driver')),
    ...checkPoolName(device.pool ?? '', child(path, 'pool')),
    ...checkLabel1123(device.device ?? '', child(path, 'device')),
  ];
  if (typeof device.shareID === 'string') addAll(errors, checkUid(device.shareID, child(path, 'shareID')));
  if (!allocated.has(deviceName(device))) errors.push(invalidValue(path, shownDevice(device), 'must be an allocated device in the claim'));
  const count = (device.conditions ?? []).length;
  if (count > mostConditions) errors.push(tooMany(child(path, 'conditions'), count, mostConditions));
  addAll(errors, validateConditions(device.conditions, child(path, 'conditions')));
  if (device.data !== undefined) addAll(errors, checkRawObject(device.data, child(path, 'data'), false, longestData));
  return [...errors, ...checkNetworkData(device.networkData, child(path, 'networkData'))];
}

function checkReservations(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const reserved = claim.status?.reservedFor ?? [];
  if (reserved.length === 0) return [];
  if (!claim.status?.allocation) return [forbiddenField('status.reservedFor', 'may not be specified when `allocated` is not set')];
  if (claim.metadata?.deletionTimestamp === undefined) return [];
  // A stored list has each uid once.
  const before = new Map((old.status?.reservedFor ?? []).map((reference) => [reference.uid, reference]));
  const isNew = (reference: ResourceClaimConsumerReference): boolean => !jsonEqual(before.get(reference.uid) ?? null, reference);
  return reserved.some(isNew) ? [forbiddenField('status.reservedFor', 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set')] : [];
}

/** A write of the status; an allocation that is there stays as it is. */
export function checkClaimStatus(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const status = claim.status ?? {};
  const allocated = new Set((status.allocation?.devices?.results ?? []).map(deviceName));
  const errors = [
    ...checkSet(status.reservedFor, mostConsumers, checkConsumer, (reference) => reference.uid ?? '', 'status.reservedFor'),
    ...checkSet(status.devices, -1, (device, at) => checkDevice(device, allocated, at), deviceName, 'status.devices', shownDevice),
    ...checkReservations(claim, old),
  ];
  const path = 'status.allocation';
  if (status.allocation && old.status?.allocation) {
    return [...errors, ...immutable(status.allocation, old.status.allocation, path, () => goStruct('resource.v1.AllocationResult', status.allocation))];
  }
  return status.allocation ? [...errors, ...checkAllocation(status.allocation, requestNames(claim.spec?.devices), path)] : errors;
}
