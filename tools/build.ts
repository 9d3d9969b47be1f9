// `npm run build`: bundles each program to dist/ with rolldown, so that a production start-up reads one file instead of
// some hundreds, and starts the bundled API server once, to keep what V8 compiled of it. `skiff up` does it by itself
// when the sources are newer than the bundle.
import { join } from 'node:path';
import { buildBundle } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const started = performance.now();
const { files, bytes, notCompiled } = await buildBundle(root);
console.log(`dist/: ${files} files, ${(bytes / 1024).toFixed(0)} KiB in ${((performance.now() - started) / 1000).toFixed(2)} s`);
if (notCompiled !== undefined) {
  console.error('the API server is not compiled: each start compiles it', notCompiled);
  process.exitCode = 1;
}
