// ResourcePoolStatusRequests: a question about the pools of a driver, answered once through its status. Neither changes
// afterwards.
import type { PoolStatus, ResourcePoolStatusRequest, ResourcePoolStatusRequestStatus } from '#api/resource/v1alpha3.ts';
import { addAll, child, duplicate, index, invalidValue, required, tooLong, tooMany, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain, regexError } from '../../names.ts';
import { validateConditions } from '../meta/conditions.ts';
import { immutable, sameValue, validateObjectMeta, validateObjectMetaUpdate } from '../meta/object-meta.ts';
import { kind } from '../validator.ts';

const longestName = 253;
const longestError = 256;
const mostPools = 1000;
const mostConditions = 10;
const anyCasePattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const anyCaseText = "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

/** The name of a driver, in letters of either case. */
function checkDriver(name: string, path: string): FieldError[] {
  if (name === '') return [required(path, '')];
  const errors = name.length > longestName ? [invalidValue(path, name, `must be no more than ${longestName} characters`)] : [];
  const isGood = name.length <= 1000 && new RegExp(`^${anyCasePattern}$`, 'i').test(name);
  return isGood ? errors : [...errors, invalidValue(path, name, regexError(anyCaseText, `(?i)${anyCasePattern}`, 'example.com'))];
}

function checkPool(name: string, path: string): FieldError[] {
  const errors = name.length > longestName ? [tooLong(path, '', longestName)] : [];
  for (const [i, part] of name.split('/').entries()) {
    const messages = part === '' ? ['must not be empty'] : nameIsSubdomain(part, false);
    for (const message of messages) errors.push(invalidValue(path, part === '' ? name : part, `segment ${i}: ${message}`));
  }
  return errors;
}

function atLeast(value: number | null | undefined, least: number, path: string): FieldError[] {
  return typeof value === 'number' && value < least ? [invalidValue(path, value, `must be greater than or equal to ${least}`)] : [];
}

function checkPoolStatus(pool: PoolStatus, path: string): FieldError[] {
  const at = (field: string): string => child(path, field);
  const { driver = '', poolName = '', generation = 0, nodeName, validationError } = pool;
  return [
    ...checkDriver(driver, at('driver')),
    ...(poolName === '' ? [required(at('poolName'), '')] : checkPool(poolName, at('poolName'))),
    ...(generation === 0 ? [required(at('generation'), '')] : atLeast(generation, 0, at('generation'))),
    ...atLeast(pool.resourceSliceCount, 1, at('resourceSliceCount')),
    ...(['totalDevices', 'allocatedDevices', 'availableDevices', 'unavailableDevices'] as const).flatMap((field) => atLeast(pool[field], 0, at(field))),
    ...(typeof nodeName === 'string' ? nameIsSubdomain(nodeName, false).map((message) => invalidValue(at('nodeName'), nodeName, message)) : []),
    ...(typeof validationError === 'string' && Buffer.byteLength(validationError) > longestError ? [tooLong(at('validationError'), '', longestError)] : []),
  ];
}

function checkStatus(status: ResourcePoolStatusRequestStatus): FieldError[] {
  const errors = validateConditions(status.conditions, 'status.conditions');
  if (typeof status.poolCount !== 'number') errors.push(required('status.poolCount', ''));
  addAll(errors, atLeast(status.poolCount, 0, 'status.poolCount'));
  const pools = status.pools ?? [];
  if (pools.length > mostPools) errors.push(tooMany('status.pools', pools.length, mostPools));
  else for (const [i, pool] of pools.entries()) addAll(errors, checkPoolStatus(pool, index('status.pools', i)));
  const conditions = status.conditions ?? [];
  if (conditions.length > mostConditions) return [...errors, tooMany('status.conditions', conditions.length, mostConditions)];
  for (const [i, condition] of conditions.entries()) {
    if (conditions.findIndex(({ type }) => type === condition.type) < i) errors.push(duplicate(index('status.conditions', i), condition));
  }
  return errors;
}

export const resourcePoolStatusRequest = kind<ResourcePoolStatusRequest>({
  create({ metadata, spec }) {
    const errors = [...validateObjectMeta(metadata, false, nameIsSubdomain), ...checkDriver(spec?.driver ?? '', 'spec.driver')];
    if (typeof spec?.poolName === 'string') addAll(errors, checkPool(spec.poolName, 'spec.poolName'));
    addAll(errors, atLeast(spec?.limit, 1, 'spec.limit'));
    if ((spec?.limit ?? 0) > mostPools) errors.push(invalidValue('spec.limit', spec?.limit, `must be less than or equal to ${mostPools}`));
    return errors;
  },
  update: (object, old) => [
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...(sameValue(object.spec, old.spec) ? [] : [invalidValue('spec', null, 'field is immutable')]),
  ],
  subresources: {
    status(object, old) {
      const errors = validateObjectMetaUpdate(object.metadata, old.metadata);
      if (old.status) return [...errors, ...immutable(object.status, old.status, 'status')];
      return object.status ? [...errors, ...checkStatus(object.status)] : errors;
    },
  },
});
