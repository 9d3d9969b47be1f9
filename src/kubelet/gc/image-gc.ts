// Images that nobody uses are removed when their disk gets full: from the high threshold down to the low
// one, least recently used first, never younger than the minimum age. Also what disk pressure asks for.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { EventRecorder } from '#client';
import type { Image, Runtime } from '#runtime';
import type { Node } from '#api/core/v1.ts';
import type { KubeletConfig } from '../config.ts';
import type { NodeHost } from '../host.ts';

export interface ImageRecord {
  readonly id: string;
  readonly sizeBytes: number;
  readonly firstSeenMs: number;
  readonly lastUsedMs: number;
}

/** Which images to remove to free `wantedBytes`. Pure. */
export function imagesToRemove(records: readonly ImageRecord[], used: ReadonlySet<string>, wantedBytes: number, nowMs: number, minAgeMs: number): ImageRecord[] {
  const chosen: ImageRecord[] = [];
  let freed = 0;
  const order = records.filter(({ id }) => !used.has(id)).sort((a, b) => a.lastUsedMs - b.lastUsedMs || a.firstSeenMs - b.firstSeenMs);
  for (const record of order) {
    if (freed >= wantedBytes) break;
    if (nowMs - record.firstSeenMs < minAgeMs) continue;
    chosen.push(record);
    freed += record.sizeBytes;
  }
  return chosen;
}

export interface ImageGc {
  /** Looks at the disk, and frees what the thresholds ask for. */
  collect(): Promise<void>;
  /** Removes every unused image; the bytes freed. */
  removeUnused(): Promise<number>;
  images(): readonly Image[];
  /** Reads the list of images when the last one is older. */
  refresh(olderThanMs: number): Promise<void>;
}

export function createImageGc(world: World, runtime: Runtime, host: NodeHost, recorder: EventRecorder, config: KubeletConfig): ImageGc {
  const { clock, log } = world;
  const records = new Map<string, ImageRecord>();
  let latest: readonly Image[] = [];
  let latestMs = Number.NEGATIVE_INFINITY;

  const look = async (): Promise<Set<string>> => {
    const [images, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()]);
    latest = images;
    latestMs = clock.monotonic();
    const byName = new Map<string, string>();
    for (const image of images) for (const name of [image.id, ...image.repo_tags, ...image.repo_digests]) byName.set(name, image.id);
    const used = new Set<string>();
    for (const container of containers) for (const name of [container.image_ref, container.image.image]) used.add(byName.get(name) ?? name);
    for (const image of images) if (image.pinned === true || image.repo_tags.some((tag) => /(^|\/)pause:/.test(tag))) used.add(image.id);
    const now = clock.now();
    for (const image of images) {
      const known = records.get(image.id);
      records.set(image.id, { id: image.id, sizeBytes: Number(image.size), firstSeenMs: known?.firstSeenMs ?? now, lastUsedMs: used.has(image.id) ? now : (known?.lastUsedMs ?? 0) });
    }
    for (const id of records.keys()) if (!images.some((image) => image.id === id)) records.delete(id);
    return used;
  };
  const free = async (wantedBytes: number, minAgeMs: number): Promise<number> => {
    const used = await look();
    let freed = 0;
    for (const record of imagesToRemove([...records.values()], used, wantedBytes, clock.now(), minAgeMs)) {
      try {
        await runtime.removeImage(record.id);
        freed += record.sizeBytes;
        records.delete(record.id);
        log.info('an unused image was removed', { image: record.id, bytes: record.sizeBytes });
      } catch (error) {
        log.warn('an unused image could not be removed', { image: record.id, error: errorText(error) });
      }
    }
    return freed;
  };
  return {
    images: () => latest,
    async refresh(olderThanMs) {
      if (clock.monotonic() - latestMs >= olderThanMs) await look();
    },
    removeUnused: () => free(Number.MAX_SAFE_INTEGER, 0),
    async collect() {
      await look();
      const { mountpoint } = await runtime.imageFsInfo();
      const disk = await host.measures.fileSystem(mountpoint === '' ? config.rootDirectory : mountpoint);
      if (disk.capacityBytes === 0) return;
      const usage = 100 - Math.floor((disk.availableBytes * 100) / disk.capacityBytes);
      if (usage < config.imageGCHighThresholdPercent) return;
      const wanted = Math.ceil((disk.capacityBytes * (100 - config.imageGCLowThresholdPercent)) / 100) - disk.availableBytes;
      const freed = await free(wanted, config.imageMinimumGCAgeMs);
      if (freed >= wanted) return;
      const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: config.nodeName, uid: config.nodeName } };
      recorder.event(node, 'Warning', 'FreeDiskSpaceFailed', `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`);
    },
  };
}
