// One call of one admission webhook, the same for mutating and validating ones: may it be called at all (dry run),
// what is asked, what came back; and what becomes of a failure under the webhook's failurePolicy.
import type { MutatingWebhook, ValidatingWebhook } from '#api/admissionregistration/v1.ts';
import { errorText } from '#base/errors.ts';
import { uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { forbidden, goQuote, internalError, StatusError, timeout } from '#machinery';
import type { AdmissionRequest } from '../contract.ts';
import { isLate } from '../request/deadlines.ts';
import { latenciesOf } from '../request/latencies.ts';
import type { WebhookMetrics } from './admission-metrics.ts';
import { WebhookCallError, type WebhookCaller } from './caller.ts';
import type { Hook } from './hooks.ts';
import type { Match } from './matching.ts';
import { admissionReview, denial, dryRunUnsupported, reviewVersion, verdictOf, type Verdict } from './review.ts';
import { versionedObjects, type VersionedObjects } from './versioned-request.ts';

export interface CallingPorts {
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  readonly caller: WebhookCaller;
  readonly metrics: WebhookMetrics;
}

/** The webhook was not reached, or answered nonsense: failurePolicy decides. */
export class CallingWebhookError extends Error {
  override name = 'CallingWebhookError';
  readonly code: number;
  readonly canceled: boolean;

  constructor(webhook: string, reason: string, code: number, canceled = false) {
    super(`failed calling webhook ${goQuote(webhook)}: ${reason}`);
    this.code = code;
    this.canceled = canceled;
  }
}

/** The webhook said no. */
export class WebhookRejection extends Error {
  override name = 'WebhookRejection';
  readonly status: StatusError;

  constructor(status: StatusError) {
    super(status.message);
    this.status = status;
  }
}

export interface Invocation<W extends MutatingWebhook | ValidatingWebhook> {
  readonly hook: Hook<W>;
  readonly match: Match;
  readonly objects: VersionedObjects;
}

/** Is this request the hook's business? Rejects with what refuses the request when that cannot be told. */
export async function invocationOf<W extends MutatingWebhook | ValidatingWebhook>(
  ports: CallingPorts, hook: Hook<W>, request: AdmissionRequest, type: string,
): Promise<Invocation<W> | undefined> {
  const match = await hook.matcher.matches(request);
  if (match === undefined) return undefined;
  const objects = await versionedObjects(request, match);
  if (hook.conditions === undefined) return { hook, match, objects };
  const result = await hook.conditions.evaluate({ request, kind: match.kind, resource: match.resource, ...objects });
  if ('error' in result) throw forbidden({ group: request.resource.group, resource: request.resource.plural }, request.name, result.error);
  if (result.matches) return { hook, match, objects };
  ports.metrics.excluded(hook.webhook.name, type, request.operation);
  return undefined;
}

/** Rejects with CallingWebhookError, or StatusError for what the webhook is not to be asked. */
export async function ask(ports: CallingPorts, invocation: Invocation<MutatingWebhook | ValidatingWebhook>, request: AdmissionRequest, mutating: boolean): Promise<Verdict> {
  const { hook: { webhook }, match, objects } = invocation;
  if (request.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') throw dryRunUnsupported(webhook.name);
  const uid = uuid(ports.world.random);
  let version;
  try {
    version = reviewVersion(webhook.admissionReviewVersions);
  } catch (error) {
    throw new CallingWebhookError(webhook.name, `could not create admission objects: ${errorText(error)}`, 400);
  }
  const review = admissionReview(version, { uid, request, match, ...objects });
  let answer: unknown;
  const { clock } = ports.world;
  const asked = clock.monotonic();
  try {
    const timeoutMs = timeLeft(ports, webhook, request);
    answer = await ports.caller.post(webhook.clientConfig, review, { ...(timeoutMs !== undefined && { timeoutMs }), signal: request.signal });
  } catch (error) {
    throw callFailure(webhook.name, error);
  } finally {
    tellLatency(request, mutating, clock.monotonic() - asked);
  }
  try {
    return verdictOf(version, uid, mutating, answer);
  } catch (error) {
    throw new CallingWebhookError(webhook.name, `received invalid webhook response: ${errorText(error)}`, 503);
  }
}

/** Mutating webhooks are asked one after the other, validating ones together. */
function tellLatency({ signal }: AdmissionRequest, mutating: boolean, ms: number): void {
  const latencies = latenciesOf(signal);
  if (latencies === undefined) return;
  if (mutating) latencies.mutatingWebhook += ms;
  else latencies.validatingWebhook = Math.max(latencies.validatingWebhook, ms);
}

/** The webhook's own timeout, but no longer than the request has left. */
function timeLeft({ world }: CallingPorts, { timeoutSeconds }: MutatingWebhook | ValidatingWebhook, { deadline }: AdmissionRequest): number | undefined {
  const own = timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000;
  if (deadline === undefined) return own;
  return Math.min(own ?? Infinity, Math.max(1, deadline - world.clock.monotonic()));
}

/** Throws 504 when the request's time is over: then no further webhook is asked, whatever the failure policies say. */
export function checkTime({ world }: CallingPorts, { signal, deadline }: AdmissionRequest): void {
  if (signal?.aborted === true || isLate(world.clock, deadline)) throw timeout('request did not complete within requested timeout');
}

function callFailure(name: string, error: unknown): CallingWebhookError {
  if (error instanceof StatusError) return new CallingWebhookError(name, `failed to call webhook: ${error.message}`, error.code);
  if (error instanceof WebhookCallError) return new CallingWebhookError(name, `failed to call webhook: ${error.message}`, 503, error.canceled);
  return new CallingWebhookError(name, `could not get REST client: ${errorText(error)}`, 500);
}

/** What the webhook wants told; then its refusal, if it is one. */
export function heed(webhook: string, verdict: Verdict, request: AdmissionRequest): void {
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) request.annotate(`${webhook}/${key}`, value);
  for (const warning of verdict.warnings) request.warn(warning);
  if (!verdict.allowed) throw new WebhookRejection(denial(webhook, verdict.status));
}

export interface Outcome {
  readonly webhook: MutatingWebhook | ValidatingWebhook;
  readonly operation: string;
  readonly startedAt: number;
  /** 'admit' or 'validating'. */
  readonly type: string;
}

/** Counts a call that went well. */
export function succeeded(ports: CallingPorts, { webhook, operation, startedAt, type }: Outcome): void {
  ports.metrics.called(webhook.name, type, operation, 200, false, (ports.world.clock.monotonic() - startedAt) / 1000);
}

/** Counts a failure; the error that refuses the request, or undefined when the webhook's failure is to be ignored. */
export function failed(ports: CallingPorts, { webhook, operation, startedAt, type }: Outcome, error: unknown): Error | undefined {
  const { metrics, world } = ports;
  const seconds = (world.clock.monotonic() - startedAt) / 1000;
  if (error instanceof CallingWebhookError) {
    const ignored = webhook.failurePolicy === 'Ignore';
    if (!ignored && !error.canceled) metrics.rejected(webhook.name, type, operation, 'calling_webhook_error', error.code);
    metrics.called(webhook.name, type, operation, error.code, !ignored, seconds);
    if (ignored && !error.canceled) metrics.failedOpen(webhook.name, type);
    world.log.warn(ignored ? 'failed calling webhook, failing open' : 'failed calling webhook, failing closed', { webhook: webhook.name, error: error.message });
    return ignored ? undefined : internalError(error);
  }
  const refused = error instanceof WebhookRejection;
  const code = refused ? error.status.code : 0;
  metrics.rejected(webhook.name, type, operation, refused ? 'no_error' : 'apiserver_internal_error', code);
  metrics.called(webhook.name, type, operation, code, true, seconds);
  if (refused) return error.status;
  return error instanceof Error ? error : internalError(error);
}
