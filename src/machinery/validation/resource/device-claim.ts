// ResourceClaims and their templates: which devices are asked for, under which constraints (KEP-4381). The spec never
// changes once it is written.
import type { DeviceClaim, DeviceConstraint, DeviceRequest, DeviceToleration, DeviceSelector, ResourceClaim, ResourceClaimTemplate } from '#api/resource/v1.ts';
import { addAll, child, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkLabel1123, checkSubdomain } from '../core/fields.ts';
import { goStruct } from '../go-struct.ts';
import { immutable } from '../meta/object-meta.ts';
import { checkTemplateMeta } from '../meta/template-meta.ts';
import { checkMeta, checkMetaUpdate, kind, standard } from '../validator.ts';
import { checkClaimStatus } from './claim-status.ts';
import { checkSelectors } from './device-selector.ts';
import { checkDeviceToleration, checkOpaque } from './device-taint.ts';
import { checkFullName, checkList, checkSet } from './names.ts';
import { checkRequestReference, requestNames, type RequestNames } from './request-names.ts';

const most = 32;
const mostAlternatives = 8;

interface ClassRequest {
  readonly deviceClassName?: string;
  readonly selectors?: readonly DeviceSelector[];
  readonly allocationMode?: string;
  readonly count?: number;
  readonly tolerations?: readonly DeviceToleration[];
}

function checkClassRequest(request: ClassRequest, path: string): FieldError[] {
  const { deviceClassName = '', allocationMode = '', count = 0 } = request;
  const classPath = child(path, 'deviceClassName');
  const errors = deviceClassName === '' ? [required(classPath, '')] : checkSubdomain(deviceClassName, classPath);
  addAll(errors, checkSelectors(request.selectors, child(path, 'selectors')));
  if (allocationMode === 'All') {
    if (count !== 0) errors.push(invalidValue(child(path, 'count'), count, "must not be specified when allocationMode is 'All'"));
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) errors.push(invalidValue(child(path, 'count'), count, 'must be greater than zero'));
  } else {
    errors.push(notSupported(child(path, 'allocationMode'), allocationMode, ['All', 'ExactCount']));
  }
  for (const [i, toleration] of (request.tolerations ?? []).entries()) addAll(errors, checkDeviceToleration(toleration, index(child(path, 'tolerations'), i)));
  return errors;
}

function checkRequest(request: DeviceRequest, path: string): FieldError[] {
  const errors = checkLabel1123(request.name ?? '', child(path, 'name'));
  const alternatives = request.firstAvailable ?? [];
  if (alternatives.length === 0 && !request.exactly) return [...errors, required(path, 'exactly one of `exactly` or `firstAvailable` is required')];
  if (alternatives.length > 0 && request.exactly) {
    return [...errors, invalidValue(path, null, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set')];
  }
  if (request.exactly) return [...errors, ...checkClassRequest(request.exactly, child(path, 'exactly'))];
  const checkAlternative = (sub: (typeof alternatives)[number], at: string): FieldError[] => [...checkLabel1123(sub.name ?? '', child(at, 'name')), ...checkClassRequest(sub, at)];
  return [...errors, ...checkSet(alternatives, mostAlternatives, checkAlternative, (sub) => sub.name ?? '', child(path, 'firstAvailable'))];
}

function checkReferences(names: readonly string[] | undefined, known: RequestNames, path: string): FieldError[] {
  return checkSet(names, most, (name, at) => checkRequestReference(name, at, known), (name) => name, child(path, 'requests'));
}

function checkConstraint(constraint: DeviceConstraint, known: RequestNames, path: string): FieldError[] {
  const errors = checkReferences(constraint.requests, known, path);
  const { matchAttribute, distinctAttribute } = constraint;
  if (typeof matchAttribute === 'string') return [...errors, ...checkFullName(matchAttribute, child(path, 'matchAttribute'))];
  if (typeof distinctAttribute === 'string') return [...errors, ...checkFullName(distinctAttribute, child(path, 'distinctAttribute'))];
  return [...errors, required(path, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set')];
}

function checkDevices(claim: DeviceClaim | undefined, path: string): FieldError[] {
  const known = requestNames(claim);
  return [
    ...checkSet(claim?.requests, most, checkRequest, (request) => request.name ?? '', child(path, 'requests')),
    ...checkList(claim?.constraints, most, (constraint, at) => checkConstraint(constraint, known, at), child(path, 'constraints')),
    ...checkList(claim?.config, most, (config, at) => [...checkReferences(config.requests, known, at), ...checkOpaque(config, at, false)], child(path, 'config')),
  ];
}

export const resourceClaim = kind<ResourceClaim>({
  create: (object) => [...checkMeta(object.metadata, true, nameIsSubdomain), ...checkDevices(object.spec?.devices, 'spec.devices')],
  update: (object, old) => [
    ...checkMeta(object.metadata, true, nameIsSubdomain),
    ...checkMetaUpdate(object.metadata, old.metadata),
    ...immutable(object.spec, old.spec, 'spec', () => goStruct('resource.v1.ResourceClaimSpec', object.spec)),
  ],
  subresources: { status: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...checkClaimStatus(object, old)] },
});

function checkTemplate(object: ResourceClaimTemplate): FieldError[] {
  return [...checkTemplateMeta(object.spec?.metadata, 'spec.metadata'), ...checkDevices(object.spec?.spec?.devices, 'spec.spec.devices')];
}

export const resourceClaimTemplate = standard<ResourceClaimTemplate>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: checkTemplate,
  update: (object, old) => [
    ...checkMeta(object.metadata, true, nameIsSubdomain),
    ...checkTemplate(object),
    ...immutable(object.spec, old.spec, 'spec', () => goStruct('resource.v1.ResourceClaimTemplateSpec', object.spec)),
  ],
});
