// hostPath volumes: a path of the node itself, checked against the type that the volume declares, and
// created for the ...OrCreate types.
import { dirname } from 'node:path';
import type { FileStat, NodeHost } from '../host.ts';
import type { VolumePlugin } from './contract.ts';

const kinds: Readonly<Record<string, { kind: FileStat['kind']; word: string }>> = {
  Directory: { kind: 'directory', word: 'directory' },
  File: { kind: 'file', word: 'file' },
  Socket: { kind: 'socket', word: 'socket file' },
  CharDevice: { kind: 'char', word: 'character device' },
  BlockDevice: { kind: 'block', word: 'block device' },
};

/** Throws with upstream's text when what is there does not fit. */
export async function checkHostPath(host: NodeHost, path: string, type: string): Promise<void> {
  if (type === '') return;
  const found = await host.files.stat(path);
  if (type === 'DirectoryOrCreate') {
    if (found === undefined) await host.files.mkdir(path, 0o755);
    else if (found.kind !== 'directory') throw new Error(`hostPath type check failed: ${path} is not a directory`);
    return;
  }
  if (type === 'FileOrCreate') {
    if (found === undefined) {
      if ((await host.files.stat(dirname(path))) === undefined) throw new Error(`open ${path}: no such file or directory`);
      await host.files.write(path, '', 0o644);
    } else if (found.kind === 'directory') throw new Error(`hostPath type check failed: ${path} is not a file`);
    return;
  }
  const wanted = kinds[type];
  if (wanted === undefined) throw new Error(`${type} is an invalid volume type`);
  if (found?.kind !== wanted.kind) throw new Error(`hostPath type check failed: ${path} is not a ${wanted.word}`);
}

export const hostPathPlugin: VolumePlugin = {
  name: 'kubernetes.io/host-path',
  handles: (volume) => volume.hostPath !== undefined,
  async setUp(context, volume) {
    const source = volume.hostPath ?? { path: '' };
    await checkHostPath(context.host, source.path, source.type ?? '');
    return { path: source.path };
  },
};
