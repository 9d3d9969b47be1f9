// What must be true before `up` touches anything. Each failed check names the next step; nothing has been
// changed when it throws.
import { connect, createServer } from 'node:net';
import { networkInterfaces, platform } from 'node:os';
import { codeOf } from '#base/errors.ts';
import { missingParts, type OsPart } from './os-parts.ts';
import { UserError } from './user-error.ts';

/** Throws unless this is Linux and we are root. */
export function requireRootOnLinux(command: string): void {
  if (platform() !== 'linux') throw new UserError(`a node needs Linux, and this is ${platform()}`, 'run Skiff in a Linux virtual machine or on a Linux server');
  if (process.getuid?.() !== 0) throw new UserError('a node needs root for containers, mounts and network rules', `run it as root: sudo ${command}`);
}

/** Throws when another program listens on the port. */
export async function requireFreePort(address: string, port: number, purpose: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      if (codeOf(error) !== 'EADDRINUSE') return reject(error);
      reject(new UserError(`port ${port} (${purpose}) is taken by another program`, `see who: ss -ltnp 'sport = :${port}', stop it, or choose another port (skiff up --help)`));
    });
    probe.listen(port, address, () => probe.close(() => resolve()));
  });
}

/** Throws unless `store` is "embedded" or names etcd endpoints of which one accepts connections. */
export async function requireStore(store: string): Promise<void> {
  if (store === 'embedded') return;
  const match = /^etcds?:\/\/(.+)$/.exec(store);
  const endpoints = (match?.[1] ?? '').split(',').map((address) => /^(.+):(\d+)$/.exec(address));
  if (match === null || endpoints.some((e) => e === null)) throw new UserError(`--store ${store} is no store`, 'say embedded, or etcd://host:port[,host:port…]');
  const reached = await Promise.all(
    endpoints.map(
      (endpoint) =>
        new Promise<boolean>((resolve) => {
          const socket = connect({ host: endpoint?.[1]?.replace(/^\[|\]$/g, ''), port: Number(endpoint?.[2]), timeout: 3000 });
          const finish = (good: boolean): void => {
            socket.destroy();
            resolve(good);
          };
          socket.once('connect', () => finish(true)).once('error', () => finish(false)).once('timeout', () => finish(false));
        }),
    ),
  );
  if (!reached.includes(true)) throw new UserError(`${store}: nobody answers there`, 'start etcd first (etcdctl endpoint health), then run the same command again');
}

/** The parts to install; throws with the whole list when `offline`. */
export function requireParts(offline: boolean): OsPart[] {
  const missing = missingParts();
  if (offline && missing.length > 0) {
    throw new UserError(
      `--offline, and these are missing:\n${missing.map((p) => `    ${p.debianPackage.padEnd(28)} ${p.why}`).join('\n')}`,
      `install them first: apt-get install ${missing.map((p) => p.debianPackage).join(' ')}`,
    );
  }
  return missing;
}

/** The address that other machines reach this one by: the first global IPv4, else loopback. */
export function machineAddress(): string {
  for (const [name, list] of Object.entries(networkInterfaces())) {
    if (/^(skiff|veth|cni|docker|br-|virbr)/.test(name)) continue;
    const found = list?.find((a) => a.family === 'IPv4' && !a.internal);
    if (found !== undefined) return found.address;
  }
  return '127.0.0.1';
}
