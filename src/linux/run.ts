// Starts other programs and waits for them: the one place where the node side spawns a tool. Output and
// time are bounded, the input goes through stdin (never through a shell), and a missing tool is told
// together with the Debian package that has it.
import { spawn } from 'node:child_process';

export interface RunOptions {
  /** Written to stdin, which is then closed. */
  readonly input?: string | Uint8Array;
  /** SIGKILL after this long; default 60 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Bytes kept of each of stdout and stderr; what is beyond is dropped. Default 16 MiB. */
  readonly maxOutputBytes?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; 128 + n when a signal ended it, as shells say it. */
  readonly code: number;
}

/** The program is not installed. The message names the package. */
export class MissingToolError extends Error {
  override name = 'MissingToolError';
  readonly tool: string;
  readonly debianPackage: string | undefined;
  constructor(tool: string) {
    const debianPackage = debianPackageOf(tool);
    super(debianPackage === undefined ? `${tool} is not installed` : `${tool} is not installed; on Debian: apt-get install ${debianPackage}`);
    this.tool = tool;
    this.debianPackage = debianPackage;
  }
}

/** A program ended with a status other than 0. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly code: number;
  readonly stderr: string;
  constructor(command: string, args: readonly string[], result: RunResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).slice(0, 2000);
    super(`${[command, ...args].join(' ').slice(0, 200)}: exit status ${result.code}${said === '' ? '' : `: ${said}`}`);
    this.code = result.code;
    this.stderr = result.stderr;
  }
}

const packages: Readonly<Record<string, string>> = {
  nft: 'nftables',
  iptables: 'iptables',
  ip6tables: 'iptables',
  'iptables-save': 'iptables',
  'iptables-restore': 'iptables',
  conntrack: 'conntrack',
  ipvsadm: 'ipvsadm',
  ipset: 'ipset',
  ip: 'iproute2',
  bridge: 'iproute2',
  tc: 'iproute2',
  sysctl: 'procps',
  mount: 'mount',
  umount: 'mount',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  socat: 'socat',
  mkfifo: 'coreutils',
  du: 'coreutils',
  tar: 'tar',
  ldd: 'libc-bin',
  modprobe: 'kmod',
  containerd: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  crun: 'crun',
  busybox: 'busybox-static',
};

/** The Debian package that holds `tool`; undefined when unknown. */
export function debianPackageOf(tool: string): string | undefined {
  return packages[tool.slice(tool.lastIndexOf('/') + 1)];
}

/** Keeps the first `limit` bytes of what is pushed. */
function keeper(limit: number): { push(chunk: Buffer): void; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    push(chunk) {
      if (size >= limit) return;
      const kept = chunk.subarray(0, limit - size);
      chunks.push(kept);
      size += kept.length;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 };

/** Runs `command` to its end. Any exit status resolves; a missing program, a timeout or an abort rejects. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, timeoutMs = 60_000, signal, maxOutputBytes = 16 * 1024 * 1024 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
      ...(options.env === undefined ? {} : { env: { ...options.env } }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout = keeper(maxOutputBytes);
    const stderr = keeper(maxOutputBytes);
    child.stdout.on('data', stdout.push);
    child.stderr.on('data', stderr.push);
    // A program that ends without reading its input is told by its status, not by our EPIPE.
    child.stdin.on('error', () => {});
    child.on('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      reject(missing ? new MissingToolError(command) : error);
    });
    child.on('close', (code, killedBy) => {
      if (killedBy === 'SIGKILL' && child.killed && signal?.aborted !== true) {
        reject(new Error(`${command} ${args.join(' ').slice(0, 200)}: no end within ${timeoutMs} ms`));
        return;
      }
      resolve({ stdout: stdout.text(), stderr: stderr.text(), code: code ?? 128 + (signalNumbers[killedBy ?? ''] ?? 0) });
    });
    child.stdin.end(input ?? '');
  });
}

/** As `run`, but rejects with CommandError unless the exit status is 0; resolves to stdout. */
export async function runChecked(command: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0) throw new CommandError(command, args, result);
  return result.stdout;
}
