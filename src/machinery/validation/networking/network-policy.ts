// NetworkPolicies (pkg/apis/networking/validation).
import { isIPv4, isIPv6 } from 'node:net';
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '#api/networking/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain, portNameErrors, portNumberErrors } from '../../names.ts';
import { addressBits, checkCidr } from '../core/fields.ts';
import { validateLabelSelector } from '../meta/selectors.ts';
import { standard } from '../validator.ts';

interface Kept {
  readonly selectorValues: boolean;
  readonly cidrs: ReadonlySet<string>;
}

const nothingKept: Kept = { selectorValues: false, cidrs: new Set() };

function checkPort(port: NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const protocol = port.protocol ?? undefined;
  if (protocol !== undefined && !['TCP', 'UDP', 'SCTP'].includes(protocol)) errors.push(notSupported(child(path, 'protocol'), protocol, ['TCP', 'UDP', 'SCTP']));
  const end = port.endPort ?? undefined;
  const endPath = child(path, 'endPort');
  const from = port.port ?? undefined;
  if (from === undefined) {
    if (end !== undefined) errors.push(invalidValue(endPath, end, 'may not be specified when `port` is not specified'));
  } else if (typeof from === 'number') {
    for (const message of portNumberErrors(from)) errors.push(invalidValue(child(path, 'port'), from, message));
    if (end === undefined) return errors;
    if (end < from) errors.push(invalidValue(endPath, from, 'must be greater than or equal to `port`'));
    for (const message of portNumberErrors(end)) errors.push(invalidValue(endPath, end, message));
  } else {
    if (end !== undefined) errors.push(invalidValue(endPath, end, 'may not be specified when `port` is non-numeric'));
    for (const message of portNameErrors(from)) errors.push(invalidValue(child(path, 'port'), from, message));
  }
  return errors;
}

interface Net {
  readonly v4: boolean;
  readonly bits: bigint;
  readonly length: number;
}

function parseNet(text: string): Net | undefined {
  const [address = '', length = ''] = text.split('/');
  const v4 = isIPv4(address);
  if ((!v4 && !isIPv6(address)) || !/^\d+$/.test(length)) return undefined;
  // A prefix that is longer than its address makes no network; as a number it may be beyond all shifts.
  return Number(length) > (v4 ? 32 : 128) ? undefined : { v4, bits: addressBits(address), length: Number(length) };
}

function isStrictSubset(inner: Net, outer: Net): boolean {
  if (inner.v4 !== outer.v4 || inner.length <= outer.length) return false;
  const shift = BigInt((outer.v4 ? 32 : 128) - outer.length);
  return inner.bits >> shift === outer.bits >> shift;
}

function checkBlock(block: IPBlock, path: string, kept: Kept): FieldError[] {
  if (!block.cidr) return [required(child(path, 'cidr'), '')];
  const errors = checkCidr(block.cidr, child(path, 'cidr'), kept.cidrs);
  const outer = parseNet(block.cidr);
  if (outer === undefined) return errors;
  for (const [i, except] of (block.except ?? []).entries()) {
    const at = index(child(path, 'except'), i);
    addAll(errors, checkCidr(except, at, kept.cidrs));
    const inner = parseNet(except);
    if (inner !== undefined && !isStrictSubset(inner, outer)) errors.push(invalidValue(at, except, 'must be a strict subset of `cidr`'));
  }
  return errors;
}

function checkPeer(peer: NetworkPolicyPeer, path: string, kept: Kept): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const field of ['podSelector', 'namespaceSelector'] as const) {
    if (!peer[field]) continue;
    count++;
    addAll(errors, validateLabelSelector(peer[field], child(path, field), kept.selectorValues));
  }
  if (peer.ipBlock) {
    count++;
    addAll(errors, checkBlock(peer.ipBlock, child(path, 'ipBlock'), kept));
  }
  if (count === 0) errors.push(required(path, 'must specify a peer'));
  else if (count > 1 && peer.ipBlock) errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'));
  return errors;
}

function checkSpec(spec: NetworkPolicySpec | undefined, kept: Kept): FieldError[] {
  const errors = validateLabelSelector(spec?.podSelector, 'spec.podSelector', kept.selectorValues);
  for (const [i, rule] of (spec?.ingress ?? []).entries()) {
    const at = index('spec.ingress', i);
    addAll(errors, (rule.ports ?? []).flatMap((port, j) => checkPort(port, index(child(at, 'ports'), j))));
    addAll(errors, (rule.from ?? []).flatMap((peer, j) => checkPeer(peer, index(child(at, 'from'), j), kept)));
  }
  for (const [i, rule] of (spec?.egress ?? []).entries()) {
    const at = index('spec.egress', i);
    addAll(errors, (rule.ports ?? []).flatMap((port, j) => checkPort(port, index(child(at, 'ports'), j))));
    addAll(errors, (rule.to ?? []).flatMap((peer, j) => checkPeer(peer, index(child(at, 'to'), j), kept)));
  }
  const types = spec?.policyTypes ?? [];
  if (types.length > 2) return [...errors, invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  for (const [i, type] of types.entries()) {
    if (type !== 'Ingress' && type !== 'Egress') errors.push(notSupported(index('spec.policyTypes', i), type, ['Ingress', 'Egress']));
  }
  return errors;
}

function keptOf(old: NetworkPolicySpec | undefined): Kept {
  const peers = [...(old?.ingress ?? []).flatMap((rule) => rule.from ?? []), ...(old?.egress ?? []).flatMap((rule) => rule.to ?? [])];
  return {
    selectorValues: validateLabelSelector(old?.podSelector, '').length > 0,
    cidrs: new Set(peers.flatMap((peer) => (peer.ipBlock ? [peer.ipBlock.cidr, ...(peer.ipBlock.except ?? [])] : []))),
  };
}

export const networkPolicy = standard<NetworkPolicy>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkSpec(object.spec, nothingKept),
  update: (object, old) => checkSpec(object.spec, keptOf(old.spec)),
});
