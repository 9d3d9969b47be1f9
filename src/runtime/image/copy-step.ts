// COPY and ADD: files of the build context (or of an earlier stage) as layer entries, with Docker's rules:
// a directory's contents are copied, several sources need a target that ends in "/", and nothing outside the
// context can be named.
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { DockerfileError } from './dockerfile.ts';
import { entriesFrom, type LayerEntry } from './layer.ts';
import { resolveInRoot } from './rootfs.ts';

/** A glob of one path part sequence ("*.js", "src/**") as a regular expression on paths relative to the context. */
function globPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\*\*\/?|\*|\?|\[[^\]]*\]|[.+^${}()|\\]/g, (token) => {
    if (token.startsWith('**')) return token.endsWith('/') ? '(?:[^/]+/)*' : '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return token.startsWith('[') ? token : `\\${token}`;
  });
  return new RegExp(`^${source}$`);
}

/** What .dockerignore says of a path relative to the context; the last matching rule decides, "!" takes back. */
export async function dockerIgnore(context: string): Promise<(path: string) => boolean> {
  const text = await readFile(join(context, '.dockerignore'), 'utf8').catch(() => '');
  const rules = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const keep = line.startsWith('!');
    const glob = posix.normalize(keep ? line.slice(1) : line).replace(/^\/+|\/+$/g, '');
    return { keep, pattern: globPattern(glob) };
  });
  return (path) => {
    let ignored = false;
    const parents = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
    for (const { keep, pattern } of rules) if (parents.some((parent) => pattern.test(parent))) ignored = !keep;
    return ignored;
  };
}

export interface CopyStep {
  /** The build context, or another stage's files. */
  readonly from: string;
  readonly ignored: (path: string) => boolean;
  readonly sources: readonly string[];
  /** Absolute; ends in "/" for a directory. */
  readonly target: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly mode: number | undefined;
  readonly line: number;
}

async function matching(from: string, source: string, line: number): Promise<string[]> {
  const path = posix.normalize(`/${source}`).slice(1).replace(/\/$/, '');
  if (!/[*?[]/.test(path)) return [path];
  const depth = path.split('/').length;
  const found: string[] = [];
  const pattern = globPattern(path);
  const walk = async (directory: string, level: number): Promise<void> => {
    for (const item of (await readdir(join(from, directory), { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = directory === '' ? item.name : `${directory}/${item.name}`;
      if (level === depth && pattern.test(child)) found.push(child);
      if (level < depth && item.isDirectory()) await walk(child, level + 1);
    }
  };
  await walk('', 1);
  if (found.length === 0) throw new DockerfileError(line, `no file of the context matches ${source}`);
  return found;
}

/** The entries that a COPY adds. */
export async function copyEntries(step: CopyStep): Promise<LayerEntry[]> {
  const { from, line, owner, ignored } = step;
  const sources = (await Promise.all(step.sources.map((source) => matching(from, source, line)))).flat();
  const intoDirectory = step.target.endsWith('/');
  if (sources.length > 1 && !intoDirectory) throw new DockerfileError(line, `with more than one source the target must be a directory and end with a /: ${step.target}`);
  const target = posix.normalize(step.target).replace(/(.)\/$/, '$1');
  const entries: LayerEntry[] = [];
  for (const source of sources) {
    const path = await resolveInRoot(from, source);
    const info = source === '' ? await lstat(from) : await lstat(path).catch(() => undefined);
    if (info === undefined || (source !== '' && ignored(source))) throw new DockerfileError(line, `${source} is not in the build context`);
    // A link named as a source is followed, but not out of the context.
    const real = info.isSymbolicLink() ? await realpath(path) : path;
    if (real !== from && !real.startsWith(`${await realpath(from)}/`) && info.isSymbolicLink()) throw new DockerfileError(line, `${source} leads out of the build context`);
    const directory = info.isDirectory() || (info.isSymbolicLink() && (await lstat(real)).isDirectory());
    const place = directory ? target : intoDirectory ? posix.join(target, basename(source)) : target;
    const below = await entriesFrom(real, place, { ...owner, skip: (name) => ignored(source === '' ? name : `${source}/${name}`) });
    entries.push(...below);
  }
  return entries.filter((entry) => entry.path !== '/').map((entry) => (step.mode !== undefined && entry.type === 'file' ? { ...entry, mode: step.mode } : entry));
}
