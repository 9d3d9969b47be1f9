// Asks a webhook "may he?" by a SubjectAccessReview and remembers the answers for a while. What cannot be asked is no
// opinion or a refusal, as configured; match conditions keep questions from being asked at all. A question goes no
// further than the request that asks it.
import type { Metrics } from '#base/metrics.ts';
import type { World } from '#base/world.ts';
import { sleep } from '#base/clock.ts';
import { isObject, stringifyJson } from '#machinery';
import type { Attributes, Verdict } from '../contract.ts';
import { unlistable, type RuleSource } from './rules.ts';
import { fieldsSelected, labelsSelected } from './selectors.ts';

/** Sends the review and resolves with the answered one. Rejects with what went wrong; `isTransient` says whether to try again. */
export interface ReviewCaller {
  post(review: object, call?: { readonly signal?: AbortSignal }): Promise<unknown>;
  isTransient(error: unknown): boolean;
}

/** Over `request`, the spec of the review. Throws an Error when a condition cannot be decided and none is false. */
export type MatchConditions = (spec: Readonly<Record<string, unknown>>) => Promise<boolean> | boolean;

export interface WebhookAuthorizerSettings {
  readonly name: string;
  readonly version: 'v1' | 'v1beta1';
  readonly authorizedMs: number;
  readonly unauthorizedMs: number;
  readonly onError: 'none' | 'deny';
  readonly cacheAuthorized?: boolean;
  readonly cacheUnauthorized?: boolean;
  readonly matches?: MatchConditions;
}

const mostAnswers = 8192;
/** A caller cannot fill the memory with questions of his own make. */
const longestCached = 10_000;
const attempts = 5;
const firstPauseMs = 500;
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function specOf(a: Attributes): Record<string, unknown> {
  const { user } = a;
  const fields = fieldsSelected(a).terms;
  const labels = labelsSelected(a).terms;
  const resource = {
    namespace: a.namespace, verb: a.verb, group: a.apiGroup, version: a.apiVersion, resource: a.resource, subresource: a.subresource, name: a.name,
    ...(fields.length === 0 ? {} : { fieldSelector: { requirements: fields } }), ...(labels.length === 0 ? {} : { labelSelector: { requirements: labels } }),
  };
  const filled = Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== ''));
  return {
    ...(a.isResourceRequest ? { resourceAttributes: filled } : { nonResourceAttributes: { path: a.path, verb: a.verb } }),
    user: user.name,
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined ? {} : { extra: user.extra }),
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
  };
}

/** v1beta1 names groups in the singular. */
function reviewOf(version: string, spec: Readonly<Record<string, unknown>>): object {
  const { groups, ...rest } = spec;
  return { kind: 'SubjectAccessReview', apiVersion: `authorization.k8s.io/${version}`, metadata: {}, spec: version === 'v1' || groups === undefined ? spec : { ...rest, group: groups } };
}

function verdictOf(answer: unknown): Verdict {
  const status = isObject(answer) && isObject(answer.status) ? answer.status : {};
  const reason = typeof status.reason === 'string' ? status.reason : '';
  if (status.denied === true && status.allowed === true) return { decision: 'deny', reason, error: 'webhook subject access review returned both allow and deny response' };
  if (status.denied === true) return { decision: 'deny', reason };
  return { decision: status.allowed === true ? 'allow' : 'none', reason };
}

function isDeadline(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith('context deadline exceeded');
}

function matchMetrics(metrics: Metrics, name: string) {
  const labels = { type: 'Webhook', name };
  const excluded = metrics.counter('apiserver_authorization_match_condition_exclusions_total', 'Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.', ['type', 'name']);
  const errors = metrics.counter('apiserver_authorization_match_condition_evaluation_errors_total', 'Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.', ['type', 'name']);
  const seconds = metrics.histogram('apiserver_authorization_match_condition_evaluation_seconds', 'Authorization match condition evaluation time in seconds, split by authorizer type and name.', ['type', 'name'], [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25]);
  return {
    excluded: (): void => excluded.inc(labels),
    failed: (): void => errors.inc(labels),
    took: (ms: number): void => seconds.observe(labels, ms / 1000),
  };
}

