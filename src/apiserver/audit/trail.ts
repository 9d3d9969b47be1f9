// What is recorded of one request on its way: made when the policy wants it, told by the chain and the endpoints what
// happens, and turned into one event per stage.
import type { Status } from '#api/meta/v1.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { cloneJson } from '#machinery';
import { headerText, type Headers } from '#wire';
import type { Identity, KubeObject } from '../contract.ts';
import { annotate, type AuditNotes, type Call } from '../request/call.ts';
import { follow } from '../request/latencies.ts';
import type { AuditBackend, Recorded } from './backend.ts';
import type { AuditEvent, ObjectReference } from './event.ts';
import type { AuditMetrics } from './metrics.ts';
import { latencyAnnotations } from './latency-annotations.ts';
import { observedExchange } from './observed-exchange.ts';
import type { AuditDecision, Stage } from './policy.ts';
import { responseObject, withoutManagedFields } from './response-object.ts';
import { sourceIps } from './source-ips.ts';

export interface TrailParts {
  readonly world: World;
  readonly backend: AuditBackend;
  readonly metrics: AuditMetrics;
}

export interface AuditTrail extends AuditNotes {
  /** Records a stage unless the policy omits it. */
  stage(stage: Stage): Recorded;
  /** The request is over; `error` is what no step foresaw. */
  finish(error?: unknown): void;
}

const longestUserAgent = 1024;

/** @param user Who asks, before any impersonation; undefined when nobody could be told. */
export function createTrail(parts: TrailParts, call: Call, decision: AuditDecision, user: Identity | undefined, receivedMs: number): AuditTrail {
  const { world, backend, metrics } = parts;
  const { level } = decision;
  const wantsRequest = level === 'Request' || level === 'RequestResponse';
  const wantsResponse = level === 'RequestResponse' && call.info.isResourceRequest && !call.longRunning;
  const objectRef = call.info.isResourceRequest ? referenceOf(call) : undefined;
  let status: Status | undefined;
  let requested: unknown;
  let answered: { readonly headers: Headers; readonly bytes: Buffer | undefined } | undefined;

  const shown = (value: unknown): unknown => (decision.omitManagedFields ? withoutManagedFields(value) : value);
  const event = (stage: Stage, response: unknown): AuditEvent => ({
    ...baseOf(call, user), level, stage, receivedMs, stageMs: stage === 'RequestReceived' ? receivedMs : world.clock.now(),
    ...(objectRef === undefined ? {} : { objectRef: { ...objectRef } }),
    ...(status === undefined ? {} : { responseStatus: status }),
    ...(requested === undefined ? {} : { requestObject: requested }),
    ...(response === undefined ? {} : { responseObject: response }),
    annotations: annotationsOf(call, wantsRequest, response === truncated),
  });
  const record = (stage: Stage, response?: unknown): Recorded => {
    if (decision.omitStages.has(stage)) return true;
    metrics.recorded();
    const made = event(stage, response === truncated ? undefined : response);
    return backend.record([response === truncated ? { ...made, annotations: annotationsOf(call, wantsRequest, true) } : made]);
  };
  /** The object in the answer, told with the last stage. */
  const recordAnswer = async (stage: Stage): Promise<void> => {
    if (answered === undefined) return void record(stage);
    if (answered.bytes === undefined) return void record(stage, truncated);
    const response = await responseObject(answered.headers, answered.bytes).catch((error: unknown) => {
      world.log.warn('the answer could not be decoded for the audit event', { auditId: call.id, error: errorText(error) });
      return undefined;
    });
    record(stage, shown(response));
  };

  // Watches last as long as they like.
  if (call.info.verb !== 'watch') call.latencies = follow(call.signal);
  call.exchange = observedExchange(call.exchange, wantsResponse, {
    ...(call.latencies === undefined ? {} : { times: { clock: world.clock, latencies: call.latencies } }),
    status(code) {
      status = { ...status, code };
      if (call.longRunning) record('ResponseStarted');
    },
    body: (headers, bytes) => {
      answered = { headers, bytes };
    },
  });

  return {
    stage: (stage) => record(stage),
    requestObject(object) {
      if (objectRef !== undefined) completeReference(objectRef, object);
      if (wantsRequest) requested = shown(cloneJson(object));
    },
    requestPatch(patch) {
      if (wantsRequest) requested = patch;
    },
    responseStatus({ status: outcome, message, reason, details, code }) {
      status = {
        ...(outcome === undefined ? {} : { status: outcome }), ...(message === undefined ? {} : { message }), ...(reason === undefined ? {} : { reason }),
        ...(details === undefined ? {} : { details }), ...(code === undefined ? {} : { code }),
      };
    },
    finish(error) {
      if (error !== undefined && isPanic(error)) {
        status = { status: 'Failure', message: `APIServer panic'd: ${errorText(error)}`, reason: 'InternalError', code: 500 };
        record('Panic');
        return;
      }
      if (status === undefined) {
        status = { status: 'Success', message: 'Connection closed early', code: 200 };
        if (call.longRunning) record('ResponseStarted');
      }
      if (call.latencies !== undefined) {
        const totalMs = world.clock.monotonic() - call.startedAt;
        for (const [key, value] of latencyAnnotations(totalMs, call.latencies, call.queuedMs)) annotate(call, key, value);
      }
      void recordAnswer('ResponseComplete');
    },
  };
}

