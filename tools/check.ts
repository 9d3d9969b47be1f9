// `npm run check`: types, lint, rooms, tidy, freshness of generated files, all in parallel. Each failure
// prints what to do; the exit code is the number of checks that failed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const checks: readonly Check[] = [
  { name: 'types', command: [bin('tsc'), '-p', root] },
  { name: 'lint', command: [bin('oxlint'), '--deny-warnings', '-c', join(root, '.oxlintrc.json'), join(root, 'src'), join(root, 'tools'), join(root, 'test')] },
  { name: 'rooms', command: [process.execPath, join(root, 'tools/check-rooms.ts')] },
  { name: 'tidy', command: [process.execPath, join(root, 'tools/tidy.ts')] },
  { name: 'generated', command: [process.execPath, join(root, 'tools/gen.ts'), '--check'] },
];

function run(check: Check): Promise<{ check: Check; code: number; output: string; seconds: number }> {
  const started = performance.now();
  return new Promise((resolve) => {
    const [command = '', ...args] = check.command;
    const child = spawn(command, args, { cwd: root });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', (error) => (output += String(error)));
    child.on('close', (code) => resolve({ check, code: code ?? 1, output, seconds: (performance.now() - started) / 1000 }));
  });
}

const results = await Promise.all(checks.map(run));
for (const { check, code, output, seconds } of results) {
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${check.name} (${seconds.toFixed(1)} s)`);
  if (code !== 0) console.log(output.trimEnd());
}
process.exitCode = results.filter((r) => r.code !== 0).length;
