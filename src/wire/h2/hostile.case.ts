// The bench on which hostile clients are judged: a listener whose handlers are counted, and what must hold after every
// one of them. The server still answers a good client, every exchange has ended, nothing of a connection is left to wait
// for, and nothing was thrown that nobody caught.
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Exchange } from '../contract.ts';
import type { HttpLimits } from '../http/limits.ts';
import type { HttpServer } from '../http/server.ts';
import { ca, listenTls } from '../http/test-server.case.ts';
import { connectRaw, type RawClient, type RawOptions } from './frames.case.ts';

export interface Bench {
  readonly server: HttpServer;
  /** "GET /path" of each exchange that began. */
  readonly seen: readonly string[];
  /** What became of each request's body that was read: its length, or the error's name. */
  readonly bodies: readonly (number | string)[];
  /** Exchanges that have not ended. */
  readonly running: number;
  /** The most that ran at the same time. */
  readonly mostRunning: number;
  /** Resolves once `check` holds of the numbers above. */
  until(check: () => boolean): Promise<void>;
  /** Lets all answer that wait at /hold or /unread, or will. */
  release(): void;
  connect(options?: RawOptions): Promise<RawClient>;
}

const places = Buffer.alloc(4 << 20, Uint8Array.from({ length: 251 }, (_, i) => i));

/** A body in which every byte tells its place. */
export function pattern(bytes: number): Buffer {
  return places.subarray(0, bytes);
}

const benches: { readonly bench: Bench; readonly clients: RawClient[] }[] = [];
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);

/** For the top of each file that uses a bench. */
export function judgeAfterEach(): void {
  beforeEach(() => {
    uncaught.length = 0;
    process.on('uncaughtException', note).on('unhandledRejection', note);
  });
  afterEach(async () => {
    for (const { bench, clients } of benches.splice(0)) {
      expect(await goodAnswer(bench.server)).toBe('GET 0');
      for (const { socket } of clients) socket.destroy();
      await bench.until(() => bench.running === 0);
      // A connection that is still held would be waited for.
      await bench.server.close({ graceMs: 3_600_000 });
    }
    process.off('uncaughtException', note).off('unhandledRejection', note);
    expect(uncaught).toEqual([]);
  });
}

/** What a well-behaved client is told on a connection of its own. */
export function goodAnswer(server: HttpServer): Promise<string> {
  const session: ClientHttp2Session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: ca.cert });
  return new Promise<string>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':path': '/good' });
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => resolve(text)).on('error', reject);
  }).finally(() => session.destroy());
}

/**
 * /hold reads its body and waits, /unread waits without reading, /ignore answers at once without reading, /bytes/N
 * answers N bytes, /headed/N/M answers M bytes after a header of N, /stream/N/M writes N bytes in pieces of M; all others read their body and tell its length.
 */
export async function openBench(limits: Partial<HttpLimits> = {}): Promise<Bench> {
  const seen: string[] = [];
  const bodies: (number | string)[] = [];
  const held = new Set<() => void>();
  const waiting = new Set<() => void>();
  const clients: RawClient[] = [];
  let released = false;
  let running = 0;
  let mostRunning = 0;
  const changed = (): void => {
    for (const look of waiting) look();
  };
  const read = async (exchange: Exchange): Promise<number | undefined> => {
    const outcome = await exchange.body(1 << 20).then((body) => body.length, (error: Error) => error.name);
    bodies.push(outcome);
    changed();
    return typeof outcome === 'number' ? outcome : undefined;
  };
  const hold = (exchange: Exchange): Promise<void> =>
    new Promise((resolve) => {
      if (released) resolve();
      held.add(resolve);
      exchange.whenGone(() => resolve());
    });
  const answer = async (exchange: Exchange): Promise<void> => {
    const [, kind, bytes, piece] = exchange.url.split('/');
    if (kind === 'hold' || kind === 'unread') {
      if (kind === 'hold' && (await read(exchange)) === undefined) return;
      await hold(exchange);
      if (!exchange.gone) exchange.send(200, {}, 'held');
    } else if (kind === 'headed') exchange.send(200, { 'x-large': 'h'.repeat(Number(bytes)) }, pattern(Number(piece)));
    else if (kind === 'bytes') exchange.send(200, {}, pattern(Number(bytes)));
    else if (kind === 'stream') await stream(exchange, Number(bytes), Number(piece));
    else if (kind === 'ignore') exchange.send(200, {}, 'ignored');
    else {
      const length = await read(exchange);
      if (!exchange.gone) exchange.send(length === undefined ? 413 : 200, {}, `${exchange.method} ${length ?? 'too large'}`);
    }
  };
  const server = await listenTls(async (exchange) => {
    seen.push(`${exchange.method} ${exchange.url}`);
    mostRunning = Math.max(mostRunning, ++running);
    changed();
    try {
      await answer(exchange);
    } finally {
      running--;
      changed();
    }
  }, limits);
  const bench: Bench = {
    server,
    seen,
    bodies,
    get running() {
      return running;
    },
    get mostRunning() {
      return mostRunning;
    },
    until: (check) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!check()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    release() {
      released = true;
      for (const go of held) go();
    },
    async connect(options) {
      const client = await connectRaw(server.port, options);
      clients.push(client);
      return client;
    },
  };
  benches.push({ bench, clients });
  return bench;
}

async function stream(exchange: Exchange, bytes: number, piece: number): Promise<void> {
  const content = pattern(bytes);
  const body = exchange.start(200, {});
  for (let at = 0; at < bytes && !exchange.gone; at += piece) {
    if (!body.write(content.subarray(at, at + piece))) await body.drained().catch(() => undefined);
  }
  body.end();
}

/** The connection is given up, and the client is told why. */
export async function expectRefused(client: RawClient, ...codes: readonly number[]): Promise<void> {
  await client.settled();
  expect(codes, `the server said: ${client.told()}`).toContain(client.goaway);
  await client.ended();
}

/** The stream alone is reset, and the connection serves on. */
export async function expectReset(client: RawClient, stream: number, ...codes: readonly number[]): Promise<void> {
  await client.settled();
  expect(client.closed || client.goaway !== undefined, `the server gave up the connection: ${client.told()}`).toBe(false);
  expect(codes, `the server said: ${client.told()}`).toContain(client.answer(stream).reset);
}

/** Stream or connection, as the server likes; where it says why, it is one of the codes. */
export async function expectResetOrRefused(client: RawClient, stream: number, ...codes: readonly number[]): Promise<void> {
  await client.settled();
  expect(codes, `the server said: ${client.told()}`).toContain(client.answer(stream).reset ?? client.goaway);
}

/** Nothing came of it: a request on the same connection is answered. */
export async function expectIgnored(client: RawClient, ask: () => number): Promise<void> {
  await client.settled();
  const answer = await client.answered(ask());
  expect(answer, `the server said: ${client.told()}`).toMatchObject({ status: 200, ended: true });
}
