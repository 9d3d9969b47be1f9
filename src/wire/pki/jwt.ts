// JSON Web Tokens (RFC 7515, 7517, 7519) in the compact form that Kubernetes uses: signed and verified with
// node:crypto, whose raw verification is several times faster than a general JOSE library's, and tokens are verified on
// the request path. Times, issuers and audiences are the callers' to judge.
import { constants, createHash, createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

export interface JwtClaims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  /** Seconds since the epoch. */
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

export interface ParsedJwt {
  readonly header: { readonly alg?: string; readonly kid?: string };
  readonly claims: JwtClaims;
  /** What has been signed. */
  readonly input: Buffer;
  readonly signature: Buffer;
}

/** One public key of a JSON Web Key Set. */
export interface PublicJwk {
  readonly kid: string;
  readonly alg: string;
  readonly key: KeyObject;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const curveAlgorithms: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** The algorithm that a key signs with. Throws for keys that are neither RSA nor on a NIST curve. */
export function algorithmOfKey(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const alg = curveAlgorithms[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (alg === undefined) throw new Error('unknown private key type, must be RSA or ECDSA on a curve of 256, 384 or 521 bits');
  return alg;
}

/** The SHA-256 of the public key's DER, base64url: upstream's key id, stable across restarts. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64url');
}

function digestOf(alg: string): string {
  return `sha${alg.slice(2)}`;
}

/** A signed compact token. */
export function signJwt(claims: JwtClaims, privateKey: KeyObject, kid: string): string {
  const alg = algorithmOfKey(privateKey);
  const input = `${encode({ alg, kid })}.${encode(claims)}`;
  const signature = sign(digestOf(alg), Buffer.from(input), alg.startsWith('ES') ? { key: privateKey, dsaEncoding: 'ieee-p1363' } : privateKey);
  return `${input}.${signature.toString('base64url')}`;
}

/** Go's decoder goes no deeper. */
const deepest = 10_000;

/** Millions of brackets are told from a token without making a value of each. */
function isTooDeep(text: string): boolean {
  if (text.length <= deepest) return false;
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34 /* " */) inText = !inText;
    else if (inText) i += c === 92 /* \ */ ? 1 : 0;
    else if (c === 91 /* [ */ || c === 123 /* { */) depth++;
    else if (c === 93 /* ] */ || c === 125 /* } */) depth--;
    if (depth > deepest) return true;
  }
  return false;
}

function parsePart(part: string): Readonly<Record<string, unknown>> | undefined {
  const text = Buffer.from(part, 'base64url').toString();
  if (isTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

/** Header and claims without checking anything; undefined when the text is no compact JWT. */
export function parseJwt(token: string): ParsedJwt | undefined {
  const parts = token.split('.', 4);
  const [head = '', body = '', signature = ''] = parts;
  if (parts.length !== 3) return undefined;
  const header = parsePart(head);
  const claims = parsePart(body);
  if (header === undefined || claims === undefined) return undefined;
  const { alg, kid } = header;
  return {
    header: { ...(typeof alg === 'string' ? { alg } : {}), ...(typeof kid === 'string' ? { kid } : {}) },
    claims, input: Buffer.from(`${head}.${body}`), signature: Buffer.from(signature, 'base64url'),
  };
}

const families: Readonly<Record<string, string>> = { RS: 'rsa', PS: 'rsa', ES: 'ec' };

/** Has the key signed the token with the algorithm that the token names? A key of another kind has not. */
export function signatureIsGood(token: ParsedJwt, key: KeyObject): boolean {
  const alg = token.header.alg ?? '';
  if (!/^(RS|PS|ES)(256|384|512)$/.test(alg) || families[alg.slice(0, 2)] !== key.asymmetricKeyType) return false;
  if (alg.startsWith('ES')) return algorithmOfKey(key) === alg && verify(digestOf(alg), token.input, { key, dsaEncoding: 'ieee-p1363' }, token.signature);
  if (alg.startsWith('PS')) return verify(digestOf(alg), token.input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, token.signature);
  return verify(digestOf(alg), token.input, key, token.signature);
}

/** A public key as a JSON Web Key Set shows it. */
export function publicJwk(key: KeyObject): Readonly<Record<string, string>> {
  const { kty = '', crv, x, y, n, e } = key.export({ format: 'jwk' });
  const members: Readonly<Record<string, string | undefined>> = { use: 'sig', kty, kid: keyIdOf(key), crv, alg: algorithmOfKey(key), x, y, n, e };
  return Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** The signing keys of a JSON Web Key Set; what is of an unknown kind is passed over. Throws an Error when it is none. */
export function parseJwks(text: string): PublicJwk[] {
  const set: unknown = JSON.parse(text);
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('not a JSON Web Key Set');
  return keys.flatMap((entry: unknown): PublicJwk[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    const jwk = entry as JsonWebKey & { kid?: unknown; alg?: unknown; use?: unknown };
    if (jwk.use !== undefined && jwk.use !== 'sig') return [];
    try {
      return [{ kid: typeof jwk.kid === 'string' ? jwk.kid : '', alg: typeof jwk.alg === 'string' ? jwk.alg : '', key: createPublicKey({ key: jwk, format: 'jwk' }) }];
    } catch {
      return [];
    }
  });
}
