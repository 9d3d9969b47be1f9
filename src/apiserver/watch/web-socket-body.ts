// A watch over a WebSocket: each event is a message of its own, text for JSON, binary for protobuf. The hub writes
// frames one after another in chunks; here they are told apart again, JSON by its line ends (no frame has one inside),
// protobuf by the length before each event, which WebSockets do not need. Browsers watch in this way.
import { acceptWebSocket, type Exchange, type ResponseBody, type WebSocket } from '#wire';

/** Bytes that may wait for a slow reader before writers are told to wait. */
const highWaterBytes = 1 << 20;
const normalClosure = 1000;

/** Splits what is written into events; the rest waits for more. */
interface Splitter {
  (pending: Buffer): { readonly events: Buffer[]; readonly rest: Buffer };
}

const lines: Splitter = (pending) => {
  const events: Buffer[] = [];
  let from = 0;
  for (let at = pending.indexOf(10); at >= 0; at = pending.indexOf(10, from)) {
    events.push(pending.subarray(from, at + 1));
    from = at + 1;
  }
  return { events, rest: pending.subarray(from) };
};

const lengthDelimited: Splitter = (pending) => {
  const events: Buffer[] = [];
  let from = 0;
  while (pending.length - from >= 4) {
    const end = from + 4 + pending.readUInt32BE(from);
    if (end > pending.length) break;
    events.push(pending.subarray(from + 4, end));
    from = end;
  }
  return { events, rest: pending.subarray(from) };
};

/** Completes the handshake of a watch. Rejects when it is malformed. */
export async function webSocketBody(exchange: Exchange, isProtobuf: boolean, onClose: () => void): Promise<ResponseBody> {
  const [asked = ''] = (exchange.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const socket = await acceptWebSocket(exchange, asked);
  socket.once('close', onClose);
  // What the client says does not matter; it must be read for pings and the close to be seen.
  socket.on('message', () => {});
  socket.resume();
  return bodyOf(socket, isProtobuf);
}

function bodyOf(socket: WebSocket, isProtobuf: boolean): ResponseBody {
  const split = isProtobuf ? lengthDelimited : lines;
  let pending: Buffer = Buffer.alloc(0);
  let waiting: (() => void)[] = [];
  const sent = (): void => {
    if (socket.bufferedAmount > highWaterBytes) return;
    for (const wake of waiting.splice(0)) wake();
  };
  const write = (chunk: Uint8Array | string): boolean => {
    const bytes = Buffer.from(chunk);
    const { events, rest } = split(pending.length === 0 ? bytes : Buffer.concat([pending, bytes]));
    pending = Buffer.from(rest);
    for (const event of events) socket.send(isProtobuf ? event : event.toString('utf8'), { binary: isProtobuf }, sent);
    return socket.bufferedAmount <= highWaterBytes;
  };
  return {
    write,
    drained: () => new Promise((resolve, reject) => {
      if (socket.readyState !== socket.OPEN) return reject(new Error('the WebSocket is closed'));
      if (socket.bufferedAmount <= highWaterBytes) return resolve();
      waiting.push(resolve);
      socket.once('close', () => reject(new Error('the WebSocket is closed')));
    }),
    end(chunk) {
      if (chunk !== undefined) write(chunk);
      socket.close(normalClosure);
    },
    destroy: () => {
      waiting = [];
      socket.terminate();
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
  };
}
