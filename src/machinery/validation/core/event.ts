// Events. Through core/v1 nearly anything goes that agrees on its namespace; an event with eventTime must say who
// reports what. Through events.k8s.io/v1, new events leave the deprecated fields alone and stored ones change in
// their series only (KEP-383). Both are checked in the stored form, which is core/v1's.
import type { Event } from '#api/core/v1.ts';
import { child, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { dns1123SubdomainErrors, nameIsPathSegment, nameIsSubdomain } from '../../names.ts';
import { goStruct } from '../go-struct.ts';
import { immutable, sameValue, validateObjectMeta } from '../meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { checkQualifiedName } from './fields.ts';

const textLimits = { reportingInstance: 128, action: 128, reason: 128 } as const;
const longestMessage = 1024;

function checkReport(event: Event, controllerField: string): FieldError[] {
  const errors: FieldError[] = [];
  const controller = event.reportingComponent ?? '';
  if (controller === '') errors.push(required(controllerField, ''));
  errors.push(...checkQualifiedName(controller, controllerField));
  for (const [field, limit] of Object.entries(textLimits) as [keyof typeof textLimits, number][]) {
    const text = event[field] ?? '';
    if (text === '') errors.push(required(field, ''));
    if (Buffer.byteLength(text) > limit) errors.push(invalidValue(field, '', `can have at most ${limit} characters`));
  }
  if (Buffer.byteLength(event.message ?? '') > longestMessage) errors.push(invalidValue('message', '', `can have at most ${longestMessage} characters`));
  return errors;
}

function checkEvent(event: Event, controllerField: string): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = event.metadata?.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  const isNew = (event.eventTime ?? '') !== '';
  const homeless = isNew ? ['default', 'kube-system'] : ['', 'default'];
  const agrees = about === '' ? homeless.includes(namespace) : isNew || namespace === about;
  if (!agrees) errors.push(invalidValue('involvedObject.namespace', about, 'does not match event.namespace'));
  if (isNew) errors.push(...checkReport(event, controllerField));
  for (const message of dns1123SubdomainErrors(namespace)) errors.push(invalidValue('namespace', namespace, message));
  return errors;
}

function checkSeries(event: Event): FieldError[] {
  if (!event.series) return [];
  const errors: FieldError[] = [];
  if ((event.series.count ?? 0) < 2) errors.push(invalidValue(child('series', 'count'), '', 'should be at least 2'));
  if ((event.series.lastObservedTime ?? '') === '') errors.push(required(child('series', 'lastObservedTime'), ''));
  return errors;
}

function checkStrict(event: Event): FieldError[] {
  const errors = [...checkMeta(event.metadata, true, nameIsSubdomain), ...checkSeries(event)];
  if ((event.eventTime ?? '') === '') errors.push(required('eventTime', ''));
  const type = event.type ?? '';
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalidValue('type', '', `has invalid value: ${type}`));
  for (const field of ['firstTimestamp', 'lastTimestamp'] as const) if (event[field]) errors.push(invalidValue(field, '', 'needs to be unset'));
  if ((event.count ?? 0) !== 0) errors.push(invalidValue('count', '', 'needs to be unset'));
  if (event.source?.component || event.source?.host) errors.push(invalidValue('source', '', 'needs to be unset'));
  return errors;
}

function checkStrictUpdate(event: Event, old: Event): FieldError[] {
  const errors = checkMetaUpdate(event.metadata, old.metadata);
  if (!sameValue(event.series, old.series)) errors.push(...checkSeries(event));
  errors.push(...immutable(event.involvedObject, old.involvedObject, 'involvedObject', () => goStruct('core.v1.ObjectReference', event.involvedObject)));
  for (const field of ['reason', 'message'] as const) errors.push(...immutable(event[field] ?? '', old[field] ?? '', field));
  errors.push(...immutable(event.source, old.source, 'source', () => goStruct('core.v1.EventSource', event.source ?? {})));
  for (const field of ['firstTimestamp', 'lastTimestamp'] as const) errors.push(...immutable(event[field] ?? null, old[field] ?? null, field));
  errors.push(...immutable(event.count ?? 0, old.count ?? 0, 'count'));
  for (const field of ['reason', 'type'] as const) errors.push(...immutable(event[field] ?? '', old[field] ?? '', field));
  errors.push(...immutable(event.eventTime ?? null, old.eventTime ?? null, 'eventTime'), ...immutable(event.action ?? '', old.action ?? '', 'action'));
  errors.push(...immutable(event.related ?? null, old.related ?? null, 'related', () => goStruct('core.v1.ObjectReference', event.related)));
  errors.push(...immutable(event.reportingComponent ?? '', old.reportingComponent ?? '', 'reportingController'));
  errors.push(...immutable(event.reportingInstance ?? '', old.reportingInstance ?? '', 'reportingInstance'));
  return errors;
}

/** Metadata beyond the namespace is looked at where nothing else is wrong. */
function orMetadata(errors: FieldError[], event: Event): FieldError[] {
  return errors.length > 0 ? errors : validateObjectMeta(event.metadata, true, nameIsPathSegment);
}

/** Written through core/v1. */
export const event = kind<Event>({
  create: (object) => orMetadata(checkEvent(object, 'reportingComponent'), object),
  update: (object) => checkEvent(object, 'reportingComponent'),
});

/** Written through events.k8s.io/v1, in core/v1's form. */
export const strictEvent = kind<Event>({
  create: (object) => orMetadata([...checkEvent(object, 'reportingController'), ...checkStrict(object)], object),
  update: (object, old) => [...checkEvent(object, 'reportingController'), ...checkStrictUpdate(object, old)],
});
