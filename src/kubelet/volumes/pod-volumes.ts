// All volumes of a pod: set up side by side before its containers start and refreshed at every sync, taken
// down when its containers have ended. Mounts below a pod's directory are undone before anything is
// removed, so that no file of another volume can be deleted through a mount.
import type { Pod, Volume } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { specOf } from '../pod.ts';
import { configMapPlugin } from './configmap.ts';
import type { MountedVolume, VolumeContext, VolumePlugin } from './contract.ts';
import { downwardApiPlugin } from './downward-api.ts';
import { emptyDirPlugin } from './empty-dir.ts';
import { forgetWritten } from './file-volume.ts';
import { hostPathPlugin } from './host-path.ts';
import { imagePlugin } from './image.ts';
import { persistentVolumeClaimPlugin } from './persistent-volume-claim.ts';
import { projectedPlugin } from './projected.ts';
import { secretPlugin } from './secret.ts';
import type { NodeHost } from '../host.ts';

/** Every plugin, in the order in which they are asked. */
export const volumePlugins: readonly VolumePlugin[] = [
  emptyDirPlugin, hostPathPlugin, configMapPlugin, secretPlugin, downwardApiPlugin, projectedPlugin, persistentVolumeClaimPlugin, imagePlugin,
];

export interface FailedVolume {
  readonly name: string;
  /** `MountVolume.SetUp failed for volume "x" : …` */
  readonly message: string;
}

export type PodVolumes = ReadonlyMap<string, MountedVolume>;

function usedVolumes(pod: Pod): Volume[] {
  return specOf(pod).volumes ?? [];
}

/** Sets all volumes up. What failed is told beside what is ready. */
export async function setUpVolumes(context: VolumeContext): Promise<{ volumes: PodVolumes; failed: readonly FailedVolume[] }> {
  const volumes = new Map<string, MountedVolume>();
  const failed: FailedVolume[] = [];
  await Promise.all(usedVolumes(context.pod).map(async (volume) => {
    try {
      const plugin = volumePlugins.find((each) => each.handles(volume));
      if (plugin === undefined) throw new Error('no volume plugin matched');
      volumes.set(volume.name, await plugin.setUp(context, volume));
    } catch (error) {
      failed.push({ name: volume.name, message: `MountVolume.SetUp failed for volume "${volume.name}" : ${errorText(error)}` });
    }
  }));
  return { volumes, failed };
}

/** Undoes every mount below the pod's directory and removes its volumes. Idempotent. */
export async function tearDownVolumes(host: NodeHost, podDir: string): Promise<void> {
  for (const point of await host.mounts.under(podDir)) await host.mounts.unmount(point);
  const left = await host.mounts.under(podDir);
  if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`);
  forgetWritten(host, podDir);
  await host.files.remove(`${podDir}/volumes`);
  await host.files.remove(`${podDir}/volume-subpaths`);
}

/** Removes the pod's directory as a whole, volumes first. */
export async function removePodDirectory(host: NodeHost, podDir: string): Promise<void> {
  await tearDownVolumes(host, podDir);
  await host.files.remove(podDir);
}
