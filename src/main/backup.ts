// `skiff backup` and `skiff restore`. A backup is taken while everything runs and holds the whole store at one revision; a
// restore builds a new store beside the old one and puts it in its place when it is whole.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { UserError } from '#cli';
import { BackupError, finishSwap, hasEmbeddedStore, isEtcdSnapshot, openBackup, openEmbeddedImage, openEtcdSnapshot, swapIn, writeBackup, writeEmbeddedStore, writeEtcdSnapshot, type BackupFile, type OpenBackup, type Swap } from '#store';
import { openLocationImage, requireStopped, storeLocation, type StoreLocation } from './store-location.ts';

type Say = (line: string) => void;

/** A line a second for what takes longer than one. */
export function ticker(world: World, say: Say): (text: string) => void {
  let next = world.clock.monotonic() + 1_000;
  return (text) => {
    if (world.clock.monotonic() < next) return;
    next = world.clock.monotonic() + 1_000;
    say(text);
  };
}

/** Names of moments that sort and fit into a file name. */
export function stamp(world: World): string {
  return rfc3339(world.clock.now()).replaceAll(/[-:]/g, '').replace('T', '-').replace('Z', '');
}

function keyFiles(state: string): BackupFile[] {
  const root = join(state, 'pki');
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: relative(state, path), mode: statSync(path).mode & 0o777, bytes: readFileSync(path) };
    });
}

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

export interface BackupCommand {
  readonly config?: string;
  readonly withKeys?: boolean;
  readonly format?: string;
}

export async function backupCommand(world: World, file: string, options: BackupCommand, say: Say): Promise<void> {
  const format = options.format ?? 'skiff';
  if (format !== 'skiff' && format !== 'etcd') throw new UserError(`--format ${format}: there is no such format`, 'say skiff, or etcd for a snapshot that etcdctl restores');
  const location = storeLocation(options.config);
  finishSwap(location.state);
  if (format === 'etcd') {
    if (options.withKeys === true) throw new UserError("etcd's format holds no keys", `leave out --with-keys, and copy ${join(location.state, 'pki')} yourself`);
    if (location.etcd !== undefined) throw new UserError('the objects of this cluster are in etcd', 'let it take its own snapshot: etcdctl snapshot save FILE');
    if (existsSync(file)) throw new UserError(`${file} exists already`, 'name another file, or remove it');
    const image = await openLocationImage(world, location);
    const { revision } = image;
    await writeEtcdSnapshot(image, file).catch((error: unknown) => {
      rmSync(file, { force: true });
      throw error;
    });
    say(`${file}: etcd snapshot of revision ${revision}, ${mib(statSync(file).size)}. Restore it with: etcdctl snapshot restore`);
    return;
  }
  const image = await openLocationImage(world, location);
  const { revision } = image;
  const tick = ticker(world, say);
  let count = 0;
  const files = options.withKeys === true ? keyFiles(location.state) : [];
  await writeBackup(file, image, { cluster: location.config?.name ?? '', createdAt: rfc3339(world.clock.now()), source: location.etcd === undefined ? 'embedded' : 'etcd' }, files, (records, bytes) => {
    count = records;
    tick(`${records} records, ${mib(bytes)}`);
  });
  say(`${file}: revision ${revision}, ${count} records, ${mib(statSync(file).size)}${files.length > 0 ? `, ${files.length} keys and certificates` : ''}`);
  if (files.length === 0) {
    say(`Secrets are in it as they are stored: encrypted. They can be read only with the keys of ${join(location.state, 'pki/encryption-config.yaml')}: keep a copy of that folder, or take backups with --with-keys`);
  } else say('It holds private keys: whoever has the file has the cluster');
}

export interface RestoreCommand {
  readonly config?: string;
  readonly withKeys?: boolean;
  readonly bump?: string;
  readonly skipHashCheck?: boolean;
}

/** Checks the file, which `skiff backup` or etcd made. */
async function openSource(file: string, options: RestoreCommand): Promise<OpenBackup> {
  if (!existsSync(file)) throw new UserError(`there is no file ${file}`, 'name a backup made by skiff backup, or a snapshot of etcd');
  try {
    return (await isEtcdSnapshot(file)) ? await openEtcdSnapshot(file, options) : await openBackup(file);
  } catch (error) {
    throw error instanceof BackupError ? new UserError(error.message, 'nothing was changed; use another backup', error) : error;
  }
}

