// CRI's answers in the contract's shapes: absent messages (null on the wire's JSON form) become undefined
// or their zero, and wrapped numbers are unwrapped.
import type { Container, ContainerStats, ContainerStatus, Image, Mount, PodSandbox, PodSandboxStatus } from '../contract.ts';

interface Wrapped {
  readonly value: string;
}
type Nullable<T> = { [K in keyof T]: T[K] | null };

export type CriSandbox = PodSandbox;
export interface CriSandboxStatus extends PodSandbox {
  readonly network: PodSandboxStatus['network'] | null;
}
export interface CriContainer extends Omit<Container, 'image'> {
  readonly image: { readonly image: string } | null;
}
export interface CriContainerStatus extends Omit<ContainerStatus, 'image' | 'pod_sandbox_id' | 'mounts'> {
  readonly image: { readonly image: string } | null;
  readonly mounts: readonly (Omit<Mount, 'image'> & { readonly image: { readonly image: string } | null })[];
}
export interface CriImage extends Omit<Image, 'uid'> {
  readonly uid: Wrapped | null;
}
export type CriContainerStats = Nullable<{
  attributes: { id: string; metadata: { name: string } | null; labels: Record<string, string> };
  cpu: { timestamp: string; usage_core_nano_seconds: Wrapped | null };
  memory: { timestamp: string; working_set_bytes: Wrapped | null; usage_bytes: Wrapped | null; rss_bytes: Wrapped | null };
  writable_layer: { used_bytes: Wrapped | null; inodes_used: Wrapped | null };
}>;

const count = (wrapped: Wrapped | null | undefined): number => Number(wrapped?.value ?? 0);

export function sandboxStatusFrom(status: CriSandboxStatus): PodSandboxStatus {
  return { ...status, network: status.network ?? { ip: '', additional_ips: [] } };
}

export function containerFrom(container: CriContainer): Container {
  return { ...container, image: { image: container.image?.image ?? '' } };
}

export function containerStatusFrom(status: CriContainerStatus, sandboxId: string): ContainerStatus {
  const mounts = status.mounts.map(({ image, ...mount }): Mount => (image === null ? mount : { ...mount, image: { image: image.image } }));
  return { ...status, pod_sandbox_id: sandboxId, image: { image: status.image?.image ?? '' }, mounts };
}

export function imageFrom(image: CriImage): Image {
  const { uid, ...rest } = image;
  return uid === null ? rest : { ...rest, uid: { value: uid.value } };
}

/** Containers that do not run have no cpu and memory: they are told with zeros. */
export function statsFrom(stats: CriContainerStats): ContainerStats {
  return {
    id: stats.attributes?.id ?? '',
    name: stats.attributes?.metadata?.name ?? '',
    labels: stats.attributes?.labels ?? {},
    timestampMs: Math.floor(Number(stats.cpu?.timestamp ?? 0) / 1_000_000),
    cpuNanoseconds: count(stats.cpu?.usage_core_nano_seconds),
    memoryWorkingSetBytes: count(stats.memory?.working_set_bytes),
    memoryUsageBytes: count(stats.memory?.usage_bytes),
    memoryRssBytes: count(stats.memory?.rss_bytes),
    writableLayerBytes: count(stats.writable_layer?.used_bytes),
    writableLayerInodes: count(stats.writable_layer?.inodes_used),
  };
}
