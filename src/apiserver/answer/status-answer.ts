// Statuses as answers: every refusal of the server, and the successes that have no object to show.
import type { Status } from '#api/meta/v1.ts';
import { encodeCbor, encodeProtobuf, StatusError, stringifyJson, stringifyYaml, toStatusError, type KubeObject } from '#machinery';
import { answer, type Call } from '../request/call.ts';
import { contentTypes, negotiate, type Encoding } from '../request/media-type.ts';
import { indentJson } from './indent.ts';

/** A Status is told as it is: a clause that asks for another form does not count. */
const offer = { forms: ['object'], protobuf: true, stream: true } as const;

/** A Status in the encoding that the client accepts, JSON when it accepts none. */
export function answerStatus(call: Call, code: number, status: Status, headers: Record<string, string> = {}): void {
  let encoding: Encoding = 'json';
  let pretty = false;
  try {
    ({ encoding, pretty } = negotiate(call.exchange.headers.accept, call.info.query, call.exchange.headers['user-agent'] ?? '', { ...offer, cbor: call.cbor }));
  } catch {
    // A client that accepts nothing we have still gets told why.
  }
  const body: Status = { ...status, kind: 'Status', apiVersion: 'v1', metadata: status.metadata ?? {} };
  call.audit?.responseStatus({ ...status, code });
  headers['content-type'] = contentTypes[encoding];
  answer(call, code, headers, encodeStatus(body, encoding, pretty));
}

function encodeStatus(status: Status, encoding: Encoding, pretty: boolean): Uint8Array | string {
  const { kind, apiVersion, metadata, ...rest } = status;
  const ordered: KubeObject = { kind, apiVersion, metadata: { ...metadata } as KubeObject['metadata'], ...rest };
  if (encoding === 'protobuf') return encodeProtobuf('meta.v1.Status', ordered);
  if (encoding === 'cbor') return encodeCbor('meta.v1.Status', ordered);
  if (encoding === 'yaml') return stringifyYaml(ordered);
  const text = stringifyJson(ordered);
  return pretty ? indentJson(text) : `${text}\n`;
}

/** The answer to a request that failed. Errors that are no StatusError become internal ones. */
export function answerError(call: Call, error: unknown): void {
  if (call.exchange.responded) return;
  const failure = toStatusError(error);
  const headers: Record<string, string> = {};
  const retryAfter = failure.status.details?.retryAfterSeconds ?? 0;
  if (retryAfter > 0) headers['retry-after'] = String(retryAfter);
  if (failure.code === 401) headers['www-authenticate'] = 'Basic realm="kubernetes-master"';
  answerStatus(call, failure.code, failure.status, headers);
}

/**
 * The answer to a request that ran out of time. Upstream's says neither its kind nor that it is JSON, so clients show
 * their own words for a 504; some look for those.
 */
export function answerTimedOut(call: Call): void {
  const { kind: _kind, apiVersion: _version, ...status } = toStatusError(call.givenUp).status;
  call.audit?.responseStatus({ ...status, code: 504 });
  answer(call, 504, { 'content-type': 'text/plain; charset=utf-8' }, `${stringifyJson({ ...status, metadata: {} })}\n`);
}

/** A server error is logged; a client's mistake is the client's to read. */
export function isServerFault(error: unknown): boolean {
  return !(error instanceof StatusError) || error.code === 500;
}
