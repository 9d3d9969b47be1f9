// Verifies service account tokens: signature, issuer, audience, then what the token is bound to, in the server's own
// cache; what the cache does not have yet is looked up in the store. Signatures are verified once a token, since that
// costs more than the rest of a small request; everything else holds anew for each request.
import type { Clock } from '#base/clock.ts';
import type { Metrics } from '#base/metrics.ts';
import { parseJwt, signatureIsGood, type JwtClaims, type ParsedJwt } from '#wire';
import type { KubeObject, ObjectReader, ObjectWriter, RequestNotes } from '../contract.ts';
import { boundIdentity, legacyClaims, legacyIssuer, legacyToken, markedInvalid, quotedList, type Finder, type LegacyToken } from './service-account-claims.ts';
import type { TokenKey, TokenKeys } from './token-keys.ts';
import type { TokenAnswer, TokenCheck, TokenQuestion } from './token-checks.ts';

export interface VerifierSettings {
  readonly issuers: readonly string[];
  /** The API's own audiences: what a token is for that says nothing. */
  readonly audiences: readonly string[];
  readonly keys: TokenKeys;
  /** --service-account-lookup: are tokens out of Secrets only good while their Secret and account are there? Absent: yes. */
  readonly lookUp?: boolean;
}

export interface VerifierParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly reader: ObjectReader;
  readonly writer: Pick<ObjectWriter, 'lookup' | 'mutate'>;
}

const rememberedTokens = 10_000;
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';

/** What the cache lacks and the store may have. */
class Missing extends Error {
  readonly resource: string;
  readonly namespace: string;
  readonly object: string;
  constructor(resource: string, namespace: string, object: string) {
    super('not in the cache');
    this.resource = resource;
    this.namespace = namespace;
    this.object = object;
  }
}

function audiencesOf(claims: JwtClaims): readonly string[] {
  if (claims.aud === undefined) return [];
  return typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
}

function tokenMetrics(metrics: Metrics) {
  const count = (name: string, help: string): (() => void) => {
    const counter = metrics.counter(name, help);
    return () => counter.inc();
  };
  return {
    valid: count('serviceaccount_valid_tokens_total', 'Cumulative valid projected service account tokens used'),
    stale: count('serviceaccount_stale_tokens_total', 'Cumulative stale projected service account tokens used'),
    legacy: count('serviceaccount_legacy_tokens_total', 'Cumulative legacy service account tokens used'),
    auto: count('serviceaccount_legacy_auto_token_uses_total', 'Cumulative auto-generated legacy tokens used'),
    manual: count('serviceaccount_legacy_manual_token_uses_total', 'Cumulative manually created legacy tokens used'),
    invalid: count('serviceaccount_invalid_legacy_auto_token_uses_total', 'Cumulative invalid auto-generated legacy tokens used'),
  };
}

