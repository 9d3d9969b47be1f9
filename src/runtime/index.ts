// The runtime room's door.
export type * from './contract.ts';
export { isRuntimeAlreadyExists, isRuntimeNotFound, isRuntimeUnavailable, isRuntimeUnimplemented, RuntimeError, type RuntimeErrorCode } from './runtime-error.ts';
export { connectCri } from './cri/connect.ts';
export { ensureContainerd, stopContainerd, type ContainerdOptions, type RunningContainerd } from './containerd/ensure.ts';
export { removeAllPods, removeEverything, type RemoveOptions } from './containerd/remove.ts';
export { configureRegistry, forgetRegistry, type RegistryEndpoint, type RegistryHosts } from './containerd/registries.ts';
export { setUpPodNetwork, tearDownPodNetwork, type PodNetworkOptions } from './cni/network.ts';
export { freeStaleAddresses } from './cni/addresses.ts';
export { buildImage, type BaseImage, type BuildOptions, type BuiltImage } from './image/build.ts';
export { entriesFrom, type LayerEntry } from './image/layer.ts';
export { buildPauseImage } from './image/pause.ts';
export { buildMachineImage, type MachineImageOptions } from './image/machine-image.ts';
export { loadImage, type LoadedImage } from './image/load.ts';
export { normalizeImageName, type ImageConfig } from './image/oci.ts';
export { buildDockerfile, type DockerfileBuildOptions } from './image/dockerfile-build.ts';
export { DockerfileError } from './image/dockerfile.ts';
