// TLS on top of a tunnel. Node ends what lies below only where that is a plain socket: here both always end together.
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

export function securedTunnel(tunnel: Duplex, options: ConnectionOptions): TLSSocket {
  const socket = connect({ ...options, socket: tunnel });
  socket.once('close', () => tunnel.destroy());
  tunnel.once('close', () => socket.destroy());
  return socket;
}
