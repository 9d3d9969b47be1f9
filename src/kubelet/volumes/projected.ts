// projected volumes: several sources in one directory, among them the service account token, which is
// asked of the API for this pod alone and renewed before it ends.
import type { VolumeProjection } from '#api/core/v1.ts';
import { specOf } from '../pod.ts';
import type { ProjectedFile } from './atomic-writer.ts';
import type { VolumeContext, VolumePlugin } from './contract.ts';
import { fileVolume } from './file-volume.ts';
import { commonUser } from './ownership.ts';
import { configMapFiles, defaultFileMode, downwardFiles, secretFiles } from './projections.ts';
import { trustAnchors } from './trust-bundles.ts';

const hour = 3600;

async function tokenFile(context: VolumeContext, source: NonNullable<VolumeProjection['serviceAccountToken']>, mode: number): Promise<ProjectedFile> {
  return ownFile(context, await context.tokens.token(context.pod, source.audience, source.expirationSeconds ?? hour), mode);
}

/** For the pod's own user alone, where it has one. */
function ownFile({ pod }: VolumeContext, text: string, mode: number): ProjectedFile {
  const uid = commonUser(pod);
  const tight = uid !== undefined || specOf(pod).securityContext?.fsGroup !== undefined;
  return { data: Buffer.from(text), mode: tight ? 0o600 : mode, ...(uid !== undefined ? { uid } : {}) };
}

async function sourceFiles(context: VolumeContext, source: VolumeProjection, mode: number): Promise<Iterable<[string, ProjectedFile]>> {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  if (configMap !== undefined) return configMapFiles(context, { name: configMap.name ?? '', items: configMap.items, optional: configMap.optional === true, mode });
  if (secret !== undefined) return secretFiles(context, { name: secret.name ?? '', items: secret.items, optional: secret.optional === true, mode });
  if (downwardAPI !== undefined) return downwardFiles(context, downwardAPI.items ?? [], mode);
  if (serviceAccountToken !== undefined) return [[serviceAccountToken.path, await tokenFile(context, serviceAccountToken, mode)]];
  if (clusterTrustBundle !== undefined) return [[clusterTrustBundle.path, ownFile(context, await trustAnchors(context.client, clusterTrustBundle), mode)]];
  throw new Error('this node serves projected sources configMap, secret, downwardAPI, serviceAccountToken and clusterTrustBundle only');
}

export const projectedPlugin: VolumePlugin = {
  name: 'kubernetes.io/projected',
  handles: (volume) => volume.projected !== undefined,
  async setUp(context, volume) {
    const source = volume.projected ?? {};
    const mode = source.defaultMode ?? defaultFileMode;
    const all = await Promise.all((source.sources ?? []).map((each) => sourceFiles(context, each, mode)));
    const payload = new Map<string, ProjectedFile>();
    for (const files of all) for (const [path, file] of files) payload.set(path, file);
    return fileVolume(context, this.name, volume.name, payload, true);
  },
};
