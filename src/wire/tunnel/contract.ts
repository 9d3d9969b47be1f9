// Connections that are opened through somebody else: a CONNECT proxy, a konnectivity server, whatever stands between two
// networks. What comes back is a byte stream like a socket's, so that TLS, HTTP/1.1, HTTP/2 and upgrades run on it unchanged.
import type { Duplex } from 'node:stream';
import type { SocketAddress } from '../http/client-options.ts';

/** Opens a connection to an address. Aborted: rejects with the signal's reason, and what was opened so far is closed. */
export type Dial = (address: SocketAddress, signal?: AbortSignal) => Promise<Duplex>;

/** A proxy in two steps, because whoever measures it tells a proxy that is not there from one that refuses. */
export interface TunnelProxy {
  /** Reaches the proxy. What it resolves with is used once. */
  connect(signal?: AbortSignal): Promise<Dial>;
}

/** "10.0.0.1:443", "[fd00::1]:443" */
export function hostPort({ host, port }: SocketAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
