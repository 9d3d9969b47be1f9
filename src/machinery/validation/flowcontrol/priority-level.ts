// PriorityLevelConfigurations: shares, queues, and the two that every server has.
import type { LimitedPriorityLevelConfiguration, PriorityLevelConfiguration, PriorityLevelConfigurationSpec, QueuingConfiguration } from '#api/flowcontrol/v1.ts';
import { child, forbiddenField, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { goStruct } from '../go-struct.ts';
import { sameValue } from '../meta/object-meta.ts';
import { checkMeta, kind } from '../validator.ts';
import { checkFlowConditions } from './flow-schema.ts';

const mostQueues = 10_000_000;
/** Bits that one request's hash offers to deal its hand of queues. */
const hashBits = 60;
const preservesZero = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';

/** The levels that the server itself keeps. */
export const mandatoryPriorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } },
};

function checkPercent(percent: number | undefined, path: string): FieldError[] {
  return typeof percent === 'number' && (percent < 0 || percent > 100) ? [invalidValue(path, percent, 'must be between 0 and 100, inclusive')] : [];
}

function checkShares(shares: number | undefined, path: string): FieldError[] {
  return (shares ?? 0) < 0 ? [invalidValue(path, shares, 'must be a non-negative integer')] : [];
}

function checkLimited(limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const path = 'spec.limited';
  const errors = checkShares(limited.nominalConcurrencyShares, child(path, 'nominalConcurrencyShares'));
  const { type = '', queuing } = limited.limitResponse ?? {};
  const at = child(path, 'limitResponse');
  if (type === 'Reject') {
    if (queuing) errors.push(forbiddenField(child(at, 'queuing'), 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (type === 'Queue') {
    if (!queuing) errors.push(required(child(at, 'queuing'), 'must not be empty if limited.limitResponse.type is Limited'));
    else errors.push(...checkQueuing(queuing, child(at, 'queuing')));
  } else {
    errors.push(notSupported(child(at, 'type'), type, ['Queue', 'Reject']));
  }
  errors.push(...checkPercent(limited.lendablePercent, child(path, 'lendablePercent')));
  const borrowing = limited.borrowingLimitPercent;
  if (typeof borrowing === 'number' && borrowing < 0) errors.push(invalidValue(child(path, 'borrowingLimitPercent'), borrowing, 'if specified, must be a non-negative integer'));
  return errors;
}

function checkQueuing(queuing: QueuingConfiguration, path: string): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const errors: FieldError[] = [];
  const bad = (field: string, value: number, detail: string): void => void errors.push(invalidValue(child(path, field), value, detail));
  if (queueLengthLimit <= 0) bad('queueLengthLimit', queueLengthLimit, 'must be positive');
  if (queues <= 0) bad('queues', queues, 'must be positive');
  else if (queues > mostQueues) bad('queues', queues, `must not be greater than ${mostQueues}`);
  if (handSize <= 0) bad('handSize', handSize, 'must be positive');
  else if (handSize > queues) bad('handSize', handSize, `should not be greater than queues (${queues})`);
  else if (entropyBits(queues, handSize) > hashBits) {
    bad('handSize', handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`);
  }
  return errors;
}

function entropyBits(deckSize: number, handSize: number): number {
  return Math.ceil(Math.log2(deckSize) * handSize);
}

function checkSpec(spec: PriorityLevelConfigurationSpec, name: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '', limited, exempt } = spec;
  if ((name === 'exempt') !== (type === 'Exempt')) errors.push(invalidValue('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  if (type === 'Exempt') {
    if (limited) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'));
    errors.push(...checkShares(exempt?.nominalConcurrencyShares, 'spec.exempt.nominalConcurrencyShares'), ...checkPercent(exempt?.lendablePercent, 'spec.exempt.lendablePercent'));
  } else if (type === 'Limited') {
    if (exempt) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'));
    if (!limited) errors.push(required('spec.limited', 'must not be empty when type is Limited'));
    else errors.push(...checkLimited(limited));
  } else {
    errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
  }
  return errors;
}

function checkMandatory(spec: PriorityLevelConfigurationSpec, name: string): FieldError[] {
  const fixed = Object.hasOwn(mandatoryPriorityLevels, name) ? mandatoryPriorityLevels[name] : undefined;
  if (fixed === undefined) return [];
  const isExempt = name === 'exempt';
  if (sameValue(isExempt ? { ...spec, exempt: fixed.exempt } : spec, fixed)) return [];
  const shown = goStruct('flowcontrol.v1.PriorityLevelConfigurationSpec', spec);
  return [invalidValue('spec', shown, `spec of '${name}'${isExempt ? " except the 'spec.exempt' field" : ''} must equal the fixed value`)];
}

function checkPriorityLevel(object: PriorityLevelConfiguration): FieldError[] {
  const name = object.metadata?.name ?? '';
  const spec = object.spec ?? { type: '' };
  const errors = checkMeta(object.metadata, false, nameIsSubdomain);
  if (object.metadata?.annotations?.[preservesZero] !== undefined) errors.push(forbiddenField('metadata.annotations', `annotation '${preservesZero}' is forbidden`));
  return [...errors, ...checkSpec(spec, name), ...checkMandatory(spec, name), ...checkFlowConditions(object.status?.conditions)];
}

export const priorityLevelConfiguration = kind<PriorityLevelConfiguration>({
  create: checkPriorityLevel,
  update: checkPriorityLevel,
  subresources: { status: (object) => checkFlowConditions(object.status?.conditions) },
});
