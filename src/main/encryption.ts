// Encryption at rest of the API server program: the file that --encryption-provider-config names, else the one that
// `skiff up` made, which is looked at every two seconds so that a rotation of keys does not take minutes.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { openEncryption, serverIdentity, type Encryption } from '#apiserver';
import type { World } from '#base/world.ts';
import { encryptionFile, type ClusterPaths } from '#cli';
import type { ApiserverFlags } from './apiserver-flags.ts';
import { featureGates } from './feature-gates.ts';

const ownFilePollMs = 2000;

export interface EncryptionFlags {
  /** '' for the cluster's own file. */
  readonly providerConfig: string;
  readonly automaticReload: boolean;
  readonly kmsV1: boolean;
}

/** What --encryption-provider-config* and the feature gates say. */
export function encryptionFlags(flags: ApiserverFlags): EncryptionFlags {
  return {
    providerConfig: flags.get('encryption-provider-config'),
    automaticReload: flags.get('encryption-provider-config-automatic-reload'),
    kmsV1: featureGates(flags.get('feature-gates')).on('KMSv1'),
  };
}

/** Throws what is wrong with the file; undefined when there is none. */
export async function programEncryption(world: World, paths: ClusterPaths | undefined, flags: EncryptionFlags): Promise<Encryption | undefined> {
  const serverId = serverIdentity(hostname());
  const gates = { kmsV1: flags.kmsV1 };
  if (flags.providerConfig !== '') return openEncryption(world, { file: flags.providerConfig, reload: flags.automaticReload, serverId, gates });
  if (flags.automaticReload) throw new Error('--encryption-provider-config-automatic-reload must be set with --encryption-provider-config');
  if (paths === undefined) return undefined;
  const own = encryptionFile(paths);
  return existsSync(own) ? openEncryption(world, { file: own, reload: true, pollMs: ownFilePollMs, serverId, gates }) : undefined;
}
