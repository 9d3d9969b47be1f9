// A bundled program with what V8 made of it in an earlier start. Node's own compile cache keeps a module as it was read,
// before any of its functions ran; a start then compiles each function that it calls once more, a fifth of its time. The
// build starts the program and keeps the functions that were called (tools/warm-start.ts); the program is therefore a
// CommonJS text, for V8 gives out the code of a script that has run, and of no module.
// Code that is missing, torn, or of another V8 or other flags is no error: the text is compiled as it would be without.
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';

/** The last characters of the text, and the first bytes of the code made of it: V8 itself compares lengths alone. */
export const stampBytes = 16;

export interface CompiledProgram {
  readonly exports: unknown;
  /** False when there was no code, or V8 would not take it. */
  readonly codeTaken: boolean;
  /** The code of all functions that were called until now, for codeFile. */
  code(): Buffer;
}

/** Where the code of a program's text lies. */
export function codeFile(file: string): string {
  return `${file}.code`;
}

function readCode(file: string, text: string): Buffer | undefined {
  try {
    const bytes = readFileSync(codeFile(file));
    return text.endsWith(bytes.toString('latin1', 0, stampBytes)) ? bytes.subarray(stampBytes) : undefined;
  } catch {
    return undefined;
  }
}

/** Runs the text. @param file a CommonJS program in ASCII, which ends with its stamp. */
export function loadProgram(file: string): CompiledProgram {
  const text = readFileSync(file, 'latin1');
  const cachedData = readCode(file, text);
  const script = new Script(Module.wrap(text), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = new Module(file);
  module.filename = file;
  const require = createRequire(file);
  // The parts that the program loads later ask for it by its name.
  require.cache[file] = module;
  const run: unknown = script.runInThisContext();
  if (typeof run !== 'function') throw new Error(`${file} is no program`);
  run.call(module.exports, module.exports, require, module, file, dirname(file));
  module.loaded = true;
  return {
    exports: module.exports,
    codeTaken: cachedData !== undefined && script.cachedDataRejected === false,
    code: () => Buffer.concat([Buffer.from(text.slice(-stampBytes), 'latin1'), script.createCachedData()]),
  };
}
