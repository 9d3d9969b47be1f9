// Puts an image into containerd (namespace k8s.io) from an OCI layout through its content and image
// services: blobs that are there already are not sent again. A lease keeps the garbage collector away
// until the image record refers to the blobs; labels on the blobs then hold the tree together.
import { open } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import { uuid, type Random } from '#base/random.ts';
import { goArchitecture } from '#linux';
import { openGrpc, toRuntimeError, type GrpcService } from '../grpc.ts';
import { isRuntimeAlreadyExists, isRuntimeNotFound } from '../runtime-error.ts';
import { blobPath, nameOf, normalizeImageName, readIndex, resolveManifest, type Descriptor } from './oci.ts';

const chunkBytes = 4 * 1024 * 1024;
const managed = { 'io.cri-containerd.image': 'managed' };

export interface LoadedImage {
  readonly name: string;
  readonly digest: string;
  /** Bytes that were really sent. */
  readonly sentBytes: number;
}

interface Services {
  readonly content: GrpcService;
  readonly images: GrpcService;
  readonly leases: GrpcService;
}

async function hasBlob(content: GrpcService, digest: string, labels: Record<string, string>, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const { info } = await content.call<{ info: { labels: Record<string, string> } | null }>('Info', { digest }, { signal });
    const missing = Object.entries(labels).some(([key, value]) => info?.labels[key] !== value);
    if (missing) await content.call('Update', { info: { digest, labels: { ...info?.labels, ...labels } }, update_mask: { paths: ['labels'] } }, { signal });
    return true;
  } catch (error) {
    if (isRuntimeNotFound(error)) return false;
    throw error;
  }
}

/** Sends one blob; containerd verifies its digest when it commits. */
async function sendBlob(content: GrpcService, layout: string, blob: Descriptor, labels: Record<string, string>, lease: string, reference: string, signal: AbortSignal | undefined): Promise<void> {
  const stream = content.duplexStream('Write', { signal, timeoutMs: 60 * 60_000, metadata: { 'containerd-lease': lease } });
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('error', (error) => reject(toRuntimeError(error)));
    stream.on('data', () => {});
    stream.on('end', resolve);
  });
  ended.catch(() => {});
  const send = (message: object): Promise<void> => new Promise((resolve, reject) => {
    if (stream.write(message)) resolve();
    else {
      stream.once('drain', resolve);
      ended.catch(reject);
    }
  });
  const file = await open(blobPath(layout, blob.digest), 'r');
  try {
    let offset = 0;
    await send({ action: 'WRITE', ref: reference, total: blob.size, expected: blob.digest, offset: 0, data: Buffer.alloc(0) });
    while (offset < blob.size) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, offset);
      if (bytesRead === 0) throw new Error(`${blob.digest} ends after ${offset} of ${blob.size} bytes`);
      await send({ action: 'WRITE', ref: reference, total: blob.size, expected: blob.digest, offset, data: buffer.subarray(0, bytesRead) });
      offset += bytesRead;
    }
    await send({ action: 'COMMIT', ref: reference, total: blob.size, expected: blob.digest, offset, labels });
    stream.end();
    await ended;
  } catch (error) {
    stream.cancel();
    if (!isRuntimeAlreadyExists(error)) throw error;
  } finally {
    await file.close();
  }
}

async function setImage(images: GrpcService, name: string, target: Descriptor, signal: AbortSignal | undefined): Promise<void> {
  const image = { name, labels: managed, target: { media_type: target.mediaType, digest: target.digest, size: target.size } };
  try {
    await images.call('Create', { image }, { signal });
  } catch (error) {
    if (!isRuntimeAlreadyExists(error)) throw error;
    await images.call('Update', { image }, { signal });
  }
}

async function loadOne(services: Services, layout: string, found: Descriptor, name: string, lease: string, reference: string, signal: AbortSignal | undefined): Promise<LoadedImage> {
  const { descriptor, manifest } = await resolveManifest(layout, found, goArchitecture());
  const references: Record<string, string> = { 'containerd.io/gc.ref.content.config': manifest.config.digest };
  manifest.layers.forEach((layer, index) => (references[`containerd.io/gc.ref.content.l.${index}`] = layer.digest));
  let sentBytes = 0;
  // The manifest comes last: whoever finds it finds all that it names.
  for (const blob of [...manifest.layers, manifest.config, descriptor]) {
    const labels = blob === descriptor ? references : {};
    if (await hasBlob(services.content, blob.digest, labels, signal)) continue;
    await sendBlob(services.content, layout, blob, labels, lease, `${reference}-${blob.digest}`, signal);
    sentBytes += blob.size;
  }
  await setImage(services.images, name, descriptor, signal);
  return { name, digest: descriptor.digest, sentBytes };
}

/**
 * Loads the images of an OCI layout directory: all that index.json names, or the one given. Each is there
 * for CRI under its normalized name when this resolves.
 */
export async function loadImage(world: { clock: Clock; random: Random }, socketPath: string, layout: string, options: { name?: string; signal?: AbortSignal } = {}): Promise<LoadedImage[]> {
  const { signal } = options;
  const wanted = options.name === undefined ? undefined : normalizeImageName(options.name);
  const headers = { 'containerd-namespace': 'k8s.io' };
  const services: Services = {
    content: openGrpc(world.clock, socketPath, 'content', 'containerd.services.content.v1.Content', headers),
    images: openGrpc(world.clock, socketPath, 'images', 'containerd.services.images.v1.Images', headers),
    leases: openGrpc(world.clock, socketPath, 'leases', 'containerd.services.leases.v1.Leases', headers),
  };
  const lease = `skiff-load-${uuid(world.random)}`;
  try {
    const images = (await readIndex(layout)).manifests.flatMap((descriptor) => {
      const name = nameOf(descriptor);
      const full = name === undefined ? wanted : normalizeImageName(name);
      return full === undefined || (wanted !== undefined && wanted !== full) ? [] : [{ descriptor, name: full }];
    });
    if (images.length === 0) throw new Error(`${layout} holds no image${wanted === undefined ? ' with a name' : ` named ${wanted}`}`);
    const expires = new Date(world.clock.now() + 60 * 60_000).toISOString();
    await services.leases.call('Create', { id: lease, labels: { 'containerd.io/gc.expire': expires } }, { signal });
    const loaded: LoadedImage[] = [];
    for (const { descriptor, name } of images) loaded.push(await loadOne(services, layout, descriptor, name, lease, lease, signal));
    await services.leases.call('Delete', { id: lease }, { signal });
    return loaded;
  } finally {
    for (const service of [services.content, services.images, services.leases]) service.close();
  }
}
