// EndpointSlices (pkg/apis/discovery/validation).
import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '#api/discovery/v1.ts';
import { addAll, child, duplicate, index, invalidValue, isEnough, required, tooMany, type FieldError } from '../../field-errors.ts';
import { labelValueErrors } from '../../label-syntax.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors, nameIsSubdomain } from '../../names.ts';
import { portProtocols } from '../core/container.ts';
import { checkEndpointIp } from '../core/endpoints.ts';
import { checkIp, checkLabel1123, checkObjectName, checkQualifiedName, checkRequiredEnum, withoutLeadingZeros } from '../core/fields.ts';
import { immutable, sameValue, validateLabels } from '../meta/object-meta.ts';
import { checkMeta, kind } from '../validator.ts';

function checkDomainName(name: string, path: string): FieldError[] {
  if (name === '') return [required(path, '')];
  const bare = name.replace(/\.$/, '');
  const messages = dns1123SubdomainErrors(bare);
  if (messages.length > 0) return [invalidValue(path, bare, messages.join(','))];
  if (!bare.includes('.')) return [invalidValue(path, bare, 'should be a domain with at least two segments separated by dots')];
  for (const label of bare.split('.')) {
    const errors = dns1123LabelErrors(label);
    if (errors.length > 0) return [invalidValue(path, label, errors.join(','))];
  }
  return [];
}

function checkAddress(address: string, type: string, path: string, at: string): FieldError[] {
  if (type === 'FQDN') return checkDomainName(address, at);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const errors = checkIp(address, at);
  if (errors.length > 0) return errors;
  if (type === 'IPv4' && !isIPv4(withoutLeadingZeros(address))) errors.push(invalidValue(path, address, 'must be an IPv4 address'));
  if (type === 'IPv6' && !isIPv6(address)) errors.push(invalidValue(path, address, 'must be an IPv6 address'));
  return [...errors, ...checkEndpointIp(address, at)];
}

function checkEndpoint(endpoint: Endpoint, type: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const addresses = endpoint.addresses ?? [];
  const at = child(path, 'addresses');
  if (addresses.length === 0) errors.push(required(at, 'must contain at least 1 address'));
  else if (addresses.length > 100) errors.push(tooMany(at, addresses.length, 100));
  for (const [i, address] of addresses.entries()) addAll(errors, checkAddress(address, type, at, index(at, i)));
  if (endpoint.nodeName !== undefined && endpoint.nodeName !== null) addAll(errors, checkObjectName(endpoint.nodeName, child(path, 'nodeName')));
  const topology = endpoint.deprecatedTopology ?? {};
  const topologyPath = child(path, 'deprecatedTopology');
  if (Object.keys(topology).length > 16) errors.push(tooMany(topologyPath, Object.keys(topology).length, 16));
  addAll(errors, validateLabels(topology, topologyPath));
  if (endpoint.hostname !== undefined && endpoint.hostname !== null) addAll(errors, checkLabel1123(endpoint.hostname, child(path, 'hostname')));
  if (endpoint.hints) addAll(errors, checkHints(endpoint.hints, child(path, 'hints')));
  return errors;
}

function checkHints(hints: EndpointHints, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['forZones', 'forNodes'] as const) {
    const at = child(path, field);
    const list = hints[field] ?? [];
    if (list.length > 8) return [...errors, tooMany(at, list.length, 8)];
    const names = new Set<string>();
    for (const [i, { name }] of list.entries()) {
      const namePath = child(index(at, i), 'name');
      if (names.has(name)) errors.push(duplicate(namePath, name));
      names.add(name);
      const messages = field === 'forZones' ? labelValueErrors(name) : nameIsSubdomain(name, false);
      for (const message of messages) errors.push(invalidValue(namePath, name, message));
    }
  }
  return errors;
}

function checkPorts(ports: readonly EndpointPort[] | undefined): FieldError[] {
  const list = ports ?? [];
  if (list.length > 20_000) return [tooMany('ports', list.length, 20_000)];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, port] of list.entries()) {
    if (isEnough(errors)) break;
    const at = index('ports', i);
    const name = port.name ?? '';
    if (name !== '') addAll(errors, checkLabel1123(name, child(at, 'name')));
    if (names.has(name)) errors.push(duplicate(child(at, 'name'), name));
    names.add(name);
    addAll(errors, checkRequiredEnum(port.protocol, portProtocols, child(at, 'protocol')));
    if (port.appProtocol !== undefined && port.appProtocol !== null) addAll(errors, checkQualifiedName(port.appProtocol, child(at, 'appProtocol')));
  }
  return errors;
}

function checkSlice(slice: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const errors = [
    ...checkMeta(slice.metadata, true, nameIsSubdomain),
    ...checkRequiredEnum(slice.addressType, ['FQDN', 'IPv4', 'IPv6'], 'addressType'),
    ...checkPorts(slice.ports),
  ];
  // What is stored stays valid as long as it does not change.
  if (old !== undefined && sameValue(slice.endpoints, old.endpoints)) return errors;
  const list = slice.endpoints ?? [];
  if (list.length > 1000) return [...errors, tooMany('endpoints', list.length, 1000)];
  return [...errors, ...list.flatMap((endpoint, i) => checkEndpoint(endpoint, slice.addressType, index('endpoints', i)))];
}

export const endpointSlice = kind<EndpointSlice>({
  create: (slice) => checkSlice(slice),
  update: (slice, old) => [...checkSlice(slice, old), ...immutable(slice.addressType, old.addressType, 'addressType')],
});
