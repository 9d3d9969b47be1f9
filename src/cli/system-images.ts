// The images that a node cannot do without and no registry brings: the sandbox's pause, and a busybox of the
// machine's own for probes. Built once into OCI layouts under the state directory, loaded when containerd
// lacks them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { buildMachineImage, buildPauseImage, loadImage, type Runtime } from '#runtime';
import { busyboxImage, nodeImage, pauseImage, type NodeLayout } from './node-layout.ts';

/** Where the machine keeps a busybox; the package busybox-static brings it. */
export function busyboxPath(): string {
  return ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? '/bin/busybox';
}

async function ensure(world: World, layout: NodeLayout, runtime: Runtime, name: string, build: (folder: string) => Promise<unknown>): Promise<void> {
  if ((await runtime.imageStatus(name)) !== undefined) return;
  const folder = join(layout.imageLayouts, name.replaceAll(/[/:]/g, '_'));
  try {
    if (!existsSync(join(folder, 'index.json'))) await build(folder);
    await loadImage(world, layout.containerd.socket, folder);
  } catch (error) {
    throw wrap(`image ${name}`, error);
  }
}

/** Pause and busybox: before the first pod. */
export async function ensureSystemImages(world: World, layout: NodeLayout, runtime: Runtime): Promise<void> {
  await Promise.all([
    ensure(world, layout, runtime, pauseImage, (folder) => buildPauseImage(world.random, folder, pauseImage)),
    ensure(world, layout, runtime, busyboxImage, (folder) => buildMachineImage(world.random, { layout: folder, name: busyboxImage, busyboxPath: busyboxPath() })),
  ]);
}

/** The layout folder of the Node.js base image, built when missing. */
export async function ensureNodeBase(world: World, layout: NodeLayout, nodePath: string): Promise<string> {
  const folder = join(layout.imageLayouts, nodeImage.replaceAll(/[/:]/g, '_'));
  if (!existsSync(join(folder, 'index.json'))) await buildMachineImage(world.random, { layout: folder, name: nodeImage, busyboxPath: busyboxPath(), nodePath });
  return folder;
}
