// One real cluster for all end-to-end suites: brought up by the command that a user runs, in a fresh state, with
// the example on it, and taken down again with a check that nothing is left.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientsFolder } from '../../tools/clients.ts';

const root = join(import.meta.dirname, '../..');

function skiff(args: readonly string[], env: NodeJS.ProcessEnv): string {
  const result = spawnSync(join(root, 'skiff'), args, { cwd: root, env, encoding: 'utf8', timeout: 280_000 });
  process.stdout.write(result.stdout);
  if (result.status !== 0) throw new Error(`skiff ${args.join(' ')} failed (${result.status}): ${result.stderr}`);
  return result.stdout;
}

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-e2e-'));
  process.env.KUBECONFIG = join(folder, 'config');
  process.env.HELM_CACHE_HOME = join(folder, 'helm-cache');
  process.env.HELM_CONFIG_HOME = join(folder, 'helm-config');
  process.env.HELM_DATA_HOME = join(folder, 'helm-data');
  process.env.PATH = `${clientsFolder(root)}:${process.env.PATH}`;
  if (existsSync('/var/lib/skiff/cluster.json') && process.env.SKIFF_E2E_REUSE === undefined) skiff(['down', '--purge'], process.env);
  process.env.SKIFF_UP_OUTPUT = skiff(['up', '--example'], process.env);
  return () => {
    if (process.env.SKIFF_E2E_REUSE === undefined) skiff(['down', '--purge'], process.env);
    rmSync(folder, { recursive: true, force: true });
  };
}
