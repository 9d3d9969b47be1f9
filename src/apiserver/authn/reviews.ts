// TokenReview and SelfSubjectReview: "whose token is this?" and "who am I?". Never stored.
import type { TokenReview } from '#api/authentication/v1.ts';
import { rfc3339, type Clock } from '#base/clock.ts';
import { badRequest, isUnauthorized } from '#machinery';
import type { Identity, KubeObject } from '../contract.ts';
import type { TokenCheck } from './authenticators.ts';

function userInfo(identity: Identity): Record<string, unknown> {
  return {
    username: identity.name,
    ...(identity.uid === undefined || identity.uid === '' ? {} : { uid: identity.uid }),
    groups: [...identity.groups],
    ...(identity.extra === undefined || Object.keys(identity.extra).length === 0 ? {} : { extra: identity.extra }),
  };
}

/** Answers a TokenReview with the same checks that requests go through. */
export function reviewToken(object: KubeObject, checks: readonly TokenCheck[], defaultAudiences: readonly string[]): KubeObject {
  const review = object as TokenReview & KubeObject;
  const token = review.spec?.token ?? '';
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const audiences = review.spec?.audiences?.length ? review.spec.audiences : defaultAudiences;
  try {
    for (const check of checks) {
      const found = check(token, audiences);
      if (found === undefined) continue;
      const identity = { ...found.identity, groups: [...found.identity.groups, 'system:authenticated'] };
      return { ...review, status: { authenticated: true, user: userInfo(identity), audiences: [...(found.audiences ?? audiences)] } };
    }
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    return { ...review, status: { user: {}, error: 'invalid bearer token' } };
  }
  return { ...review, status: { user: {} } };
}

/** `kubectl auth whoami`. */
export function reviewSelf(object: KubeObject, identity: Identity, clock: Clock): KubeObject {
  return { ...object, metadata: { creationTimestamp: rfc3339(clock.now()) }, status: { userInfo: userInfo(identity) } };
}
