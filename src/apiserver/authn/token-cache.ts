// Answers of token checks that ask somebody far away (OIDC providers' keys, webhooks), kept for a short while by a keyed
// hash of the token: a client sends the same token with every request. Bounded, and equal questions at one time are one, which
// outlives the request that asked first; each waits no longer than it has time.
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Metrics } from '#base/metrics.ts';
import { inTime } from '../request/deadlines.ts';
import type { TokenAnswer, TokenCheck } from './token-checks.ts';

export interface TokenCacheSettings {
  readonly successMs: number;
  /** 0: refusals are not kept. */
  readonly failureMs: number;
  /** Are answers like "the webhook cannot be reached" kept too? */
  readonly keepsErrors?: boolean;
  readonly metrics?: Metrics;
}

type Outcome = { readonly answer: TokenAnswer | undefined } | { readonly error: unknown };

const mostAnswers = 4096;

/** The check with a memory. */
export function cachedCheck(clock: Pick<Clock, 'monotonic'>, settings: TokenCacheSettings, check: TokenCheck): TokenCheck {
  const stats = cacheMetrics(settings.metrics);
  const secret = randomBytes(32);
  const kept = new Map<string, { readonly outcome: Outcome; readonly untilMs: number }>();
  const asking = new Map<string, Promise<Outcome>>();

  const keep = (key: string, outcome: Outcome): void => {
    const isError = 'error' in outcome;
    if (isError && settings.keepsErrors !== true) return;
    const ttl = !isError && outcome.answer !== undefined ? settings.successMs : settings.failureMs;
    if (ttl <= 0) return;
    if (kept.size >= mostAnswers) kept.delete(kept.keys().next().value ?? '');
    kept.set(key, { outcome, untilMs: clock.monotonic() + ttl });
  };

  const fetched = async (question: Parameters<TokenCheck>[0]): Promise<Outcome> => {
    stats?.inFlight.inc();
    const outcome = await outcomeOf(check, question);
    stats?.inFlight.dec();
    stats?.fetched('error' in outcome ? 'error' : 'ok');
    return outcome;
  };

  return async (question) => {
    const key = createHmac('sha256', secret).update(JSON.stringify([question.token, question.audiences ?? null])).digest('base64');
    const began = clock.monotonic();
    const before = kept.get(key);
    if (before !== undefined && before.untilMs > began) {
      stats?.asked('hit', 0);
      return settled(before.outcome);
    }
    let running = asking.get(key);
    if (running === undefined) {
      running = fetched(question).finally(() => asking.delete(key));
      asking.set(key, running);
    }
    stats?.blocked.inc();
    const { signal } = question.notes ?? {};
    let outcome: Outcome;
    try {
      outcome = await (signal === undefined ? running : inTime(running, signal));
    } finally {
      stats?.blocked.dec();
    }
    stats?.asked('miss', clock.monotonic() - began);
    keep(key, outcome);
    return settled(outcome);
  };
}

const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function cacheMetrics(metrics: Metrics | undefined) {
  if (metrics === undefined) return undefined;
  const requests = metrics.counter('authentication_token_cache_request_total', '', ['status']);
  const durations = metrics.histogram('authentication_token_cache_request_duration_seconds', '', ['status'], durationBuckets);
  const fetches = metrics.counter('authentication_token_cache_fetch_total', '', ['status']);
  const active = metrics.gauge('authentication_token_cache_active_fetch_count', '', ['status']);
  const of = (status: string) => ({ count: requests.labels(status), duration: durations.labels(status) });
  const kinds = { hit: of('hit'), miss: of('miss') };
  return {
    asked(kind: keyof typeof kinds, ms: number): void {
      kinds[kind].count.inc();
      kinds[kind].duration.observe(ms / 1000);
    },
    fetched: (status: 'ok' | 'error'): void => fetches.inc({ status }),
    blocked: active.labels('blocked'),
    inFlight: active.labels('in_flight'),
  };
}

async function outcomeOf(check: TokenCheck, question: Parameters<TokenCheck>[0]): Promise<Outcome> {
  try {
    return { answer: await check(question) };
  } catch (error) {
    return { error };
  }
}

function settled(outcome: Outcome): TokenAnswer | undefined {
  if ('error' in outcome) throw outcome.error;
  return outcome.answer;
}
