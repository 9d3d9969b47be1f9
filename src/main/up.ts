// `skiff up`: the cli room's bring-up with what only main/ may know: which bundle to run, the example's folder.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { realWorld } from '#base/world.ts';
import { createChecklist, runExample, up, type Launcher } from '#cli';

export interface UpCommand {
  readonly example: boolean;
  readonly store?: string;
  readonly offline: boolean;
  readonly filename: readonly string[];
  readonly name: string;
  readonly nodeIp?: string;
  readonly logLevel: string;
  readonly audit?: string;
  readonly etcdListen?: string;
}

/** tools/bundle.ts, which a checkout has and an installed bundle has not. */
interface Bundler {
  buildBundle(root: string): Promise<unknown>;
  bundleIsFresh(root: string): boolean;
}

/** The bundle when it can be made or is fresh, else the sources: both run the same code. */
async function launcher(root: string): Promise<Launcher> {
  const sources = { node: process.execPath, entry: join(root, 'src/main/skiff.ts'), version: 'sources' };
  const stamp = join(root, 'dist/.sources');
  const bundle = () => ({ node: process.execPath, entry: join(root, 'dist/skiff.js'), version: existsSync(stamp) ? readFileSync(stamp, 'utf8') : '' });
  const tool = join(root, 'tools/bundle.ts');
  if (process.env.SKIFF_FROM_SOURCES !== undefined) return sources;
  if (!existsSync(tool)) return existsSync(bundle().entry) ? bundle() : sources;
  const { buildBundle, bundleIsFresh } = (await import(tool)) as Bundler;
  if (bundleIsFresh(root)) return bundle();
  try {
    await buildBundle(root);
    return bundle();
  } catch {
    // Installed without development packages: the sources start a little slower and are the same programs.
    return sources;
  }
}

export async function upCommand(root: string, command: UpCommand): Promise<void> {
  const world = realWorld('skiff', 'error');
  const list = createChecklist(process.stdout);
  try {
    const { config, client } = await up(
      world,
      { store: command.store, offline: command.offline, manifests: command.filename, name: command.name, nodeIp: command.nodeIp, logLevel: command.logLevel, ...(command.audit === undefined ? {} : { audit: command.audit }), ...(command.etcdListen === undefined ? {} : { etcdListen: command.etcdListen }) },
      list,
      () => launcher(root),
    );
    try {
      const ready = list.elapsedSeconds;
      list.say(`cluster ready in ${ready.toFixed(1)} s`);
      if (command.example) {
        const answers = await runExample(world, config, client, join(root, 'example'), process.execPath, list);
        list.say('');
        list.say(`through the Service      ${answers.service}`);
        list.say(`by DNS from inside a pod ${answers.dns}`);
        list.say(`through the NodePort     ${answers.nodePort}`);
        list.say('');
        list.say(`everything answers after ${list.elapsedSeconds.toFixed(1)} s. Try: kubectl -n shop get all`);
      } else list.say('Try: kubectl get nodes');
    } finally {
      await client.close();
    }
  } finally {
    list.close();
  }
}
