// The way of every request, in order, on one page. Each step is a plain function; nothing registers itself.
// A step that refuses throws a StatusError; whatever is thrown becomes the answer in one place. What a
// step needs of others it gets as an argument.
import { badRequest, internalError, StatusError, unauthorized } from '#machinery';
import { PeerGoneError, type Exchange, type Handler } from '#wire';
import { answerError, answerTimedOut, isServerFault } from './answer/status-answer.ts';
import type { Auditor } from './audit/index.ts';
import type { Attributes, Identity, Security, Verdict } from './contract.ts';
import { dispatchResource, isLongRunning } from './endpoints/dispatch.ts';
import type { Server } from './endpoints/endpoint.ts';
import type { PathHandlers } from './health/path-handlers.ts';
import type { ResourceTable } from './registry/resources.ts';
import { answer, Call } from './request/call.ts';
import type { ChainMetrics } from './request/chain-metrics.ts';
import type { AuditIds } from './request/audit-ids.ts';
import { inTime, type Deadlines, type OpenDeadline } from './request/deadlines.ts';
import type { Pacer } from './request/pacer.ts';
import type { RequestMetrics } from './request/request-metrics.ts';
import { parseRequest, type ParsedRequest } from './request/request-info.ts';
import { TooManyRequests, type FlowControl, type Permit } from './flowcontrol/index.ts';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';

export interface ChainParts {
  readonly server: Server;
  readonly resources: ResourceTable;
  readonly security: Security;
  readonly flow: FlowControl;
  /** The server is about to end, and says so to new requests. */
  readonly turnsAway?: () => boolean;
  readonly deadlines: Deadlines;
  readonly metrics: RequestMetrics;
  readonly steps: ChainMetrics;
  readonly auditIds: AuditIds;
  /** Absent: whatever arrives together is worked on in one turn. */
  readonly pacer?: Pacer;
  /** Absent: nothing is recorded. */
  readonly audit?: Auditor;
  /** Health, discovery, OpenAPI, metrics, version. */
  readonly paths: PathHandlers;
  /** By API group. */
  readonly delegates: ReadonlyMap<string, Handler>;
  /** What an extension API server answers; undefined for everything else. */
  readonly route?: (call: Call) => Promise<void> | undefined;
}

/** The handler of the whole API server. Never rejects. */
export function createChain(parts: ChainParts): Handler {
  const { server, metrics, deadlines, security, audit, steps } = parts;
  const { clock } = server.world;
  return async (exchange) => {
    let call: Call;
    try {
      call = openCall(parts, exchange);
    } catch (error) {
      refuseUnparsed(parts, exchange, error);
      return;
    }
    if (parts.turnsAway?.() === true && !isServedToTheEnd(exchange, call)) {
      turnAway(call);
      return;
    }
    metrics.started(call);
    let deadline: OpenDeadline | undefined;
    let known = false;
    let failure: unknown;
    try {
      deadline = call.longRunning ? undefined : deadlines.open(call);
      call.user = await authenticate(security, call);
      known = true;
      const now = clock.monotonic();
      steps.authenticated(call.user.name, now - call.startedAt);
      await carryOut(parts, call, now);
    } catch (error) {
      failure = error;
      if (!known) {
        steps.notAuthenticated(call.unknown ? 'failure' : 'error', clock.monotonic() - call.startedAt);
        audit?.unauthenticated(call, attributesOf(call));
      }
      deadlines.settle(call);
      fail(server, call, error);
    } finally {
      call.audit?.finish(failure);
      if (deadline !== undefined) deadlines.close(deadline);
      metrics.finished(call);
    }
  };
}

