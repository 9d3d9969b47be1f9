// The parts that a history runs against: the API server's program, killed and started on the same folder and port, and
// where the store is etcd, the line between them, which can fall silent or break.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { launchServer, untilReady, type ServerHome } from '../robustness/api-server.ts';

export interface Program extends AsyncDisposable {
  /** SIGKILL, whatever it is doing. */
  kill(): Promise<void>;
  /** Resolves when it is ready. */
  start(): Promise<void>;
}

export async function startProgram(home: ServerHome): Promise<Program> {
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    child = launchServer(home.config);
    await untilReady(child, home.config.apiPort, home.admin);
  };
  await start();
  return { kill, start, [Symbol.asyncDispose]: kill };
}

export interface Line extends AsyncDisposable {
  readonly port: number;
  /** Nothing passes, nothing is refused: what a partition looks like. New connections wait as well. */
  silence(): void;
  /** What was held back passes on. */
  heal(): void;
  /** Every connection is reset. */
  cut(): void;
}

/** Forwards a port of its own to `targetPort`. */
export async function openLine(targetPort: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let silent = false;
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (chunk) => {
      to.write(chunk);
    });
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (silent) from.pause();
  };
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    join(near, far);
    join(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    heal() {
      silent = false;
      for (const socket of sockets) socket.resume();
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
