// One request on its way through the chain: the exchange, what it asks for, who asks, and what has been
// collected for the answer.
import type { Status } from '#api/meta/v1.ts';
import type { Exchange, Headers } from '#wire';
import type { Identity, KubeObject, RequestNotes, Verdict } from '../contract.ts';
import type { Permit, SchemaInUse } from '../flowcontrol/index.ts';
import type { Latencies } from './latencies.ts';
import type { Pacer } from './pacer.ts';
import type { ParsedRequest } from './request-info.ts';

/** What endpoints tell the audit event of their request; see audit/trail.ts. */
export interface AuditNotes {
  /** The object that was sent: decoded, defaulted, in the version of the request. */
  requestObject(object: KubeObject): void;
  requestPatch(patch: unknown): void;
  responseStatus(status: Status): void;
  /** The request is over; `error` is what no step foresaw. */
  finish(error?: unknown): void;
}

export class Call implements RequestNotes {
  /** Auditing puts one in front that tells what is answered. */
  exchange: Exchange;
  readonly info: ParsedRequest;
  /** Audit-Id: the client's or a new one. */
  readonly id: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Watches, streams and proxies: no deadline. */
  readonly longRunning: boolean;
  user: Identity = nobody;
  /** Set when `user` is impersonated: who it really is, and the constraint that allowed it. */
  impersonation: { readonly by: Identity; readonly constraint: string } | undefined;
  /** What the authorizer said, for the audit event. */
  verdict: Verdict | undefined;
  /** For `Warning` headers, in order, each once. */
  warnings: string[] | undefined;
  /** Set for requests that are audited. */
  audit: AuditNotes | undefined;
  /** Set for requests whose audit event tells where their time went. */
  latencies: Latencies | undefined;
  /** CBOR is spoken: the feature gate CBORServingAndStorage. */
  cbor = false;
  /** For the audit event, in order, the first of each key. */
  annotations: Map<string, string> | undefined;
  /** The answer's status, for metrics; 0 while there is none. */
  status = 0;
  /** Answer bytes, as far as known. */
  bytes = 0;
  /** Size of the request's body, once it has been read. */
  bodyBytes = 0;
  /** Whom to ask before the work that a body asks for. */
  pacer: Pacer | undefined;
  /** How long flow control made it wait. */
  queuedMs = 0;
  /** No authenticator knew the credentials, or there were none. */
  unknown = false;
  /** How long it may take; 0: as long as it likes. */
  allowedMs = 0;
  /** What it was taken for by flow control. */
  flow: SchemaInUse | undefined;
  /** Its seats, while it holds some. */
  permit: Permit | undefined;
  /** Why the server gave the request up (its deadline). */
  givenUp: Error | undefined;
  /** It was answered at its deadline, whatever is still done for it. */
  toldLate = false;
  #abort: AbortController | undefined;

  constructor(exchange: Exchange, info: ParsedRequest, id: string, startedAt: number, longRunning: boolean) {
    this.exchange = exchange;
    this.info = info;
    this.id = id;
    this.startedAt = startedAt;
    this.longRunning = longRunning;
  }

  /** Aborts when the client is gone, the deadline has passed or the server stops. Made when first asked for. */
  get signal(): AbortSignal {
    if (this.#abort !== undefined) return this.#abort.signal;
    if (this.longRunning && this.givenUp === undefined) return this.exchange.signal;
    const abort = new AbortController();
    this.#abort = abort;
    if (this.givenUp === undefined) this.exchange.whenGone((reason) => abort.abort(reason));
    else abort.abort(this.givenUp);
    return abort.signal;
  }

  get deadline(): number | undefined {
    return this.allowedMs === 0 ? undefined : this.startedAt + this.allowedMs;
  }

  warn(message: string): void {
    warn(this, message);
  }

  annotate(key: string, value: string): void {
    annotate(this, key, value);
  }

  /** Ends the request from the server's side. */
  giveUp(reason: Error): void {
    this.givenUp ??= reason;
    this.#abort?.abort(reason);
    // An answer that has begun cannot be taken back: as upstream, the stream is reset or the connection closed.
    if (this.exchange.responded) this.exchange.cut();
  }
}

const nobody: Identity = { name: '', groups: [] };

const mostWarnings = 1000;

/** Adds a warning once; beyond a bound further ones are dropped. */
export function warn(call: Call, message: string): void {
  if (message === '') return;
  call.warnings ??= [];
  if (call.warnings.length < mostWarnings && !call.warnings.includes(message)) call.warnings.push(message);
}

const mostAnnotations = 200;

/** Adds an audit annotation; what is there already stays, and beyond a bound further ones are dropped. */
export function annotate(call: Call, key: string, value: string): void {
  call.annotations ??= new Map();
  if (call.annotations.size < mostAnnotations && !call.annotations.has(key)) call.annotations.set(key, value);
}

/** The call as the steps see it that may add to answer and audit event. */
export function notesOf(call: Call): RequestNotes {
  return { deadline: call.deadline, warn: (message) => warn(call, message), annotate: (key, value) => annotate(call, key, value) };
}

const longestWarnings = 4 * 1024;
const shortenedWarning = 256;

/** RFC 7234 warn-code 299, as client-go parses it. Too many for one header are each cut short until no more fit. */
function warningHeader(warnings: readonly string[]): string {
  const isTooLong = warnings.reduce((total, message) => total + message.length, 0) > longestWarnings;
  let total = 0;
  const parts: string[] = [];
  for (const message of warnings) {
    if (total >= longestWarnings) break;
    const kept = isTooLong ? [...message].slice(0, shortenedWarning).join('') : message;
    // oxlint-disable-next-line no-control-regex -- control characters may not travel in a header
    const text = kept.replace(/[\x00-\x1f\x7f]/g, ' ').replace(/["\\]/g, '\\$&');
    parts.push(`299 - "${/^[\x20-\x7e]*$/.test(text) ? text : Buffer.from(text).toString('latin1')}"`);
    total += kept.length;
  }
  return parts.join(', ');
}

/** The headers of every answer. */
export function answerHeaders(call: Call, headers: Record<string, string>): Headers {
  headers['audit-id'] = call.id;
  headers['cache-control'] ??= 'no-cache, private';
  if (call.warnings !== undefined) headers.warning = warningHeader(call.warnings);
  if (call.flow !== undefined) {
    headers['x-kubernetes-pf-flowschema-uid'] = call.flow.uid;
    headers['x-kubernetes-pf-prioritylevel-uid'] = call.flow.level.uid;
  }
  return headers;
}

/** Answers at once. */
export function answer(call: Call, status: number, headers: Record<string, string>, body: Uint8Array | string): void {
  call.status = status;
  call.bytes = body.length;
  call.exchange.send(status, answerHeaders(call, headers), body);
}
