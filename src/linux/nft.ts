// nftables through nft(8): scripts go in by stdin and are one atomic transaction each; listings come
// back as nft's JSON. A process per transaction costs about 10 ms, which the callers' deltas make rare.
import { run, runChecked } from './run.ts';

/** The transaction was refused; `message` holds nft's own words with the line. */
export class NftError extends Error {
  override name = 'NftError';
}

/** Applies a script atomically: all of it or nothing. */
export async function nftApply(script: string, signal?: AbortSignal): Promise<void> {
  const result = await run('nft', ['-f', '-'], { input: script, signal });
  if (result.code !== 0) throw new NftError(result.stderr.trim().slice(0, 4000) || `nft: exit status ${result.code}`);
}

/** Checks a script without applying it. */
export async function nftCheck(script: string, signal?: AbortSignal): Promise<void> {
  const result = await run('nft', ['-c', '-f', '-'], { input: script, signal });
  if (result.code !== 0) throw new NftError(result.stderr.trim().slice(0, 4000) || `nft: exit status ${result.code}`);
}

export type NftFamily = 'ip' | 'ip6' | 'inet' | 'bridge' | 'arp' | 'netdev';

/** The items of `nft --json list table`; undefined when there is no such table. Listings may be large: bounded at 256 MiB. */
export async function nftList(family: NftFamily, table: string, signal?: AbortSignal): Promise<readonly unknown[] | undefined> {
  const result = await run('nft', ['--json', '--numeric', 'list', 'table', family, table], { signal, maxOutputBytes: 256 * 1024 * 1024 });
  if (result.code !== 0) {
    if (/No such file or directory/.test(result.stderr)) return undefined;
    throw new NftError(result.stderr.trim());
  }
  const parsed: unknown = JSON.parse(result.stdout);
  const items = typeof parsed === 'object' && parsed !== null && 'nftables' in parsed ? parsed.nftables : undefined;
  return Array.isArray(items) ? items : [];
}

/** The table as text, for people and tests; undefined when there is none. */
export async function nftListText(family: NftFamily, table: string, signal?: AbortSignal): Promise<string | undefined> {
  const result = await run('nft', ['list', 'table', family, table], { signal, maxOutputBytes: 256 * 1024 * 1024 });
  if (result.code === 0) return result.stdout;
  if (/No such file or directory/.test(result.stderr)) return undefined;
  throw new NftError(result.stderr.trim());
}

/** "inet skiff", "ip nat", …: every table of this network namespace. */
export async function nftTables(signal?: AbortSignal): Promise<string[]> {
  const text = await runChecked('nft', ['list', 'tables'], { signal });
  return text
    .split('\n')
    .filter((line) => line.startsWith('table '))
    .map((line) => line.slice('table '.length).trim());
}

/** Deletes a table with all in it; none is fine. */
export async function nftDeleteTable(family: NftFamily, table: string, signal?: AbortSignal): Promise<void> {
  await nftApply(`add table ${family} ${table}\ndelete table ${family} ${table}\n`, signal);
}
