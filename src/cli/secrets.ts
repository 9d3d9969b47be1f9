// `skiff secrets rotate-key` and `skiff secrets reencrypt`. A rotation is four steps that each end in a state from
// which the next run goes on: the new key is added where it only reads, then put first, then every Secret is written
// once, then old keys go. What state a rotation is in is read off the file alone, so that a kill at any point, even of
// the machine, loses nothing: at all times every key that some value needs is in the file.
import { readFileSync } from 'node:fs';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { ApiObject, Client } from '#client';
import { isConflict, isNotFound } from '#machinery';
import { clientFor } from './access.ts';
import { encryptionFile, fileHash, keyNumber, newKey, parseKeys, renderKeys, writeDurably, type EncryptionKey } from './encryption-keys.ts';
import { kubeconfigFile, loadCluster } from './paths.ts';
import { UserError } from './user-error.ts';

const pageSize = 500;
const inForceTimeoutMs = 3 * 60_000;

interface StoredSecret extends ApiObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly resourceVersion?: string };
}

async function countSecrets(client: Client): Promise<number> {
  const page = JSON.parse(Buffer.from(await client.raw('GET', '/api/v1/secrets?limit=1')).toString()) as { items?: unknown[]; metadata?: { remainingItemCount?: number } };
  return (page.items?.length ?? 0) + (page.metadata?.remainingItemCount ?? 0);
}

/** Writes every Secret once, unchanged: the API server stores with today's key whatever is stored otherwise. */
export async function reencryptSecrets(client: Client, progress: (done: number, of: number) => void): Promise<number> {
  const secrets = client.resource<StoredSecret>('secrets');
  const total = await countSecrets(client);
  let done = 0;
  let from: string | undefined;
  do {
    const page = await secrets.list({ limit: pageSize, ...(from === undefined ? {} : { continue: from }) });
    from = page.continue;
    for (const item of page.items) {
      try {
        await secrets.in(item.metadata?.namespace ?? '').update(item);
      } catch (error) {
        // Somebody has just written or deleted it: either way the old bytes are gone.
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
      done++;
      if (done % 100 === 0 || done === total) progress(done, Math.max(done, total));
    }
  } while (from !== undefined && from !== '');
  return done;
}

/** Resolves when the API server says that the file, as it now is, is in force. */
export async function awaitInForce(world: World, client: Client, path: string): Promise<void> {
  const hash = fileHash(path);
  const until = world.clock.monotonic() + inForceTimeoutMs;
  for (;;) {
    const text = Buffer.from(await client.raw('GET', '/metrics', undefined, { accept: 'text/plain' })).toString();
    if (text.includes(`hash="${hash}"`)) return;
    if (world.clock.monotonic() > until) throw new UserError('the API server has not taken the new keys over', 'look into its log, then run the same command again: it goes on where it stopped');
    await sleep(world.clock, 200);
  }
}

export interface Rotation {
  readonly world: World;
  readonly client: Client;
  /** The EncryptionConfiguration. */
  readonly file: string;
  say(line: string): void;
}

const newest = (keys: readonly EncryptionKey[]): EncryptionKey | undefined => keys.toSorted((a, b) => keyNumber(b) - keyNumber(a))[0];

/** Rotates to a new key, or finishes the rotation that an earlier run began. Returns the name of the key in use. */
export async function rotateKey({ world, client, file, say }: Rotation): Promise<string> {
  const read = (): EncryptionKey[] => parseKeys(readFileSync(file, 'utf8'), file);
  const put = async (keys: readonly EncryptionKey[]): Promise<void> => {
    writeDurably(file, renderKeys(keys));
    await awaitInForce(world, client, file);
  };
  let keys = read();
  if (keys.length === 1) {
    const added = newKey(world.random, keyNumber(keys[0] ?? { name: '', secret: '' }) + 1);
    say(`adding ${added.name}; it reads, and does not write yet`);
    await put([...keys, added]);
    keys = read();
  } else {
    say('going on with the rotation that was begun');
    await awaitInForce(world, client, file);
  }
  const key = newest(keys);
  if (key === undefined) throw new Error('the file holds no key');
  if (keys[0]?.name !== key.name) {
    say(`${key.name} writes from now on`);
    await put([key, ...keys.filter((other) => other.name !== key.name)]);
  }
  const count = await reencryptSecrets(client, (done, of) => say(`${done} of ${of} Secrets`));
  say(`${count} Secrets are encrypted with ${key.name}; the old key goes`);
  await put([key]);
  return key.name;
}

async function withCluster(world: World, work: (client: Client, file: string) => Promise<void>): Promise<void> {
  const config = loadCluster();
  if (config === undefined) throw new UserError('there is no cluster on this machine', 'start one with: skiff up');
  const client = await clientFor(world, kubeconfigFile(config.paths, 'admin'), 'skiff-secrets');
  try {
    await work(client, encryptionFile(config.paths));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`Secrets could not be encrypted anew: ${errorText(error)}`, 'nothing is lost; once the API server answers, run the same command again', error);
  } finally {
    await client.close();
  }
}

/** `skiff secrets rotate-key` */
export async function secretsRotateKey(world: World, say: (line: string) => void): Promise<void> {
  await withCluster(world, async (client, file) => {
    const name = await rotateKey({ world, client, file, say });
    say(`Secrets are encrypted with ${name}. Old backups still need the old key; keep a copy of ${file} with new ones`);
  });
}

/** `skiff secrets reencrypt` */
export async function secretsReencrypt(world: World, say: (line: string) => void): Promise<void> {
  await withCluster(world, async (client) => {
    const count = await reencryptSecrets(client, (done, of) => say(`${done} of ${of} Secrets`));
    say(`${count} Secrets are stored as the configuration says`);
  });
}
