// What is mounted into a container: its volumes (with subPath and propagation), the managed /etc/hosts, and
// the file for its termination message.
import type { Container, Pod, VolumeMount } from '#api/core/v1.ts';
import { nameSuffix } from '#base/random.ts';
import type { Mount } from '#runtime';
import { type KubeletCore, podDirectory } from '../core.ts';
import { specOf, uidOf } from '../pod.ts';
import { checkSubPath, prepareSubPath } from '../volumes/sub-path.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import { expandStrict } from './expansion.ts';
import { hostsFile } from './hostname.ts';

const propagation: Readonly<Record<string, Mount['propagation']>> = { HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER', Bidirectional: 'PROPAGATION_BIDIRECTIONAL' };
const absolute = (path: string): string => (path.startsWith('/') ? path : `/${path}`);
const etcHosts = '/etc/hosts';

function subPathOf(mount: VolumeMount, env: ReadonlyMap<string, string>): string {
  if (mount.subPathExpr !== undefined && mount.subPathExpr !== '') return expandStrict(mount.subPathExpr, (name) => env.get(name));
  return mount.subPath ?? '';
}

async function volumeMount(core: KubeletCore, pod: Pod, container: Container, mount: VolumeMount, index: number, volumes: PodVolumes, env: ReadonlyMap<string, string>): Promise<Mount> {
  const volume = volumes.get(mount.name);
  if (volume === undefined) throw new Error(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
  const subPath = subPathOf(mount, env);
  if (subPath !== '') checkSubPath(subPath);
  const readonly = mount.readOnly === true || volume.readOnly === true;
  const shared = { container_path: absolute(mount.mountPath), readonly, propagation: propagation[mount.mountPropagation ?? ''] ?? 'PROPAGATION_PRIVATE' };
  if (volume.image !== undefined) return { ...shared, host_path: '', image: { image: volume.image.reference }, ...(subPath !== '' ? { image_sub_path: subPath } : {}) };
  const podDir = podDirectory(core, uidOf(pod));
  const host_path = subPath === '' ? volume.path
    : await prepareSubPath(core.host, { podDir, volumeName: mount.name, volumePath: volume.path, containerName: container.name, index, subPath });
  return { ...shared, host_path };
}

async function hostsMount(core: KubeletCore, pod: Pod, podIPs: readonly string[]): Promise<Mount> {
  const path = `${podDirectory(core, uidOf(pod))}/etc-hosts`;
  const node = specOf(pod).hostNetwork === true ? Buffer.from((await core.host.files.read(etcHosts)) ?? new Uint8Array()).toString('utf8') : '';
  await core.host.files.write(path, hostsFile(pod, podIPs, core.config.clusterDomain, node), 0o644);
  return { container_path: etcHosts, host_path: path, readonly: false };
}

async function messageMount(core: KubeletCore, pod: Pod, container: Container): Promise<Mount | undefined> {
  const path = container.terminationMessagePath ?? '';
  if (path === '') return undefined;
  const directory = `${podDirectory(core, uidOf(pod))}/containers/${container.name}`;
  const file = `${directory}/${nameSuffix(core.world.random, 8)}`;
  await core.host.files.mkdir(directory, 0o750);
  // Whatever user the container runs as must be able to write it.
  await core.host.files.write(file, '', 0o666);
  return { container_path: absolute(path), host_path: file, readonly: false };
}

/** Rejects with upstream's text when a mount cannot be had. */
export async function containerMounts(core: KubeletCore, pod: Pod, container: Container, podIPs: readonly string[], volumes: PodVolumes, env: ReadonlyMap<string, string>): Promise<Mount[]> {
  const asked = container.volumeMounts ?? [];
  const mounts: Mount[] = [];
  for (const [index, mount] of asked.entries()) mounts.push(await volumeMount(core, pod, container, mount, index, volumes, env));
  const ownHosts = asked.some(({ mountPath }) => absolute(mountPath) === etcHosts);
  if (!ownHosts && (podIPs.length > 0 || specOf(pod).hostNetwork === true)) mounts.push(await hostsMount(core, pod, podIPs));
  const message = await messageMount(core, pod, container);
  return message === undefined ? mounts : [...mounts, message];
}
