// Who signs service account tokens and whose signatures are good: this server with keys out of files, or a signer outside
// (external-signer.ts). Issuing, verifying and publishing see no difference.
import type { KeyObject } from 'node:crypto';
import { keyIdOf, signJwt, type JwtClaims } from '#wire';

export interface TokenKey {
  readonly id: string;
  readonly key: KeyObject;
  /** Good for tokens of old alone: relying parties are not told of it. */
  readonly isHidden?: boolean;
}

export interface TokenSigner {
  /** The token. Rejects when nobody signs it. */
  sign(claims: JwtClaims, signal?: AbortSignal): Promise<string> | string;
}

export interface TokenKeys {
  all(): readonly TokenKey[];
  /** Those with this id; a promise where somebody has to be asked for keys that are not known yet. */
  find(id: string): Promise<readonly TokenKey[]> | readonly TokenKey[];
  /** How long relying parties may keep what they have read. */
  maxAgeSeconds(): number;
  /** Called when keys have come or gone. */
  onChange(listener: () => void): void;
}

const fixedAgeSeconds = 3600;

/** Keys out of files, which stay as they are. */
export function fixedKeys(publicKeys: readonly KeyObject[]): TokenKeys {
  const keys = publicKeys.map((key) => ({ key, id: keyIdOf(key) }));
  return { all: () => keys, find: (id) => keys.filter((key) => key.id === id), maxAgeSeconds: () => fixedAgeSeconds, onChange() {} };
}

export function keySigner(privateKey: KeyObject, keyId: string): TokenSigner {
  return { sign: (claims) => signJwt(claims, privateKey, keyId) };
}
