// What a service account token says about itself, in its two forms: bound tokens (KEP-1205, KEP-4193), which live as
// long as the account and what they are bound to, and the old ones out of Secrets, which live as long as the Secret.
import { timingSafeEqual } from 'node:crypto';
import { goQuote, notFound } from '#machinery';
import type { JwtClaims } from '#wire';
import type { Identity, KubeObject } from '../contract.ts';
import { serviceAccountOf } from './impersonation-checks.ts';

export interface Reference {
  readonly name: string;
  readonly uid?: string;
}

/** The claim "kubernetes.io". */
export interface KubernetesClaim {
  readonly namespace: string;
  readonly serviceaccount: Reference;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: Reference;
  /** Seconds since the epoch. */
  readonly warnafter?: number;
}

/** Finds an object, which need not be there. */
export type Finder = (resource: string, namespace: string, name: string) => KubeObject | undefined;

export const legacyIssuer = 'kubernetes/serviceaccount';
const leewaySeconds = 60;
const invalidated = 'service account token has been invalidated';

export interface Validity {
  readonly find: Finder;
  readonly nowSeconds: number;
}

/** Throws an Error in upstream's words unless the token's times embrace now. */
export function checkTimes(claims: JwtClaims, nowSeconds: number): void {
  if (claims.nbf !== undefined && nowSeconds + leewaySeconds < claims.nbf) throw new Error('service account token is not valid yet');
  if (claims.exp !== undefined && nowSeconds - leewaySeconds > claims.exp) throw new Error('service account token has expired');
  if (claims.iat !== undefined && nowSeconds + leewaySeconds < claims.iat) throw new Error('service account token is issued in the future');
}

function deletedBefore(object: KubeObject, nowSeconds: number): boolean {
  const deleted = object.metadata?.deletionTimestamp;
  return deleted !== undefined && Date.parse(deleted) / 1000 < nowSeconds - leewaySeconds;
}

function checkBound(kind: string, resource: string, namespace: string, ref: Reference, { find, nowSeconds }: Validity): void {
  const object = find(resource, namespace, ref.name);
  if (object === undefined) throw new Error(invalidated);
  const uid = object.metadata?.uid ?? '';
  if (uid !== (ref.uid ?? '')) throw new Error(`${kind} UID (${uid}) does not match service account ${kind} ref claim (${ref.uid ?? ''})`);
  if (deletedBefore(object, nowSeconds)) throw new Error(invalidated);
}

function checkAccount(claim: KubernetesClaim, { find, nowSeconds }: Validity): void {
  const { namespace, serviceaccount } = claim;
  const account = find('serviceaccounts', namespace, serviceaccount.name);
  if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, serviceaccount.name);
  const uid = account.metadata?.uid ?? '';
  if (uid !== (serviceaccount.uid ?? '')) throw new Error(`service account UID (${uid}) does not match claim (${serviceaccount.uid ?? ''})`);
  if (deletedBefore(account, nowSeconds)) throw new Error(`service account ${namespace}/${serviceaccount.name} has been deleted`);
}

function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';
}

function kubernetesClaim(claims: JwtClaims): KubernetesClaim {
  const claim = claims['kubernetes.io'];
  if (typeof claim !== 'object' || claim === null) return { namespace: '', serviceaccount: { name: '' } };
  const { namespace, serviceaccount, pod, secret, node, warnafter } = claim as Readonly<Record<string, unknown>>;
  return {
    namespace: typeof namespace === 'string' ? namespace : '',
    serviceaccount: isReference(serviceaccount) ? serviceaccount : { name: '' },
    ...(isReference(pod) ? { pod } : {}), ...(isReference(secret) ? { secret } : {}), ...(isReference(node) ? { node } : {}),
    ...(typeof warnafter === 'number' && warnafter !== 0 ? { warnafter } : {}),
  };
}

