// API errors. A StatusError carries the meta/v1 Status that goes to the client; it is made by a named
// constructor with upstream's code, reason and text (apimachinery/pkg/api/errors) and recognised by predicate,
// never by its message. The edge serialises `status` once.
import type { Status, StatusCause, StatusDetails } from '#api/meta/v1.ts';
import { errorText as chainText } from '#base/errors.ts';
import { aggregateText, causeReason, errorBody, goQuote, type FieldError } from './field-errors.ts';

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** An error that the API answers with: `status` is the body, `code` the HTTP status. */
export class StatusError extends Error {
  override name = 'StatusError';
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'unknown');
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

function failure(code: number, reason: string, message: string, details?: StatusDetails): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  });
}

function detailsOf(gr: GroupResource, name: string, more?: Partial<StatusDetails>): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(gr.group === '' ? {} : { group: gr.group }),
    ...(gr.resource === '' ? {} : { kind: gr.resource }),
    ...more,
  };
}

/** "deployments.apps", "pods". */
export function groupResourceText(gr: GroupResource): string {
  return gr.group === '' ? gr.resource : `${gr.resource}.${gr.group}`;
}

export function notFound(gr: GroupResource, name: string): StatusError {
  return failure(404, 'NotFound', `${groupResourceText(gr)} ${goQuote(name)} not found`, detailsOf(gr, name));
}

/** The path itself is not served: what an unknown group, version or resource answers. */
export function noSuchPath(): StatusError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function alreadyExists(gr: GroupResource, name: string): StatusError {
  return failure(409, 'AlreadyExists', `${groupResourceText(gr)} ${goQuote(name)} already exists`, detailsOf(gr, name));
}

/** Every generated name tried was taken. */
export function generateNameConflict(gr: GroupResource, name: string, retryAfterSeconds: number): StatusError {
  const message = `${groupResourceText(gr)} ${goQuote(name)} already exists, the server was not able to generate a unique name for the object`;
  return failure(409, 'AlreadyExists', message, detailsOf(gr, name, { retryAfterSeconds }));
}

export function conflict(gr: GroupResource, name: string, message: string): StatusError {
  const text = `Operation cannot be fulfilled on ${groupResourceText(gr)} ${goQuote(name)}: ${message}`;
  return failure(409, 'Conflict', text, detailsOf(gr, name));
}

/** Server-side apply met fields that others own. */
export function applyConflict(causes: readonly StatusCause[], message: string): StatusError {
  return failure(409, 'Conflict', message, { causes: [...causes] });
}

/** More mistakes than a person reads; an answer with all of them would be larger than the request. */
const errorsTold = 1000;
/** Each may list all that would have been allowed: together they stay within what a request may hold. */
const charactersTold = 2 ** 20;

/** The first errors, at least one, up to both bounds. */
function toldOf(all: readonly FieldError[]): readonly FieldError[] {
  let characters = 0;
  let count = 0;
  while (count < all.length && count < errorsTold && characters < charactersTold) {
    const error = all[count++];
    if (error !== undefined) characters += errorBody(error).length;
  }
  return all.slice(0, count);
}

export function invalid(gk: GroupKind, name: string, all: readonly FieldError[]): StatusError {
  const errors = toldOf(all);
  const kind = gk.group === '' ? gk.kind : `${gk.kind}.${gk.group}`;
  const head = `${kind} ${goQuote(name)} is invalid`;
  const causes = errors.map((e) => ({ reason: causeReason(e), message: errorBody(e), ...(e.field === '' ? {} : { field: e.field }) }));
  const details = { ...detailsOf({ group: gk.group, resource: gk.kind }, name), ...(causes.length === 0 ? {} : { causes }) };
  return failure(422, 'Invalid', errors.length === 0 ? head : `${head}: ${aggregateText(errors)}`, details);
}

/** An empty resource gives the bare form ("forbidden: …"). */
export function forbidden(gr: GroupResource, name: string, message: string): StatusError {
  let head = `${groupResourceText(gr)} ${goQuote(name)} is forbidden`;
  if (gr.group === '' && gr.resource === '') head = 'forbidden';
  else if (name === '') head = `${groupResourceText(gr)} is forbidden`;
  return failure(403, 'Forbidden', `${head}: ${message}`, detailsOf(gr, name));
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return failure(401, 'Unauthorized', message);
}

export function badRequest(message: string): StatusError {
  return failure(400, 'BadRequest', message);
}

