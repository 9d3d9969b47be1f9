// The key that a cluster's Secrets are encrypted with, in an EncryptionConfiguration of its own beside the
// certificates: made on the first `up`, never in a backup of the store. Who loses this file loses the Secrets, so it is
// written through to the disk before anything is encrypted with what it says, and replaced in one step.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createHash } from 'node:crypto';
import { load } from 'js-yaml';
import type { Random } from '#base/random.ts';
import { pkiFile, type ClusterPaths } from './paths.ts';
import { UserError } from './user-error.ts';

export interface EncryptionKey {
  /** "key1", "key2", … in the order they were made. */
  readonly name: string;
  /** Base64 of 32 bytes. */
  readonly secret: string;
}

export function encryptionFile(paths: ClusterPaths): string {
  return pkiFile(paths, 'encryption-config.yaml');
}

/** The first key writes; all read; plain values from before are read too. */
export function renderKeys(keys: readonly EncryptionKey[]): string {
  return [
    '# The keys of this cluster\'s Secrets. A backup of the store is useless without this file: keep a copy elsewhere.',
    '# Changed by: skiff secrets rotate-key',
    'kind: EncryptionConfiguration',
    'apiVersion: apiserver.config.k8s.io/v1',
    'resources:',
    '- resources:',
    '  - secrets',
    '  providers:',
    '  - secretbox:',
    '      keys:',
    ...keys.flatMap(({ name, secret }) => [`      - name: ${name}`, `        secret: ${secret}`]),
    '  - identity: {}',
    '',
  ].join('\n');
}

interface Rendered {
  readonly resources?: readonly { readonly providers?: readonly { readonly secretbox?: { readonly keys?: readonly EncryptionKey[] } }[] }[];
}

/** Throws a UserError when the file is another one than `renderKeys` makes: somebody manages it by hand. */
export function parseKeys(text: string, path: string): EncryptionKey[] {
  const keys = [...((load(text) as Rendered | null)?.resources?.[0]?.providers?.[0]?.secretbox?.keys ?? [])];
  if (keys.length === 0 || renderKeys(keys) !== text) {
    throw new UserError(`${path} has been changed by hand`, 'rotate its keys by hand as well, as the Kubernetes documentation of EncryptionConfiguration says, then run: skiff secrets reencrypt');
  }
  return keys;
}

/** @param number Of the key, counted from 1. */
export function newKey(random: Random, number: number): EncryptionKey {
  return { name: `key${number}`, secret: Buffer.from(random.bytes(32)).toString('base64') };
}

export function keyNumber(key: EncryptionKey): number {
  return Number(/\d+$/.exec(key.name)?.[0] ?? 0);
}

/** On the disk when this returns, or the old file still is. */
export function writeDurably(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Makes the file if there is none; true when it did. */
export function ensureEncryptionKey(random: Random, paths: ClusterPaths): boolean {
  const path = encryptionFile(paths);
  if (existsSync(path)) return false;
  writeDurably(path, renderKeys([newKey(random, 1)]));
  return true;
}

/** The hash by which an API server tells which file is in force. */
export function fileHash(path: string): string {
  return `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}
