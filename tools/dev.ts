// `npm run dev`: a cluster that runs from the sources, and programs that start again when a source they use changes.
// Containers go on meanwhile. Ctrl-C ends the watching; the cluster stays (npm stop).
import { spawnSync } from 'node:child_process';
import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { rooms } from '../rooms.ts';

const root = join(import.meta.dirname, '..');
const programs: Readonly<Record<string, readonly string[]>> = {
  apiserver: ['apiserver', 'store', 'store/etcd', 'metrics'],
  controllers: ['controllers', 'scheduler'],
  agent: ['kubelet', 'proxy', 'dns', 'runtime', 'linux'],
};

/** Every room that a program's rooms reach. */
function reach(start: readonly string[]): Set<string> {
  const seen = new Set<string>(['main', 'cli']);
  const queue = [...start];
  for (let room = queue.pop(); room !== undefined; room = queue.pop()) {
    if (seen.has(room)) continue;
    seen.add(room);
    queue.push(...(rooms[room]?.rooms ?? []));
  }
  return seen;
}

const reached = new Map(Object.entries(programs).map(([name, start]) => [name, reach(start)]));

function restart(name: string): void {
  try {
    process.kill(Number(readFileSync(`/run/skiff/${name}.pid.child`, 'utf8')), 'SIGTERM');
    console.log(`${new Date().toISOString().slice(11, 19)} ${name} starts again`);
  } catch {
    console.log(`${name} is not running`);
  }
}

const up = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'src/main/skiff.ts'), 'up', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, SKIFF_FROM_SOURCES: '1' },
});
if (up.status !== 0) process.exit(up.status ?? 1);

const pending = new Set<string>();
let timer: NodeJS.Timeout | undefined;
watch(join(root, 'src'), { recursive: true }, (_event, file) => {
  if (file === null || !file.endsWith('.ts') || file.endsWith('.test.ts')) return;
  const [first = '', second = ''] = file.split('/');
  const room = `${first}/${second}` in rooms ? `${first}/${second}` : first;
  for (const [name, all] of reached) if (all.has(room)) pending.add(name);
  clearTimeout(timer);
  // Editors write a file in several steps: one restart for all of them.
  timer = setTimeout(() => {
    for (const name of pending) restart(name);
    pending.clear();
  }, 200);
});
console.log('watching src/ (Ctrl-C ends the watching; npm stop ends the cluster)');
