// `npm test`: the unit, contract and API suites, then the suites on real containers with real clients. Names given on
// the command line go to the runner as filters (`npm test -- src/store`). End-to-end suites need root on
// Debian; elsewhere they are left out and the last line says so.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { platform } from 'node:os';

const root = join(import.meta.dirname, '..');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const filters = process.argv.slice(2);

function run(title: string, args: readonly string[]): boolean {
  console.log(`\n— ${title}`);
  const result = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', vitest, 'run', ...args], { cwd: root, stdio: 'inherit' });
  return result.status === 0;
}

/** The OS parts of a node and the foreign programs that suites talk to, through the same code that `skiff up` uses. */
async function prepare(): Promise<void> {
  const { inPath, installParts, missingParts, osParts } = await import('../src/cli/os-parts.ts');
  const peers = [
    { paths: inPath('etcd'), debianPackage: 'etcd-server', why: 'the store suites run on a real one' },
    { paths: inPath('etcdctl'), debianPackage: 'etcd-client', why: 'looks into the store from outside' },
    { paths: inPath('docker-registry'), debianPackage: 'docker-registry', why: 'image pulls' },
    { paths: inPath('openssl'), debianPackage: 'openssl', why: 'checks our certificates' },
    { paths: inPath('curl'), debianPackage: 'curl', why: 'a foreign HTTP client' },
  ];
  const missing = missingParts([...osParts, ...peers]);
  if (missing.length === 0) return;
  console.log(`— installing ${missing.map((p) => `${p.debianPackage} (${p.why})`).join(', ')}`);
  await installParts(missing, () => {});
}

const canRunContainers = platform() === 'linux' && process.getuid?.() === 0;
if (canRunContainers) await prepare();
const unit = run('unit, contract and API suites', filters);
let e2e = true;
if (filters.length === 0 && canRunContainers) {
  e2e = run('end to end: real containers, kubectl, helm', ['--config', 'test/e2e/vitest.config.ts']);
} else if (filters.length === 0) {
  console.log('\n— end-to-end suites left out: they need root on Linux (run: sudo npm test)');
}
process.exitCode = unit && e2e ? 0 : 1;
