// RUN: a command inside the image's files, in its own mount, PID, IPC and UTS namespaces, killed with all
// its children when it takes too long. It shares the machine's network, as `docker build --network host`.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '#linux';
import { DockerfileError } from './dockerfile.ts';
import { resolveInRoot } from './rootfs.ts';

export interface RunStep {
  readonly root: string;
  readonly command: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly workingDir: string;
  /** As USER says it: names or numbers, "user[:group]"; '' is root. */
  readonly user: string;
  readonly line: number;
  readonly signal?: AbortSignal;
}

// Set up before the root changes: $1 is the root, $2 the user, $3 the group, $4 the directory, then the command.
// No shell of the image is needed: a RUN in exec form works in an image that has none.
const script = [
  'root=$1; user=$2; group=$3; dir=$4; shift 4',
  'mount -t proc proc "$root/proc"',
  'mount --rbind /dev "$root/dev"',
  '[ ! -f "$root/etc/resolv.conf" ] || mount --bind /etc/resolv.conf "$root/etc/resolv.conf"',
  'exec unshare --root="$root" --wd="$dir" --setgid="$group" --setuid="$user" -- "$@"',
].join('\n');

/** Directories that a step sees as its own and that never become part of the image. */
export const stepMounts = ['/proc', '/dev'];

async function lookUp(root: string, file: string, name: string): Promise<string[] | undefined> {
  const text = await readFile(await resolveInRoot(root, file), 'utf8').catch(() => '');
  return text.split('\n').map((line) => line.split(':')).find((fields) => fields[0] === name || fields[2] === name);
}

/** "1000:1000" for what USER or --chown says, by the image's own passwd and group. */
export async function numericOwner(root: string | undefined, owner: string, line: number): Promise<{ uid: number; gid: number }> {
  const [user = '', group] = owner.split(':');
  const number = async (name: string, file: string): Promise<number> => {
    if (/^\d+$/.test(name)) return Number(name);
    const id = root === undefined ? undefined : (await lookUp(root, file, name))?.[2];
    if (id === undefined) throw new DockerfileError(line, `no ${name} in the image's ${file}`);
    return Number(id);
  };
  if (user === '') return { uid: 0, gid: 0 };
  const uid = await number(user, '/etc/passwd');
  const primary = root === undefined ? undefined : (await lookUp(root, '/etc/passwd', user))?.[3];
  return { uid, gid: group === undefined ? Number(primary ?? (/^\d+$/.test(user) ? 0 : uid)) : await number(group, '/etc/group') };
}

/** Runs the step; rejects with its line and the end of its output when it fails. */
export async function runStep(step: RunStep): Promise<void> {
  const { root, line } = step;
  if (process.getuid?.() !== 0) throw new DockerfileError(line, 'RUN needs root');
  for (const mount of stepMounts) await mkdir(join(root, mount), { recursive: true });
  const owner = await numericOwner(root, step.user, line);
  const namespaces = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--', '/bin/sh', '-ec', script, 'sh'];
  const result = await run('unshare', [...namespaces, root, String(owner.uid), String(owner.gid), step.workingDir, ...step.command], {
    env: Object.fromEntries([['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], ...step.env]),
    timeoutMs: 3_600_000,
    maxOutputBytes: 1024 * 1024,
    signal: step.signal,
  });
  if (result.code === 0) return;
  const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-10).join('\n');
  throw new DockerfileError(line, `RUN ${step.command.join(' ').slice(0, 200)}: exit status ${result.code}\n${said}`);
}
