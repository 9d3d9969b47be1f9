// Enforces rooms.ts: every import in src/ (static, re-export, dynamic, type-only) must be allowed by the row of
// the importing room; a folder without a row fails. Before it looks at src/ it proves on a fixture of
// forbidden imports that it bites.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { isBuiltin } from 'node:module';
import { parseSync, Visitor } from 'oxc-parser';
import { rooms, type Room } from '../rooms.ts';

const root = join(import.meta.dirname, '..');
const src = join(root, 'src');

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

/** The room of a path below src/: the longest row of rooms.ts that contains it. */
function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  for (let n = parts.length - 1; n > 0; n--) {
    const name = parts.slice(0, n).join('/');
    if (name in rooms) return name;
  }
  return undefined;
}

function importsOf(file: string, text: string): Import[] {
  const { program, module } = parseSync(file, text);
  const found: Import[] = [];
  for (const i of module.staticImports) {
    found.push({ from: i.moduleRequest.value, typeOnly: i.entries.length > 0 && i.entries.every((e) => e.isType) });
  }
  for (const e of module.staticExports) {
    const request = e.entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest;
    if (request) found.push({ from: request.value, typeOnly: e.entries.every((entry) => entry.isType) });
  }
  new Visitor({
    ImportExpression(node) {
      if (node.source.type === 'Literal' && typeof node.source.value === 'string') found.push({ from: node.source.value, typeOnly: false });
    },
    TSImportType(node) {
      const source = node.source;
      if (source.type === 'Literal' && typeof source.value === 'string') found.push({ from: source.value, typeOnly: true });
    },
  }).visit(program);
  return found;
}

/** Why `file` (relative to src/) may not have this import; undefined when it may. */
function objection(file: string, room: string, rule: Room, { from, typeOnly }: Import): string | undefined {
  const test = /\.(test|case)\.ts$/.test(file);
  if (from.startsWith('.')) {
    const target = normalize(join(dirname(file), from));
    const other = roomOf(target);
    if (other === room) return undefined;
    if (other !== undefined && room.startsWith(`${other}/`)) return undefined;
    return `reaches into ${other ?? 'outside src/'} by a relative path: import its door (#${other ?? 'room'})`;
  }
  if (from.startsWith('#')) {
    const name = from.slice(1).split('/');
    const exact = `${name[0] ?? ''}/${name[1] ?? ''}`;
    const other = exact in rooms ? exact : (name[0] ?? '');
    if (other === room || rule.rooms.includes(other)) return undefined;
    if (typeOnly && rule.typeOnly?.includes(other) === true) return undefined;
    // Tests may bring in the engines and servers that they need to show behaviour with real parts.
    if (test && other in rooms && ['base', 'api', 'wire', 'machinery', 'store', 'store/etcd', 'testing', 'client'].includes(other)) return undefined;
    return `may not import #${other}: rooms.ts allows ${rule.rooms.join(', ') || 'no room'}`;
  }
  if (isBuiltin(from)) {
    const name = from.replace(/^node:/, '');
    if (!from.startsWith('node:')) return `writes '${from}': say 'node:${name}'`;
    return test || rule.builtins?.includes(name) === true ? undefined : `may not use node:${name}: add it to the room's builtins in rooms.ts if it belongs there`;
  }
  const pkg = from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : (from.split('/')[0] ?? '');
  if (test && pkg === 'vitest') return undefined;
  if (test || rule.packages?.includes(pkg) === true) return undefined;
  return `may not use the package ${pkg}: add it to the room's packages in rooms.ts if it belongs there`;
}

function check(file: string, text: string): string[] {
  const room = roomOf(file);
  const rule = room === undefined ? undefined : rooms[room];
  if (room === undefined || rule === undefined) return [`src/${file}: its folder has no row in rooms.ts; add one`];
  return importsOf(file, text).flatMap((i) => {
    const why = objection(file, room, rule, i);
    return why === undefined ? [] : [`src/${file}: '${i.from}' ${why}`];
  });
}

/** Each line must be refused in controllers/; a check that lets one pass is broken. */
const canary = [
  "import { createApiServer } from '#apiserver';",
  "import type { Store } from '#store';",
  "export { x } from '../../apiserver/chain.ts';",
  "const lazy = await import('#kubelet');",
  "import lmdb from 'lmdb';",
  "import { createServer } from 'node:http';",
  "import fs from 'fs';",
];
for (const line of canary) {
  if (check('controllers/canary/canary.ts', line).length === 0) throw new Error(`check-rooms is broken: it allows ${line} in controllers/`);
}

const problems: string[] = [];
for (const file of globSync('**/*.ts', { cwd: src }).sort()) {
  problems.push(...check(file, readFileSync(join(src, file), 'utf8')));
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error(`${problems.length} imports break rooms.ts (${relative(root, join(root, 'rooms.ts'))} says who may import whom)`);
process.exitCode = problems.length > 0 ? 1 : 0;
