// `skiff certs rotate-ca`: another certificate authority for the cluster, without a moment in which a client is cut off.
// First both are trusted everywhere, then the next one signs everything anew, and when nothing needs the old one it is
// dropped. What was under the old authority goes on until then; who knows the old one alone believes the new certificates,
// because the old one has signed the next. Each run goes on where the last one stopped.
import { readFileSync, statSync } from 'node:fs';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { agentBehind, apiServerShows, bundleIsPublished, clientsAreTrusted, listed, nodesBehind, olderPods, publishAlone } from './ca-dependents.ts';
import { clusterAuthority, distrustOldAuthority, forgetOldAuthority, makeNextAuthority, rotationStage, switchAuthority, trustNextAuthority, type ClusterAuthorityFiles } from './ca-files.ts';
import { pkiFile, type ClusterConfig } from './paths.ts';
import { ensurePki, type ClusterPki } from './pki.ts';
import { UserError } from './user-error.ts';
import { waitUntil } from './wait.ts';

export interface CaRotation {
  readonly world: World;
  readonly config: ClusterConfig;
  readonly client: Client;
  /** Drop the old authority even if something may still need it. */
  readonly finish: boolean;
  say(line: string): void;
  /** Writes the administrator's new entry into the user's kubeconfig. */
  updateUser(pki: ClusterPki): void;
  /** How long the programs may take to take something over. */
  readonly patienceMs?: number;
}

/** A kubelet writes what changes in a ConfigMap into the files of its pods within about this time. */
const volumeDelayMs = 2 * 60_000;
const patienceMs = 3 * 60_000;
/** By then every program has looked at its files. */
const settleMs = 15_000;
const everyMs = 250;

async function wait({ world, patienceMs: given = patienceMs }: CaRotation, what: string, look: () => Promise<string | undefined>): Promise<void> {
  try {
    await waitUntil(world, what, { timeoutMs: given, everyMs }, look);
  } catch (error) {
    throw new UserError(errorText(error), 'nothing is lost and nobody is cut off; see that the cluster runs (skiff status), then run the same command again: it goes on where it stopped', error);
  }
}

function authorityOf({ config }: CaRotation): ClusterAuthorityFiles {
  const authority = clusterAuthority(config.paths);
  if (authority === undefined) throw new UserError('this cluster has no certificate authority of its own', 'start it with: skiff up');
  return authority;
}

function writeAll({ world, config, updateUser }: CaRotation): void {
  updateUser(ensurePki(world.clock, world.random, config));
}

async function trustBoth(rotation: CaRotation): Promise<void> {
  const { config, client, say } = rotation;
  trustNextAuthority(config.paths);
  writeAll(rotation);
  const { bundle } = authorityOf(rotation);
  say('2/5 the API server, the kubelets and every namespace come to trust it beside the old one');
  await wait(rotation, 'trust in the new authority', async () => (await clientsAreTrusted(client, bundle)) ?? bundleIsPublished(client, bundle));
}

async function issueAnew(rotation: CaRotation): Promise<void> {
  const { world, config, say } = rotation;
  say('4/5 every certificate is issued anew, and taken over by the running programs');
  writeAll(rotation);
  const certificate = readFileSync(pkiFile(config.paths, 'apiserver.crt'), 'utf8');
  await wait(rotation, 'the new certificates', () => apiServerShows(world, config, certificate));
  const { bundle } = authorityOf(rotation);
  await wait(rotation, 'trust in the new authority', async () => (await clientsAreTrusted(rotation.client, bundle)) ?? bundleIsPublished(rotation.client, bundle));
}

/** What is known to need the old authority. */
async function behind({ world, config, client }: CaRotation, authority: string): Promise<string[]> {
  return [...(await nodesBehind(world, client, authority)), ...(await agentBehind(world, config, client, authority))];
}

/** Waits a while for those who renew by themselves; answers who does not. */
async function needs(rotation: CaRotation): Promise<string[]> {
  const { config, client, world, patienceMs: given = patienceMs } = rotation;
  const authority = authorityOf(rotation).signing.cert;
  let left: string[] = [];
  await waitUntil(world, 'the nodes', { timeoutMs: rotation.finish ? 0 : given, everyMs: 1000 }, async () => {
    left = await behind(rotation, authority);
    return left.length === 0 ? undefined : 'behind';
  }).catch(() => undefined);
  const since = statSync(pkiFile(config.paths, 'ca-old.crt')).mtimeMs + volumeDelayMs;
  const pods = await olderPods(client, since);
  if (pods.length > 0) left.push(`pods that began before they had the new authority, and may have read only the old one: ${listed(pods)}`);
  return left;
}

async function dropOld(rotation: CaRotation): Promise<void> {
  const { world, config, client, say } = rotation;
  say('5/5 the old authority is dropped');
  if (rotationStage(config.paths) === 'issuing') {
    // The certificate that is issued last.
    const issuedMs = statSync(pkiFile(config.paths, 'client-dns.crt')).mtimeMs;
    await sleep(world.clock, Math.max(0, issuedMs + settleMs - world.clock.now()));
    distrustOldAuthority(config.paths);
  }
  writeAll(rotation);
  const { bundle } = authorityOf(rotation);
  await wait(rotation, 'the end of trust in the old authority', () => bundleIsPublished(client, bundle));
  await publishAlone(client, bundle);
  forgetOldAuthority(config.paths);
}

/** Goes as far as it may without cutting anybody off. Answers whether the old authority is gone. */
export async function rotateCa(rotation: CaRotation): Promise<boolean> {
  const { world, config, say } = rotation;
  authorityOf(rotation);
  // Nothing is begun that nobody could take over.
  await rotation.client.raw('GET', '/readyz');
  const begun = rotationStage(config.paths);
  if (begun === 'none') say(`1/5 a new authority is made: ${makeNextAuthority(world, config.paths)}`);
  else say(`an earlier run stopped here: ${begun}; it goes on`);
  if (rotationStage(config.paths) === 'trusting') {
    await trustBoth(rotation);
    say('3/5 it signs from now on; the key of the old one is gone');
    switchAuthority(world, config.paths);
  }
  if (rotationStage(config.paths) === 'issuing') {
    await issueAnew(rotation);
    const left = await needs(rotation);
    for (const each of left) say(`  ${rotation.finish ? 'left behind' : 'still needs the old authority'}: ${each}`);
    if (left.length > 0 && !rotation.finish) return false;
  }
  await dropOld(rotation);
  return true;
}
