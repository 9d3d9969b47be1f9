// What every Transport and the server behind it promise, run on each carrier: in memory, HTTP/2, HTTP/1.1
// over TLS and plain HTTP/1.1.
import { describe, expect, it } from 'vitest';
import { BodyTooLargeError, type Exchange, type Handler, type Transport } from '../contract.ts';
import { PeerGoneError } from './body.ts';

export interface Carrier {
  readonly transport: Transport;
  close(): Promise<void>;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Registers the suite; `open` serves `handler` and returns a transport to it. */
export function transportCases(name: string, open: (handler: Handler) => Promise<Carrier>): void {
  const using = async (handler: Handler, use: (transport: Transport) => Promise<void>): Promise<void> => {
    const carrier = await open(handler);
    try {
      await use(carrier.transport);
    } finally {
      await carrier.close();
    }
  };

  describe(`transport: ${name}`, () => {
    it('carries method, path, headers and body there, status, headers and body back', () =>
      using(
        async (exchange) => {
          const body = await exchange.body(1 << 20);
          exchange.send(201, { 'content-type': 'text/plain', 'x-seen': exchange.headers['x-sent'] }, `${exchange.method} ${exchange.url} ${text(body)}`);
        },
        async (transport) => {
          const response = await transport.request({ method: 'POST', path: '/api/v1/pods?limit=5&x=%2F', headers: { 'x-sent': 'yes' }, body: 'grüße' });
          expect(response.status).toBe(201);
          expect(response.headers['x-seen']).toBe('yes');
          expect(response.headers['content-type']).toBe('text/plain');
          const answer = await response.bytes();
          expect(text(answer)).toBe('POST /api/v1/pods?limit=5&x=%2F grüße');
          expect(response.headers['content-length']).toBe(String(answer.length));
        },
      ));

    it('answers without a body, HEAD and 204 included', () =>
      using(
        async (exchange) => {
          if (exchange.url === '/none') exchange.send(204, {});
          else if (exchange.url === '/empty') exchange.send(200, {});
          else exchange.send(200, {}, 'twelve bytes');
        },
        async (transport) => {
          const none = await transport.request({ method: 'DELETE', path: '/none' });
          expect([none.status, (await none.bytes()).length]).toEqual([204, 0]);
          const empty = await transport.request({ method: 'GET', path: '/empty' });
          expect([empty.status, (await empty.bytes()).length, empty.headers['content-length']]).toEqual([200, 0, '0']);
          const head = await transport.request({ method: 'HEAD', path: '/' });
          expect([head.status, (await head.bytes()).length, head.headers['content-length']]).toEqual([200, 0, '12']);
        },
      ));

    it('delivers every one of many answers that arrive whole', () => {
      const body = 'x'.repeat(3000);
      return using(
        async (exchange) => exchange.send(200, {}, body),
        async (transport) => {
          const ask = async (): Promise<void> => {
            for (let i = 0; i < 50; i++) {
              const response = await transport.request({ method: 'GET', path: '/' });
              expect((await response.bytes()).length).toBe(body.length);
            }
          };
          await Promise.all(Array.from({ length: 40 }, ask));
        },
      );
    });

    it('delivers a streamed answer chunk by chunk, as each is written', () => {
      const next = signalledSteps();
      return using(
        async (exchange) => {
          const body = exchange.start(200, { 'content-type': 'application/json' });
          for (let i = 0; i < 3; i++) {
            body.write(`event ${i}\n`);
            await next.wait();
          }
          body.end('last\n');
        },
        async (transport) => {
          const response = await transport.request({ method: 'GET', path: '/watch' });
          let seen = '';
          for await (const chunk of response.body) {
            seen += text(chunk);
            next.go();
          }
          expect(seen).toBe('event 0\nevent 1\nevent 2\nlast\n');
        },
      );
    });

    it('refuses a body beyond the limit and keeps serving', () =>
      using(
        async (exchange) => {
          try {
            const body = await exchange.body(1000);
            exchange.send(200, {}, String(body.length));
          } catch (error) {
            exchange.send(error instanceof BodyTooLargeError ? 413 : 500, {}, 'too large');
          }
        },
        async (transport) => {
          const exact = await transport.request({ method: 'POST', path: '/', body: new Uint8Array(1000) });
          expect(text(await exact.bytes())).toBe('1000');
          const large = await transport.request({ method: 'POST', path: '/', body: new Uint8Array(3 << 20) });
          expect(large.status).toBe(413);
          await large.bytes();
          const streamed = await transport.request({ method: 'POST', path: '/', bodyStream: chunksOf(300, 10) });
          expect(streamed.status).toBe(413);
          await streamed.bytes();
          expect((await transport.request({ method: 'POST', path: '/', body: 'x' })).status).toBe(200);
        },
      ));

    it('streams a request body of unknown length', () =>
      using(
        async (exchange) => {
          let total = 0;
          for await (const chunk of exchange.bodyStream()) total += chunk.length;
          exchange.send(200, {}, String(total));
        },
        async (transport) => {
          const response = await transport.request({ method: 'PUT', path: '/', bodyStream: chunksOf(64 << 10, 40) });
          expect(text(await response.bytes())).toBe(String((64 << 10) * 40));
        },
      ));

    it('holds back a writer whose reader is slow, and loses nothing', () => {
      let heldBack = 0;
      let most = 0;
      const chunk = new Uint8Array(128 << 10).fill(7);
      return using(
        async (exchange) => {
          const body = exchange.start(200, {});
          for (let i = 0; i < 400; i++) {
            if (!body.write(chunk)) {
              heldBack++;
              most = Math.max(most, body.bufferedBytes);
              await body.drained();
            }
          }
          body.end();
        },
        async (transport) => {
          const response = await transport.request({ method: 'GET', path: '/' });
          let total = 0;
          for await (const part of response.body) total += part.length;
          expect(total).toBe(400 * chunk.length);
          expect(heldBack).toBeGreaterThan(10);
          expect(most).toBeLessThan(1 << 20);
        },
      );
    });

    it("aborts the exchange's signal when the caller aborts, before and after the answer began", () => {
      const aborted = pending<string>();
      const started = pending<void>();
      return using(
        async (exchange) => {
          const gone = new Promise<void>((resolve) => exchange.signal.addEventListener('abort', () => resolve(), { once: true }));
          if (exchange.url === '/watch') exchange.start(200, {}).write('first');
          else started.resolve();
          await gone;
          aborted.resolve(exchange.url);
        },
        async (transport) => {
          const early = new AbortController();
          const waiting = transport.request({ method: 'GET', path: '/slow', signal: early.signal });
          await started.promise;
          early.abort(new Error('enough'));
          await expect(waiting).rejects.toThrow('enough');
          expect(await aborted.promise).toBe('/slow');

          const late = new AbortController();
          const response = await transport.request({ method: 'GET', path: '/watch', signal: late.signal });
          const read = (async () => {
            for await (const chunk of response.body) expect(text(chunk)).toBe('first');
          })();
          late.abort(new Error('enough now'));
          await expect(read).rejects.toThrow('enough now');
        },
      );
    });

    it('ends the exchange when the reader leaves the loop', () => {
      const aborted = pending<void>();
      return using(
        async (exchange) => {
          const body = exchange.start(200, {});
          body.write('one');
          await new Promise<void>((resolve) => exchange.signal.addEventListener('abort', () => resolve(), { once: true }));
          await expect(body.drained()).rejects.toBeInstanceOf(PeerGoneError);
          aborted.resolve();
        },
        async (transport) => {
          const response = await transport.request({ method: 'GET', path: '/' });
          for await (const chunk of response.body) {
            expect(text(chunk)).toBe('one');
            break;
          }
          await aborted.promise;
        },
      );
    });

    it('shows a cut answer as an error, never as a complete one', () =>
      using(
        async (exchange) => {
          const body = exchange.start(200, {});
          body.write('half');
          if (exchange.url === '/throw') throw new Error('handler broke');
          body.destroy();
        },
        async (transport) => {
          for (const path of ['/throw', '/destroy']) {
            // Depending on the carrier the cut may be seen before the head is.
            const read = transport.request({ method: 'POST', path }).then((response) => response.bytes());
            await expect(read).rejects.toBeInstanceOf(Error);
          }
        },
      ));

    it('answers 500 for a handler that throws or forgets to answer', () =>
      using(
        async (exchange) => {
          if (exchange.url === '/throw') throw new Error('secret detail');
        },
        async (transport) => {
          for (const path of ['/throw', '/forget']) {
            const response = await transport.request({ method: 'GET', path });
            expect(response.status).toBe(500);
            expect(text(await response.bytes())).toBe('Internal Server Error\n');
          }
        },
      ));

    it('serves many requests at once', () =>
      using(
        async (exchange: Exchange) => {
          exchange.send(200, {}, exchange.url);
        },
        async (transport) => {
          const paths = Array.from({ length: 600 }, (_, i) => `/item/${i}`);
          const answers = await Promise.all(paths.map(async (path) => text(await (await transport.request({ method: 'GET', path })).bytes())));
          expect(answers).toEqual(paths);
        },
      ));

    it('rejects after close', async () => {
      const carrier = await open(async (exchange) => exchange.send(200, {}));
      await carrier.transport.close();
      await expect(carrier.transport.request({ method: 'GET', path: '/' })).rejects.toThrow('the transport is closed');
      await carrier.close();
    });
  });
}

async function* chunksOf(bytes: number, count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(bytes).fill(i);
}

/** A promise with its handles outside. */
export function pending<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  return { promise, resolve, reject };
}

/** A step counter: `wait` returns once per `go`. */
function signalledSteps(): { wait(): Promise<void>; go(): void } {
  let ready = 0;
  let wake: (() => void) | undefined;
  return {
    async wait() {
      while (ready === 0) await new Promise<void>((resolve) => (wake = resolve));
      ready--;
    },
    go() {
      ready++;
      wake?.();
    },
  };
}
