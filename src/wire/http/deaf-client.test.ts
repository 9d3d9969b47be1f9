// Clients that stop reading their connection, while their requests are being answered: they are cut off, and nothing of
// them stays behind. Ending the HTTP/2 session alone would wait for the write that they do not take.
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it } from 'vitest';
import { ca, listenTls } from './test-server.case.ts';
import { pending } from './transport.case.ts';

const large = Buffer.alloc(1 << 20);

it('a client that takes nothing and answers no ping is cut off for good', async () => {
  const gone = pending<void>();
  const server = await listenTls(
    async (exchange) => {
      exchange.signal.addEventListener('abort', () => gone.resolve());
      const body = exchange.start(200, {});
      while (!exchange.signal.aborted) if (!body.write(large)) await body.drained();
    },
    { idleMs: 100, pingMs: 100 },
  );
  const ways = new Set<Socket>();
  const relay = createServer((client) => {
    const up = connect(server.port, '127.0.0.1');
    for (const one of [client, up]) ways.add(one.on('error', () => undefined));
    client.on('data', (chunk) => up.write(chunk));
    up.on('data', (chunk) => {
      client.write(chunk);
      // Past the handshake, and with the answer begun.
      if (up.bytesRead > large.length) up.pause();
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const window = 2 ** 31 - 1;
  const client = connectHttp2('https://127.0.0.1', { createConnection: () => connectTls({ host: '127.0.0.1', port: address.port, ca: ca.cert, ALPNProtocols: ['h2'] }), settings: { initialWindowSize: window } });
  client.on('error', () => undefined);
  client.once('connect', () => client.setLocalWindowSize(window));
  client.request({ ':path': '/' }).on('error', () => undefined).resume();
  await gone.promise;
  // It would wait for what is still open.
  await expect(server.close({ graceMs: 3_600_000 })).resolves.toBeUndefined();
  client.destroy();
  for (const one of ways) one.destroy();
  await new Promise((resolve) => relay.close(resolve));
});
