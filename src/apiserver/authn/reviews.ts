// TokenReview and SelfSubjectReview: "whose token is this?" and "who am I?". Never stored.
import type { TokenReview } from '#api/authentication/v1.ts';
import { rfc3339, type Clock } from '#base/clock.ts';
import { badRequest } from '#machinery';
import type { Identity, KubeObject, RequestNotes } from '../contract.ts';
import { known } from './groups.ts';
import { askInOrder, invalidBearerToken, type TokenCheck } from './token-checks.ts';

export function userInfo(identity: Identity): Record<string, unknown> {
  return {
    username: identity.name,
    ...(identity.uid === undefined || identity.uid === '' ? {} : { uid: identity.uid }),
    groups: [...identity.groups],
    ...(identity.extra === undefined || Object.keys(identity.extra).length === 0 ? {} : { extra: identity.extra }),
  };
}

/** Answers a TokenReview with the same checks that requests go through. Throws 400. */
export async function reviewToken(object: KubeObject, checks: readonly TokenCheck[], apiAudiences: readonly string[], notes: RequestNotes): Promise<KubeObject> {
  const review = object as TokenReview & KubeObject;
  if (review.metadata?.namespace !== undefined && review.metadata.namespace !== '') throw badRequest('namespace is not allowed on this type: tokenreviews');
  if ((review.spec?.token ?? '') === '') throw badRequest('token is required for TokenReview in authentication');
  // What a request would say in its header.
  const [token = ''] = review.spec?.token?.trimEnd().split(' ', 1) ?? [];
  if (token === '') return { ...review, status: { user: {} } };
  const audiences = review.spec?.audiences?.length ? review.spec.audiences : apiAudiences;
  try {
    const found = await askInOrder(checks, { token, audiences, notes });
    if (found === undefined) return { ...review, status: { user: {}, error: invalidBearerToken } };
    return { ...review, status: { authenticated: true, user: userInfo(known(found.identity)), audiences: [...(found.audiences ?? audiences)] } };
  } catch (error) {
    return { ...review, status: { user: {}, error: error instanceof Error ? error.message : String(error) } };
  }
}

/** `kubectl auth whoami`. */
export function reviewSelf(object: KubeObject, identity: Identity, clock: Pick<Clock, 'now'>): KubeObject {
  return { ...object, metadata: { ...object.metadata, creationTimestamp: rfc3339(clock.now()) }, status: { userInfo: userInfo(identity) } };
}
