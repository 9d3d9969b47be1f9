// IPAddresses, whose names are the addresses, and ServiceCIDRs (KEP-1880).
import type { IPAddress, ParentReference, ServiceCIDR } from '#api/networking/v1.ts';
import { isIPv6 } from 'node:net';
import { addAll, child, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nameIsPathSegment, nameIsSubdomain, type NameRule } from '../../names.ts';
import { checkStrictCidr, canonicalIpErrors } from '../core/addresses.ts';
import { checkSubdomain } from '../core/fields.ts';
import { goStruct } from '../go-struct.ts';
import { immutable } from '../meta/object-meta.ts';
import { checkMeta, standard } from '../validator.ts';

const nameIsAddress: NameRule = (name) => canonicalIpErrors(name);

function checkParent(parent: ParentReference | undefined): FieldError[] {
  const path = 'spec.parentRef';
  if (!parent) return [required(path, '')];
  const { group = '', resource = '', name = '', namespace = '' } = parent;
  const errors = group === '' ? [] : checkSubdomain(group, child(path, 'group'));
  const segment = (text: string, field: string): void => {
    for (const message of nameIsPathSegment(text, false)) errors.push(invalidValue(child(path, field), text, message));
  };
  if (resource === '') errors.push(required(child(path, 'resource'), ''));
  else segment(resource, 'resource');
  if (name === '') errors.push(required(child(path, 'name'), ''));
  else segment(name, 'name');
  if (namespace !== '') segment(namespace, 'namespace');
  return errors;
}

export const ipAddress = standard<IPAddress>({
  namespaced: false,
  name: nameIsAddress,
  spec: (object) => checkParent(object.spec?.parentRef),
  update: (object, old) => [
    ...checkMeta(object.metadata, false, nameIsAddress),
    ...checkParent(object.spec?.parentRef),
    ...immutable(object.spec?.parentRef ?? null, old.spec?.parentRef ?? null, 'spec.parentRef', () => goStruct('networking.v1.ParentReference', object.spec?.parentRef)),
  ],
});

const cidrsPath = 'spec.cidrs';

function familyOf(cidr: string): number {
  const [address = ''] = cidr.split('/');
  return isIPv6(address) ? 6 : 4;
}

function checkCidrs(object: ServiceCIDR): FieldError[] {
  const cidrs = object.spec?.cidrs ?? [];
  if (cidrs.length === 0) return [required(cidrsPath, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalidValue(cidrsPath, goStruct('networking.v1.ServiceCIDRSpec', object.spec), 'may only hold up to 2 values')];
  const errors: FieldError[] = [];
  for (const [i, cidr] of cidrs.entries()) addAll(errors, checkStrictCidr(cidr, index(cidrsPath, i)));
  const [first = '', second] = cidrs;
  if (second !== undefined && errors.length === 0 && familyOf(first) === familyOf(second)) {
    errors.push(invalidValue(cidrsPath, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'));
  }
  return errors;
}

function checkCidrsUpdate(object: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const after = object.spec?.cidrs ?? [];
  const before = old.spec?.cidrs ?? [];
  const frozen = (at: string, value: unknown): FieldError => invalidValue(at, value, 'field is immutable');
  const changed = before.flatMap((cidr, i) => (cidr === after[i] ? [] : [frozen(index(cidrsPath, i), after[i])]));
  if (before.length === after.length) return changed;
  if (before.length === 1 && after.length === 2) return [...changed, ...checkCidrs(object)];
  return [frozen(cidrsPath, object.spec?.cidrs)];
}

export const serviceCidr = standard<ServiceCIDR>({ namespaced: false, name: nameIsSubdomain, spec: checkCidrs, update: checkCidrsUpdate });
