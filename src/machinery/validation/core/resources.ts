// Resource names and amounts: what a container, a pod, a quota or a limit range may ask for.
import type { ResourceClaim, ResourceRequirements } from '#api/core/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, isEnough, key, notSupported, required, type FieldError } from '../../field-errors.ts';
import { labelKeyErrors } from '../../label-syntax.ts';
import { compareQuantity, formatQuantity, parseQuantity, quantityMilliValue, quantitySign, quantityValue, type Quantity } from '../../quantity.ts';
import { checkLabel1123, quantity } from './fields.ts';

const computeAndStorage = ['cpu', 'memory', 'ephemeral-storage'];
const requestsAndLimits = [
  'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage',
];
const countable = ['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'];
const standard = new Set([...computeAndStorage, ...requestsAndLimits, ...countable, 'storage', 'requests.storage']);
const standardQuota = new Set([...computeAndStorage, ...requestsAndLimits, ...countable, 'requests.storage']);
const standardContainer = new Set(computeAndStorage);
const integer = new Set(countable);

const longestExtendedPrefix = 253 - 'requests.'.length;

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

function isQuotaHugePages(name: string): boolean {
  return isHugePages(name) || name.startsWith('requests.hugepages-');
}

/** In the kubernetes.io namespace, in which names without a domain are. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** As quota counts it, under "requests.": its prefix has less room. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.') && name.indexOf('/') <= longestExtendedPrefix && labelKeyErrors(name).length === 0;
}

function mayOvercommit(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** Any resource's name. */
export function checkResourceName(name: string, path: string): FieldError[] {
  const errors = labelKeyErrors(name).map((message) => invalidValue(path, name, message));
  if (errors.length > 0 || name.includes('/') || standard.has(name) || isQuotaHugePages(name)) return errors;
  return [invalidValue(path, name, 'must be a standard resource type or fully qualified')];
}

export function checkContainerResourceName(name: string, path: string): FieldError[] {
  if (standardContainer.has(name)) return [];
  const errors = checkResourceName(name, path);
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.push(invalidValue(path, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalidValue(path, name, "doesn't follow extended resource name standard"));
  }
  return errors;
}

function checkPodResourceName(name: string, path: string): FieldError[] {
  const errors = checkResourceName(name, path);
  if (errors.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name)) return errors;
  return [notSupported(path, name, ['cpu', 'hugepages-', 'memory'])];
}

export function checkQuotaResourceName(name: string, path: string): FieldError[] {
  const errors = checkResourceName(name, path);
  if (!name.includes('/') && !standardQuota.has(name) && !isQuotaHugePages(name)) {
    errors.push(invalidValue(path, name, 'must be a standard resource for quota'));
  }
  return errors;
}

/** Not negative; whole where the resource is counted. */
export function checkResourceAmount(name: string, amount: Quantity, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (quantitySign(amount) < 0) errors.push(invalidValue(path, formatQuantity(amount), 'must be greater than or equal to 0'));
  if ((integer.has(name) || isExtendedResource(name)) && quantityMilliValue(amount) % 1000 !== 0) {
    errors.push(invalidValue(path, formatQuantity(amount), 'must be an integer'));
  }
  return errors;
}

/** A quantity that must not be negative, in the older wording. */
export function checkBasicResource(amount: Quantity, path: string): FieldError[] {
  return quantityValue(amount) < 0 ? [invalidValue(path, quantityValue(amount), 'must be a valid resource quantity')] : [];
}

function checkHugePageAmount(name: string, amount: Quantity, path: string): FieldError[] {
  let size = 0;
  try {
    size = quantityValue(parseQuantity(name.slice('hugepages-'.length)));
  } catch {
    size = 0;
  }
  if (size > 0 && quantityValue(amount) % size === 0) return [];
  const text = formatQuantity(amount);
  return [invalidValue(path, text, `${text} is not positive integer multiple of ${name}`)];
}

/** What most amounts are: counts, in which nothing can be wrong. */
const plainCount = /^(?:0|[1-9][0-9]{0,11})$/;

/** Is a container's resource, its name and its amount, as nearly all are? Nothing is made to say so. */
function isPlain(name: string, amount: unknown): boolean {
  return typeof amount === 'string' && plainCount.test(amount) && (standardContainer.has(name) || isExtendedResource(name));
}

const noClaims: ReadonlySet<string> = new Set();

