// image volumes: the files of an OCI image, mounted by the runtime (read-only). Runtimes without support
// refuse the container with their own words.
import type { VolumePlugin } from './contract.ts';

export const imagePlugin: VolumePlugin = {
  name: 'kubernetes.io/image',
  handles: (volume) => volume.image !== undefined,
  setUp: async (_context, volume) => ({
    path: '',
    readOnly: true,
    image: { reference: volume.image?.reference ?? '', pullPolicy: volume.image?.pullPolicy ?? 'IfNotPresent' },
  }),
};