const truncated = Symbol('the answer is beyond the bound');

/** A fault of the program, not an answer: what a Go server panics with. */
function isPanic(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError || (error instanceof Error && error.message.startsWith('invariant broken'));
}

function baseOf(call: Call, user: Identity | undefined): Pick<AuditEvent, 'auditId' | 'requestUri' | 'verb' | 'user' | 'sourceIps' | 'userAgent' | 'impersonatedUser' | 'impersonationConstraint'> {
  const agent = headerText(call.exchange.headers['user-agent'] ?? '');
  return {
    auditId: call.id,
    requestUri: call.exchange.url,
    verb: call.info.verb,
    user,
    sourceIps: sourceIps(call.exchange),
    userAgent: agent.length > longestUserAgent ? `${agent.slice(0, longestUserAgent)}...TRUNCATED` : agent,
    ...(call.impersonation === undefined ? {} : { impersonatedUser: call.user, impersonationConstraint: call.impersonation.constraint }),
  };
}

function referenceOf({ info }: Call): ObjectReference {
  const { resource, namespace, name, apiGroup, apiVersion, subresource } = info;
  return { resource, namespace, name, apiGroup, apiVersion, subresource };
}

/** What the URL leaves open, the object tells. */
function completeReference(ref: ObjectReference, { metadata }: KubeObject): void {
  const fill = (field: 'namespace' | 'name' | 'uid' | 'resourceVersion', value: string | undefined): void => {
    if ((ref[field] ?? '') === '' && value !== undefined) ref[field] = value;
  };
  fill('namespace', metadata?.namespace);
  fill('name', metadata?.name);
  fill('uid', metadata?.uid);
  fill('resourceVersion', metadata?.resourceVersion);
}

/** What webhooks changed is part of the request's body, and told where the body is. */
const bodyAnnotations = 'patch.webhook.admission.k8s.io/';

function annotationsOf(call: Call, withBody: boolean, isTruncated: boolean): Record<string, string> {
  const { verdict } = call;
  const told = [...(call.annotations ?? [])].filter(([key]) => withBody || !key.startsWith(bodyAnnotations));
  return {
    ...Object.fromEntries(told),
    ...(verdict === undefined ? {} : { 'authorization.k8s.io/decision': verdict.decision === 'allow' ? 'allow' : 'forbid', 'authorization.k8s.io/reason': verdict.reason }),
    ...(isTruncated ? { 'audit.k8s.io/truncated': 'true' } : {}),
  };
}
