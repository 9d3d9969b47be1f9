// Bootstrap tokens: which secrets are tokens that may sign, how the cluster-info document is signed with them (a
// detached JWS per token, by which a joining node knows the cluster before it trusts its CA), and when they expire.
// Pure. Upstream: pkg/controller/bootstrap, cluster-bootstrap.
import { createHmac } from 'node:crypto';
import type { ConfigMap, Secret } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';

export const tokenType = 'bootstrap.kubernetes.io/token';
const signaturePrefix = 'jws-kubeconfig-';

function valueOf(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
}

/** Milliseconds until the token expires, 0 when it has or says nonsense; undefined when it never does. */
export function expiresInMs(secret: Secret, nowMs: number): number | undefined {
  const text = valueOf(secret, 'expiration');
  if (text === '') return undefined;
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? parseTime(text) : Number.NaN;
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}

interface Token {
  readonly id: string;
  readonly secret: string;
}

/** The token of a secret that may sign; undefined when it is none, is expired or not meant for signing. */
export function signingToken(secret: Secret, nowMs: number): Token | undefined {
  const id = valueOf(secret, 'token-id');
  const value = valueOf(secret, 'token-secret');
  const named = /^bootstrap-token-([a-z0-9]{6})$/.exec(secret.metadata?.name ?? '')?.[1];
  const usable = secret.type === tokenType && named !== undefined && id === named && value !== '' && expiresInMs(secret, nowMs) !== 0;
  return usable && valueOf(secret, 'usage-bootstrap-signing') === 'true' ? { id, secret: value } : undefined;
}

/** A JWS over `content` without the content: header..signature. */
export function detachedSignature(content: string, { id, secret }: Token): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url');
  const signature = createHmac('sha256', secret).update(`${header}.${Buffer.from(content).toString('base64url')}`).digest('base64url');
  return `${header}..${signature}`;
}

/** The cluster-info ConfigMap with one signature per token; undefined when it has them, or has nothing to sign. */
export function signed(info: ConfigMap, secrets: readonly Secret[], nowMs: number): ConfigMap | undefined {
  const content = info.data?.kubeconfig;
  if (content === undefined) return undefined;
  const wanted = new Map<string, string>();
  for (const secret of secrets) {
    const token = signingToken(secret, nowMs);
    if (token !== undefined) wanted.set(`${signaturePrefix}${token.id}`, detachedSignature(content, token));
  }
  const before = Object.entries(info.data ?? {}).filter(([key]) => key.startsWith(signaturePrefix));
  if (before.length === wanted.size && before.every(([key, value]) => wanted.get(key) === value)) return undefined;
  const others = Object.entries(info.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
  return { ...info, data: Object.fromEntries([...others, ...wanted]) };
}
