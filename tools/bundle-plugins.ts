// What the bundler does to make a start short: Node's own modules are taken as they are, without what an import of them
// costs besides, and the store's LMDB goes into the bundle, all but its native part.
import { isBuiltin } from 'node:module';

const builtinPrefix = '\0builtin:';

function isName(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default';
}

/**
 * An import of a module of Node's reads every export, also through getters that load more: undici for node:http, the web
 * cryptography for node:crypto, streams of files for node:fs. That is a fifth of a start. The module itself costs nothing,
 * and of its names only those are read that somebody uses.
 */
export const plainBuiltins = {
  name: 'plain-builtins',
  resolveId(id: string, _from: string | undefined, { kind }: { readonly kind?: string }) {
    if (!isBuiltin(id)) return undefined;
    const name = id.startsWith('node:') ? id : `node:${id}`;
    // A CommonJS package asks for the module alone. The bundler's own runtime, which comes first, imports node:module.
    return kind === 'import-statement' && name !== 'node:module' ? { id: builtinPrefix + name, moduleSideEffects: false } : { id: name, external: true as const };
  },
  load(id: string) {
    if (!id.startsWith(builtinPrefix)) return undefined;
    const name = id.slice(builtinPrefix.length);
    const names = Object.getOwnPropertyNames(process.getBuiltinModule(name)).filter(isName);
    const exported = names.map((key) => `const $${key} = /* @__PURE__ */ read('${key}');\nexport { $${key} as ${key} };`);
    return `const module = /* @__PURE__ */ process.getBuiltinModule('${name}');\nconst read = (name) => module[name];\nexport { module as default };\n${exported.join('\n')}\n`;
  },
};

/** What stands in for packages that LMDB's own text imports. */
const lmdbParts: Readonly<Record<string, string>> = {
  // Values are bytes here: the encoder that is LMDB's default, with a native part of its own, is never made.
  msgpackr: `export class Encoder {
  constructor() {
    throw new Error('a table without encoding: binary');
  }
}`,
  // The file that the search would find; the search itself where another C library is the machine's.
  'node-gyp-build-optional-packages': `import { createRequire } from 'node:module';
import { dirname } from 'node:path';
const require = createRequire(import.meta.url);
const load = () => {
  try {
    return require('@lmdb/lmdb-' + process.platform + '-' + process.arch + '/node.napi.glibc.node');
  } catch {
    return require('node-gyp-build-optional-packages')(dirname(dirname(require.resolve('lmdb'))));
  }
};
export { load as default };`,
};

/** LMDB's text goes into the bundle: alone, its fifteen files and their search for the native one are a tenth of a start. */
export const lmdbInside = {
  name: 'lmdb-inside',
  resolveId(id: string, from: string | undefined) {
    return lmdbParts[id] !== undefined && from?.includes('/node_modules/lmdb/') === true ? `\0lmdb:${id}` : undefined;
  },
  load: (id: string) => (id.startsWith('\0lmdb:') ? lmdbParts[id.slice('\0lmdb:'.length)] : undefined),
};
