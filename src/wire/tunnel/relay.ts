// A way into a tunnel for clients that open their sockets themselves (gRPC): a Unix socket in a folder of its own, which
// nobody else may enter, whose connections are joined to connections that `dial` opens.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { SocketAddress } from '../http/client-options.ts';
import { joinSockets } from '../http/proxy.ts';
import type { Dial } from './contract.ts';

export interface Relay {
  readonly socketPath: string;
  close(): Promise<void>;
}

/** More at once are turned away. */
const mostConnections = 256;

/** @param folder where the socket's own folder is made. */
export async function openRelay(folder: string, dial: Dial, address: SocketAddress, failed: (error: unknown) => void): Promise<Relay> {
  const own = await mkdtemp(join(folder, 'skiff-relay-'));
  const socketPath = join(own, 'r.sock');
  const closing = new AbortController();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    const gone = new AbortController();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      sockets.delete(socket);
      gone.abort(new Error('the client has gone'));
    });
    dial(address, AbortSignal.any([closing.signal, gone.signal])).then((far) => joinSockets(socket, far)).catch((error: unknown) => {
      socket.destroy();
      if (!gone.signal.aborted && !closing.signal.aborted) failed(error);
    });
  });
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return {
    socketPath,
    async close() {
      closing.abort(new Error('the relay is closed'));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(own, { recursive: true, force: true });
    },
  };
}
