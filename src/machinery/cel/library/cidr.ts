// cidr("10.0.0.0/8"): network prefixes and what they contain (upstream's kubernetes.net.cidr, since 1.30).
import type { CostEstimator, CostNode, Estimate, FunctionDeclaration } from '../contract.ts';
import { oneUnit, plus, scaled, stringTraversalFactor } from '../cost/estimate.ts';
import { boolType, intType, opaqueType, stringType, type CelType } from '../types/types.ts';
import { actualSize, estimatedSize, traversal, traversalCost, unit, type Costs } from './costs.ts';
import { asText, declare, of1, of2, opaqueKind } from './declare.ts';
import { ipKind, ipType } from './ip.ts';
import { maskedPrefix, parseIpAddress, parseIpPrefix, prefixContains, prefixText, sameAddress, type IpPrefix } from './parse/ip-address.ts';

export const cidrType: CelType = opaqueType('net.CIDR');
export const cidrKind = opaqueKind<IpPrefix>(cidrType, (a, b) => a.bits === b.bits && sameAddress(a.address, b.address), ({ bits }) => Math.ceil(bits / 8));

const parsing = traversal();

/** The bytes of an address: 4 or 16. */
const addressSize: Estimate = { min: 4, max: 16 };

/** Comparing bytes up to the prefix, besides masking (for prefixes) and parsing (for texts). */
function containment(other: 'ip' | 'cidr', isText: boolean): Costs {
  return {
    estimateCost(estimator: CostEstimator, _: CostNode | undefined, args: readonly CostNode[]) {
      const [argument] = args;
      if (argument === undefined) return undefined;
      let cost = scaled(plus(addressSize, addressSize), stringTraversalFactor);
      if (other === 'cidr') cost = plus(plus(cost, scaled(addressSize, stringTraversalFactor)), oneUnit);
      if (isText) cost = plus(cost, scaled(estimatedSize(estimator, argument), stringTraversalFactor));
      return { cost };
    },
    actualCost([prefix, argument]) {
      const size = actualSize(prefix);
      let cost = traversalCost(2 * size);
      if (other === 'cidr') cost += traversalCost(size) + 1;
      return isText ? cost + traversalCost(actualSize(argument)) : cost;
    },
  };
}

function isCidr(text: string): boolean {
  try {
    parseIpPrefix(text);
    return true;
  } catch {
    return false;
  }
}

const containsPrefix = (outer: IpPrefix, inner: IpPrefix): boolean => outer.bits <= inner.bits && prefixContains(outer, inner.address);

/** Parsing for conversion names the conversion once more. */
function convert(text: string): IpPrefix {
  try {
    return parseIpPrefix(text);
  } catch (error) {
    throw new Error(`network address parse error during conversion from string: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

export const cidrLibrary: readonly FunctionDeclaration[] = [
  declare('cidr', { id: 'string_to_cidr', params: [stringType], result: cidrType, call: of1(asText, (text) => cidrKind.wrap(convert(text))), ...parsing }),
  declare(
    'containsIP',
    {
      id: 'cidr_contains_ip_string', params: [cidrType, stringType], result: boolType, member: true, ...containment('ip', true),
      call: of2(cidrKind.read, asText, (prefix, text) => prefixContains(prefix, parseIpAddress(text))),
    },
    { id: 'cidr_contains_ip_ip', params: [cidrType, ipType], result: boolType, member: true, call: of2(cidrKind.read, ipKind.read, prefixContains), ...containment('ip', false) },
  ),
  declare(
    'containsCIDR',
    {
      id: 'cidr_contains_cidr_string', params: [cidrType, stringType], result: boolType, member: true, ...containment('cidr', true),
      call: of2(cidrKind.read, asText, (prefix, text) => containsPrefix(prefix, convert(text))),
    },
    { id: 'cidr_contains_cidr', params: [cidrType, cidrType], result: boolType, member: true, call: of2(cidrKind.read, cidrKind.read, containsPrefix), ...containment('cidr', false) },
  ),
  declare('ip', { id: 'cidr_ip', params: [cidrType], result: ipType, member: true, call: of1(cidrKind.read, (prefix) => ipKind.wrap(prefix.address)), ...unit }),
  declare('prefixLength', { id: 'cidr_prefix_length', params: [cidrType], result: intType, member: true, call: of1(cidrKind.read, ({ bits }) => BigInt(bits)), ...unit }),
  declare('masked', { id: 'cidr_masked', params: [cidrType], result: cidrType, member: true, call: of1(cidrKind.read, (prefix) => cidrKind.wrap(maskedPrefix(prefix))), ...unit }),
  declare('isCIDR', { id: 'is_cidr', params: [stringType], result: boolType, call: of1(asText, isCidr), ...parsing }),
  declare('string', { id: 'cidr_to_string', params: [cidrType], result: stringType, call: of1(cidrKind.read, prefixText) }),
];
