// Authorizers in a row: the first that allows or denies decides. `system:masters` is let through before any is
// asked, so that no policy can lock the cluster's administrator out.
import type { Attributes, Authorizer, Verdict } from '../contract.ts';

const allowMasters: Verdict = { decision: 'allow', reason: '' };

/** Asks in order; no opinion from anybody is a refusal with all reasons joined. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    name: 'union',
    async authorize(attributes: Attributes): Promise<Verdict> {
      if (attributes.user.groups.includes('system:masters')) return allowMasters;
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const asked = authorizer.authorize(attributes);
        const verdict = asked instanceof Promise ? await asked : asked;
        if (verdict.decision !== 'none') return verdict;
        if (verdict.reason !== '') reasons.push(verdict.reason);
      }
      return { decision: 'none', reason: reasons.join('\n') };
    },
  };
}

/** Lets everything through (--authorization-mode=AlwaysAllow). */
export const alwaysAllow: Authorizer = { name: 'AlwaysAllow', authorize: () => ({ decision: 'allow', reason: '' }) };

/** Refuses everything (--authorization-mode=AlwaysDeny). */
export const alwaysDeny: Authorizer = { name: 'AlwaysDeny', authorize: () => ({ decision: 'none', reason: 'Everything is forbidden.' }) };
