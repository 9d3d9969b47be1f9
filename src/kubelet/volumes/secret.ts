// secret volumes: keys of a Secret as files in memory, kept up to date.
import type { VolumePlugin } from './contract.ts';
import { fileVolume } from './file-volume.ts';
import { defaultFileMode, secretFiles } from './projections.ts';

export const secretPlugin: VolumePlugin = {
  name: 'kubernetes.io/secret',
  handles: (volume) => volume.secret !== undefined,
  async setUp(context, volume) {
    const source = volume.secret ?? {};
    const payload = await secretFiles(context, { name: source.secretName ?? '', items: source.items, optional: source.optional === true, mode: source.defaultMode ?? defaultFileMode });
    return fileVolume(context, this.name, volume.name, payload, true);
  },
};
