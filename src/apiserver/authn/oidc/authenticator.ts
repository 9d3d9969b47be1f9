// Tokens of OpenID providers: signature, issuer, audience and times, then what their claims make of them. One check for
// all configured issuers; each knows its own tokens by their issuer and passes the others on.
import type { World } from '#base/world.ts';
import { isObject } from '#machinery';
import { parseJwt, type JwtClaims, type ParsedJwt } from '#wire';
import type { TokenAnswer, TokenCheck } from '../token-checks.ts';
import { quotedList } from '../service-account-claims.ts';
import { userOf } from './claims.ts';
import type { JwtSettings } from './configuration.ts';
import type { JwtMetrics } from './token-metrics.ts';
import { openProvider, type FetchText, type Provider } from './provider.ts';

export const signingAlgorithms = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];

export interface OidcParts {
  readonly world: World;
  /** A way to the provider, which trusts `ca` or, without it, the system's authorities. `egress` names the way out: '', controlplane or cluster; throws when there is none of that name. */
  readonly fetcher: (ca: string | undefined, egress: string) => FetchText;
  readonly algorithms: readonly string[];
  readonly metrics: JwtMetrics;
  readonly signal: AbortSignal;
}

const notBeforeLeewaySeconds = 300;
/** The one provider whose tokens leave out the scheme. */
const googleIssuer = 'accounts.google.com';

function issuerOf(claims: JwtClaims): string {
  return claims.iss === googleIssuer ? `https://${googleIssuer}` : (claims.iss ?? '');
}

function checkStanding(settings: JwtSettings, claims: JwtClaims, nowSeconds: number): void {
  const { audiences } = settings.issuer;
  const own = claims.aud === undefined ? [] : typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
  if (!own.some((audience) => audiences.includes(audience))) throw new Error(`oidc: verify token: oidc: expected audience in ${quotedList(audiences.toSorted())} got ${quotedList(own)}`);
  const expires = claims.exp ?? 0;
  if (expires < nowSeconds) throw new Error(`oidc: verify token: oidc: token is expired (Token Expiry: ${new Date(expires * 1000).toISOString()})`);
  if (claims.nbf !== undefined && nowSeconds + notBeforeLeewaySeconds < claims.nbf) throw new Error(`oidc: verify token: oidc: current time before the nbf (not before) time: ${new Date(claims.nbf * 1000).toISOString()}`);
}

/** Claims that another endpoint tells, for the groups alone. */
async function distributed(settings: JwtSettings, claims: JwtClaims, fetch: FetchText, providerOf: (issuer: string) => Provider, nowSeconds: number): Promise<JwtClaims> {
  const claim = settings.mappings.groups?.claim ?? '';
  const names = claims._claim_names;
  if (claim === '' || claims[claim] !== undefined || !isObject(names)) return claims;
  const source = names[claim];
  if (typeof source !== 'string') return claims;
  const sources = claims._claim_sources;
  if (!isObject(sources)) throw new Error('oidc: could not expand distributed claims: oidc: no claim sources');
  const endpoint = sources[source];
  if (!isObject(endpoint)) throw new Error(`oidc: could not expand distributed claims: id token _claim_names contained a source ${source} missing in _claims_sources`);
  if (typeof endpoint.endpoint !== 'string' || endpoint.endpoint === '') return claims;
  const token = parseJwt((await fetch(endpoint.endpoint, typeof endpoint.access_token === 'string' ? { authorization: `Bearer ${endpoint.access_token}` } : {})).trim());
  if (token === undefined) throw new Error('oidc: could not expand distributed claims: getting issuer from distributed claim: malformed token');
  if (!(await providerOf(issuerOf(token.claims)).hasSigned(token))) throw new Error('oidc: could not expand distributed claims: verify distributed claim token: failed to verify signature');
  checkStanding(settings, token.claims, nowSeconds);
  if (token.claims[claim] === undefined) throw new Error(`oidc: could not expand distributed claims: jwt returned by distributed claim endpoint ${JSON.stringify(endpoint.endpoint)} did not contain claim: ${claim}`);
  return { ...claims, [claim]: token.claims[claim] };
}

export type JwtCheck = TokenCheck & { readonly issuer: string; readonly provider: Provider };

/** One issuer's tokens. Asks the provider for its keys until `signal` aborts. */
export function jwtCheck({ world, fetcher, algorithms, metrics, signal }: OidcParts, settings: JwtSettings): JwtCheck {
  const { url, discoveryURL = '', certificateAuthority, egressSelectorType = '' } = settings.issuer;
  const fetch = fetcher(certificateAuthority, egressSelectorType);
  const counted = metrics.of(url);
  const provider = openProvider(world, fetch, url, discoveryURL, signal, counted.fetched);
  const others = new Map<string, Provider>([[url, provider]]);
  const providerOf = (issuer: string): Provider => {
    const known = others.get(issuer) ?? openProvider(world, fetch, issuer, '', signal);
    if (others.size < 64) others.set(issuer, known);
    return known;
  };
  const judge = async (parsed: ParsedJwt): Promise<TokenAnswer> => {
    if (provider.problem !== undefined) throw new Error('oidc: authenticator not initialized');
    if (!algorithms.includes(parsed.header.alg ?? '')) throw new Error(`oidc: verify token: oidc: malformed jwt: unexpected signature algorithm ${JSON.stringify(parsed.header.alg ?? '')}; expected ${quotedList(algorithms)}`);
    const nowSeconds = world.clock.now() / 1000;
    checkStanding(settings, parsed.claims, nowSeconds);
    if (!(await provider.hasSigned(parsed))) throw new Error('oidc: verify token: failed to verify signature: failed to verify id token signature');
    return { identity: userOf(settings, await distributed(settings, parsed.claims, fetch, providerOf, nowSeconds)) };
  };
  const check: TokenCheck = async ({ token }) => {
    const parsed = parseJwt(token);
    if (parsed === undefined || issuerOf(parsed.claims) !== url) return undefined;
    const began = world.clock.monotonic();
    try {
      const answer = await judge(parsed);
      counted.answered('success', world.clock.monotonic() - began);
      return answer;
    } catch (error) {
      counted.answered('failure', world.clock.monotonic() - began);
      throw error;
    }
  };
  return Object.assign(check, { issuer: url, provider });
}
