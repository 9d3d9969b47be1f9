// Asks a webhook whose token it is (--authentication-token-webhook-config-file) by a TokenReview, again when the answer
// fails to come. The memory for answers is token-cache.ts's.
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { isObject } from '#machinery';
import type { Identity } from '../contract.ts';
import type { TokenAnswer, TokenCheck } from './token-checks.ts';

export interface TokenReviewCaller {
  post(review: object, call?: { readonly timeoutMs?: number }): Promise<unknown>;
  isTransient(error: unknown): boolean;
}

const attempts = 5;
const firstPauseMs = 500;
/** For all attempts: requests share an answer, so that no single one's deadline can bound it. */
const lookupMs = 30_000;

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function identityOf(user: unknown): Identity {
  const { username, uid, groups, extra } = isObject(user) ? user : {};
  return {
    name: typeof username === 'string' ? username : '', groups: texts(groups),
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    ...(isObject(extra) ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, texts(values)])) } : {}),
  };
}

/** @param version of TokenReview that the webhook speaks. @param apiAudiences what it is asked about when a caller asks about nothing. */
export function tokenWebhookCheck(world: World, caller: TokenReviewCaller, version: 'v1' | 'v1beta1', apiAudiences: readonly string[]): TokenCheck {
  const ask = async (review: object): Promise<unknown> => {
    const end = world.clock.monotonic() + lookupMs;
    let pause = firstPauseMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await caller.post(review, { timeoutMs: Math.max(1, end - world.clock.monotonic()) });
      } catch (error) {
        if (attempt >= attempts || !caller.isTransient(error) || world.clock.monotonic() + pause >= end) throw error;
      }
      await sleep(world.clock, pause * (1 + 0.2 * world.random.next()));
      pause *= 1.5;
    }
  };
  return async ({ token, audiences = apiAudiences }): Promise<TokenAnswer | undefined> => {
    const answer = await ask({ kind: 'TokenReview', apiVersion: `authentication.k8s.io/${version}`, metadata: {}, spec: { token, ...(audiences.length === 0 ? {} : { audiences }) } });
    const status = isObject(answer) && isObject(answer.status) ? answer.status : {};
    if (status.authenticated !== true) {
      if (typeof status.error === 'string' && status.error !== '') throw new Error(status.error);
      return undefined;
    }
    const own = texts(status.audiences);
    // A webhook that knows nothing of audiences speaks for the API's own.
    const known = own.length > 0 ? own : apiAudiences;
    const shared = audiences.filter((audience) => known.includes(audience));
    if (audiences.length > 0 && shared.length === 0) return undefined;
    return { identity: identityOf(status.user), audiences: shared };
  };
}
