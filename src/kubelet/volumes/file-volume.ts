// How the plugins that project files put them in place: a directory (in memory for what is secret), the
// atomic writer, and the pod's group. The payload last written is remembered, so that a sync without news
// touches no disk.
import { createHash } from 'node:crypto';
import { type Payload, writeAtomically } from './atomic-writer.ts';
import { type MountedVolume, type VolumeContext, volumeDirectory } from './contract.ts';
import { applyFsGroup } from './ownership.ts';

/** Digests of what stands in volume directories, by path. Bounded: entries go with their pod's directory. */
const written = new WeakMap<object, Map<string, string>>();

function digest(payload: Payload): string {
  const hash = createHash('sha256');
  for (const [path, file] of payload) hash.update(`${path}\0${file.mode}\0${file.uid ?? ''}\0${file.data.length}\0`).update(file.data);
  return hash.digest('base64');
}

/** Forgets what was written below a pod's directory. */
export function forgetWritten(host: object, podDir: string): void {
  const known = written.get(host);
  for (const path of known?.keys() ?? []) if (path.startsWith(`${podDir}/`)) known?.delete(path);
}

/** Writes the payload; `inMemory` keeps it off the disk. */
export async function fileVolume(context: VolumeContext, plugin: string, volumeName: string, payload: Payload, inMemory: boolean): Promise<MountedVolume> {
  const { host, pod } = context;
  const path = volumeDirectory(context, plugin, volumeName);
  const known = written.get(host) ?? new Map<string, string>();
  written.set(host, known);
  const now = digest(payload);
  if (known.get(path) === now) return { path, readOnly: true };
  if ((await host.files.stat(path)) === undefined) await host.files.mkdir(path, 0o777);
  if (inMemory && (await host.mounts.under(path)).length === 0) await host.mounts.tmpfs(path, undefined);
  await writeAtomically(host.files, path, payload, { nowMs: context.clock.now(), random: context.random }, () => applyFsGroup(host.files, path, pod, true, false));
  known.set(path, now);
  return { path, readOnly: true };
}