function isSmall(a: Attributes): boolean {
  return [a.namespace, a.verb, a.apiGroup, a.apiVersion, a.resource, a.subresource, a.name, a.path].reduce((sum, text) => sum + text.length, 0) < longestCached;
}

export function createWebhookAuthorizer(world: World, caller: ReviewCaller, settings: WebhookAuthorizerSettings): RuleSource {
  const { clock, metrics } = world;
  const kept = new Map<string, { readonly verdict: Verdict; readonly untilMs: number }>();
  const evaluations = metrics.counter('apiserver_authorization_webhook_evaluations_total', 'Round-trips to authorization webhooks.', ['name', 'result']);
  const duration = metrics.histogram('apiserver_authorization_webhook_duration_seconds', 'Request latency in seconds.', ['name', 'result'], durationBuckets);
  const failOpen = metrics.counter('apiserver_authorization_webhook_evaluations_fail_open_total', 'NoOpinion results due to webhook timeout or error.', ['name', 'result']);
  const conditions = matchMetrics(metrics, settings.name);
  const failed = (error: unknown): Verdict => ({ decision: settings.onError, reason: '', error: error instanceof Error ? error.message : String(error) });

  const ask = async (review: object, signal: AbortSignal | undefined): Promise<Verdict> => {
    let pause = firstPauseMs;
    for (let attempt = 1; ; attempt++) {
      const began = clock.monotonic();
      const note = (result: string): void => {
        evaluations.inc({ name: settings.name, result });
        duration.observe({ name: settings.name, result }, (clock.monotonic() - began) / 1000);
      };
      try {
        const verdict = verdictOf(await caller.post(review, signal === undefined ? {} : { signal }));
        note('success');
        return verdict;
      } catch (error) {
        const result = signal?.aborted === true ? 'canceled' : isDeadline(error) ? 'timeout' : 'error';
        note(result);
        // Whose request is over has no opinion to wait for.
        if (result === 'canceled') throw error;
        if (attempt >= attempts || !caller.isTransient(error)) {
          if (settings.onError === 'none') failOpen.inc({ name: settings.name, result });
          throw error;
        }
      }
      await sleep(clock, pause * (1 + 0.2 * world.random.next()), signal);
      pause *= 1.5;
    }
  };

  const matches = async (decide: MatchConditions, spec: Readonly<Record<string, unknown>>): Promise<boolean> => {
    const began = clock.monotonic();
    try {
      return await decide(spec);
    } catch (error) {
      conditions.failed();
      throw error;
    } finally {
      conditions.took(clock.monotonic() - began);
    }
  };

  const keep = (key: string, verdict: Verdict): void => {
    const isAllowed = verdict.decision === 'allow';
    if ((isAllowed ? settings.cacheAuthorized : settings.cacheUnauthorized) === false) return;
    if (kept.size >= mostAnswers) kept.delete(kept.keys().next().value ?? '');
    kept.set(key, { verdict, untilMs: clock.monotonic() + (isAllowed ? settings.authorizedMs : settings.unauthorizedMs) });
  };

  return {
    name: settings.name,
    async authorize(request) {
      const spec = specOf(request);
      try {
        if (settings.matches !== undefined && !(await matches(settings.matches, spec))) {
          conditions.excluded();
          return { decision: 'none', reason: '' };
        }
        const key = stringifyJson(spec);
        const before = kept.get(key);
        if (before !== undefined && before.untilMs > clock.monotonic()) return before.verdict;
        const verdict = await ask(reviewOf(settings.version, spec), request.within?.signal);
        if (isSmall(request)) keep(key, verdict);
        return verdict;
      } catch (error) {
        return failed(error);
      }
    },
    knownRules: () => unlistable('webhook authorizer does not support user rule resolution'),
  };
}
