// The small part of JWT (RFC 7519/7515) that service account tokens need: compact ES256 and RS256, signed and
// verified with node:crypto. Raw verification is several times faster than a general JOSE library's, and
// tokens are verified on the request path.
import { createHash, sign, verify, type KeyObject } from 'node:crypto';

export interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function algorithmOf(key: KeyObject): 'ES256' | 'RS256' {
  return key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256';
}

/** RFC 7638-like key id: the SHA-256 of the public key's DER, base64url. Stable across restarts. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64url');
}

/** A signed compact token. */
export function signToken(claims: Claims, privateKey: KeyObject, kid: string): string {
  const alg = algorithmOf(privateKey);
  const input = `${encode({ alg, kid })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), alg === 'ES256' ? { key: privateKey, dsaEncoding: 'ieee-p1363' } : privateKey);
  return `${input}.${signature.toString('base64url')}`;
}

/** The claims without checking anything; undefined when the text is no JWT. */
export function readClaims(token: string): Claims | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** True when one of the keys signed the token. Times and audiences are the caller's. */
export function signatureIsGood(token: string, publicKeys: readonly KeyObject[]): boolean {
  const [head = '', body = '', signature = ''] = token.split('.');
  let alg: unknown;
  try {
    alg = (JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg?: unknown }).alg;
  } catch {
    return false;
  }
  const input = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, 'base64url');
  return publicKeys.some((key) => {
    // The key decides the algorithm; a token that names another one is not ours.
    if (alg !== algorithmOf(key)) return false;
    return verify('sha256', input, alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key, bytes);
  });
}
