// The operating-system parts that a node needs, why, and the Debian package that brings each. `up` installs
// what is missing through apt and says so; every check is a look for a file, so a prepared machine pays nothing.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { UserError } from './user-error.ts';

export interface OsPart {
  /** Any of these paths shows that the part is here. */
  readonly paths: readonly string[];
  readonly debianPackage: string;
  readonly why: string;
}

/** The usual places of a program. */
export function inPath(...names: string[]): string[] {
  return names.flatMap((name) => ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin'].map((dir) => `${dir}/${name}`));
}

export const osParts: readonly OsPart[] = [
  { paths: inPath('containerd'), debianPackage: 'containerd', why: 'runs the containers' },
  { paths: inPath('runc', 'crun'), debianPackage: 'runc', why: 'starts each container process' },
  { paths: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'], debianPackage: 'containernetworking-plugins', why: 'connects pods to the network' },
  { paths: inPath('nft'), debianPackage: 'nftables', why: 'routes Services to pods' },
  { paths: inPath('iptables'), debianPackage: 'iptables', why: 'CNI port mappings use it' },
  { paths: inPath('ip'), debianPackage: 'iproute2', why: 'sets up links and network namespaces' },
  { paths: inPath('conntrack'), debianPackage: 'conntrack', why: 'forgets UDP flows to endpoints that are gone' },
  { paths: inPath('socat'), debianPackage: 'socat', why: 'kubectl port-forward into a pod' },
  { paths: inPath('mount'), debianPackage: 'mount', why: 'mounts volumes' },
  { paths: inPath('nsenter'), debianPackage: 'util-linux', why: 'enters pod namespaces' },
  { paths: ['/bin/busybox', '/usr/bin/busybox'], debianPackage: 'busybox-static', why: "the bundled images' shell" },
];

/** Those of `parts` that this machine lacks. */
export function missingParts(parts: readonly OsPart[] = osParts): OsPart[] {
  return parts.filter((part) => !part.paths.some((path) => existsSync(path)));
}

function apt(args: readonly string[], onLine: (line: string) => void): Promise<{ code: number; tail: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let tail = '';
    const take = (chunk: Buffer): void => {
      tail = (tail + chunk.toString()).slice(-4000);
      const line = chunk.toString().trim().split('\n').at(-1) ?? '';
      if (line !== '') onLine(line.slice(0, 70));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, tail }));
  });
}

/** Installs the packages of `parts`; services that they would start are kept from starting. */
export async function installParts(parts: readonly OsPart[], onLine: (line: string) => void): Promise<void> {
  const packages = parts.map((part) => part.debianPackage);
  const byHand = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get')) {
    throw new UserError(
      `these parts are missing and this system has no apt: ${parts.map((p) => `${p.debianPackage} (${p.why})`).join(', ')}`,
      'install them with your package manager, then run the same command again',
    );
  }
  const install = ['install', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', ...packages];
  let result = await apt(install, onLine);
  if (result.code !== 0) {
    await apt(['update'], onLine);
    result = await apt(install, onLine);
  }
  if (result.code !== 0) {
    const reason = result.tail.split('\n').filter((line) => /^(E:|W:)/.test(line)).join('; ');
    throw new UserError(`apt could not install ${packages.join(', ')}: ${reason || 'see its output above'}`, `try by hand: ${byHand}`);
  }
  const left = missingParts(parts);
  if (left.length > 0) {
    throw new UserError(`still missing after the installation: ${left.map((p) => p.debianPackage).join(', ')}`, `try by hand: ${byHand}`);
  }
}
