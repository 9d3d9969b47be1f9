// Endpoints: subsets of addresses and ports; which addresses may be an endpoint at all.
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset } from '#api/core/v1.ts';
import { isIP, isIPv4 } from 'node:net';
import { addAll, child, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain, portNumberErrors } from '../../names.ts';
import { sameValue } from '../meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { portProtocols } from './container.ts';
import { addressBits, checkIp, checkLabel1123, checkObjectName, checkQualifiedName, checkRequiredEnum, withoutLeadingZeros } from './fields.ts';

/** Loopback, link-local and unspecified addresses lead nowhere useful from another node. */
export function checkEndpointIp(ip: string, path: string): FieldError[] {
  const plain = withoutLeadingZeros(ip);
  if (isIP(plain) === 0) return [invalidValue(path, ip, 'must be a valid IP address')];
  const bits = addressBits(plain);
  const v4 = isIPv4(plain);
  const startsWith = (prefix: bigint, length: number): boolean => bits >> BigInt((v4 ? 32 : 128) - length) === prefix;
  const errors: FieldError[] = [];
  if (bits === 0n) errors.push(invalidValue(path, ip, `may not be unspecified (${ip})`));
  if (v4 ? startsWith(127n, 8) : bits === 1n) errors.push(invalidValue(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (v4 ? startsWith(0xa9fen, 16) : startsWith(0x3fan, 10)) {
    errors.push(invalidValue(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  }
  if (v4 ? startsWith(0xe00000n, 24) : startsWith(0xff02n, 16)) {
    errors.push(invalidValue(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
  }
  return errors;
}

function checkAddress(address: EndpointAddress, path: string): FieldError[] {
  const errors = checkIp(address.ip, child(path, 'ip'));
  if (address.hostname) addAll(errors, checkLabel1123(address.hostname, child(path, 'hostname')));
  if (address.nodeName !== undefined && address.nodeName !== null) addAll(errors, checkObjectName(address.nodeName, child(path, 'nodeName')));
  return [...errors, ...checkEndpointIp(address.ip, child(path, 'ip'))];
}

function checkPort(port: EndpointPort, requireName: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) addAll(errors, checkLabel1123(port.name, child(path, 'name')));
  else if (requireName) errors.push(required(child(path, 'name'), ''));
  for (const message of portNumberErrors(port.port)) errors.push(invalidValue(child(path, 'port'), port.port, message));
  addAll(errors, checkRequiredEnum(port.protocol, portProtocols, child(path, 'protocol')));
  if (port.appProtocol !== undefined && port.appProtocol !== null) addAll(errors, checkQualifiedName(port.appProtocol, child(path, 'appProtocol')));
  return errors;
}

function checkSubset(subset: EndpointSubset, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const ports = subset.ports ?? [];
  if ((subset.addresses ?? []).length === 0 && (subset.notReadyAddresses ?? []).length === 0) {
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  }
  for (const field of ['addresses', 'notReadyAddresses'] as const) {
    for (const [i, address] of (subset[field] ?? []).entries()) addAll(errors, checkAddress(address, index(child(path, field), i)));
  }
  for (const [i, port] of ports.entries()) addAll(errors, checkPort(port, ports.length > 1, index(child(path, 'ports'), i)));
  return errors;
}

function checkEndpoints(object: Endpoints, old?: Endpoints): FieldError[] {
  const errors = checkMeta(object.metadata, true, nameIsSubdomain);
  // What is stored stays valid as long as it does not change.
  if (old !== undefined && sameValue(object.subsets ?? null, old.subsets ?? null)) return errors;
  return [...errors, ...(object.subsets ?? []).flatMap((subset, i) => checkSubset(subset, index('subsets', i)))];
}

export const endpoints = kind<Endpoints>({
  create: (object) => checkEndpoints(object),
  update: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...checkEndpoints(object, old)],
});
