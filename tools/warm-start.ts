// Makes the code that a bundled API server starts from (src/main/compiled-program.ts): the build runs this with the
// program's own V8 flags, for V8 takes no code that was made under others. Started twice, on an empty store and on one
// that has its objects, the program adds what it calls in each; its folder is thrown away.
// Started without a folder, it only tells whether V8 takes the code.
//   node <flags of the API server> tools/warm-start.ts <apiserver.cjs> [folder]
import { writeFileSync } from 'node:fs';
import { codeFile, loadProgram } from '../src/main/compiled-program.ts';
import { realWorld } from '../src/base/world.ts';
import { kubeconfigFile, transportFor } from '../src/cli/index.ts';
import { createClient } from '../src/client/index.ts';
import { sleep } from '../src/base/clock.ts';
import { trialCluster } from './trial-cluster.ts';

const longestMs = 30_000;
const [program, folder] = process.argv.slice(2);
if (program === undefined) throw new Error('usage: warm-start.ts <program> [folder]');

const loaded = loadProgram(program);
if (folder === undefined) {
  if (!loaded.codeTaken) console.error(`V8 does not take ${codeFile(program)}`);
  process.exit(loaded.codeTaken ? 0 : 1);
}
const world = realWorld('build', 'silent');
const { config, file } = await trialCluster(world, folder);
const { runApiServer } = loaded.exports as typeof import('../src/main/apiserver.ts');
void runApiServer(file);

const client = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'admin')), { userAgent: 'skiff-build' });
const end = world.clock.monotonic() + longestMs;
for (;;) {
  try {
    await client.raw('GET', '/readyz');
    break;
  } catch (error) {
    if (world.clock.monotonic() > end) throw new Error('the API server did not become ready', { cause: error });
    await sleep(world.clock, 5);
  }
}
writeFileSync(codeFile(program), loaded.code());
process.kill(process.pid, 'SIGTERM');
