// The habits that a compiler does not check: banned calls (with the replacement named), file length, file
// headers, names of files, leftover markers, words that do not belong in the tree. Part of `npm run check`.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Longest hand-written file; what is longer is listed with its reason. */
const maxLines = 500;
const longFiles: Readonly<Record<string, string>> = {};

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Path prefixes where it is allowed. */
  readonly except: readonly string[];
}

const bans: readonly Ban[] = [
  { pattern: /\bDate\.now\(/, instead: 'clock.now() of the World you were given', except: ['src/base/', 'tools/', 'test/', 'examples/', 'example/'] },
  { pattern: /\bnew Date\(\)/, instead: 'clock.now()', except: ['src/base/', 'tools/', 'test/', 'example/'] },
  { pattern: /\bperformance\.now\(/, instead: 'clock.monotonic()', except: ['src/base/', 'tools/', 'test/', 'example/'] },
  { pattern: /\b(setTimeout|setInterval)\(/, instead: 'clock.after() or every()', except: ['src/base/', 'tools/', 'test/', 'example/'] },
  { pattern: /\bMath\.random\(/, instead: 'random.next()', except: ['tools/', 'test/'] },
  { pattern: /\brandomUUID\(/, instead: 'uuid(random)', except: ['tools/', 'test/'] },
  { pattern: /\bprocess\.env\b/, instead: 'a parameter that main/ or cli/ fills', except: ['src/main/', 'src/cli/', 'tools/', 'test/', 'example/', 'src/base/'] },
  { pattern: /\benum \w+ \{/, instead: 'a union of strings', except: [] },
  { pattern: /^export default\b/m, instead: 'a named export', except: ['vitest.config.ts', 'test/e2e/vitest.config.ts', 'test/e2e/cluster.setup.ts'] },
  { pattern: /\b(FIXME|XXX|HACK)\b/, instead: 'the work itself, or TODO(#n)', except: ['tools/tidy.ts'] },
  { pattern: /\bTODO(?!\(#\d+\))/, instead: 'TODO(#n)', except: ['tools/tidy.ts'] },
];

const badNames = /(^|-)(utils?|common|helpers?|misc)(-|\.|$)/;

function tidyFile(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const problems: string[] = [];
  const generated = text.startsWith('// Generated');
  const table = file.endsWith('.fields.ts');
  const test = /\.(test|case)\.ts$/.test(file);
  const lines = text.split('\n').length;
  if (!generated && !table && lines > maxLines && !(file in longFiles)) {
    problems.push(`${file}: ${lines} lines; split it by noun (the bound is ${maxLines}) or list it in tools/tidy.ts with the reason`);
  }
  if (!text.startsWith('//') && !text.startsWith('#!')) problems.push(`${file}: begin with a header comment that says what the file owns and why`);
  if (!/^[a-z0-9.-]+$/.test(basename(file))) problems.push(`${file}: name it in kebab-case`);
  if (badNames.test(basename(file))) problems.push(`${file}: name it after the noun it holds, not utils, common or helpers`);
  if (generated) return problems;
  for (const { pattern, instead, except } of bans) {
    if (except.some((prefix) => file.startsWith(prefix))) continue;
    if (test && pattern.source.includes('process')) continue;
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
    const found = pattern.exec(pattern.source.includes('TODO') || pattern.source.includes('FIXME') ? text : code);
    if (found !== null) problems.push(`${file}: '${found[0]}' is banned here; use ${instead}`);
  }
  return problems;
}

const files = globSync(['src/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts', '*.ts', 'example/**/*.ts'], { cwd: root }).sort();
const problems = files.flatMap(tidyFile);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
