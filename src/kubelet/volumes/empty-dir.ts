// emptyDir volumes: a directory that lives as long as its pod, on disk or in memory. A limit in memory is
// the file system's own size; on disk the eviction loop watches it.
import type { Pod } from '#api/core/v1.ts';
import { parseQuantity, quantityValue } from '#machinery';
import { everyContainerLimited, podLimits } from '../resources/pod-resources.ts';
import { type VolumePlugin, volumeDirectory } from './contract.ts';
import { applyFsGroup } from './ownership.ts';

/** The smaller of the volume's limit and the pod's memory limit; undefined for half the machine, the kernel's default. */
function memorySize(pod: Pod, sizeLimit: string | undefined): number | undefined {
  const own = sizeLimit === undefined ? undefined : quantityValue(parseQuantity(sizeLimit));
  const memory = podLimits(pod)['memory'];
  const limit = memory === undefined || !everyContainerLimited(pod, 'memory') ? undefined : quantityValue(parseQuantity(memory));
  const sizes = [own, limit].filter((size): size is number => size !== undefined && size > 0);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

export const emptyDirPlugin: VolumePlugin = {
  name: 'kubernetes.io/empty-dir',
  handles: (volume) => volume.emptyDir !== undefined,
  async setUp(context, volume) {
    const { host, pod } = context;
    const path = volumeDirectory(context, this.name, volume.name);
    const fresh = (await host.files.stat(path)) === undefined;
    if (fresh) await host.files.mkdir(path, 0o777);
    const medium = volume.emptyDir?.medium ?? '';
    if (medium === 'Memory' && (await host.mounts.under(path)).length === 0) await host.mounts.tmpfs(path, memorySize(pod, volume.emptyDir?.sizeLimit));
    if (medium.startsWith('HugePages')) throw new Error(`emptyDir medium ${medium} is not served by this node`);
    if (fresh) await applyFsGroup(host.files, path, pod, false);
    return { path };
  },
};
