// host-local's address reservations: one file per address, holding the sandbox that has it. A crash between
// CNI's ADD and DEL leaves reservations without a sandbox, until the pod CIDR is used up.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { networkName, type PodNetworkOptions } from './network.ts';

/**
 * Frees addresses whose sandbox no longer exists (a crash between ADD and DEL leaves them); call it before
 * the node starts pods. `sandboxIds` are those that the runtime still knows. Returns the freed addresses.
 */
export async function freeStaleAddresses(options: PodNetworkOptions, sandboxIds: ReadonlySet<string>): Promise<string[]> {
  const directory = join(options.dataDir, networkName(options));
  const freed: string[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    if (!/^[0-9a-f.:]+$/.test(name)) continue;
    const owner = (await readFile(join(directory, name), 'utf8').catch(() => '')).split(/\r?\n/)[0]?.trim() ?? '';
    if (sandboxIds.has(owner)) continue;
    await rm(join(directory, name), { force: true });
    freed.push(name);
  }
  return freed;
}
