// The query's options as numbers, flags and words, with upstream's refusals: a value that does not parse is
// a 400, a combination that makes no sense a 422.
import type { DeleteOptions } from '#api/meta/v1.ts';
import { badRequest, forbiddenField, goQuote, invalid, notSupported, StatusError, type FieldError, type FieldValidation } from '#machinery';
import { queryFlag } from './request-info.ts';

export interface ListOptions {
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly timeoutSeconds: number | undefined;
}

const metaGroup = 'meta.k8s.io';

/** An int64 of the query; undefined when absent. Throws 400. */
export function queryInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  if (text.length > 15 && BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  return Number(text);
}

export function parseListOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const options: ListOptions = {
    limit: Math.max(0, queryInteger(query, 'limit') ?? 0),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    allowWatchBookmarks: queryFlag(query, 'allowWatchBookmarks'),
    sendInitialEvents: query.has('sendInitialEvents') ? queryFlag(query, 'sendInitialEvents') : undefined,
    timeoutSeconds: queryInteger(query, 'timeoutSeconds'),
  };
  const errors = watch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalid({ group: metaGroup, kind: 'ListOptions' }, '', errors);
  return options;
}

function listErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceVersionMatch: match } = options;
  const field = 'resourceVersionMatch';
  if (match !== '') {
    if (options.resourceVersion === '') errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (options.continue !== '') errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && options.resourceVersion === '0') errors.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (options.sendInitialEvents !== undefined) errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

function watchErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const field = 'resourceVersionMatch';
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbiddenField(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']));
    if (options.continue !== '') errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
  }
  return errors;
}

/**
 * A resourceVersion of the query; undefined when absent. Throws 400 in a list; elsewhere upstream takes what does not
 * parse for its own failure, a 500.
 */
export function parseResourceVersion(text: string, isList = false): number | undefined {
  if (text === '') return undefined;
  const problem = !/^\d+$/.test(text) ? 'invalid syntax' : text.length > 19 && BigInt.asUintN(64, BigInt(text)) !== BigInt(text) ? 'value out of range' : undefined;
  if (problem === undefined) return Number(text);
  const message = `resourceVersion: Invalid value: ${goQuote(text)}: strconv.ParseUint: parsing ${goQuote(text)}: ${problem}`;
  if (isList) throw badRequest(`invalid resource version: ${message}`);
  throw new StatusError({ status: 'Failure', message, code: 500 });
}

export interface WriteQuery {
  readonly dryRun: readonly string[];
  readonly fieldManager: string;
  readonly fieldValidation: string;
  readonly force: boolean | undefined;
}

export function parseWriteQuery(query: URLSearchParams): WriteQuery {
  return {
    dryRun: query.getAll('dryRun').filter((value) => value !== ''),
    fieldManager: query.get('fieldManager') ?? '',
    fieldValidation: query.get('fieldValidation') ?? '',
    force: query.has('force') ? queryFlag(query, 'force') : undefined,
  };
}

/** The directive in force: what is not said is Warn. */
export function fieldValidationOf(text: string): FieldValidation {
  return text === 'Ignore' || text === 'Strict' ? text : 'Warn';
}

/** DeleteOptions of a query, for a DELETE without a body. */
export function parseDeleteQuery(query: URLSearchParams): DeleteOptions {
  const options: DeleteOptions = {};
  const seconds = queryInteger(query, 'gracePeriodSeconds');
  if (seconds !== undefined) options.gracePeriodSeconds = seconds;
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  if (dryRun.length > 0) options.dryRun = dryRun;
  const policy = query.get('propagationPolicy');
  if (policy !== null && policy !== '') options.propagationPolicy = policy;
  if (query.has('orphanDependents')) options.orphanDependents = queryFlag(query, 'orphanDependents');
  return options;
}
