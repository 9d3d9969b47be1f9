// What the command finds in dist/ under the API server's name: the server's text, and the code that the build made of it.
import { join } from 'node:path';
import { loadProgram } from './compiled-program.ts';

const program = loadProgram(join(import.meta.dirname, 'apiserver.cjs')).exports as typeof import('./apiserver.ts');

export const { runApiServer, runApiServerAlone } = program;
