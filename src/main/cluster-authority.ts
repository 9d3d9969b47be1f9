// The cluster's CA as a running program sees it: `skiff certs rotate-ca` changes its files, and whoever trusts it or
// signs with it takes that over without a restart.
import { readFileSync } from 'node:fs';
import type { World } from '#base/world.ts';
import { certificatesOf, pkiFile, type ClusterPaths } from '#cli';
import { keyMatches, verifiesAgainst, type CertifiedKey } from '#wire';
import { followFiles } from './followed-files.ts';

export interface LiveAuthority {
  /** PEM of all that are trusted. */
  rootCa(): string;
  /** Who signs: the first of them. Its key is '' where the program did not ask for it. */
  signing(): CertifiedKey;
  /** Is the certificate good, under any authority that is trusted? */
  trusts(pair: CertifiedKey): boolean;
  /** Is it signed by the authority that signs now? */
  isCurrent(pair: CertifiedKey): boolean;
  onChange(listener: () => void): void;
}

/** @param withKey for those who sign. */
export function followAuthority(world: World, paths: ClusterPaths, signal: AbortSignal, { withKey = false } = {}): LiveAuthority {
  const files = [pkiFile(paths, 'ca.crt'), ...(withKey ? [pkiFile(paths, 'ca.key')] : [])];
  const listeners: (() => void)[] = [];
  const read = ([bundle = '', key = '']: readonly string[]): { readonly bundle: string; readonly signing: CertifiedKey } => {
    const [cert = ''] = certificatesOf(bundle);
    if (withKey && !keyMatches(cert, key)) throw new Error(`${files.join(' and ')} do not belong together`);
    return { bundle, signing: { cert, key } };
  };
  let now = read(files.map((file) => readFileSync(file, 'utf8')));
  followFiles(world, files, signal, (texts) => {
    now = read(texts);
    for (const listener of listeners) listener();
  });
  return {
    rootCa: () => now.bundle,
    signing: () => now.signing,
    trusts: ({ cert }) => verifiesAgainst(cert, now.bundle, world.clock.now()),
    isCurrent: ({ cert }) => verifiesAgainst(cert, now.signing.cert, world.clock.now()),
    onChange: (listener) => void listeners.push(listener),
  };
}