/** `verb` as upstream words it: "update", "delete". */
export function methodNotAllowed(gr: GroupResource, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind ${goQuote(groupResourceText(gr))}`;
  return failure(405, 'MethodNotAllowed', message, detailsOf(gr, ''));
}

/** 410 Expired: the revision asked for is compacted away. */
export function gone(message: string): StatusError {
  return failure(410, 'Expired', message);
}

/** 504: the request ran out of time. */
export function timeout(message: string, retryAfterSeconds = 0): StatusError {
  return failure(504, 'Timeout', `Timeout: ${message}`, retryAfterSeconds === 0 ? {} : { retryAfterSeconds });
}

/** 500 ServerTimeout: try the operation again. */
export function serverTimeout(gr: GroupResource, operation: string, retryAfterSeconds: number): StatusError {
  const message = `The ${operation} operation against ${groupResourceText(gr)} could not be completed at this time, please try again.`;
  return failure(500, 'ServerTimeout', message, detailsOf(gr, operation, retryAfterSeconds === 0 ? {} : { retryAfterSeconds }));
}

export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return failure(429, 'TooManyRequests', message, retryAfterSeconds === 0 ? {} : { retryAfterSeconds });
}

export function serviceUnavailable(message: string): StatusError {
  return failure(503, 'ServiceUnavailable', message);
}

export function internalError(error: unknown): StatusError {
  const text = chainText(error);
  return failure(500, 'InternalError', `Internal error occurred: ${text}`, { causes: [{ message: text }] });
}

export function requestEntityTooLarge(message: string): StatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure(415, 'UnsupportedMediaType', message);
}

/** `target` names a conversion ("meta.k8s.io/v1, Kind=Table") that only some encodings offer. */
export function notAcceptable(accepted: readonly string[], target?: string): StatusError {
  const what = target === undefined ? '' : ` when converting to ${target}`;
  return failure(406, 'NotAcceptable', `only the following media types are accepted${what}: ${accepted.join(', ')}`);
}

const generic: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted, but may still be processing the request'],
};

/** What a client makes of an answer without a Status body. `verb` is the HTTP method. */
export function genericServerResponse(
  code: number, verb: string, gr: GroupResource, name: string, serverMessage: string, retryAfterSeconds = 0, unexpected = false,
): StatusError {
  let [reason, message] = generic[code] ?? ['', `the server responded with the status code ${code} but did not return more information`];
  if (code === 409 && verb === 'POST') reason = 'AlreadyExists';
  if (code === 403 || code === 415) {
    reason = code === 403 ? 'Forbidden' : 'UnsupportedMediaType';
    message = serverMessage;
  } else if (code === 406) {
    reason = 'NotAcceptable';
    message = serverMessage === '' || serverMessage === 'unknown' ? 'the server was unable to respond with a content type that the client supports' : serverMessage;
  } else if (code >= 500 && generic[code] === undefined) {
    reason = 'InternalError';
    message = `an error on the server (${goQuote(serverMessage)}) has prevented the request from succeeding`;
  }
  if (gr.resource !== '') message = `${message} (${verb.toLowerCase()} ${groupResourceText(gr)}${name === '' ? '' : ` ${name}`})`;
  const causes = unexpected ? { causes: [{ reason: 'UnexpectedServerResponse', message: serverMessage }] } : {};
  return failure(code, reason, message, detailsOf(gr, name, { ...causes, ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }) }));
}

function hasReason(error: unknown, ...reasons: string[]): boolean {
  return error instanceof StatusError && reasons.includes(error.reason);
}

/** By reason, or by code where a server gave no reason. */
function hasReasonOrCode(error: unknown, reason: string, code: number): boolean {
  return error instanceof StatusError && (error.reason === reason || (error.reason === '' && error.code === code));
}

export const isNotFound = (error: unknown): boolean => hasReasonOrCode(error, 'NotFound', 404);
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists');
export const isConflict = (error: unknown): boolean => hasReasonOrCode(error, 'Conflict', 409);
export const isForbidden = (error: unknown): boolean => hasReasonOrCode(error, 'Forbidden', 403);
export const isUnauthorized = (error: unknown): boolean => hasReasonOrCode(error, 'Unauthorized', 401);
export const isInvalid = (error: unknown): boolean => hasReasonOrCode(error, 'Invalid', 422);
export const isBadRequest = (error: unknown): boolean => hasReasonOrCode(error, 'BadRequest', 400);
/** Expired or Gone: list again. */
export const isGone = (error: unknown): boolean => hasReason(error, 'Expired', 'Gone') || hasReasonOrCode(error, 'Gone', 410);
export const isTimeout = (error: unknown): boolean => hasReasonOrCode(error, 'Timeout', 504);
export const isServerTimeout = (error: unknown): boolean => hasReason(error, 'ServerTimeout');
export const isTooManyRequests = (error: unknown): boolean => hasReasonOrCode(error, 'TooManyRequests', 429);
export const isServiceUnavailable = (error: unknown): boolean => hasReasonOrCode(error, 'ServiceUnavailable', 503);
export const isInternalError = (error: unknown): boolean => hasReason(error, 'InternalError');
export const isMethodNotAllowed = (error: unknown): boolean => hasReasonOrCode(error, 'MethodNotAllowed', 405);

/** The error as the API answers it: a StatusError as it is, anything else as an internal error. */
export function toStatusError(error: unknown): StatusError {
  return error instanceof StatusError ? error : internalError(error);
}