/** What follows once it is known who asks. @param began when that was. */
async function carryOut(parts: ChainParts, call: Call, began: number): Promise<void> {
  const { server: { world: { clock } }, security, audit, flow, steps } = parts;
  let at = began;
  if (audit !== undefined) {
    await audit.begin(call, attributesOf(call));
    if (call.latencies !== undefined) call.latencies.authentication = began - call.startedAt;
    at = passed(steps, 'audit', at, clock);
  }
  if (security.impersonate !== undefined && asksToImpersonate(call.exchange)) {
    await impersonate(security.impersonate, call);
    const impersonatedFrom = at;
    at = passed(steps, 'impersonation', at, clock);
    if (call.latencies !== undefined) call.latencies.impersonation = at - impersonatedFrom;
  }
  const admitted = flow.admit(call);
  let permit: Permit | undefined;
  if (admitted instanceof Promise) {
    permit = await admitted;
    const queuedAt = at;
    at = passed(steps, 'priorityandfairness', at, clock);
    call.queuedMs = at - queuedAt;
  } else permit = admitted;
  call.permit = permit;
  try {
    const permitted = authorize(parts, call, at);
    if (permitted !== undefined) await (call.longRunning ? permitted : inTime(permitted, call.signal));
    const done = dispatch(parts, call);
    if (done !== undefined) await done;
  } finally {
    permit?.release();
  }
}

/** @returns the time now. */
function passed(steps: ChainMetrics, step: keyof ChainMetrics['steps'], from: number, clock: Pick<Clock, 'monotonic'>): number {
  const now = clock.monotonic();
  steps.steps[step].observe((now - from) / 1000);
  return now;
}

/** Request id, meaning and kind. Throws 400. */
function openCall(parts: ChainParts, exchange: Exchange): Call {
  const info = parseRequest(exchange.method, exchange.url);
  const asked = exchange.headers['audit-id'];
  const { world } = parts.server;
  const id = asked === undefined || asked === '' ? parts.auditIds.next() : asked;
  const call = new Call(exchange, info, id, world.clock.monotonic(), info.isResourceRequest && isLongRunning(info.verb, info.subresource));
  call.cbor = parts.server.cbor;
  call.pacer = parts.pacer;
  return call;
}

