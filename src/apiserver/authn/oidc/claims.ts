// From the claims of a verified token to a user: claims and prefixes, or CEL expressions; then the rules that claims and
// user must obey. Errors are upstream's; they reach the server's log and reviews, never the one who showed the token.
import { goQuote } from '#machinery';
import type { JwtClaims } from '#wire';
import type { Identity } from '../../contract.ts';
import type { Expression } from '../../configuration/expressions.ts';
import type { JwtSettings } from './configuration.ts';

function evaluate(what: string, expression: Expression, value: unknown): unknown {
  try {
    return expression.evaluate(value);
  } catch (error) {
    throw new Error(`oidc: error evaluating ${what} claim expression: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function textClaim(claims: JwtClaims, name: string): string {
  const value = claims[name];
  if (value === undefined) throw new Error('claim not present');
  if (typeof value !== 'string') throw new Error(`json: cannot unmarshal ${typeof value} into Go value of type string`);
  return value;
}

function usernameOf(settings: JwtSettings, claims: JwtClaims): string {
  if (settings.username !== undefined) {
    const found = evaluate('username', settings.username, claims);
    if (typeof found !== 'string') throw new Error('oidc: error evaluating username claim expression: username claim expression must return a string');
    if (found === '') throw new Error('oidc: empty username via CEL expression is not allowed');
    return found;
  }
  const { claim = '', prefix = '' } = settings.mappings.username ?? {};
  let name: string;
  try {
    name = textClaim(claims, claim);
  } catch (error) {
    throw new Error(`oidc: parse username claims ${goQuote(claim)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (claim === 'email' && claims.email_verified !== undefined) {
    if (typeof claims.email_verified !== 'boolean') throw new Error(`oidc: parse 'email_verified' claim: json: cannot unmarshal ${typeof claims.email_verified} into Go value of type bool`);
    if (!claims.email_verified) throw new Error('oidc: email not verified');
  }
  return prefix + name;
}

/** A text, a list of texts or null, without empty ones. Throws otherwise. */
function listOf(what: string, value: unknown): string[] {
  const items: readonly unknown[] = value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];
  if (!items.every((item): item is string => typeof item === 'string')) throw new Error(`oidc: error evaluating ${what}: expression must return a string or a list of strings`);
  return items.filter((item) => item !== '');
}

function groupsOf(settings: JwtSettings, claims: JwtClaims): string[] {
  const { claim = '', prefix = '' } = settings.mappings.groups ?? {};
  const value = claim === '' ? undefined : claims[claim];
  if (value !== undefined) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!items.every((item): item is string => typeof item === 'string')) throw new Error(`oidc: parse groups claim ${goQuote(claim)}: json: cannot unmarshal ${typeof value} into Go value of type string`);
    return items.map((item) => prefix + item);
  }
  return settings.groups === undefined ? [] : listOf('group claim expression', evaluate('group', settings.groups, claims));
}

function uidOf(settings: JwtSettings, claims: JwtClaims): string {
  const claim = settings.mappings.uid?.claim ?? '';
  if (claim !== '') {
    try {
      return textClaim(claims, claim);
    } catch (error) {
      throw new Error(`oidc: parse uid claim ${goQuote(claim)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  if (settings.uid === undefined) return '';
  const found = evaluate('uid', settings.uid, claims);
  if (typeof found !== 'string') throw new Error('oidc: error evaluating uid claim expression: uid claim expression must return a string');
  return found;
}

function mustHold(rules: JwtSettings['claimRules'], value: unknown, what: string): void {
  for (const { expression, message } of rules) {
    let holds: unknown;
    try {
      holds = expression.evaluate(value);
    } catch (error) {
      throw new Error(`oidc: error evaluating ${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    if (holds !== true) throw new Error(`oidc: error evaluating ${what}: validation expression '${expression.text}' failed: ${message}`);
  }
}

/** Throws an Error when the claims make nobody, or somebody who must not be. */
export function userOf(settings: JwtSettings, claims: JwtClaims): Identity {
  const name = usernameOf(settings, claims);
  const groups = groupsOf(settings, claims);
  const uid = uidOf(settings, claims);
  const extra: Record<string, string[]> = {};
  if (typeof claims.jti === 'string' && claims.jti !== '') extra['authentication.kubernetes.io/credential-id'] = [`JTI=${claims.jti}`];
  for (const { key, expression } of settings.extra) {
    const values = listOf(`extra claim expression: ${expression.text}`, evaluate('extra', expression, claims));
    if (values.length > 0) extra[key] = values;
  }
  for (const [claim, wanted] of settings.required) {
    if (claims[claim] === undefined) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    const found = textClaim(claims, claim);
    if (found !== wanted) throw new Error(`oidc: required claim ${claim} value does not match. Got = ${found}, want = ${wanted}`);
  }
  mustHold(settings.claimRules, claims, 'claim validation expression');
  mustHold(settings.userRules, { username: name, uid, groups, extra }, 'user info validation rule');
  return { name, groups, ...(uid === '' ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
}
