// Container logs are rotated when they reach their size: the file is renamed with a time stamp, the runtime
// reopens its log, older ones are compressed, and only so many are kept. As upstream, a rotated log that is
// not yet compressed stays readable for those who follow it.
import { errorText } from '#base/errors.ts';
import type { KubeletCore } from '../core.ts';

const stampText = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');

/** Names of rotated logs of `base` ("0.log"), oldest first. */
export function rotatedLogs(names: readonly string[], base: string): string[] {
  return names.filter((name) => name.startsWith(`${base}.`) && /\.\d{8}-\d{6}(\.gz)?$/.test(name)).sort();
}

async function rotate(core: KubeletCore, id: string, path: string, maxFiles: number): Promise<void> {
  const { files } = core.host;
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, slash);
  const base = path.slice(slash + 1);
  const names = await files.list(directory);
  for (const name of names) if (name.startsWith(`${base}.`) && name.endsWith('.tmp')) await files.remove(`${directory}/${name}`);
  const old = rotatedLogs(names, base);
  // The current log and the one about to be rotated count too.
  for (const name of old.slice(0, Math.max(0, old.length - (maxFiles - 2)))) await files.remove(`${directory}/${name}`);
  for (const name of old.slice(Math.max(0, old.length - (maxFiles - 2)))) if (!name.endsWith('.gz')) await files.gzip(`${directory}/${name}`);
  const rotated = `${path}.${stampText(core.world.clock.now())}`;
  await files.rename(path, rotated);
  try {
    await core.runtime.reopenContainerLog(id);
  } catch (error) {
    // The runtime goes on writing to the old file: it gets its name back.
    await files.rename(rotated, path);
    throw error;
  }
}

/** Rotates what has grown too large. `logPath` finds a running container's log. */
export async function rotateLogs(core: KubeletCore, running: readonly { readonly id: string; readonly logPath: string }[], maxBytes: number): Promise<void> {
  for (const { id, logPath } of running) {
    if (logPath === '') continue;
    try {
      const stat = await core.host.files.stat(logPath);
      if (stat === undefined) await core.runtime.reopenContainerLog(id);
      else if (stat.size >= maxBytes) await rotate(core, id, logPath, core.config.containerLogMaxFiles);
    } catch (error) {
      core.world.log.warn('a container log could not be rotated', { log: logPath, error: errorText(error) });
    }
  }
}
