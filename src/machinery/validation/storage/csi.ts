// What CSI drivers tell the cluster: CSIDrivers, CSINodes and CSIStorageCapacities.
import type { CSIDriver, CSIDriverSpec, CSINode, CSINodeDriver, CSIStorageCapacity, TokenRequest } from '#api/storage/v1.ts';
import { addAll, child, duplicate, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { quantitySign } from '../../quantity.ts';
import { checkEnum, checkQualifiedName, quantity } from '../core/fields.ts';
import { checkCsiDriverName } from '../core/volume-sources.ts';
import { goStruct } from '../go-struct.ts';
import { immutable, nonNegative, sameValue } from '../meta/object-meta.ts';
import { validateLabelSelector } from '../meta/selectors.ts';
import { checkMeta, kind, standard } from '../validator.ts';

const longestNodeId = 256;
const leastTokenSeconds = 600;
const mostTokenSeconds = 2 ** 32;

function checkTokenRequests(requests: readonly TokenRequest[] | undefined, path: string): FieldError[] {
  const audiences = new Set<string>();
  return (requests ?? []).flatMap(({ audience = '', expirationSeconds: seconds }, i) => {
    if (audiences.has(audience)) return [duplicate(child(index(path, i), 'audience'), audience)];
    audiences.add(audience);
    const at = child(index(path, i), 'expirationSeconds');
    if (typeof seconds !== 'number') return [];
    if (seconds < leastTokenSeconds) return [invalidValue(at, seconds, 'may not specify a duration less than 10 minutes')];
    return seconds > mostTokenSeconds ? [invalidValue(at, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
  });
}

function checkDriverSpec(spec: CSIDriverSpec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  // The path is upstream's slip.
  if (!isSet(spec?.attachRequired)) errors.push(required('spec.attachedRequired', ''));
  if (!isSet(spec?.podInfoOnMount)) errors.push(required('spec.podInfoOnMount', ''));
  if (!isSet(spec?.storageCapacity)) errors.push(required('spec.storageCapacity', ''));
  if (isSet(spec?.fsGroupPolicy)) addAll(errors, checkEnum(spec?.fsGroupPolicy ?? '', ['File', 'None', 'ReadWriteOnceWithFSType'], 'spec.fsGroupPolicy'));
  addAll(errors, checkTokenRequests(spec?.tokenRequests, 'spec.tokenRequests'));
  const modes = ['Persistent', 'Ephemeral'];
  for (const mode of spec?.volumeLifecycleModes ?? []) {
    if (isEnough(errors)) break;
    if (!modes.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, modes));
  }
  if (!isSet(spec?.seLinuxMount)) errors.push(required('spec.seLinuxMount', ''));
  const period = spec?.nodeAllocatableUpdatePeriodSeconds;
  if (typeof period === 'number' && period < 10) {
    errors.push(invalidValue('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'));
  }
  if (isSet(spec?.serviceAccountTokenInSecrets) && (spec?.tokenRequests ?? []).length === 0) {
    errors.push(invalidValue('spec.serviceAccountTokenInSecrets', spec?.serviceAccountTokenInSecrets, 'serviceAccountTokenInSecrets is set but no tokenRequests are specified'));
  }
  return errors;
}

export const csiDriver = standard<CSIDriver>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: (object) => checkDriverSpec(object.spec),
  update: (object, old) => [
    ...checkDriverSpec(object.spec),
    ...immutable(object.spec.attachRequired ?? null, old.spec.attachRequired ?? null, 'spec.attachedRequired'),
    ...immutable(object.spec.volumeLifecycleModes ?? null, old.spec.volumeLifecycleModes ?? null, 'spec.volumeLifecycleModes'),
  ],
});

function checkNodeDriver(driver: CSINodeDriver, names: Set<string>, path: string): FieldError[] {
  const { name = '', nodeID = '', allocatable } = driver;
  const errors = checkCsiDriverName(name, child(path, 'name'));
  if (nodeID === '') errors.push(required(child(path, 'nodeID'), ''));
  if (Buffer.byteLength(nodeID) > longestNodeId) errors.push(invalidValue(child(path, 'nodeID'), nodeID, `must be ${longestNodeId} characters or less`));
  addAll(errors, nonNegative(allocatable?.count ?? 0, child(path, 'allocatable', 'count')));
  if (names.has(name)) errors.push(duplicate(child(path, 'name'), name));
  names.add(name);
  const keys = new Set<string>();
  for (const key of driver.topologyKeys ?? []) {
    if (isEnough(errors)) break;
    if (key === '') errors.push(required(path, ''));
    if (keys.has(key)) errors.push(duplicate(path, key));
    keys.add(key);
    addAll(errors, checkQualifiedName(key, path));
  }
  return errors;
}

function checkNode(object: CSINode): FieldError[] {
  const names = new Set<string>();
  return [
    ...checkMeta(object.metadata, false, nameIsSubdomain),
    ...(object.spec?.drivers ?? []).flatMap((driver, i) => checkNodeDriver(driver, names, index('spec.drivers', i))),
  ];
}

function checkNodeUpdate(object: CSINode, old: CSINode): FieldError[] {
  const errors = checkNode(object);
  const byName = Map.groupBy(object.spec?.drivers ?? [], (driver) => driver.name);
  for (const { allocatable: _was, ...known } of old.spec?.drivers ?? []) {
    for (const { allocatable: _free, ...after } of byName.get(known.name) ?? []) {
      if (isEnough(errors)) break;
      if (sameValue(after, known)) continue;
      addAll(errors, immutable(after, known, 'spec.drivers', () => goStruct('storage.v1.CSINodeDriver', after)));
    }
  }
  return errors;
}

export const csiNode = kind<CSINode>({ create: checkNode, update: checkNodeUpdate });

function checkCapacity(object: CSIStorageCapacity, old?: CSIStorageCapacity): FieldError[] {
  const relaxed = old !== undefined && validateLabelSelector(old.nodeTopology, '').length > 0;
  const errors = validateLabelSelector(object.nodeTopology, 'nodeTopology', relaxed);
  const name = object.storageClassName ?? '';
  for (const message of nameIsSubdomain(name, false)) errors.push(invalidValue('storageClassName', name, message));
  const { capacity } = object;
  if (capacity !== undefined && capacity !== null && quantitySign(quantity(capacity)) < 0) {
    errors.push(invalidValue('capacity', capacity, 'must be greater than or equal to 0'));
  }
  return errors;
}

export const csiStorageCapacity = standard<CSIStorageCapacity>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkCapacity(object),
  update: (object, old) => [
    ...checkMeta(object.metadata, true, nameIsSubdomain),
    ...checkCapacity(object, old),
    ...immutable(object.nodeTopology ?? null, old.nodeTopology ?? null, 'nodeTopology'),
    ...immutable(object.storageClassName ?? '', old.storageClassName ?? '', 'storageClassName'),
  ],
});

