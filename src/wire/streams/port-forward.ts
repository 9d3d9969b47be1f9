// Port-forward as a server hears it: SPDY stream pairs (data and error, told apart by requestID), the same tunnelled
// in a WebSocket (KEP-4006, what kubectl speaks first), or WebSocket channel pairs with ports from the query.
import type { Duplex } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import type { Exchange } from '../contract.ts';
import { SpdyConnection, type SpdyStream } from '../spdy/connection.ts';
import { acceptSpdy, isSpdyRequest, negotiateSpdy } from '../spdy/upgrade.ts';
import { webSocketChannels, webSocketDuplex } from '../websocket/channels.ts';
import { acceptWebSocket, chooseSubprotocol, isWebSocketRequest } from '../websocket/upgrade.ts';

export interface PortForwardOptions {
  /** Ports that the request's query names; only WebSocket channels need them. */
  readonly ports: readonly number[];
  readonly clock: Clock;
  /** How long the second stream of a pair may take. Default 30 s. */
  readonly streamCreationMs?: number;
  /**
   * One forwarded connection: copy bytes until either side ends, then return. What it throws is told to the
   * client on the connection's error stream, word for word.
   */
  readonly onConnection: (port: number, connection: Duplex) => Promise<void>;
}

const portForwardProtocol = 'portforward.k8s.io';
const tunnelProtocol = `SPDY/3.1+${portForwardProtocol}`;
const channelProtocols = ['', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];
const plainText = { 'content-type': 'text/plain; charset=utf-8' };
/** Half-made pairs of one connection. */
const pairLimit = 1_000;

/** Serves the request until the client hangs up. Requests that are no good are answered. */
export async function acceptPortForward(exchange: Exchange, options: PortForwardOptions): Promise<void> {
  if (isWebSocketRequest(exchange)) {
    const protocol = chooseSubprotocol(exchange, [tunnelProtocol, ...channelProtocols]);
    if (protocol === undefined) exchange.send(403, plainText, 'unable to upgrade: requested protocol(s) are not supported\n');
    else if (protocol === tunnelProtocol) await tunnelled(exchange, options);
    else await overChannels(exchange, protocol, options);
    return;
  }
  if (!isSpdyRequest(exchange)) {
    exchange.send(400, plainText, 'unable to upgrade: missing upgrade headers in request\n');
    return;
  }
  if (negotiateSpdy(exchange, [portForwardProtocol]) === undefined) return;
  const pairs = streamPairs(options);
  await acceptSpdy(exchange, portForwardProtocol, pairs).closed;
}

async function tunnelled(exchange: Exchange, options: PortForwardOptions): Promise<void> {
  const webSocket = await acceptWebSocket(exchange, tunnelProtocol).catch(() => undefined);
  if (webSocket === undefined) return;
  await new SpdyConnection(webSocketDuplex(webSocket), { side: 'server', onStream: streamPairs(options) }).closed;
}

/** Joins the streams that a client opens into connections. */
function streamPairs(options: PortForwardOptions): (stream: SpdyStream) => void {
  const pairs = new Map<string, { data?: SpdyStream; error?: SpdyStream; expire: () => void }>();
  return (stream) => {
    const { streamtype: type, port: portText = '', requestid } = stream.requestHeaders;
    const port = Number(portText);
    if (!/^\d+$/.test(portText) || port < 1 || port > 65535 || (type !== 'data' && type !== 'error')) {
      stream.destroy();
      return;
    }
    // Clients without request ids open the error stream and then the data stream, two ids on.
    const id = requestid ?? String(type === 'error' ? stream.id : stream.id - 2);
    const known = pairs.get(id);
    if (known?.[type] !== undefined || pairs.size >= pairLimit) {
      stream.destroy();
      return;
    }
    stream.reply();
    const pair = known ?? { expire: () => undefined };
    pair[type] = stream;
    if (known === undefined) {
      pairs.set(id, pair);
      const timer = options.clock.after(options.streamCreationMs ?? 30_000, () => {
        pairs.delete(id);
        pair.error?.end('timed out waiting for streams');
        pair.data?.destroy();
      });
      pair.expire = () => timer.cancel();
    }
    const { data, error } = pair;
    if (data === undefined || error === undefined) return;
    pair.expire();
    pairs.delete(id);
    error.resume();
    options.onConnection(port, data).then(
      () => {
        data.end();
        error.end();
        if (!data.readableEnded) data.resume();
      },
      (reason: unknown) => {
        // The data stream is reset once the error has left, so that the client does not miss why.
        error.end(reason instanceof Error ? reason.message : String(reason), () => data.destroy());
      },
    );
  };
}

async function overChannels(exchange: Exchange, protocol: string, options: PortForwardOptions): Promise<void> {
  const { ports } = options;
  if (ports.length === 0 || ports.length > 100) {
    exchange.send(400, plainText, 'query parameter "port" is required\n');
    return;
  }
  const webSocket = await acceptWebSocket(exchange, protocol).catch(() => undefined);
  if (webSocket === undefined) return;
  const channels = webSocketChannels(webSocket, {
    base64: protocol.includes('base64'),
    closeSignal: false,
    readable: ports.map((_, i) => i * 2),
    count: ports.length * 2,
    side: 'server',
  });
  const connections = ports.map(async (port, i) => {
    const data = channels.channel(i * 2);
    const error = channels.channel(i * 2 + 1);
    const announced = Buffer.alloc(2);
    announced.writeUInt16LE(port);
    data.write(announced);
    error.write(announced);
    try {
      await options.onConnection(port, data);
    } catch (reason) {
      error.write(reason instanceof Error ? reason.message : String(reason));
    }
  });
  await Promise.race([Promise.all(connections), channels.closed]);
  channels.close();
  await channels.closed;
}
