// Tunnels through an HTTP proxy that takes CONNECT (RFC 9110, 9.3.6), over TCP, TLS or a Unix socket. The proxy's answer
// is read by hand, up to a bound and not a byte further: what follows it belongs to the tunnel. Texts of failures are
// those of kube-apiserver's egress dialer.
import { connect as connectPlain } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { sleep, type Clock } from '#base/clock.ts';
import { codeOf } from '#base/errors.ts';
import { abortReason, type HttpTransportOptions, type SocketAddress, tlsConnection } from '../http/client-options.ts';
import { hostPort, type TunnelProxy } from './contract.ts';

export type ProxyTls = Pick<HttpTransportOptions, 'ca' | 'cert' | 'key' | 'serverName' | 'checkServerName'>;

/** Where the proxy listens. TLS is asked for with every connection, so that certificates can be renewed. */
export type ProxyLocation = { readonly address: SocketAddress; readonly tls?: () => ProxyTls } | { readonly socketPath: string };

/** Either step, at most. */
const stepTimeoutMs = 30_000;
const mostHeadBytes = 1 << 20;
const backlogWaitMs = 10;

export function connectProxy(clock: Clock, location: ProxyLocation): TunnelProxy {
  const told = 'socketPath' in location ? location.socketPath : hostPort(location.address);
  return {
    async connect(signal) {
      const socket = await opened(clock, location, signal);
      return async (address, asking) => {
        await agreed(clock, socket, told, hostPort(address), asking);
        return socket;
      };
    },
  };
}

function open(clock: Clock, location: ProxyLocation): { readonly socket: Duplex; readonly ready: string } {
  if ('socketPath' in location) return { socket: connectPlain({ path: location.socketPath }), ready: 'connect' };
  const { address, tls } = location;
  if (tls === undefined) return { socket: connectPlain({ ...address, noDelay: true }), ready: 'connect' };
  const url = `https://${hostPort(address)}`;
  const socket = connectTls({ ...tlsConnection({ ...tls(), url, clock }, new URL(url), []), ...address });
  socket.setNoDelay(true);
  return { socket, ready: 'secureConnect' };
}

/** Runs `work` until it settles, the signal aborts or time is up; on failure the socket is closed. */
function within<T>(clock: Clock, socket: Duplex, signal: AbortSignal | undefined, work: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', fail);
      release();
    };
    const fail = (error: Error): void => {
      end();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal === undefined ? new Error('aborted') : abortReason(signal));
    const timer = clock.after(stepTimeoutMs, () => fail(new Error('context deadline exceeded')));
    const release = work((value) => {
      end();
      // A tunnel that nobody has taken yet may break.
      socket.on('error', () => socket.destroy());
      resolve(value);
    }, fail);
    socket.once('error', fail);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
}

async function opened(clock: Clock, location: ProxyLocation, signal: AbortSignal | undefined): Promise<Duplex> {
  for (const end = clock.monotonic() + stepTimeoutMs; ; ) {
    if (signal?.aborted === true) throw abortReason(signal);
    try {
      return await openedOnce(clock, location, signal);
    } catch (error) {
      // A Unix socket refuses, instead of delaying, what its backlog cannot hold.
      if (codeOf(error) !== 'EAGAIN' || clock.monotonic() > end) throw error;
      await sleep(clock, backlogWaitMs, signal);
    }
  }
}

function openedOnce(clock: Clock, location: ProxyLocation, signal: AbortSignal | undefined): Promise<Duplex> {
  const { socket, ready } = open(clock, location);
  return within<Duplex>(clock, socket, signal, (resolve) => {
    const done = (): void => resolve(socket);
    socket.once(ready, done);
    return () => socket.off(ready, done);
  });
}

function agreed(clock: Clock, socket: Duplex, proxy: string, target: string, signal: AbortSignal | undefined): Promise<void> {
  const broken = (why: string): Error => new Error(`reading HTTP response from CONNECT to ${target} via proxy ${proxy} failed: ${why}`);
  return within<void>(clock, socket, signal, (resolve, reject) => {
    const head = headReader();
    // Read and not listened to: a stream that has flowed would have to be paused, and whoever takes it over does not expect that.
    const onReadable = (): void => {
      const chunk: unknown = socket.read();
      const found = Buffer.isBuffer(chunk) ? head(chunk) : undefined;
      if (found === undefined) return;
      if (found === 'too long') reject(broken('unexpected EOF'));
      else {
        const failure = refusal(found, proxy, target, broken);
        if (failure === undefined) resolve();
        else reject(failure);
      }
    };
    const onEnd = (): void => reject(broken('unexpected EOF'));
    socket.on('readable', onReadable);
    socket.once('end', onEnd);
    socket.once('close', onEnd);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    return () => {
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
    };
  });
}

interface Head {
  readonly firstLine: string;
  readonly bytesBehind: number;
}

/** Takes bytes until the empty line is there. */
function headReader(): (chunk: Buffer) => Head | 'too long' | undefined {
  const chunks: Buffer[] = [];
  let total = 0;
  let tail = '';
  return (chunk) => {
    chunks.push(chunk);
    total += chunk.length;
    const seen = tail + chunk.toString('latin1');
    const end = /\n\r?\n/.exec(seen);
    if (end === null) {
      tail = seen.slice(-3);
      return total > mostHeadBytes ? 'too long' : undefined;
    }
    const whole = Buffer.concat(chunks, total).toString('latin1');
    return { firstLine: whole.slice(0, whole.indexOf('\n')).trimEnd(), bytesBehind: seen.length - end.index - end[0].length };
  };
}

function refusal({ firstLine, bytesBehind }: Head, proxy: string, target: string, broken: (why: string) => Error): Error | undefined {
  const [, status, code] = /^HTTP\/\d\.\d +((\d{3})(?: .*)?)$/.exec(firstLine) ?? [];
  if (status === undefined || code === undefined) return broken(`malformed HTTP response ${JSON.stringify(firstLine)}`);
  if (code !== '200') return new Error(`proxy error from ${proxy} while dialing ${target}, code ${Number(code)}: ${status}`);
  return bytesBehind === 0 ? undefined : new Error(`unexpected ${bytesBehind} bytes of buffered data from CONNECT proxy ${JSON.stringify(proxy)}`);
}
