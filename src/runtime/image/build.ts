// Builds OCI images without a daemon and without a registry: layers of plain files on nothing or on another
// image of a layout. The result depends on the inputs alone, so an unchanged build is an unchanged digest
// and its load moves nothing.
import { copyFile, link } from 'node:fs/promises';
import { codeOf } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import { goArchitecture } from '#linux';
import { writeLayer, type Layer, type LayerEntry } from './layer.ts';
import {
  blobPath, createLayout, mediaTypes, nameAnnotations, nameOf, normalizeImageName, readIndex, readJsonBlob, resolveManifest, writeIndex, writeJsonBlob,
  type Descriptor, type ImageConfig, type ImageDocument, type Manifest,
} from './oci.ts';

/** The reproducible time of everything we build. */
const epoch = '1970-01-01T00:00:00Z';

/** What an image on nothing starts from. */
const emptyConfig: ImageConfig = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] };

export interface BaseImage {
  /** An OCI layout directory. */
  readonly layout: string;
  /** Which image of it; its only one when not given. */
  readonly name?: string;
}

export interface BuildOptions {
  /** The layout directory to write into (created; images of other names in it stay). */
  readonly layout: string;
  /** "web:v1" */
  readonly name: string;
  readonly base?: BaseImage;
  /** One layer each. */
  readonly layers: readonly (readonly LayerEntry[])[];
  /** Laid over the base's: Env by variable, Labels and ExposedPorts by key, the rest by replacing. */
  readonly config: ImageConfig;
  /** Go's name; this machine's when not given. */
  readonly architecture?: string;
  readonly compression?: 'gzip' | 'none';
}

export interface BuiltImage {
  /** Normalized. */
  readonly name: string;
  readonly layout: string;
  /** Of the manifest. */
  readonly digest: string;
}

export interface LoadedBase {
  readonly document: ImageDocument;
  readonly manifest: Manifest;
  readonly layout: string;
}

/** Reads the base image of a layout. */
export async function loadBase(base: BaseImage, architecture: string): Promise<LoadedBase> {
  const { manifests } = await readIndex(base.layout);
  const wanted = base.name === undefined ? undefined : normalizeImageName(base.name);
  const found = wanted === undefined ? manifests[0] : manifests.find((m) => nameOf(m) === wanted || nameOf(m) === base.name);
  if (found === undefined) throw new Error(`${base.layout} holds no image${base.name === undefined ? '' : ` named ${base.name}`}`);
  const { manifest } = await resolveManifest(base.layout, found, architecture);
  return { layout: base.layout, manifest, document: await readJsonBlob<ImageDocument>(base.layout, manifest.config.digest) };
}

async function copyBlob(from: string, to: string, digest: string): Promise<void> {
  if (from === to) return;
  try {
    await link(blobPath(from, digest), blobPath(to, digest));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    await copyFile(blobPath(from, digest), blobPath(to, digest));
  }
}

/** `over` on top of `under`, as a Dockerfile's instructions add to their base. */
export function mergeConfig(under: ImageConfig, over: ImageConfig): ImageConfig {
  const env = new Map([...(under.Env ?? []), ...(over.Env ?? [])].map((entry) => [entry.split('=')[0] ?? '', entry]));
  // A new entrypoint makes the base's arguments meaningless.
  const { Cmd: underCmd, ...rest } = under;
  const merged: ImageConfig = {
    ...rest,
    ...(over.Entrypoint === undefined && underCmd !== undefined ? { Cmd: underCmd } : {}),
    ...over,
    ...(env.size > 0 ? { Env: [...env.values()] } : {}),
  };
  const keyed = {
    ...(under.Labels ?? over.Labels ? { Labels: { ...under.Labels, ...over.Labels } } : {}),
    ...(under.ExposedPorts ?? over.ExposedPorts ? { ExposedPorts: { ...under.ExposedPorts, ...over.ExposedPorts } } : {}),
    ...(under.Volumes ?? over.Volumes ? { Volumes: { ...under.Volumes, ...over.Volumes } } : {}),
  };
  return { ...merged, ...keyed };
}

/** Assembles manifest and index from finished layers. */
export async function assembleImage(options: Omit<BuildOptions, 'layers' | 'base'> & { base?: LoadedBase; layers: readonly Layer[]; history?: readonly string[] }): Promise<BuiltImage> {
  const { layout, base } = options;
  const name = normalizeImageName(options.name);
  for (const layer of base?.manifest.layers ?? []) await copyBlob(base?.layout ?? layout, layout, layer.digest);
  const config = mergeConfig(base?.document.config ?? emptyConfig, options.config);
  const document: ImageDocument = {
    created: epoch,
    architecture: options.architecture ?? base?.document.architecture ?? goArchitecture(),
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [...(base?.document.rootfs.diff_ids ?? []), ...options.layers.map((layer) => layer.diffId)] },
    history: [...(base?.document.history ?? []), ...options.layers.map((_, index) => ({ created: epoch, created_by: options.history?.[index] ?? 'skiff image build' }))],
  };
  const configDescriptor = await writeJsonBlob(layout, mediaTypes.config, document);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: configDescriptor,
    layers: [...(base?.manifest.layers ?? []), ...options.layers.map((layer) => layer.descriptor)],
  };
  const descriptor: Descriptor = { ...(await writeJsonBlob(layout, mediaTypes.manifest, manifest)), annotations: nameAnnotations(name) };
  const others = (await readIndex(layout).catch(() => ({ manifests: [] }))).manifests.filter((m) => nameOf(m) !== name);
  await writeIndex(layout, [...others, descriptor]);
  return { name, layout, digest: descriptor.digest };
}

/** Builds an image into `options.layout`. */
export async function buildImage(random: Random, options: BuildOptions): Promise<BuiltImage> {
  await createLayout(options.layout);
  const base = options.base === undefined ? undefined : await loadBase(options.base, options.architecture ?? goArchitecture());
  const layers: Layer[] = [];
  for (const entries of options.layers) layers.push(await writeLayer(random, options.layout, entries, options.compression));
  return assembleImage({ ...options, base, layers });
}
