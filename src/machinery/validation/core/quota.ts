// ResourceQuotas and LimitRanges.
import type { LimitRange, LimitRangeItem, ResourceQuota, ResourceQuotaSpec } from '#api/core/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, isEnough, key, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { compareQuantity, formatQuantity, parseQuantity, quantityMilliValue, type Quantity } from '../../quantity.ts';
import { goStruct } from '../go-struct.ts';
import { checkMeta, standard } from '../validator.ts';
import { checkQualifiedName, quantity } from './fields.ts';
import { checkContainerResourceName, checkQuotaResourceName, checkResourceAmount, checkResourceName, isHugePages, isNativeResource } from './resources.ts';

const existsOnly = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const scopes = [...existsOnly, 'PriorityClass', 'VolumeAttributesClass'];
const scopedResources = ['pods', 'cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

function isStandardQuotaName(name: string): boolean {
  return !name.includes('/') && checkQuotaResourceName(name, '').length === 0;
}

function fitsScope(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods';
  if (scope === 'VolumeAttributesClass') return name === 'persistentvolumeclaims' || name === 'requests.storage';
  return !scopes.includes(scope) || scopedResources.includes(name);
}

function checkAmounts(list: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of Object.keys(list ?? {})) {
    if (isEnough(errors)) break;
    const at = key(path, name);
    errors.push(...checkQuotaResourceName(name, at), ...checkResourceAmount(name, quantity(list?.[name]), at));
  }
  return errors;
}

function checkConflicts(given: ReadonlySet<string>, shown: unknown, path: string): FieldError[] {
  const pairs = [['BestEffort', 'NotBestEffort'], ['Terminating', 'NotTerminating']];
  return pairs.filter((pair) => pair.every((scope) => given.has(scope))).map(() => invalidValue(path, shown, 'conflicting scopes'));
}

function checkQuotaSpec(spec: ResourceQuotaSpec | undefined): FieldError[] {
  const errors = checkAmounts(spec?.hard, 'spec.hard');
  const limited = Object.keys(spec?.hard ?? {}).filter(isStandardQuotaName).sort();
  const given = spec?.scopes ?? [];
  const known = new Map<string, readonly string[]>();
  const misfits = (scope: string): readonly string[] => {
    let found = known.get(scope);
    if (found === undefined) known.set(scope, (found = limited.filter((name) => !fitsScope(scope, name))));
    return found;
  };
  for (const scope of given) {
    if (isEnough(errors)) break;
    if (!scopes.includes(scope)) errors.push(invalidValue('spec.scopes', given, 'unsupported scope'));
    for (const _name of misfits(scope)) errors.push(invalidValue('spec.scopes', given, 'unsupported scope applied to resource'));
  }
  addAll(errors, checkConflicts(new Set(given), given, 'spec.scopes'));
  if (!spec?.scopeSelector) return errors;
  const path = 'spec.scopeSelector.matchExpressions';
  const requirements = spec.scopeSelector.matchExpressions ?? [];
  let shown: ReturnType<typeof goStruct> | undefined;
  for (const requirement of requirements) {
    if (isEnough(errors)) break;
    const { scopeName, operator, values = [] } = requirement;
    if (!scopes.includes(scopeName)) errors.push(invalidValue(child(path, 'scopeName'), scopeName, 'unsupported scope'));
    for (const _name of misfits(scopeName)) errors.push(invalidValue(path, (shown ??= goStruct('core.v1.ScopeSelector', spec.scopeSelector)), 'unsupported scope applied to resource'));
    if (existsOnly.includes(scopeName) && operator !== 'Exists') {
      const names = 'ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
      errors.push(invalidValue(child(path, 'operator'), operator, `must be 'Exists' when scope is any of ${names}`));
    }
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) errors.push(required(child(path, 'values'), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) errors.push(invalidValue(child(path, 'values'), values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
    } else {
      errors.push(invalidValue(child(path, 'operator'), operator, 'not a valid selector operator'));
    }
  }
  return [...errors, ...checkConflicts(new Set(requirements.map((r) => r.scopeName)), given, path)];
}

export const resourceQuota = standard<ResourceQuota>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => [...checkQuotaSpec(object.spec), ...checkAmounts(object.status?.hard, 'status.hard'), ...checkAmounts(object.status?.used, 'status.used')],
  update: (object, old) => {
    const [after, before] = [new Set(object.spec?.scopes ?? []), new Set(old.spec?.scopes ?? [])];
    const same = after.size === before.size && [...after].every((scope) => before.has(scope));
    return [...checkQuotaSpec(object.spec), ...(same ? [] : [invalidValue('spec.scopes', object.spec?.scopes ?? null, 'field is immutable')])];
  },
  status: (object) => [...checkAmounts(object.status?.hard, 'status.hard'), ...checkAmounts(object.status?.used, 'status.used')],
});

