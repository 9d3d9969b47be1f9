// Clients that finish their TLS handshake when its time is already over. In a file of its own: what it guards against
// ends the whole process (an abort inside Node), not only the test.
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { type HttpServer, serveHttp } from './server.ts';
import { ca, serverCertificate, world } from './test-server.case.ts';
import { pending } from './transport.case.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A server that tells when it has given up on a handshake. */
async function impatientServer(): Promise<{ server: HttpServer; gaveUp: Promise<void> }> {
  const over = pending<void>();
  const server = await serveHttp(
    world,
    { host: '127.0.0.1', port: 0, tls: { ...serverCertificate, clientCa: ca.cert }, handler: async (exchange) => exchange.send(200, {}, 'hello'), limits: { handshakeMs: 50 }, onHandshakeError: () => over.resolve() },
  );
  open.push(() => server.close({ graceMs: 0 }));
  return { server, gaveUp: over.promise };
}

/** A way to the server that holds back everything after the client's first flight. */
async function heldBack(port: number, until: Promise<void>): Promise<number> {
  const relay = createServer((client) => {
    const up = connect(port, '127.0.0.1');
    const both: readonly (readonly [Socket, Socket])[] = [
      [client, up],
      [up, client],
    ];
    for (const [one, other] of both) one.on('error', () => undefined).once('close', () => other.destroy());
    up.on('data', (chunk) => client.write(chunk));
    client.once('data', (hello) => {
      up.write(hello);
      client.on('data', (chunk) => void until.then(() => up.write(chunk)));
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  open.push(() => relay.close());
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

function received(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('error', () => undefined).on('data', (chunk: Uint8Array) => (text += Buffer.from(chunk).toString('latin1')));
    socket.once('close', () => resolve(text));
  });
}

it.each(['h2', 'http/1.1'])('a handshake for %s that ends too late is cut off unanswered', async (protocol) => {
  const { server, gaveUp } = await impatientServer();
  const port = await heldBack(server.port, gaveUp);
  const late = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: [protocol] });
  expect(await received(late)).toBe('');
});
