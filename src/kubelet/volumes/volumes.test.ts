// The atomic writer, group ownership, host paths and sub-paths on a real directory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '#base/random.ts';
import { linuxFiles as files } from '../host/linux-files.ts';
import { memoryFiles } from '../host/memory-files.ts';
import { memoryHost } from '../host/memory-host.ts';
import { checkPayloadPath, type ProjectedFile, writeAtomically } from './atomic-writer.ts';
import type { VolumeContext } from './contract.ts';
import { fileVolume } from './file-volume.ts';
import { checkHostPath } from './host-path.ts';
import { applyFsGroup } from './ownership.ts';
import { prepareSubPath } from './sub-path.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-volumes-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const random = seededRandom(1);
const payload = (content: Record<string, string>): Map<string, ProjectedFile> => new Map(Object.entries(content).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }]));
const text = async (path: string, from = files): Promise<string | undefined> => {
  const bytes = await from.read(path);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
};

test.each([['on disk', () => files, () => dir], ['in memory', memoryFiles, () => '/volume']])('content changes all at once %s', async (_name, make, where) => {
  const on = make();
  const target = where();
  await on.mkdir(target);
  const write = (content: Record<string, string>, nowMs: number): Promise<boolean> => writeAtomically(on, target, payload(content), { nowMs, random });
  expect(await write({ a: '1', 'sub/b': '2' }, 1000)).toBe(true);
  const first = await on.readlink(join(target, '..data'));
  expect([await text(join(target, 'a'), on), await text(join(target, 'sub/b'), on), await on.readlink(join(target, 'a')), await on.readlink(join(target, 'sub'))]).toEqual(['1', '2', '..data/a', '..data/sub']);
  expect(await write({ a: '1', 'sub/b': '2' }, 2000)).toBe(false);
  expect(await write({ a: 'new', c: '3' }, 3000)).toBe(true);
  expect([await text(join(target, 'a'), on), await text(join(target, 'c'), on), await on.lstat(join(target, 'sub'))]).toEqual(['new', '3', undefined]);
  expect(await on.stat(join(target, first ?? ''))).toBeUndefined();
  expect((await on.list(target)).filter((name) => name.startsWith('..')).length).toBe(2);
});

test('what a killed writer left half done is finished, without new content', async () => {
  const on = memoryFiles();
  await on.mkdir('/volume');
  const write = (nowMs: number): Promise<boolean> => writeAtomically(on, '/volume', payload({ a: '1' }), { nowMs, random });
  await write(1000);
  await on.remove('/volume/a');
  await on.mkdir('/volume/..2020_01_01_00_00_00.left');
  await on.symlink('..2020_01_01_00_00_00.left', '/volume/gone');
  expect(await write(2000)).toBe(false);
  expect(await text('/volume/a', on)).toBe('1');
  expect((await on.list('/volume')).filter((name) => !name.startsWith('..1970')).sort()).toEqual(['..data', 'a']);
});

test('fsGroup reaches the top of a volume made of files', async () => {
  const host = memoryHost();
  const pod = { metadata: { uid: 'u' }, spec: { containers: [], securityContext: { fsGroup: 77 } } };
  const context = { host, pod, podDir: '/pods/u', clock: { now: () => 0 }, random } as unknown as VolumeContext;
  const { path } = await fileVolume(context, 'kubernetes.io~configmap', 'v', payload({ a: '1' }), false);
  expect(await host.files.stat(path)).toMatchObject({ gid: 77, mode: 0o2777 });
  expect(await host.files.stat(join(path, 'a'))).toMatchObject({ gid: 77 });
});

test.each(['/abs', '', 'a/../b', '..x', 'x'.repeat(256)])('refuses the path %j', (path) => {
  expect(() => checkPayloadPath(path)).toThrow('invalid path');
});

test('fsGroup reaches every file, read-only stays read-only', async () => {
  const on = memoryFiles();
  await on.mkdir('/v/d');
  await on.write('/v/d/f', '', 0o600);
  await applyFsGroup(on, '/v', { spec: { containers: [], securityContext: { fsGroup: 77 } } }, false);
  expect(await on.stat('/v/d/f')).toMatchObject({ gid: 77, mode: 0o660 });
  expect(await on.stat('/v/d')).toMatchObject({ gid: 77, mode: 0o2775 });
});

test('host paths are checked against their type', async () => {
  const host = { ...memoryHost(), files };
  await expect(checkHostPath(host, join(dir, 'no'), 'Directory')).rejects.toThrow('is not a directory');
  await expect(checkHostPath(host, dir, 'File')).rejects.toThrow('is not a file');
  await checkHostPath(host, join(dir, 'made'), 'DirectoryOrCreate');
  await checkHostPath(host, join(dir, 'file'), 'FileOrCreate');
  expect([(await files.stat(join(dir, 'made')))?.kind, (await files.stat(join(dir, 'file')))?.kind]).toEqual(['directory', 'file']);
  await checkHostPath(host, join(dir, 'whatever'), '');
});

test('a sub-path is made inside its volume and never leads out', async () => {
  const host = { ...memoryHost(), files };
  const volume = join(dir, 'volume');
  await files.mkdir(volume, 0o777);
  await files.mkdir(join(dir, 'outside'));
  await files.symlink(join(dir, 'outside'), join(volume, 'link'));
  const prepare = (subPath: string): Promise<string> => prepareSubPath(host, { podDir: join(dir, 'pod'), volumeName: 'v', volumePath: volume, containerName: 'c', index: 0, subPath });
  expect(await prepare('a/b')).toBe(join(dir, 'pod/volume-subpaths/v/c/0'));
  expect((await files.stat(join(volume, 'a/b')))?.kind).toBe('directory');
  await expect(prepare('link/evil')).rejects.toThrow('failed to create subPath directory for volumeMount "v" of container "c"');
  expect(await files.list(join(dir, 'outside'))).toEqual([]);
  await expect(prepare('../x')).rejects.toThrow("must not contain '..'");
  await expect(prepare('/x')).rejects.toThrow('must not be an absolute path');
});
