// subPath mounts: one path inside a volume, made if it is missing, and bound at a place of its own. The
// volume's content belongs to containers, who may plant links: every step is checked, and the final bind
// goes through an open file that is verified to lie beneath the volume.
import { join } from 'node:path';
import type { NodeHost } from '../host.ts';

/** Throws on absolute paths and on steps back. */
export function checkSubPath(subPath: string): void {
  if (subPath.startsWith('/')) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..')) throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
}

const beneath = (root: string, path: string): boolean => path === root || path.startsWith(`${root}/`);

async function makeBeneath(host: NodeHost, root: string, subPath: string, mode: number): Promise<void> {
  let current = root;
  for (const part of subPath.split('/').filter((each) => each !== '' && each !== '.')) {
    const next = join(current, part);
    if ((await host.files.lstat(next)) === undefined) await host.files.mkdir(next, mode);
    const real = await host.files.realpath(next);
    if (real === undefined || !beneath(root, real)) throw new Error('leads out of its volume');
    current = real;
  }
}

export interface SubPathInput {
  readonly podDir: string;
  readonly volumeName: string;
  readonly volumePath: string;
  readonly containerName: string;
  /** Position among the container's volumeMounts. */
  readonly index: number;
  readonly subPath: string;
}

/** The host path to mount. Errors tell nothing of the host's file system. */
export async function prepareSubPath(host: NodeHost, input: SubPathInput): Promise<string> {
  checkSubPath(input.subPath);
  const root = await host.files.realpath(input.volumePath);
  const about = `for volumeMount "${input.volumeName}" of container "${input.containerName}"`;
  if (root === undefined) throw new Error(`failed to prepare subPath ${about}`);
  const mode = (await host.files.stat(root))?.mode ?? 0o755;
  try {
    if ((await host.files.stat(join(root, input.subPath))) === undefined) await makeBeneath(host, root, input.subPath, mode);
  } catch (error) {
    throw new Error(`failed to create subPath directory ${about}`, { cause: error });
  }
  const target = join(input.podDir, 'volume-subpaths', input.volumeName, input.containerName, String(input.index));
  try {
    for (const point of await host.mounts.under(target)) await host.mounts.unmount(point);
    const kind = (await host.files.stat(join(root, input.subPath)))?.kind;
    await host.files.remove(target);
    if (kind === 'directory') await host.files.mkdir(target, 0o750);
    else {
      await host.files.mkdir(target.slice(0, target.lastIndexOf('/')), 0o750);
      await host.files.write(target, '', 0o640);
    }
    await host.mounts.bindBeneath(root, input.subPath, target);
  } catch (error) {
    throw new Error(`failed to prepare subPath ${about}`, { cause: error });
  }
  return target;
}
