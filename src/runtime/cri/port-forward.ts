// A connection to a port inside a pod's network namespace. Node cannot enter a namespace itself, so
// nsenter(1) starts socat(1) there, whose standard streams are the connection: it reaches what listens on
// the pod's loopback alone, and half-closes both ways. A host-network pod is dialled directly.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { connect } from 'node:net';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { MissingToolError } from '#linux';
import { RuntimeError } from '../runtime-error.ts';

type Relay = ChildProcessByStdio<Writable, Readable, Readable>;

/** The network namespace of a sandbox from CRI's verbose info (its OCI spec); undefined for a host-network pod. */
export function networkNamespaceOf(info: Readonly<Record<string, string>>): string | undefined {
  const parsed: unknown = JSON.parse(info['info'] ?? '{}');
  if (typeof parsed !== 'object' || parsed === null || !('runtimeSpec' in parsed)) return undefined;
  const spec = parsed.runtimeSpec;
  const linux = typeof spec === 'object' && spec !== null && 'linux' in spec ? spec.linux : undefined;
  const namespaces = typeof linux === 'object' && linux !== null && 'namespaces' in linux ? linux.namespaces : undefined;
  if (!Array.isArray(namespaces)) return undefined;
  for (const entry of namespaces as unknown[]) {
    if (typeof entry !== 'object' || entry === null || !('type' in entry) || entry.type !== 'network') continue;
    return 'path' in entry && typeof entry.path === 'string' && entry.path !== '' ? entry.path : undefined;
  }
  return undefined;
}

/** Resolves when socat says it is connected; rejects with its last complaint. */
function connected(relay: Relay): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    relay.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 8192) said += chunk.toString('utf8');
      if (said.includes('starting data transfer loop')) resolve();
    });
    relay.once('error', (error) => reject('code' in error && error.code === 'ENOENT' ? new MissingToolError('nsenter') : error));
    relay.once('close', () => {
      if (/failed to execute socat|socat: not found/.test(said)) reject(new MissingToolError('socat'));
      const complaint = / E (.*)$/m.exec(said)?.[1] ?? said.trim();
      reject(new Error(/refused/i.test(complaint) ? 'connect: connection refused' : complaint));
    });
  });
}

async function relayTo(namespace: string, target: string): Promise<Duplex> {
  // -t: after one side is done the other may take as long as it needs; the connection's owner ends it.
  const relay = spawn('nsenter', [`--net=${namespace}`, '--', 'socat', '-d', '-d', '-t', '86400', 'STDIO', `${target},connect-timeout=10`], { stdio: ['pipe', 'pipe', 'pipe'] });
  relay.stdin.on('error', () => {});
  await connected(relay);
  const duplex = Duplex.from({ readable: relay.stdout, writable: relay.stdin });
  duplex.once('close', () => relay.kill('SIGKILL'));
  return duplex;
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => reject('code' in error && error.code === 'ECONNREFUSED' ? new Error('connect: connection refused') : error));
  });
}

/** Connects to `port` on the namespace's 127.0.0.1, then on its ::1. */
export async function connectInNamespace(namespace: string | undefined, port: number): Promise<Duplex> {
  const failures: string[] = [];
  const ways = [
    { name: `IPv4: dial tcp4 127.0.0.1:${port}`, host: '127.0.0.1', target: `TCP4:127.0.0.1:${port}` },
    { name: `IPv6 dial tcp6 [::1]:${port}`, host: '::1', target: `TCP6:[::1]:${port}` },
  ];
  for (const { name, host, target } of ways) {
    try {
      return await (namespace === undefined ? dial(host, port) : relayTo(namespace, target));
    } catch (error) {
      if (error instanceof MissingToolError) throw error;
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new RuntimeError('UNAVAILABLE', `failed to connect to localhost:${port} inside namespace "${namespace ?? 'host'}", ${failures.join(' ')}`);
}