function accountIdentity(namespace: string, account: Reference, extra: Record<string, readonly string[]>): Identity {
  return {
    name: `system:serviceaccount:${namespace}:${account.name}`, uid: account.uid ?? '', groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Whose token it is, and from when on its holder should have fetched a fresh one. Throws when it is no longer good. */
export function boundIdentity(claims: JwtClaims, validity: Validity): { identity: Identity; warnAfter: number | undefined } {
  checkTimes(claims, validity.nowSeconds);
  const claim = kubernetesClaim(claims);
  const { namespace, serviceaccount, pod, secret, node } = claim;
  checkAccount(claim, validity);
  if (secret !== undefined) checkBound('secret', 'secrets', namespace, secret, validity);
  if (pod !== undefined) checkBound('pod', 'pods', namespace, pod, validity);
  else if (node !== undefined) checkBound('node', 'nodes', '', node, validity);
  const prefix = 'authentication.kubernetes.io/';
  const extra: Record<string, readonly string[]> = {};
  if (pod !== undefined) Object.assign(extra, { [`${prefix}pod-name`]: [pod.name], [`${prefix}pod-uid`]: [pod.uid ?? ''] });
  if (node !== undefined) {
    extra[`${prefix}node-name`] = [node.name];
    if ((node.uid ?? '') !== '') extra[`${prefix}node-uid`] = [node.uid ?? ''];
  }
  if (typeof claims.jti === 'string' && claims.jti !== '') extra[`${prefix}credential-id`] = [`JTI=${claims.jti}`];
  return { identity: accountIdentity(namespace, serviceaccount, extra), warnAfter: claim.warnafter };
}

export interface LegacyToken {
  readonly identity: Identity;
  readonly namespace: string;
  readonly secret: KubeObject;
  /** Since when it is marked as invalid. */
  readonly invalidSince: string | undefined;
  /** The account lists its Secret: it was made on its own, once. */
  readonly autoGenerated: boolean;
}

function secretToken(secret: KubeObject): string {
  const data = secret.data;
  const token = typeof data === 'object' && data !== null && 'token' in data ? data.token : '';
  return typeof token === 'string' ? Buffer.from(token, 'base64').toString() : '';
}

function sameText(a: string, b: string): boolean {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

interface LegacyClaims {
  readonly identity: Identity;
  readonly namespace: string;
  readonly secretName: string;
  readonly name: string;
  readonly uid: string;
}

/** What a token out of a Secret says by itself. Throws an Error when something is missing. */
export function legacyClaims(claims: JwtClaims): LegacyClaims {
  const text = (name: string): string => {
    const value = claims[`kubernetes.io/serviceaccount/${name}`];
    return typeof value === 'string' ? value : '';
  };
  const subject = typeof claims.sub === 'string' ? claims.sub : '';
  if (subject === '') throw new Error('sub claim is missing');
  const namespace = text('namespace');
  if (namespace === '') throw new Error('namespace claim is missing');
  const secretName = text('secret.name');
  if (secretName === '') throw new Error('secretName claim is missing');
  const name = text('service-account.name');
  if (name === '') throw new Error('serviceAccountName claim is missing');
  const uid = text('service-account.uid');
  if (uid === '') throw new Error('serviceAccountUID claim is missing');
  const account = serviceAccountOf(subject);
  if (account === undefined || account[0] !== namespace || account[1] !== name) throw new Error('sub claim is invalid');
  return { identity: accountIdentity(namespace, { name, uid }, {}), namespace, secretName, name, uid };
}

/** A token out of a Secret. Throws an Error when it is not, or no longer, good. */
export function legacyToken(token: string, claims: JwtClaims, { find }: Pick<Validity, 'find'>): LegacyToken {
  const { identity, namespace, secretName, name, uid } = legacyClaims(claims);
  const secret = find('secrets', namespace, secretName);
  if (secret === undefined || secret.metadata?.deletionTimestamp !== undefined) throw new Error('Token has been invalidated');
  if (!sameText(secretToken(secret), token)) throw new Error("Token does not match server's copy");
  const object = find('serviceaccounts', namespace, name);
  if (object === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name);
  if (object.metadata?.deletionTimestamp !== undefined) throw new Error(`ServiceAccount ${namespace}/${name} has been deleted`);
  if (object.metadata?.uid !== uid) throw new Error(`ServiceAccount UID (${object.metadata?.uid ?? ''}) does not match claim (${uid})`);
  const listed = Array.isArray(object.secrets) && object.secrets.some((entry: unknown) => isReference(entry) && entry.name === secretName);
  return { identity, namespace, secret, invalidSince: secret.metadata?.labels?.['kubernetes.io/legacy-token-invalid-since'], autoGenerated: listed };
}

/** The refusal of a token whose Secret has been marked. */
export function markedInvalid({ secret, namespace, identity }: LegacyToken): Error {
  const name = secret.metadata?.name ?? '';
  return new Error(
    `the token in secret ${namespace}/${name} for service account ${namespace}/${identity.name.split(':').at(-1)} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the 'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token`,
  );
}

/** As Go prints a list of strings. */
export function quotedList(texts: readonly string[]): string {
  return `[${texts.map(goQuote).join(' ')}]`;
}
