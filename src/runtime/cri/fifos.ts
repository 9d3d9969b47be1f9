// Named pipes between us and a container's shim, through which an exec's streams flow. They are opened
// non-blocking and read by the event loop (never by a file thread), and we hold the output ends before the
// shim writes, so that nothing is lost and nobody waits for an open.
import { close, constants, openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { runChecked } from '#linux';

export interface Fifos {
  /** Paths as the shim is told them; '' for a stream that is not wanted. */
  readonly paths: { readonly stdin: string; readonly stdout: string; readonly stderr: string };
  /** Ends by closing our side, then calling `closed`. Call each of these at most once, after the process has been started. */
  openStdin(closed: () => Promise<void>): Writable | undefined;
  openStdout(): Socket | undefined;
  openStderr(): Socket | undefined;
  /** Closes what was never opened as a stream and removes the files. */
  remove(): Promise<void>;
}

/** Makes the pipes of one process in a directory of their own: `directory`/`id`. */
export async function makeFifos(directory: string, id: string, want: { stdin: boolean; stdout: boolean; stderr: boolean }): Promise<Fifos> {
  const home = join(directory, id);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = (name: 'stdin' | 'stdout' | 'stderr'): string => (want[name] ? join(home, name) : '');
  const paths = { stdin: path('stdin'), stdout: path('stdout'), stderr: path('stderr') };
  const files = Object.values(paths).filter((file) => file !== '');
  if (files.length > 0) await runChecked('mkfifo', ['-m', '600', ...files]);
  const handles = new Map<string, number>();
  for (const file of files) {
    // Reading and writing at once keeps the open from waiting for (or failing without) the shim's end.
    handles.set(file, openSync(file, (file === paths.stdin ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK));
  }
  const take = (file: string, direction: 'in' | 'out'): Socket | undefined => {
    const fd = handles.get(file);
    if (fd === undefined) return undefined;
    handles.delete(file);
    return new Socket({ fd, readable: direction === 'in', writable: direction === 'out' });
  };
  return {
    paths,
    openStdin(closed) {
      const socket = take(paths.stdin, 'out');
      return socket === undefined ? undefined : stdinStream(socket, closed);
    },
    openStdout: () => take(paths.stdout, 'in'),
    openStderr: () => take(paths.stderr, 'in'),
    async remove() {
      for (const fd of handles.values()) close(fd);
      handles.clear();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function stdinStream(socket: Socket, closed: () => Promise<void>): Writable {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      socket.write(chunk, (error) => done(error));
    },
    final(done) {
      socket.destroy();
      // An exec that is over meanwhile has no input left to close.
      void closed().catch(() => {}).finally(done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  // A process that ends without reading its input is told by its exit code.
  socket.on('error', () => stream.destroy());
  stream.on('error', () => {});
  return stream;
}