const limitFields = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function checkLimit(limit: LimitRangeItem, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const isPod = limit.type === 'Pod';
  for (const field of limitFields) {
    const list = limit[field] ?? {};
    if (isPod && (field === 'default' || field === 'defaultRequest')) {
      if (Object.keys(list).length > 0) errors.push(forbiddenField(child(path, field), "may not be specified when `type` is 'Pod'"));
      continue;
    }
    if (field === 'maxLimitRequestRatio' && limit.type === 'PersistentVolumeClaim' && limit.min?.['storage'] === undefined && limit.max?.['storage'] === undefined) {
      errors.push(required(child(path, 'limits'), 'either minimum or maximum storage value is required, but neither was provided'));
    }
    for (const name of Object.keys(list)) {
      const at = key(child(path, field), name);
      addAll(errors, (isPod || limit.type === 'Container' ? checkContainerResourceName(name, at) : checkResourceName(name, at)));
      names.add(name);
    }
  }
  for (const name of names) addAll(errors, checkLimitAmounts(limit, name, isPod, path));
  return errors;
}

function checkLimitAmounts(limit: LimitRangeItem, name: string, isPod: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const amount = (field: (typeof limitFields)[number]): Quantity | undefined => {
    const text = limit[field]?.[name];
    return text === undefined ? undefined : quantity(text);
  };
  const [min, max, ratio] = [amount('min'), amount('max'), amount('maxLimitRequestRatio')];
  const [fallback, request] = isPod ? [undefined, undefined] : [amount('default'), amount('defaultRequest')];
  const exceeds = (a: Quantity | undefined, b: Quantity | undefined): boolean => a !== undefined && b !== undefined && compareQuantity(a, b) > 0;
  const text = (value: Quantity | undefined): string => (value === undefined ? '' : formatQuantity(value));
  const refuse = (field: string, shown: Quantity | undefined, detail: string): void => {
    errors.push(invalidValue(key(child(path, field), name), text(shown), detail));
  };
  if (exceeds(min, max)) refuse('min', min, `min value ${text(min)} is greater than max value ${text(max)}`);
  if (exceeds(min, request)) refuse('defaultRequest', request, `min value ${text(min)} is greater than default request value ${text(request)}`);
  if (exceeds(request, max)) refuse('defaultRequest', request, `default request value ${text(request)} is greater than max value ${text(max)}`);
  if (exceeds(request, fallback)) refuse('defaultRequest', request, `default request value ${text(request)} is greater than default limit value ${text(fallback)}`);
  if (exceeds(min, fallback)) refuse('default', min, `min value ${text(min)} is greater than default value ${text(fallback)}`);
  if (exceeds(fallback, max)) refuse('default', max, `default value ${text(fallback)} is greater than max value ${text(max)}`);
  if (exceeds(parseQuantity('1'), ratio)) refuse('maxLimitRequestRatio', ratio, `ratio ${text(ratio)} is less than 1`);
  if (ratio !== undefined && min !== undefined && max !== undefined) {
    const allowed = quantityMilliValue(max) / quantityMilliValue(min);
    if (quantityMilliValue(ratio) / 1000 > allowed) refuse('maxLimitRequestRatio', ratio, `ratio ${text(ratio)} is greater than max/min = ${allowed.toFixed(6)}`);
  }
  const fixed = !isNativeResource(name) || isHugePages(name);
  if (fixed && fallback !== undefined && request !== undefined && compareQuantity(fallback, request) !== 0) {
    refuse('defaultRequest', request, `default value ${text(fallback)} must equal to defaultRequest value ${text(request)} in ${name}`);
  }
  return errors;
}

const limitTypes = ['Pod', 'Container', 'PersistentVolumeClaim'];

function checkLimits(object: LimitRange): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, limit] of (object.spec?.limits ?? []).entries()) {
    const at = index('spec.limits', i);
    const messages = checkQualifiedName(limit.type, child(at, 'type'));
    addAll(errors, messages);
    if (messages.length === 0 && !limit.type.includes('/') && !limitTypes.includes(limit.type)) {
      errors.push(invalidValue(child(at, 'type'), limit.type, 'must be a standard limit type or fully qualified'));
    }
    if (seen.has(limit.type)) errors.push(duplicate(child(at, 'type'), limit.type));
    seen.add(limit.type);
    addAll(errors, checkLimit(limit, at));
  }
  return errors;
}

export const limitRange = standard<LimitRange>({
  namespaced: true,
  name: nameIsSubdomain,
  update: (object) => [...checkMeta(object.metadata, true, nameIsSubdomain), ...checkLimits(object)],
  spec: checkLimits,
});
