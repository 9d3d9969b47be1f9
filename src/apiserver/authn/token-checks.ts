// Bearer tokens are shown to checks in a row: static file, service accounts, bootstrap, OIDC, webhook. One that does not
// know the token passes it on; one that knows it and finds it bad says why, and the next is asked all the same.
import type { Identity, RequestNotes } from '../contract.ts';

export interface TokenAnswer {
  readonly identity: Identity;
  /** Of the audiences asked for, those that the token is for; absent: it knows none and is good for the API's own. */
  readonly audiences?: readonly string[];
}

export interface TokenQuestion {
  readonly token: string;
  /** Whom the token must be for; absent: this API server. */
  readonly audiences?: readonly string[];
  readonly notes?: RequestNotes;
}

/** undefined: not of this kind. Throws an Error for a token of this kind that is bad. */
export type TokenCheck = (question: TokenQuestion) => TokenAnswer | undefined | Promise<TokenAnswer | undefined>;

export const invalidBearerToken = 'invalid bearer token';

/** All that was wrong, as Go prints many errors: one bare, several in brackets, equal ones once. */
export function joinedErrors(texts: readonly string[]): string {
  const unique = [...new Set(texts)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}

/** Throws an Error that tells everything found wrong; undefined when no check knew the token. */
export async function askInOrder(checks: readonly TokenCheck[], question: TokenQuestion): Promise<TokenAnswer | undefined> {
  const problems: string[] = [];
  for (const check of checks) {
    try {
      const asked = check(question);
      const found = asked instanceof Promise ? await asked : asked;
      if (found !== undefined) return found;
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (problems.length > 0) throw new Error(joinedErrors(problems));
  return undefined;
}

/** For checks that know nothing of audiences: their users are good for the API's own audiences and no others. */
export function forApiAudiences(check: TokenCheck, apiAudiences: readonly string[]): TokenCheck {
  return async (question) => {
    const audiences = (question.audiences ?? apiAudiences).filter((audience) => apiAudiences.includes(audience));
    if (question.audiences !== undefined && audiences.length === 0) return undefined;
    const found = await check(question);
    if (found === undefined) return undefined;
    if (found.audiences !== undefined && found.audiences.length > 0) throw new Error(`audience agnostic authenticator wrapped an authenticator that returned audiences: [${found.audiences.join(' ')}]`);
    return { ...found, audiences };
  };
}
