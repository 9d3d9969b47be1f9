// downwardAPI volumes: fields and resources of the pod itself as files, kept up to date.
import type { VolumePlugin } from './contract.ts';
import { fileVolume } from './file-volume.ts';
import { defaultFileMode, downwardFiles } from './projections.ts';

export const downwardApiPlugin: VolumePlugin = {
  name: 'kubernetes.io/downward-api',
  handles: (volume) => volume.downwardAPI !== undefined,
  async setUp(context, volume) {
    const source = volume.downwardAPI ?? {};
    return fileVolume(context, this.name, volume.name, downwardFiles(context, source.items ?? [], source.defaultMode ?? defaultFileMode), true);
  },
};
