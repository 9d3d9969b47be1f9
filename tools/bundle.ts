// Bundling with rolldown: two entries (the skiff command and skiff/testing), one chunk per program through dynamic import, npm
// packages with native or data files left outside. dist/.sources records what was bundled, so that a stale bundle is
// never run.
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A digest over path, size and modification time of everything that goes into the bundle. */
export function sourcesDigest(root: string): string {
  const hash = createHash('sha256');
  for (const file of [...globSync('src/**/*', { cwd: root }), 'package-lock.json', 'package.json', 'tools/bundle.ts'].sort()) {
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

/** Builds dist/ in a folder beside it and swaps it in. */
export async function buildBundle(root: string): Promise<{ files: number; bytes: number }> {
  const { rolldown } = await import('rolldown');
  const digest = sourcesDigest(root);
  const staging = join(root, `dist.${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  const bundle = await rolldown({
    input: { skiff: join(root, 'src/main/skiff.ts'), testing: join(root, 'src/testing/index.ts') },
    platform: 'node',
    cwd: root,
    external: [/^node:/, 'lmdb', 'pino', 'prom-client', '@grpc/grpc-js', '@grpc/proto-loader', /^@kubernetes\//, 'rolldown'],
    transform: { target: 'node24' },
    logLevel: 'warn',
  });
  const { output } = await bundle.write({ dir: staging, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', sourcemap: false });
  await bundle.close();
  mkdirSync(staging, { recursive: true });
  writeFileSync(join(staging, '.sources'), digest);
  const old = join(root, `dist.old.${process.pid}`);
  try {
    renameSync(join(root, 'dist'), old);
  } catch {
    // The first build has nothing to move away.
  }
  renameSync(staging, join(root, 'dist'));
  rmSync(old, { recursive: true, force: true });
  return { files: output.length, bytes: output.reduce((sum, o) => sum + (o.type === 'chunk' ? o.code.length : 0), 0) };
}
