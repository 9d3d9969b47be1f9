// Nodes: taints, pod CIDRs, resources and what is set once only.
import type { Node, Taint } from '#api/core/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, internalFieldError, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { labelValueErrors } from '../../label-syntax.ts';
import { nameIsSubdomain } from '../../names.ts';
import { positive, validateLabelName } from '../meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { goStruct } from '../go-struct.ts';
import { checkCidr, isDualStack, quantity } from './fields.ts';
import { checkConfigSource, checkConfigStatus, checkDeclaredFeatures } from './node-config.ts';
import { taintEffects } from './pod-spec.ts';
import { checkResourceAmount } from './resources.ts';

function checkTaints(taints: readonly Taint[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, taint] of (taints ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index('metadata.taints', i);
    const { key = '', value = '', effect = '' } = taint;
    addAll(errors, validateLabelName(key, child(at, 'key')));
    const messages = labelValueErrors(value);
    if (messages.length > 0) errors.push(invalidValue(child(at, 'value'), value, messages.join(';')));
    if (effect === '') errors.push(required(child(at, 'effect'), ''));
    else if (!taintEffects.includes(effect)) errors.push(notSupported(child(at, 'effect'), effect, taintEffects));
    const id = `${effect}/${key}`;
    if (seen.has(id)) errors.push({ ...duplicate(at, { Key: taint.key, Value: taint.value ?? '', Effect: taint.effect, TimeAdded: taint.timeAdded ?? null }), detail: 'taints must be unique by key and effect pair' });
    seen.add(id);
  }
  return errors;
}

function checkResources(node: Node): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((field) =>
    Object.entries(node.status?.[field] ?? {}).flatMap(([name, amount]) => checkResourceAmount(name, quantity(amount), child('status', field, name))),
  );
}

/** The rules that hold for a new node and, once more, for a changed one. */
function checkWhole(node: Node): FieldError[] {
  const cidrs = node.spec?.podCIDRs ?? [];
  const errors = [...checkMeta(node.metadata, false, nameIsSubdomain), ...checkTaints(node.spec?.taints), ...checkResources(node), ...checkDeclaredFeatures(node.status?.declaredFeatures)];
  const swap = node.status?.nodeInfo?.swap?.capacity;
  if (typeof swap === 'number') addAll(errors, positive(swap, 'metadata.nodeSwapStatus.capacity'));
  addAll(errors, cidrs.flatMap((cidr, i) => checkCidr(cidr, index('spec.podCIDRs', i))));
  const addresses = cidrs.map((cidr) => cidr.split('/')[0] ?? '');
  const broken = cidrs.find((cidr) => checkCidr(cidr, '').some((error) => error.detail.startsWith('must be a valid CIDR')));
  if (cidrs.length > 1 && broken !== undefined) {
    errors.push(internalFieldError('spec.podCIDRs', `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${cidrs.indexOf(broken)}]: <nil> (invalid CIDR address: ${broken})`));
  }
  if (cidrs.length > 1 && (broken !== undefined || !isDualStack(addresses) || cidrs.length > 2)) {
    errors.push(invalidValue('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family'));
  }
  return errors;
}

function checkUpdate(node: Node, old: Node): FieldError[] {
  const errors = [...checkMetaUpdate(node.metadata, old.metadata), ...checkResources(node), ...checkDeclaredFeatures(node.status?.declaredFeatures)];
  const addresses = new Set<string>();
  for (const [i, address] of (node.status?.addresses ?? []).entries()) {
    const id = `${address.type}/${address.address}`;
    if (addresses.has(id)) errors.push(duplicate(index('status.addresses', i), goStruct('core.v1.NodeAddress', address)));
    addresses.add(id);
  }
  const before = old.spec?.podCIDRs ?? [];
  const cidrs = node.spec?.podCIDRs ?? [];
  const detail = 'node updates may not change podCIDR except from "" to valid';
  if (before.length > 0 && before.length !== cidrs.length) errors.push(forbiddenField('spec.podCIDRs', detail));
  else addAll(errors, before.flatMap((cidr, i) => (cidr === cidrs[i] ? [] : [forbiddenField('spec.podCIDRs', detail)])));
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  addAll(errors, checkConfigSource(node.spec?.configSource, 'spec.configSource'));
  addAll(errors, checkConfigStatus(node.status?.config));
  addAll(errors, checkTaints(node.spec?.taints));
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? '')) errors.push(forbiddenField('spec.externalID', 'may not be updated'));
  return errors;
}

export const node = kind<Node>({ create: checkWhole, update: (object, old) => [...checkWhole(object), ...checkUpdate(object, old)], subresources: { status: checkUpdate } });
