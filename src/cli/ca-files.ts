// The files of the cluster's certificate authority while it is replaced, and what they say together. `ca.crt` is all that
// is trusted, its first certificate belongs to `ca.key` and signs. Beside them, during a rotation, lie the next authority
// (ca-next), then the old one's certificate (ca-old) and the next one under the old one's signature (ca-cross), which every
// new certificate carries, so that who trusts the old authority alone believes it too. The stage is read off the files;
// each step leaves files from which the next run goes on, wherever it is cut off.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { World } from '#base/world.ts';
import { createCa, crossSign, pemBlocks, pemEncode, type CertifiedKey } from '#wire';
import { writeDurably } from './encryption-keys.ts';
import { pkiFile, type ClusterPaths } from './paths.ts';

/**
 * trusting: the next authority is trusted and signs nothing yet. switching: it is about to sign. issuing: it signs, the
 * old one is still trusted. finishing: the old one is trusted no more, and its last files go.
 */
export type RotationStage = 'none' | 'trusting' | 'switching' | 'issuing' | 'finishing';

export interface ClusterAuthorityFiles {
  readonly stage: RotationStage;
  /** PEM of all that are trusted; the one that signs comes first. */
  readonly bundle: string;
  readonly signing: CertifiedKey;
  /** PEM that follows each new certificate; '' when there is no rotation. */
  readonly chain: string;
}

const day = 24 * 3600 * 1000;

function path(paths: ClusterPaths, name: string): string {
  return pkiFile(paths, name);
}

function read(paths: ClusterPaths, name: string): string | undefined {
  const file = path(paths, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Each certificate of a bundle by itself. */
export function certificatesOf(bundle: string): string[] {
  return pemBlocks(bundle).filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => pemEncode('CERTIFICATE', der));
}

/** How far a rotation has come. */
export function rotationStage(paths: ClusterPaths): RotationStage {
  const [next, old] = [read(paths, 'ca-next.crt'), read(paths, 'ca-old.crt')];
  if (old === undefined) return next === undefined ? 'none' : 'trusting';
  if (next !== undefined) return 'switching';
  const trusted = certificatesOf(read(paths, 'ca.crt') ?? '');
  return trusted.includes(certificatesOf(old)[0] ?? '') ? 'issuing' : 'finishing';
}

/** What the files say; undefined before there is an authority. A switch that was cut off is completed first. */
export function clusterAuthority(paths: ClusterPaths): ClusterAuthorityFiles | undefined {
  if (rotationStage(paths) === 'switching') completeSwitch(paths);
  const [bundle, key] = [read(paths, 'ca.crt'), read(paths, 'ca.key')];
  if (bundle === undefined || key === undefined) return undefined;
  const stage = rotationStage(paths);
  const [first = ''] = certificatesOf(bundle);
  return { stage, bundle, signing: { cert: first, key }, chain: stage === 'issuing' ? (read(paths, 'ca-cross.crt') ?? '') : '' };
}

/** stage none: makes the next authority. The name tells it from the one before: certificates are looked up by it. */
export function makeNextAuthority(world: World, paths: ClusterPaths): string {
  const now = world.clock.now();
  const commonName = `kubernetes-${Math.floor(now / 1000)}`;
  const next = createCa(world.random, { commonName, notBeforeMs: now - 5 * 60_000, notAfterMs: now + 3650 * day });
  writeDurably(path(paths, 'ca-next.key'), next.key);
  writeDurably(path(paths, 'ca-next.crt'), next.cert);
  return commonName;
}

/** stage trusting: from now on the next authority is trusted beside the one that signs. */
export function trustNextAuthority(paths: ClusterPaths): void {
  const [signing = ''] = certificatesOf(read(paths, 'ca.crt') ?? '');
  const bundle = signing + (read(paths, 'ca-next.crt') ?? '');
  if (read(paths, 'ca.crt') !== bundle) writeDurably(path(paths, 'ca.crt'), bundle);
}

/** stage trusting → issuing: the next authority signs. The old one's key is gone afterwards. */
export function switchAuthority(world: World, paths: ClusterPaths): void {
  const [signing = ''] = certificatesOf(read(paths, 'ca.crt') ?? '');
  const old = { cert: signing, key: read(paths, 'ca.key') ?? '' };
  writeDurably(path(paths, 'ca-cross.crt'), crossSign(world.random, old, read(paths, 'ca-next.crt') ?? '', world.clock.now() - 5 * 60_000));
  writeDurably(path(paths, 'ca-old.crt'), old.cert);
  completeSwitch(paths);
}

function completeSwitch(paths: ClusterPaths): void {
  const key = read(paths, 'ca-next.key');
  if (key !== undefined) {
    writeDurably(path(paths, 'ca.key'), key);
    writeDurably(path(paths, 'ca.crt'), (read(paths, 'ca-next.crt') ?? '') + (read(paths, 'ca-old.crt') ?? ''));
  }
  rmSync(path(paths, 'ca-next.key'), { force: true });
  rmSync(path(paths, 'ca-next.crt'), { force: true });
}

/** stage issuing → finishing: the old authority is trusted no more. */
export function distrustOldAuthority(paths: ClusterPaths): void {
  const [signing = ''] = certificatesOf(read(paths, 'ca.crt') ?? '');
  writeDurably(path(paths, 'ca.crt'), signing);
}

/** stage finishing → none. */
export function forgetOldAuthority(paths: ClusterPaths): void {
  rmSync(path(paths, 'ca-cross.crt'), { force: true });
  rmSync(path(paths, 'ca-old.crt'), { force: true });
}
