// ip("10.0.0.1"): IP addresses (upstream's kubernetes.net.ip, since 1.30).
import type { FunctionDeclaration } from '../contract.ts';
import { boolType, intType, opaqueType, stringType, type CelType } from '../types/types.ts';
import { traversal, unit } from './costs.ts';
import { asText, declare, of1, opaqueKind } from './declare.ts';
import {
  ipText, isGlobalUnicast, isLinkLocalMulticast, isLinkLocalUnicast, isLoopback, isUnspecified, parseIpAddress, sameAddress, type IpAddress,
} from './parse/ip-address.ts';

export const ipType: CelType = opaqueType('net.IP');
export const ipKind = opaqueKind<IpAddress>(ipType, sameAddress, (ip) => ip.bytes.length);

const parsing = traversal();

function isIp(text: string): boolean {
  try {
    parseIpAddress(text);
    return true;
  } catch {
    return false;
  }
}

function test(name: string, id: string, holds: (ip: IpAddress) => boolean): FunctionDeclaration {
  return declare(name, { id, params: [ipType], result: boolType, member: true, call: of1(ipKind.read, holds), ...unit });
}

export const ipLibrary: readonly FunctionDeclaration[] = [
  declare('ip', { id: 'string_to_ip', params: [stringType], result: ipType, call: of1(asText, (text) => ipKind.wrap(parseIpAddress(text))), ...parsing }),
  declare('family', { id: 'ip_family', params: [ipType], result: intType, member: true, call: of1(ipKind.read, (ip) => (ip.bytes.length === 4 ? 4n : 6n)), ...unit }),
  declare('ip.isCanonical', {
    id: 'ip_is_canonical', params: [stringType], result: boolType, call: of1(asText, (text) => ipText(parseIpAddress(text)) === text), ...traversal({ factor: 2 }),
  }),
  test('isUnspecified', 'ip_is_unspecified', isUnspecified),
  test('isLoopback', 'ip_is_loopback', isLoopback),
  test('isLinkLocalMulticast', 'ip_is_link_local_multicast', isLinkLocalMulticast),
  test('isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocalUnicast),
  test('isGlobalUnicast', 'ip_is_global_unicast', isGlobalUnicast),
  declare('isIP', { id: 'is_ip', params: [stringType], result: boolType, call: of1(asText, isIp), ...parsing }),
  declare('string', { id: 'ip_to_string', params: [ipType], result: stringType, call: of1(ipKind.read, ipText) }),
];
