// Images from what this machine has: a shell (busybox-static with its applets) and Node.js (the binary that
// runs us with the shared libraries it needs). With these, applications in shell or JavaScript run in real
// containers where no registry can be reached.
import { realpath } from 'node:fs/promises';
import type { Random } from '#base/random.ts';
import { MissingToolError, runChecked } from '#linux';
import { buildImage, type BuiltImage } from './build.ts';
import type { LayerEntry } from './layer.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n';
const group = 'root:x:0:\nnogroup:x:65534:\n';

/** What programs expect of any root file system. */
const skeleton: readonly LayerEntry[] = [
  { type: 'directory', path: '/tmp', mode: 0o1777 },
  { type: 'directory', path: '/var/tmp', mode: 0o1777 },
  { type: 'directory', path: '/root', mode: 0o700 },
  { type: 'directory', path: '/proc', mode: 0o555 },
  { type: 'directory', path: '/sys', mode: 0o555 },
  { type: 'directory', path: '/dev' },
  { type: 'file', path: '/etc/passwd', content: passwd },
  { type: 'file', path: '/etc/group', content: group },
  { type: 'file', path: '/etc/nsswitch.conf', content: 'hosts: files dns\n' },
];

async function busyboxEntries(busyboxPath: string, signal: AbortSignal | undefined): Promise<LayerEntry[]> {
  const applets = (await runChecked(busyboxPath, ['--list'], { signal })).split('\n').filter((name) => /^[\w.+[-]+$/.test(name));
  const links = applets.filter((name) => name !== 'busybox').map((name): LayerEntry => ({ type: 'symlink', path: `/bin/${name}`, target: 'busybox' }));
  return [{ type: 'file', path: '/bin/busybox', source: busyboxPath, mode: 0o755 }, ...links, { type: 'symlink', path: '/usr/bin/env', target: '/bin/busybox' }];
}

async function requireStatic(path: string, signal: AbortSignal | undefined): Promise<void> {
  const libraries = await sharedLibraries(path, signal);
  if (libraries.length > 0) throw new Error(`${path} is not statically linked; on Debian: apt-get install busybox-static`);
}

/** The shared libraries (with the loader) that a program needs, as ldd(1) finds them; none for a static one. */
export async function sharedLibraries(program: string, signal?: AbortSignal): Promise<string[]> {
  let text: string;
  try {
    text = await runChecked('ldd', [program], { signal });
  } catch (error) {
    if (error instanceof MissingToolError) throw error;
    return [];
  }
  const paths = text.split('\n').map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line.trim())?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}

export interface MachineImageOptions {
  readonly layout: string;
  readonly name: string;
  readonly busyboxPath: string;
  /** With it the image also holds Node.js. */
  readonly nodePath?: string;
  readonly compression?: 'gzip' | 'none';
  readonly signal?: AbortSignal;
}

/** Builds a base image from this machine's programs. Layers are not compressed unless asked: they stay here. */
export async function buildMachineImage(random: Random, options: MachineImageOptions): Promise<BuiltImage> {
  const { signal, nodePath } = options;
  const busybox = await realpath(options.busyboxPath).catch(() => Promise.reject(new MissingToolError(options.busyboxPath)));
  await requireStatic(busybox, signal);
  const layers: LayerEntry[][] = [[...skeleton, ...(await busyboxEntries(busybox, signal))]];
  if (nodePath !== undefined) {
    const node = await realpath(nodePath);
    const libraries = await Promise.all((await sharedLibraries(node, signal)).map(async (path): Promise<LayerEntry> => ({ type: 'file', path, source: await realpath(path), mode: 0o755 })));
    layers.push([{ type: 'file', path: '/usr/local/bin/node', source: node, mode: 0o755 }, ...libraries]);
  }
  const cmd = nodePath === undefined ? ['/bin/sh'] : ['node'];
  return buildImage(random, { layout: options.layout, name: options.name, layers, config: { Cmd: cmd }, compression: options.compression ?? 'none' });
}
