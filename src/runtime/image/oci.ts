// The OCI image format: descriptors, manifests, configs and the directory layout that holds them
// (image-spec v1.1). Blobs are files named by their digest; index.json names the images.
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

/** What a container of the image starts with; keys as the specification writes them. */
export interface ImageConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface ImageDocument {
  readonly architecture: string;
  readonly os: string;
  readonly created?: string;
  readonly config?: ImageConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
  readonly history?: readonly { readonly created?: string; readonly created_by?: string; readonly empty_layer?: boolean }[];
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export const digestOf = (bytes: Uint8Array | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** The file of a blob. Rejects what is not a sha256 digest, since it becomes a path. */
export function blobPath(layout: string, digest: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`not a sha256 digest: ${JSON.stringify(digest)}`);
  return join(layout, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

/** Creates an empty layout, or leaves the one that is there. */
export async function createLayout(layout: string): Promise<void> {
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n');
}

/** Stores a JSON document and describes it. */
export async function writeJsonBlob(layout: string, mediaType: string, value: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = digestOf(bytes);
  await writeFile(blobPath(layout, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** A JSON blob, its digest verified. The caller says what it is; index and manifest are told apart by `manifests`. */
export async function readJsonBlob<T extends object>(layout: string, digest: string): Promise<T> {
  const path = blobPath(layout, digest);
  if ((await stat(path)).size > 8 * 1024 * 1024) throw new Error(`${path} is too large for an image document`);
  const bytes = await readFile(path);
  if (digestOf(bytes) !== digest) throw new Error(`${path} does not have the content its name promises`);
  const value: T = JSON.parse(bytes.toString('utf8'));
  if (typeof value !== 'object' || value === null) throw new Error(`${path} is no JSON object`);
  return value;
}

export async function readIndex(layout: string): Promise<ImageIndex> {
  const index: ImageIndex = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  if (!Array.isArray(index.manifests)) throw new Error(`${join(layout, 'index.json')} lists no manifests`);
  return index;
}

export async function writeIndex(layout: string, manifests: readonly Descriptor[]): Promise<void> {
  const index: ImageIndex = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  await writeFile(join(layout, 'index.json.new'), `${JSON.stringify(index)}\n`);
  await rename(join(layout, 'index.json.new'), join(layout, 'index.json'));
}

const containerdName = 'io.containerd.image.name';
const referenceName = 'org.opencontainers.image.ref.name';

/** The annotations that name an image in index.json for containerd and for other tools. */
export function nameAnnotations(name: string): Record<string, string> {
  return { [containerdName]: name, [referenceName]: /:([^:/]+)$/.exec(name)?.[1] ?? 'latest' };
}

/** The name that index.json gives an image; undefined when it gives none. */
export function nameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[containerdName] ?? descriptor.annotations?.[referenceName];
}

/** The full name as the runtime keys images: "web" → "docker.io/library/web:latest". Rejects what is no reference. */
export function normalizeImageName(reference: string): string {
  const [, path = '', tag, digest] = /^(.*?)(?::([\w][\w.-]{0,127}))?(@sha256:[0-9a-f]{64})?$/.exec(reference) ?? [];
  const first = path.split('/')[0] ?? '';
  const hasRegistry = path.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const full = hasRegistry ? path : `docker.io/${path.includes('/') ? path : `library/${path}`}`;
  const [registry = '', repository] = [full.slice(0, full.indexOf('/')), full.slice(full.indexOf('/') + 1)];
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?$/.test(registry) || !/^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/.test(repository)) {
    throw new Error(`not an image name: ${JSON.stringify(reference)} (lower-case letters, digits and . _ - between them; then :tag)`);
  }
  if (digest !== undefined) return `${full}${digest}`;
  return `${full}:${tag ?? 'latest'}`;
}

/** The manifest for a platform behind a descriptor, through nested indexes. */
export async function resolveManifest(layout: string, descriptor: Descriptor, architecture: string, depth = 0): Promise<{ descriptor: Descriptor; manifest: Manifest }> {
  const document = await readJsonBlob<Manifest | ImageIndex>(layout, descriptor.digest);
  if (!('manifests' in document)) return { descriptor, manifest: document };
  const fits = document.manifests.find((m) => m.platform === undefined || (m.platform.os === 'linux' && m.platform.architecture === architecture));
  if (fits === undefined || depth > 3) throw new Error(`${layout} has no image for linux/${architecture}`);
  return resolveManifest(layout, fits, architecture, depth + 1);
}
