// Runs the transport suite on every carrier.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { http1Transport } from './http1-client.ts';
import { httpTransport, unixTransport } from './http-transport.ts';
import { memoryTransport } from './memory-transport.ts';
import { ca, listenPlain, listenTls } from './test-server.case.ts';
import { transportCases } from './transport.case.ts';

const clock = systemClock;

transportCases('memory', async (handler) => {
  const transport = memoryTransport(handler, { user: 'system:apiserver', groups: ['system:masters'] });
  return { transport, close: () => transport.close() };
});

transportCases('HTTP/2', async (handler) => {
  const server = await listenTls(handler);
  const transport = httpTransport({ url: `https://127.0.0.1:${server.port}`, ca: ca.cert, clock });
  return {
    transport,
    async close() {
      await transport.close();
      await server.close({ graceMs: 0 });
    },
  };
});

transportCases('HTTP/1.1 over TLS', async (handler) => {
  const server = await listenTls(handler);
  const transport = http1Transport({ url: `https://127.0.0.1:${server.port}`, ca: ca.cert, clock });
  return {
    transport,
    async close() {
      await transport.close();
      await server.close({ graceMs: 0 });
    },
  };
});

transportCases('plain HTTP/1.1', async (handler) => {
  const server = await listenPlain(handler);
  const transport = httpTransport({ url: `http://127.0.0.1:${server.port}`, clock });
  return {
    transport,
    async close() {
      await transport.close();
      await server.close({ graceMs: 0 });
    },
  };
});

transportCases('a Unix socket', async (handler) => {
  const server = await listenPlain(handler);
  const folder = mkdtempSync(join(tmpdir(), 'wire-'));
  const path = join(folder, 'api.sock');
  const bridge = createServer((socket) => {
    const target = connect(server.port, '127.0.0.1');
    socket.on('error', () => target.destroy()).on('close', () => target.destroy());
    target.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.pipe(target).pipe(socket);
  });
  await new Promise<void>((resolve) => bridge.listen(path, resolve));
  const transport = unixTransport(path, { clock });
  return {
    transport,
    async close() {
      await transport.close();
      await server.close({ graceMs: 0 });
      await new Promise((resolve) => bridge.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
});