/** The first that knows who asks. Bad credentials are forgiven for the sake of good ones, never for none at all. */
async function authenticate(security: Security, call: Call): Promise<Identity> {
  let refusal: StatusError | undefined;
  for (const authenticator of security.authenticators) {
    if (refusal !== undefined && authenticator.name === 'anonymous') break;
    try {
      const user = await authenticator.authenticate(call.exchange, call.info, call);
      if (user !== undefined) return user;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  call.unknown = true;
  throw unauthorized();
}

const firstLetter = 'i'.charCodeAt(0);
/** What makes a small letter of a capital one. */
const small = 0x20;

/** One look at each header's name, as it was sent where that is known: reading an object's names costs more. */
function asksToImpersonate({ headers, rawHeaders }: Exchange): boolean {
  if (rawHeaders === undefined) {
    for (const name in headers) if (name.startsWith('impersonate-')) return true;
    return false;
  }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if ((name.charCodeAt(0) | small) === firstLetter && name.toLowerCase().startsWith('impersonate-')) return true;
  }
  return false;
}

async function impersonate(decide: NonNullable<Security['impersonate']>, call: Call): Promise<void> {
  const found = await decide(call.exchange, attributesOf(call));
  if (found === undefined) return;
  call.impersonation = { by: call.user, constraint: found.constraint ?? '' };
  call.user = found.user;
}

function attributesOf(call: Call): Attributes {
  const { info } = call;
  return {
    user: call.user,
    isResourceRequest: info.isResourceRequest,
    verb: info.verb,
    path: info.path,
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    namespace: info.namespace,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name,
    labelSelector: info.labelSelector,
    fieldSelector: info.fieldSelector,
    within: call,
  };
}

/** Throws 403. A promise only when the authorizer needs one. @param from when this step began. */
function authorize(parts: ChainParts, call: Call, from: number): Promise<void> | undefined {
  const attributes = attributesOf(call);
  const verdict = parts.security.authorizer.authorize(attributes);
  if (verdict instanceof Promise) return verdict.then((late) => heed(parts, call, attributes, late, from));
  heed(parts, call, attributes, verdict, from);
  return undefined;
}

function heed({ server, security, steps }: ChainParts, call: Call, attributes: Attributes, verdict: Verdict, from: number): void {
  call.verdict = verdict;
  const tookMs = server.world.clock.monotonic() - from;
  steps.authorized(verdict, tookMs);
  if (call.latencies !== undefined) call.latencies.authorization = tookMs;
  if (verdict.decision !== 'allow') throw security.refusal(attributes, verdict.reason);
}

function dispatch(parts: ChainParts, call: Call): Promise<void> | void {
  const routed = parts.route?.(call);
  if (routed !== undefined) {
    // The watch is begun elsewhere.
    if (call.longRunning) call.permit?.initialized();
    return routed;
  }
  const delegate = call.info.isResourceRequest ? parts.delegates.get(call.info.apiGroup) : undefined;
  if (delegate !== undefined) return delegate(call.exchange);
  if (call.info.isResourceRequest) return dispatchResource(parts.server, parts.resources, call);
  if (parts.flow.answer(call)) return undefined;
  return parts.paths.handle(call);
}

/** Turns whatever was thrown into the answer; only the server's own faults are logged. */
function fail(server: Server, call: Call, error: unknown): void {
  const { exchange, info } = call;
  if (call.toldLate) {
    call.status = 504;
    return;
  }
  // A client that goes away in the middle is no fault of the server's, and nobody is left to answer.
  if (exchange.gone && (exchange.responded || error instanceof PeerGoneError)) return;
  if (error instanceof TooManyRequests) return refuseForNow(call, error);
  if (isServerFault(error)) server.world.log.error('request failed', { method: exchange.method, path: info.path, auditId: call.id, error: clipped(errorText(error)), stack: error instanceof Error ? clipped(error.stack ?? '') : undefined });
  if (exchange.responded) return;
  try {
    if (call.givenUp === undefined) answerError(call, error);
    else answerTimedOut(call);
  } catch (late) {
    server.world.log.error('answer failed', { path: info.path, auditId: call.id, error: errorText(late) });
  }
}

const mostLogged = 8192;

/** What is told of a large object may be as large as it is. */
function clipped(text: string): string {
  return text.length <= mostLogged ? text : `${text.slice(0, mostLogged)}… (${text.length} characters)`;
}

function refuseForNow(call: Call, { message, retryAfterSeconds }: TooManyRequests): void {
  answer(call, 429, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'retry-after': String(retryAfterSeconds) }, `${message}\n`);
}

const healthPaths = ['/readyz', '/livez', '/healthz', '/metrics'];

/** The server's own requests to itself, and questions about its health. */
function isServedToTheEnd(exchange: Exchange, call: Call): boolean {
  return exchange.peer.loopback?.user === 'system:apiserver' || healthPaths.some((path) => call.info.path.startsWith(path));
}

function turnAway(call: Call): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'retry-after': '5', ...(call.exchange.protocol === 'h2' ? {} : { connection: 'close' }) };
  answer(call, 429, headers, 'The apiserver is shutting down, please try again later.\n');
}

/** A URL that means nothing at all. */
function refuseUnparsed(parts: ChainParts, exchange: Exchange, error: unknown): void {
  const info: ParsedRequest = {
    isResourceRequest: false, verb: exchange.method.toLowerCase(), path: exchange.url, apiGroup: '', apiVersion: '', namespace: '', resource: '', subresource: '', name: '',
    query: new URLSearchParams(), rest: '',
  };
  const call = new Call(exchange, info, parts.auditIds.next(), 0, false);
  answerError(call, error instanceof StatusError ? error : error instanceof Error ? badRequest(error.message) : internalError(error));
}