/** Beyond every revision that anybody may have seen since the backup was taken. */
function nextRevision(world: World, backup: OpenBackup, location: StoreLocation, bump: string | undefined): number {
  const { revision, createdAt } = backup.facts;
  if (bump !== undefined) {
    if (!/^\d+$/.test(bump)) throw new UserError(`--bump ${bump}: not a number of revisions`, 'say how far revisions move on, for example --bump 1000000');
    return revision + Number(bump);
  }
  if (hasEmbeddedStore(location.directory)) {
    const now = openEmbeddedImage(location.directory);
    now.close();
    return Math.max(revision, now.revision) + 1_000;
  }
  const seconds = Math.max(0, (world.clock.now() - Date.parse(createdAt)) / 1000);
  return revision + 1_000_000 + Math.ceil(seconds) * 1_000;
}

function writeKeys(state: string, folder: string, files: readonly BackupFile[]): void {
  for (const { path, mode, bytes } of files) {
    if (!/^pki\/[\w.-]+(\/[\w.-]+)*$/.test(path) || path.split('/').includes('..')) throw new BackupError(`the backup holds a file that does not belong there: ${path}`);
    const target = join(state, folder, path.slice('pki/'.length));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, bytes, { mode, flush: true });
    chmodSync(target, mode);
  }
}

export async function restoreCommand(world: World, file: string, options: RestoreCommand, say: Say): Promise<void> {
  const location = storeLocation(options.config);
  await requireStopped(location, `restore ${file}`);
  const backup = await openSource(file, options);
  if (options.withKeys === true && backup.files.length === 0) throw new UserError(`${file} holds no keys`, 'restore without --with-keys, or use a backup that was taken with it');
  const tick = ticker(world, say);
  if (location.etcd !== undefined) return restoreIntoEtcd(world, file, backup, location, say);
  finishSwap(location.state);
  mkdirSync(location.state, { recursive: true, mode: 0o755 });
  const at = stamp(world);
  const fresh = 'store.restoring';
  rmSync(join(location.state, fresh), { recursive: true, force: true });
  const revision = nextRevision(world, backup, location, options.bump);
  const swaps: Swap[] = [{ fresh, target: 'store', kept: `store.before-restore-${at}` }];
  try {
    await writeEmbeddedStore(join(location.state, fresh), backup.image(), { revision, progress: (records) => tick(`${records} records`) });
    if (options.withKeys === true) {
      rmSync(join(location.state, 'pki.restoring'), { recursive: true, force: true });
      writeKeys(location.state, 'pki.restoring', backup.files);
      swaps.push({ fresh: 'pki.restoring', target: 'pki', kept: `pki.before-restore-${at}` });
    }
  } catch (error) {
    for (const folder of [fresh, 'pki.restoring']) rmSync(join(location.state, folder), { recursive: true, force: true });
    throw error;
  }
  swapIn(location.state, swaps);
  say(`restored revision ${backup.facts.revision} of ${backup.facts.createdAt}; the store goes on from revision ${revision}, so that every client lists anew`);
  for (const { kept, target } of swaps) if (existsSync(join(location.state, kept))) say(`what was in ${target} is kept in ${join(location.state, kept)}`);
  if (backup.files.length > 0 && options.withKeys !== true) say('the backup holds keys and certificates that were not restored: --with-keys does that');
  if (backup.files.length === 0 || options.withKeys !== true) say(`Secrets can be read if ${join(location.state, 'pki/encryption-config.yaml')} holds the keys of that time`);
  say('start it with: skiff up');
}

async function restoreIntoEtcd(world: World, file: string, backup: OpenBackup, location: StoreLocation, say: Say): Promise<void> {
  const { endFill, fillEtcd, NotEmptyError } = await import('#store/etcd');
  const { etcd } = location;
  if (etcd === undefined) return;
  if (backup.facts.source === 'etcd') throw new UserError(`${file} is a backup of etcd, which tells no order of its objects`, 'restore it into an embedded store, and move that: skiff store move --to etcd://…');
  const tick = ticker(world, say);
  try {
    const identity = `restore of ${backup.facts.cluster} ${backup.facts.revision} ${backup.facts.createdAt}`;
    const filled = await fillEtcd(world, etcd, () => backup.image(), { identity, progress: (revision, of) => tick(`revision ${revision} of ${of}`) });
    await endFill(world, etcd);
    say(`${filled.keys} objects are in etcd at revision ${filled.revision}; start with: skiff up`);
  } catch (error) {
    if (!(error instanceof NotEmptyError)) throw error;
    throw new UserError(`${error.message}; a restore does not write over that`, 'give it an empty etcd, or let etcd restore a snapshot: skiff backup --format etcd, etcdctl snapshot restore', error);
  }
}
