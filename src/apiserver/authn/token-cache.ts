// Answers of token checks that ask somebody far away (OIDC providers' keys, webhooks), kept for a short while by a keyed
// hash of the token: a client sends the same token with every request. Bounded, and equal questions at one time are one.
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { TokenAnswer, TokenCheck } from './token-checks.ts';

export interface TokenCacheSettings {
  readonly successMs: number;
  /** 0: refusals are not kept. */
  readonly failureMs: number;
  /** Are answers like "the webhook cannot be reached" kept too? */
  readonly keepsErrors?: boolean;
}

type Outcome = { readonly answer: TokenAnswer | undefined } | { readonly error: unknown };

const mostAnswers = 4096;

/** The check with a memory. */
export function cachedCheck(clock: Pick<Clock, 'monotonic'>, settings: TokenCacheSettings, check: TokenCheck): TokenCheck {
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

  return async (question) => {
    const key = createHmac('sha256', secret).update(JSON.stringify([question.token, question.audiences ?? null])).digest('base64');
    const before = kept.get(key);
    if (before !== undefined && before.untilMs > clock.monotonic()) return settled(before.outcome);
    let running = asking.get(key);
    if (running === undefined) {
      running = outcomeOf(check, question).finally(() => asking.delete(key));
      asking.set(key, running);
    }
    const outcome = await running;
    keep(key, outcome);
    return settled(outcome);
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
