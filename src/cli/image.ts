// `skiff image build|load|list`: OCI images without Docker. Build reads a Dockerfile; load puts an image from a tar
// archive or an OCI layout into the node, sending only the layers that it lacks.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { World } from '#base/world.ts';
import { run } from '#linux';
import { buildDockerfile, connectCri, loadImage, type LoadedImage } from '#runtime';
import { loadCluster } from './paths.ts';
import { nodeLayout, type NodeLayout } from './node-layout.ts';
import { ensureNodeBase } from './system-images.ts';
import { UserError } from './user-error.ts';

export interface BuildRequest {
  readonly context: string;
  readonly name: string;
  readonly dockerfile?: string;
  readonly onStep?: (text: string) => void;
}

function requireLayout(): NodeLayout {
  const config = loadCluster();
  if (config === undefined) throw new UserError('there is no cluster on this machine', 'start one: skiff up');
  return nodeLayout(config, existsSync);
}

/** Builds into the node's layout. */
export async function buildFromFolder(world: World, layout: NodeLayout, request: BuildRequest): Promise<void> {
  await buildDockerfile(world.random, { context: resolve(request.context), dockerfile: request.dockerfile, name: request.name, layout: layout.imageLayout, compression: 'none', onStep: request.onStep });
}

/** Loads a built image into the node. */
export async function loadBuilt(world: World, layout: NodeLayout, name: string): Promise<LoadedImage[]> {
  return loadImage(world, layout.containerd.socket, layout.imageLayout, { name });
}

/** `skiff image build`: builds and, when the node runs, loads. */
export async function imageBuild(world: World, request: BuildRequest, nodePath: string, say: (line: string) => void): Promise<void> {
  const layout = requireLayout();
  const file = request.dockerfile ?? join(request.context, 'Dockerfile');
  if (!existsSync(file)) throw new UserError(`${file} does not exist`, 'name the Dockerfile with -f, or the folder that holds it');
  await ensureNodeBase(world, layout, nodePath);
  await buildFromFolder(world, layout, { ...request, onStep: say });
  if (!existsSync(layout.containerd.socket)) return say(`built ${request.name}; it is loaded with: skiff image load ${request.name}`);
  const [loaded] = await loadBuilt(world, layout, request.name);
  say(`${loaded?.name ?? request.name} ${loaded?.digest ?? ''} (${((loaded?.sentBytes ?? 0) / 1e6).toFixed(1)} MB sent)`);
}

/** `skiff image load`: a tar archive (docker save or OCI), an OCI layout folder, or the name of a built image. */
export async function imageLoad(world: World, source: string, say: (line: string) => void): Promise<void> {
  const layout = requireLayout();
  if (!existsSync(layout.containerd.socket)) throw new UserError('the node is not running', 'start it: skiff up');
  const report = (images: readonly LoadedImage[]): void => {
    for (const image of images) say(`${image.name} ${image.digest} (${(image.sentBytes / 1e6).toFixed(1)} MB sent)`);
  };
  if (!existsSync(source)) return report(await loadBuilt(world, layout, source));
  if (statSync(source).isDirectory()) return report(await loadImage(world, layout.containerd.socket, resolve(source)));
  const folder = mkdtempSync(join(tmpdir(), 'skiff-image-'));
  try {
    const unpacked = await run('tar', ['-xf', resolve(source), '-C', folder]);
    if (unpacked.code !== 0) throw new UserError(`${source} is not a tar archive: ${unpacked.stderr.trim()}`, 'give a file made by docker save, podman save or skopeo');
    if (!existsSync(join(folder, 'index.json'))) throw new UserError(`${source} is not an OCI image archive`, 'convert it: skopeo copy docker-archive:FILE oci-archive:NEW.tar');
    report(await loadImage(world, layout.containerd.socket, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `skiff image list` */
export async function imageList(world: World, say: (line: string) => void): Promise<void> {
  const layout = requireLayout();
  const runtime = await connectCri(world, layout.containerd.socket);
  try {
    for (const image of await runtime.listImages()) {
      say(`${(image.repo_tags[0] ?? image.repo_digests[0] ?? image.id).padEnd(60)} ${image.id.slice(7, 19)} ${(Number(image.size) / 1e6).toFixed(1).padStart(8)} MB`);
    }
  } finally {
    await runtime.close();
  }
}
