// configMap volumes: keys of a ConfigMap as files, kept up to date.
import type { VolumePlugin } from './contract.ts';
import { fileVolume } from './file-volume.ts';
import { configMapFiles, defaultFileMode } from './projections.ts';

export const configMapPlugin: VolumePlugin = {
  name: 'kubernetes.io/configmap',
  handles: (volume) => volume.configMap !== undefined,
  async setUp(context, volume) {
    const source = volume.configMap ?? {};
    const payload = await configMapFiles(context, { name: source.name ?? '', items: source.items, optional: source.optional === true, mode: source.defaultMode ?? defaultFileMode });
    return fileVolume(context, this.name, volume.name, payload, false);
  },
};
