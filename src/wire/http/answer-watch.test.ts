// Clients that do not read what they have asked for: complete answers are cut off as well, over both protocols.
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import type { Exchange, Handler } from '../contract.ts';
import { ca, listenTls } from './test-server.case.ts';

const large = Buffer.alloc(32 << 20);

/** A handler, and when its client is gone. */
function answering(answer: (exchange: Exchange) => void): { readonly handler: Handler; readonly gone: Promise<void> } {
  let tell = (): void => {};
  const gone = new Promise<void>((resolve) => (tell = resolve));
  const handler: Handler = async (exchange) => {
    exchange.signal.addEventListener('abort', () => tell(), { once: true });
    answer(exchange);
  };
  return { handler, gone };
}

const answers: readonly (readonly [string, (exchange: Exchange) => void])[] = [
  ['sent at once', (exchange) => exchange.send(200, {}, large)],
  ['streamed and ended', (exchange) => {
    const body = exchange.start(200, {});
    body.write(large);
    body.end();
  }],
];

test.each(answers)('HTTP/2: an answer %s that nobody reads is reset', async (_name, answer) => {
  const { handler, gone } = answering(answer);
  const server = await listenTls(handler, { answerMs: 100 });
  const session = connectHttp2(`https://localhost:${server.port}`, { ca: ca.cert, settings: { initialWindowSize: 0 } });
  session.on('error', () => {});
  const stream = session.request({ ':path': '/' });
  stream.on('error', () => {});
  const closed = new Promise<number | undefined>((resolve) => stream.once('close', () => resolve(stream.rstCode)));
  await gone;
  expect(await closed).not.toBe(0);
  // The connection itself serves on.
  expect(session.destroyed).toBe(false);
  session.destroy();
  await server.close({ graceMs: 0 });
});

test.each(answers)('HTTP/1.1: an answer %s that nobody reads ends its connection', async (_name, answer) => {
  const { handler, gone } = answering(answer);
  const server = await listenTls(handler, { answerMs: 100 });
  const socket = connectTls({ host: '127.0.0.1', port: server.port, servername: 'localhost', ca: ca.cert, ALPNProtocols: ['http/1.1'] }, () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  socket.on('error', () => {});
  socket.pause();
  await gone;
  socket.destroy();
  await server.close({ graceMs: 0 });
});

test('an answer that is read in time is whole', async () => {
  const { handler } = answering((exchange) => exchange.send(200, {}, large.subarray(0, 1 << 20)));
  const server = await listenTls(handler, { answerMs: 60_000 });
  const session = connectHttp2(`https://localhost:${server.port}`, { ca: ca.cert });
  const stream = session.request({ ':path': '/' });
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await new Promise((resolve) => stream.once('end', resolve));
  expect(bytes).toBe(1 << 20);
  session.destroy();
  await server.close({ graceMs: 0 });
});