/** Requests and limits of a container (or of a whole pod with `isPod`). */
export function checkResourceRequirements(
  requirements: ResourceRequirements | undefined, path: string, podClaims: ReadonlySet<string> = noClaims, isPod = false,
): FieldError[] {
  if (requirements === undefined) return [];
  const errors: FieldError[] = [];
  const checkName = isPod ? checkPodResourceName : checkContainerResourceName;
  const limits = requirements.limits ?? {};
  const requests = requirements.requests ?? {};
  const limited = Object.keys(limits);
  const requested = Object.keys(requests);
  /** To request just as much as a limit without errors is right as well. */
  const unsound = new Set<string>();
  for (const name of limited) {
    if (isEnough(errors)) break;
    if (!isPod && isPlain(name, limits[name])) continue;
    const before = errors.length;
    addAll(errors, checkResource(name, quantity(limits[name]), key(child(path, 'limits'), name), checkName));
    if (errors.length > before) unsound.add(name);
  }
  for (const name of requested) {
    if (isEnough(errors)) break;
    if (requests[name] === limits[name] && !unsound.has(name)) continue;
    const isGood = !isPod && isPlain(name, requests[name]);
    const amount = quantity(requests[name]);
    const at = key(child(path, 'requests'), name);
    if (!isGood) errors.push(...checkName(name, at), ...checkResourceAmount(name, amount, at));
    addAll(errors, checkAgainstLimit(name, amount, limits, path));
    if (isHugePages(name)) addAll(errors, checkHugePageAmount(name, amount, at));
  }
  if ((limited.some(isHugePages) || requested.some(isHugePages)) && !mentions(limits, requests, 'cpu') && !mentions(limits, requests, 'memory')) {
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'));
  }
  addAll(errors, checkClaimNames(requirements.claims, podClaims, child(path, 'claims')));
  return errors;
}

function mentions(limits: object, requests: object, name: string): boolean {
  return Object.hasOwn(limits, name) || Object.hasOwn(requests, name);
}

function checkResource(name: string, amount: Quantity, path: string, checkName: (name: string, path: string) => FieldError[]): FieldError[] {
  const errors = [...checkName(name, path), ...checkResourceAmount(name, amount, path)];
  if (isHugePages(name)) addAll(errors, checkHugePageAmount(name, amount, path));
  return errors;
}

function checkAgainstLimit(name: string, amount: Quantity, limits: Readonly<Record<string, string>>, path: string): FieldError[] {
  if (!Object.hasOwn(limits, name)) {
    return mayOvercommit(name) ? [] : [required(child(path, 'limits'), 'Limit must be set for non overcommitable resources')];
  }
  const limit = quantity(limits[name]);
  const order = compareQuantity(amount, limit);
  const at = child(path, 'requests');
  if (order !== 0 && !mayOvercommit(name)) return [invalidValue(at, formatQuantity(amount), `must be equal to ${name} limit of ${formatQuantity(limit)}`)];
  if (order > 0) return [invalidValue(at, formatQuantity(amount), `must be less than or equal to ${name} limit of ${formatQuantity(limit)}`)];
  return [];
}

function checkClaimNames(claims: readonly ResourceClaim[] | undefined, podClaims: ReadonlySet<string>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  /** How many requests of a claim have been named. */
  const requests = new Map<string, number>();
  let known: string | undefined;
  for (const [i, { name, request = '' }] of (claims ?? []).entries()) {
    const at = index(path, i);
    if (name === '') {
      errors.push(required(at, ''));
      continue;
    }
    if (names.has(name)) {
      errors.push(duplicate(at, name));
    } else {
      if (request !== '') addAll(errors, checkLabel1123(request, child(at, 'request')));
      const full = request === '' ? name : `${name}/${request}`;
      if (names.has(full)) errors.push(duplicate(at, full));
      else if (request === '') for (let twice = requests.get(name) ?? 0; twice > 0; twice--) errors.push(duplicate(at, name));
      else requests.set(name, (requests.get(name) ?? 0) + 1);
      names.add(full);
    }
    if (podClaims.has(name)) continue;
    known ??= `must be one of the names in pod.spec.resourceClaims${podClaims.size === 0 ? ' which is empty' : `: ${[...podClaims].sort().join(', ')}`}`;
    errors.push({ type: 'NotFound', field: at, badValue: name, detail: known });
  }
  return errors;
}