/** The check for tokens of these issuers, and for the old ones out of Secrets. */
export function serviceAccountCheck(parts: VerifierParts, settings: VerifierSettings): TokenCheck {
  const { clock, reader, writer } = parts;
  const counted = tokenMetrics(parts.metrics);
  const { keys } = settings;
  const verified = new Map<string, JwtClaims>();
  keys.onChange(() => verified.clear());

  const verify = (token: string, parsed: ParsedJwt, candidates: readonly TokenKey[]): JwtClaims => {
    if (candidates.length === 0) throw new Error('invalid signature, no keys found');
    if (!candidates.some(({ key }) => signatureIsGood(parsed, key))) throw new Error('go-jose/go-jose: error in cryptographic primitive');
    if (verified.size >= rememberedTokens) verified.clear();
    verified.set(token, parsed.claims);
    return parsed.claims;
  };

  const claimsOf = (token: string): Promise<JwtClaims> | JwtClaims | undefined => {
    const known = verified.get(token);
    if (known !== undefined) return known;
    const parsed = parseJwt(token);
    const issuer = parsed?.claims.iss ?? '';
    if (parsed === undefined || (issuer !== legacyIssuer && !settings.issuers.includes(issuer))) return undefined;
    const { kid } = parsed.header;
    const candidates = kid === undefined || kid === '' ? keys.all() : keys.find(kid);
    return candidates instanceof Promise ? candidates.then((found) => verify(token, parsed, found)) : verify(token, parsed, candidates);
  };

  const rememberUse = (secret: KubeObject): void => {
    const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
    const today = day(clock.now());
    const last = secret.metadata?.labels?.[lastUsedLabel];
    if (last === today || last === day(clock.now() + 86_400_000)) return;
    const { namespace = '', name = '', uid } = secret.metadata ?? {};
    const change = (object: KubeObject): void => {
      if (object.metadata?.uid === uid) object.metadata = { ...object.metadata, labels: { ...object.metadata?.labels, [lastUsedLabel]: today } };
    };
    // The day is a note for whoever cleans up; a use that goes unnoted is noted by the next.
    writer.mutate('', 'secrets', namespace, name, change).catch(() => undefined);
  };

  const useLegacy = (found: LegacyToken, notes: RequestNotes | undefined): void => {
    const secretName = found.secret.metadata?.name ?? '';
    rememberUse(found.secret);
    if (found.invalidSince !== undefined && found.invalidSince !== '') {
      notes?.annotate('authentication.k8s.io/legacy-token-invalidated', `${secretName}/${found.namespace}`);
      counted.invalid();
      throw markedInvalid(found);
    }
    if (found.autoGenerated) {
      notes?.warn('Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.');
      notes?.annotate('authentication.k8s.io/legacy-token-autogenerated-secret', secretName);
      counted.auto();
    } else {
      notes?.annotate('authentication.k8s.io/legacy-token-manual-secret', secretName);
      counted.manual();
    }
  };

  const decide = ({ token, audiences: asked, notes }: TokenQuestion, claims: JwtClaims, find: Finder): TokenAnswer => {
    let own = audiencesOf(claims);
    if (own.length === 0) {
      notes?.annotate('authentication.k8s.io/legacy-token', claims.sub ?? '');
      counted.legacy();
      own = settings.audiences;
    }
    const wanted = asked ?? settings.audiences;
    const audiences = own.filter((audience) => wanted.includes(audience));
    if (audiences.length === 0 && settings.audiences.length > 0) throw new Error(`token audiences ${quotedList(own)} is invalid for the target audiences ${quotedList(wanted)}`);
    if (claims.iss === legacyIssuer && settings.lookUp === false) return { identity: legacyClaims(claims).identity, audiences };
    if (claims.iss === legacyIssuer) {
      const found = legacyToken(token, claims, { find });
      useLegacy(found, notes);
      return { identity: found.identity, audiences };
    }
    const nowSeconds = clock.now() / 1000;
    const { identity, warnAfter } = boundIdentity(claims, { find, nowSeconds });
    if (warnAfter !== undefined && nowSeconds > warnAfter) {
      notes?.annotate('authentication.k8s.io/stale-token', `subject: ${claims.sub ?? ''}, seconds after warning threshold: ${Math.floor(nowSeconds) - warnAfter}`);
      counted.stale();
    } else if (warnAfter !== undefined) counted.valid();
    return { identity, audiences };
  };

  const decideSlowly = async (question: TokenQuestion, claims: JwtClaims, first: Missing): Promise<TokenAnswer> => {
    const found = new Map<string, KubeObject | undefined>();
    for (let missing = first; ; ) {
      found.set(`${missing.resource}/${missing.namespace}/${missing.object}`, await writer.lookup('', missing.resource, missing.namespace, missing.object));
      try {
        return decide(question, claims, (resource, namespace, name) => {
          const key = `${resource}/${namespace}/${name}`;
          if (found.has(key)) return found.get(key);
          return reader.get('', resource, namespace, name) ?? raise(new Missing(resource, namespace, name));
        });
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        missing = error;
      }
    }
  };

  const inCache: Finder = (resource, namespace, name) => reader.get('', resource, namespace, name) ?? raise(new Missing(resource, namespace, name));
  const answer = (question: TokenQuestion, claims: JwtClaims): Promise<TokenAnswer> | TokenAnswer => {
    try {
      return decide(question, claims, inCache);
    } catch (error) {
      if (error instanceof Missing) return decideSlowly(question, claims, error);
      throw error;
    }
  };
  return (question) => {
    const claims = claimsOf(question.token);
    if (claims === undefined) return undefined;
    return claims instanceof Promise ? claims.then((late) => answer(question, late)) : answer(question, claims);
  };
}

function raise(error: Error): never {
  throw error;
}
