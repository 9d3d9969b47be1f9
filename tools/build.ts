// `npm run build`: bundles each program to dist/ with rolldown, so that a production start-up reads one file
// instead of some hundreds. `skiff up` does it by itself when the sources are newer than the bundle.
import { join } from 'node:path';
import { buildBundle } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const started = performance.now();
const { files, bytes } = await buildBundle(root);
console.log(`dist/: ${files} files, ${(bytes / 1024).toFixed(0)} KiB in ${((performance.now() - started) / 1000).toFixed(2)} s`);
