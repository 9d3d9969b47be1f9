// attach: only the runtime holds the pipes of a container's first process, so we are a client of the
// streaming server whose URL CRI's Attach gives (on this machine's loopback), in SPDY/3.1 and the
// v4.channel.k8s.io protocol, which every containerd speaks and which can close stdin alone.
import { sleep, type Clock } from '#base/clock.ts';
import { dialSpdy, type SpdyStream } from '#wire';
import type { ContainerStreams } from '../contract.ts';
import type { GrpcService } from '../grpc.ts';
import { RuntimeError } from '../runtime-error.ts';

const errorLimit = 64 * 1024;
/** The streaming server is on this machine: what takes longer is broken. */
const openMs = 10_000;

/** Chunks until the end; a connection that is cut is an end. */
async function* chunks(stream: SpdyStream | undefined): AsyncGenerator<Uint8Array> {
  if (stream === undefined) return;
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch {
    return;
  }
}

/** The message of a Status that is no success; undefined for success or none. */
function failureIn(text: string): string | undefined {
  if (text.trim() === '') return undefined;
  try {
    const status: unknown = JSON.parse(text);
    if (typeof status !== 'object' || status === null || !('status' in status) || status.status === 'Success') return undefined;
    return 'message' in status ? String(status.message) : text;
  } catch {
    return text;
  }
}

async function readFailure(stream: SpdyStream): Promise<string | undefined> {
  let text = '';
  for await (const chunk of chunks(stream)) if (text.length < errorLimit) text += Buffer.from(chunk).toString('utf8');
  return failureIn(text);
}

/** Connects to the streams of a running container. `exited` rejects when the runtime reports a failure. */
export async function attachToContainer(clock: Clock, cri: GrpcService, id: string, options: { stdin: boolean; tty: boolean; stdout: boolean; stderr: boolean }): Promise<ContainerStreams> {
  const wanted = { ...options, stderr: options.stderr && !options.tty };
  const { url } = await cri.call<{ url: string }>('Attach', { container_id: id, ...wanted });
  const { connection } = await dialSpdy({ url, protocols: ['v4.channel.k8s.io'] });
  const open = (type: string, want: boolean): SpdyStream | undefined => (want ? connection.open({ streamtype: type }) : undefined);
  const error = connection.open({ streamtype: 'error' });
  const stdin = open('stdin', wanted.stdin);
  const stdout = open('stdout', wanted.stdout);
  const stderr = open('stderr', wanted.stderr);
  const sizes = open('resize', wanted.tty);
  try {
    const late = new AbortController();
    const timeout = sleep(clock, openMs, late.signal).then(() => Promise.reject(new Error(`no answer within ${openMs} ms`)));
    await Promise.race([timeout, Promise.all([error, stdin, stdout, stderr, sizes].map((stream) => stream?.replied))]).finally(() => {
      late.abort();
      timeout.catch(() => {});
    });
  } catch (cause) {
    connection.close();
    throw new RuntimeError('UNAVAILABLE', `attach to container ${id}: the runtime did not open the streams`, cause);
  }
  // The error stream ends when the runtime is done with us.
  const exited = readFailure(error).then((failure) => {
    if (failure !== undefined) throw new RuntimeError('UNKNOWN', failure);
    return 0;
  });
  exited.catch(() => {});
  return {
    stdin,
    stdout: chunks(stdout),
    stderr: chunks(stderr),
    resize(width, height) {
      sizes?.write(`${JSON.stringify({ Width: width, Height: height })}\n`);
    },
    exited,
    close: () => connection.close(),
  };
}
