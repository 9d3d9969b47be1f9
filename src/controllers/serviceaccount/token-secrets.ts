// What is to become of a Secret of type kubernetes.io/service-account-token: filled in, deleted with its account, or left.
// Tokens in Secrets are the old way, which never expires; they are made only for Secrets that somebody asks for. Pure.
import type { Secret, ServiceAccount } from '#api/core/v1.ts';
import { keyIdOf, signJwt } from '#wire';
import type { KeyObject } from 'node:crypto';

export const tokenSecretType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

export interface TokenSigner {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** PEM, for ca.crt. */
  readonly rootCa: string;
}

export type SecretAction = 'delete' | 'keep' | { readonly fill: Secret };

/** The account that a token Secret names, '' when it is none or names none. */
export function accountOf(secret: Secret): string {
  return secret.type === tokenSecretType ? (secret.metadata?.annotations?.[nameAnnotation] ?? '') : '';
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function newToken(secret: Secret, account: ServiceAccount, { privateKey, publicKey }: TokenSigner): string {
  const { namespace = '', name = '', uid = '' } = account.metadata ?? {};
  const prefix = 'kubernetes.io/serviceaccount';
  return signJwt(
    {
      iss: 'kubernetes/serviceaccount', [`${prefix}/namespace`]: namespace, [`${prefix}/secret.name`]: secret.metadata?.name ?? '', [`${prefix}/service-account.name`]: name,
      [`${prefix}/service-account.uid`]: uid, sub: `system:serviceaccount:${namespace}:${name}`,
    },
    privateKey,
    keyIdOf(publicKey),
  );
}

/** @param account as it is now; undefined when it does not exist. */
export function reconcileSecret(secret: Secret, account: ServiceAccount | undefined, signer: TokenSigner): SecretAction {
  if (accountOf(secret) === '' || secret.metadata?.deletionTimestamp !== undefined) return 'keep';
  const wantedUid = secret.metadata?.annotations?.[uidAnnotation] ?? '';
  // A token of an account that was deleted and made anew would speak for another.
  if (account === undefined || (wantedUid !== '' && wantedUid !== account.metadata?.uid)) return 'delete';
  const data = secret.data ?? {};
  const namespace = base64(secret.metadata?.namespace ?? '');
  const ca = base64(signer.rootCa);
  const hasToken = (data.token ?? '') !== '';
  const hasCa = signer.rootCa === '' || data['ca.crt'] === ca;
  if (hasToken && hasCa && data.namespace === namespace && wantedUid !== '') return 'keep';
  return {
    fill: {
      ...secret,
      metadata: { ...secret.metadata, annotations: { ...secret.metadata?.annotations, [uidAnnotation]: account.metadata?.uid ?? '' } },
      data: { ...data, ...(signer.rootCa === '' ? {} : { 'ca.crt': ca }), namespace, ...(hasToken ? {} : { token: base64(newToken(secret, account, signer)) }) },
    },
  };
}
