// exec with streams, through containerd's task API instead of CRI's streaming URL: no HTTP server between,
// stdin can be half-closed, and it is the same from containerd 1.6 to 2.x. The process gets the container's
// own OCI process (user, capabilities, environment, directory) with another command, as CRI does it.
import type { Socket } from 'node:net';
import { sleep, type Clock } from '#base/clock.ts';
import { uuid, type Random } from '#base/random.ts';
import type { ContainerStreams } from '../contract.ts';
import type { GrpcService } from '../grpc.ts';
import { RuntimeError } from '../runtime-error.ts';
import { makeFifos, type Fifos } from './fifos.ts';

export interface ExecServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly containers: GrpcService;
  readonly tasks: GrpcService;
  /** Where the pipes are made; on the same machine and mount namespace as containerd. */
  readonly fifoDirectory: string;
}

interface OciProcess {
  readonly env?: readonly string[];
  readonly [key: string]: unknown;
}

const processType = 'types.containerd.io/opencontainers/runtime-spec/1/Process';
/** After the process has ended, how long an open output may stay silent: something it left behind holds the pipe. */
const drainMs = 2_000;

function processOf(specJson: Uint8Array, command: readonly string[], tty: boolean): OciProcess {
  const spec: unknown = JSON.parse(Buffer.from(specJson).toString('utf8'));
  const base = typeof spec === 'object' && spec !== null && 'process' in spec ? spec.process : undefined;
  if (typeof base !== 'object' || base === null) throw new RuntimeError('INTERNAL', 'the container has no process in its spec');
  const env = 'env' in base && Array.isArray(base.env) ? base.env.filter((entry) => typeof entry === 'string') : [];
  const withTerm = tty ? [...env.filter((entry) => !entry.startsWith('TERM=')), 'TERM=xterm'] : env;
  return { ...base, args: [...command], terminal: tty, env: withTerm };
}

/** Chunks until the end; a pipe that we cut ends without an error. */
async function* chunks(socket: Socket | undefined): AsyncGenerator<Uint8Array> {
  if (socket === undefined) return;
  try {
    for await (const chunk of socket) yield chunk;
  } catch (error) {
    if (!socket.destroyed) throw error;
  }
}

/** Ends the outputs once nothing has come for a while: called when the process is gone. */
async function cutSilent(clock: Clock, sockets: readonly Socket[]): Promise<void> {
  let seen = -1;
  for (;;) {
    const open = sockets.filter((socket) => !socket.destroyed && !socket.readableEnded);
    if (open.length === 0) return;
    const bytes = open.reduce((sum, socket) => sum + socket.bytesRead, 0);
    const waiting = open.some((socket) => socket.readableLength > 0);
    if (bytes === seen && !waiting) {
      for (const socket of open) socket.push(null);
      return;
    }
    seen = bytes;
    await sleep(clock, drainMs);
  }
}

/** Starts `command` in a running container. Rejects when it cannot be started (not found, not running). */
export async function execInContainer(
  services: ExecServices,
  containerId: string,
  command: readonly string[],
  options: { stdin: boolean; tty: boolean; stdout: boolean; stderr: boolean },
): Promise<ContainerStreams> {
  const { clock, containers, tasks } = services;
  const execId = uuid(services.random).replaceAll('-', '');
  const ids = { container_id: containerId, exec_id: execId };
  const { container } = await containers.call<{ container: { spec: { value: Uint8Array } | null } | null }>('Get', { id: containerId });
  const spec = processOf(container?.spec?.value ?? new Uint8Array(), command, options.tty);
  const fifos = await makeFifos(services.fifoDirectory, execId, { stdin: options.stdin, stdout: options.stdout, stderr: options.stderr && !options.tty });
  try {
    const value = Buffer.from(JSON.stringify(spec));
    await tasks.call('Exec', { ...ids, ...fifos.paths, terminal: options.tty, spec: { type_url: processType, value } });
    try {
      await tasks.call('Start', ids);
    } catch (error) {
      await tasks.call('DeleteProcess', ids).catch(() => {});
      throw error;
    }
  } catch (error) {
    await fifos.remove();
    if (!(error instanceof RuntimeError)) throw error;
    throw new RuntimeError(error.code, `failed to exec in container: failed to start exec "${execId}": ${error.message}`, error);
  }
  return running({ clock, tasks, ids, fifos, tty: options.tty });
}

interface Running {
  readonly clock: Clock;
  readonly tasks: GrpcService;
  readonly ids: { readonly container_id: string; readonly exec_id: string };
  readonly fifos: Fifos;
  readonly tty: boolean;
}

function running({ clock, tasks, ids, fifos, tty }: Running): ContainerStreams {
  let over = false;
  const stdin = fifos.openStdin(async () => {
    if (!over) await tasks.call('CloseIO', { ...ids, stdin: true });
  });
  const stdout = fifos.openStdout();
  const stderr = fifos.openStderr();
  const outputs = [stdout, stderr].filter((socket) => socket !== undefined);
  for (const socket of outputs) socket.on('error', () => {});

  const dayMs = 24 * 60 * 60 * 1000;
  const waitForEnd = async (): Promise<number> => {
    try {
      const { exit_status } = await tasks.call<{ exit_status: number }>('Wait', ids, { timeoutMs: 365 * dayMs });
      return exit_status;
    } finally {
      over = true;
      stdin?.destroy();
      void cutSilent(clock, outputs)
        .then(() => tasks.call('DeleteProcess', ids))
        .catch(() => {})
        .then(() => fifos.remove());
    }
  };
  const exited = waitForEnd();
  // Whoever cares awaits it; nobody has to.
  exited.catch(() => {});
  return {
    stdin,
    stdout: chunks(stdout),
    stderr: chunks(stderr),
    resize(width, height) {
      if (tty && !over) tasks.call('ResizePty', { ...ids, width, height }).catch(() => {});
    },
    exited,
    close() {
      for (const socket of outputs) socket.destroy();
      stdin?.destroy();
      if (!over) tasks.call('Kill', { ...ids, signal: 9, all: false }).catch(() => {});
    },
  };
}
