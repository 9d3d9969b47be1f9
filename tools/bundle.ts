// Bundling with rolldown: the skiff command, each program of the cluster and the testing module, every one a bundle of
// its own. Shared chunks would be as large as the union of all programs (1.5 MB), and each process keeps the text of
// what it loaded; alone, a program holds what it uses. dist/.sources records what was bundled, so that a stale bundle is
// never run.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environment, nodeFlags } from '../src/cli/programs.ts';
import { stampBytes } from '../src/main/compiled-program.ts';
import { lmdbInside, plainBuiltins } from './bundle-plugins.ts';

/** A digest over path, size and modification time of everything that goes into the bundle. */
export function sourcesDigest(root: string): string {
  const hash = createHash('sha256');
  for (const file of [...globSync('src/**/*', { cwd: root }), 'package-lock.json', 'package.json', 'tools/bundle.ts', 'tools/bundle-plugins.ts', 'tools/warm-start.ts', 'tools/trial-cluster.ts'].sort()) {
    const stat = statSync(join(root, file));
    if (stat.isFile()) hash.update(`${file} ${stat.size} ${stat.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

export function bundleIsFresh(root: string): boolean {
  try {
    return readFileSync(join(root, 'dist/.sources'), 'utf8') === sourcesDigest(root);
  } catch {
    return false;
  }
}

/** What is bundled, by the name of its file in dist/. */
const entries: Readonly<Record<string, string>> = {
  skiff: 'src/main/skiff.ts',
  apiserver: 'src/main/compiled-apiserver.ts',
  controllers: 'src/main/controllers.ts',
  agent: 'src/main/agent.ts',
  testing: 'src/testing/index.ts',
};

/** What is loaded with its code (src/main/compiled-program.ts), by the same names. */
const compiledEntries: Readonly<Record<string, string>> = { apiserver: 'src/main/apiserver.ts' };

/** What only `skiff up` in a checkout loads. */
const external = [/^@kubernetes\//, 'rolldown'];

/** The command's `import('./apiserver.ts')` and the like become imports of the other bundles. */
const programsApart = {
  name: 'programs-apart',
  resolveId(id: string, from: string | undefined) {
    const name = /^\.\/(\w+)\.ts$/.exec(id)?.[1];
    if (name === undefined || from?.endsWith('src/main/skiff.ts') !== true || entries[name] === undefined) return undefined;
    return { id: `./${name}.js`, external: true as const };
  },
};

/**
 * V8 keeps a text with one character beyond Latin-1 at two bytes a character: escapes halve it. Every place where
 * such a character stands (strings, templates, expressions) takes \u escapes but String.raw, which gets none here.
 */
function ascii(code: string): string {
  return code.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A program ends with its stamp, by which it knows the code that was made of it. */
function stamped(code: string): string {
  return `${code}\n//${createHash('sha256').update(code).digest('hex').slice(0, stampBytes)}`;
}

async function bundleEntry(root: string, name: string, input: string, directory: string, format: 'esm' | 'cjs' = 'esm'): Promise<{ files: number; bytes: number }> {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: { [name]: join(root, input) },
    platform: 'node',
    cwd: root,
    external,
    plugins: [programsApart, plainBuiltins, lmdbInside],
    // What a program and a part that it loads later share goes with the program: a file more is a millisecond or two.
    preserveEntrySignatures: 'allow-extension',
    // Nothing registers itself in our sources: a module that nobody takes a name from is not needed.
    treeshake: { moduleSideEffects: (id: string) => !id.startsWith(join(root, 'src')) || id.startsWith(join(root, 'src/main')) },
    transform: { target: 'node24' },
    logLevel: 'warn',
    // ordered-binary, which LMDB's keys go through, writes a function for itself.
    checks: { eval: false, bundlerTimings: false },
  });
  const extension = format === 'cjs' ? 'cjs' : 'js';
  const { output } = await bundle.generate({
    format,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `${name}-[name]-[hash].${extension}`,
    sourcemap: false,
    // Names stay as written: stack traces in logs are read by people.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  });
  await bundle.close();
  for (const file of output) writeFileSync(join(directory, file.fileName), file.type !== 'chunk' ? file.source : format === 'cjs' ? stamped(ascii(file.code)) : ascii(file.code));
  return { files: output.length, bytes: output.reduce((sum, o) => sum + (o.type === 'chunk' ? o.code.length : 0), 0) };
}

/** Starts the bundled API server, so that dist/ has the code of what a start calls. */
async function compileApiServer(root: string, directory: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-build-'));
  const run = (...args: readonly string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', ...nodeFlags.apiserver, join(root, 'tools/warm-start.ts'), join(directory, 'apiserver.cjs'), ...args], { env: { ...process.env, ...environment }, timeout: 60_000 });
  try {
    // On an empty store, then on the one that this leaves.
    for (let start = 0; start < 2; start++) await run(folder);
    await run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds dist/ in a folder beside it and swaps it in. `notCompiled` tells why a start from it will take longer than it could. */
export async function buildBundle(root: string): Promise<{ files: number; bytes: number; notCompiled?: unknown }> {
  const begun = new Date();
  const digest = sourcesDigest(root);
  const staging = join(root, `dist.${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const built = await Promise.all([
    ...Object.entries(entries).map(([name, input]) => bundleEntry(root, name, input, staging)),
    ...Object.entries(compiledEntries).map(([name, input]) => bundleEntry(root, name, input, staging, 'cjs')),
  ]);
  const notCompiled: unknown = await compileApiServer(root, staging).then(() => undefined, (error: unknown) => error);
  writeFileSync(join(staging, '.sources'), digest);
  // As old as what it tells of: the launcher takes a source that was written during the build for younger.
  utimesSync(join(staging, '.sources'), begun, begun);
  const old = join(root, `dist.old.${process.pid}`);
  try {
    renameSync(join(root, 'dist'), old);
  } catch {
    // The first build has nothing to move away.
  }
  renameSync(staging, join(root, 'dist'));
  rmSync(old, { recursive: true, force: true });
  return { files: built.reduce((sum, b) => sum + b.files, 0), bytes: built.reduce((sum, b) => sum + b.bytes, 0), notCompiled };
}
