// The images that a node cannot do without and no registry brings: the sandbox's pause, and a busybox of the
// machine's own for probes. Built once into the node's OCI layout, loaded when containerd lacks them. The same
// layout takes what `skiff image build` makes, so that a Dockerfile can start FROM any of them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { buildMachineImage, buildPauseImage, loadImage, normalizeImageName, type Runtime } from '#runtime';
import { busyboxImage, nodeImage, pauseImage, type NodeLayout } from './node-layout.ts';

/** Where the machine keeps a busybox; the package busybox-static brings it. */
export function busyboxPath(): string {
  return ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? '/bin/busybox';
}

/** Is an image of this name in the layout already? */
export function layoutHas(folder: string, name: string): boolean {
  const index = join(folder, 'index.json');
  return existsSync(index) && readFileSync(index, 'utf8').includes(JSON.stringify(normalizeImageName(name)));
}

async function ensure(world: World, layout: NodeLayout, runtime: Runtime, name: string, build: (folder: string) => Promise<unknown>): Promise<void> {
  if ((await runtime.imageStatus(name)) !== undefined) return;
  try {
    if (!layoutHas(layout.imageLayout, name)) await build(layout.imageLayout);
    await loadImage(world, layout.containerd.socket, layout.imageLayout, { name });
  } catch (error) {
    throw wrap(`image ${name}`, error);
  }
}

/** Pause and busybox: before the first pod. One after the other: both write the layout's index. */
export async function ensureSystemImages(world: World, layout: NodeLayout, runtime: Runtime): Promise<void> {
  await ensure(world, layout, runtime, pauseImage, (folder) => buildPauseImage(world.random, folder, pauseImage));
  await ensure(world, layout, runtime, busyboxImage, (folder) => buildMachineImage(world.random, { layout: folder, name: busyboxImage, busyboxPath: busyboxPath() }));
}

/** The Node.js base image in the layout, for Dockerfiles that start FROM it. */
export async function ensureNodeBase(world: World, layout: NodeLayout, nodePath: string): Promise<void> {
  if (!layoutHas(layout.imageLayout, nodeImage)) await buildMachineImage(world.random, { layout: layout.imageLayout, name: nodeImage, busyboxPath: busyboxPath(), nodePath });
}
