// The listener against real peers: identity, bounds, hostile clients, and the graceful end.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { request as tlsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base/clock.ts';
import type { Handler } from '../contract.ts';
import type { HttpLimits } from './limits.ts';
import { httpTransport } from './http-transport.ts';
import type { HttpServer } from './server.ts';
import { ca, certificateFor, clientCertificate, listenPlain, listenTls, serverCertificate, strangerCertificate } from './test-server.case.ts';
import { pending } from './transport.case.ts';

const clock = systemClock;
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(handler: Handler, limits?: Partial<HttpLimits>): Promise<HttpServer> {
  const server = await listenTls(handler, limits);
  open.push(() => server.close({ graceMs: 0 }));
  return server;
}

function session(server: HttpServer): ClientHttp2Session {
  const client = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: ca.cert, maxSendHeaderBlockLength: 4 << 20 });
  client.on('error', () => undefined);
  open.push(() => client.destroy());
  return client;
}

function answer(client: ClientHttp2Session, headers: Record<string, string | string[]>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const stream = client.request(headers);
    let status = 0;
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (received) => (status = Number(received[':status'])));
    stream.on('data', (chunk: string) => (text += chunk));
    stream.on('error', reject);
    stream.on('close', () => (status === 0 ? reject(new Error(`reset with ${stream.rstCode ?? 0}`)) : resolve({ status, text })));
  });
}

const hello: Handler = async (exchange) => exchange.send(200, { 'content-type': 'text/plain' }, 'hello');

function closedOf(socket: Socket | TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.resume();
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

describe('who the peer is', () => {
  const told: Handler = async (exchange) => {
    const { certificate, certificateError, address } = exchange.peer;
    exchange.send(200, {}, JSON.stringify({ name: certificate?.commonName, groups: certificate?.organizations, certificateError, address }));
  };
  it.each([
    ['no certificate', undefined, { address: '127.0.0.1' }],
    ['a verified certificate', clientCertificate, { name: 'alice', groups: ['dev', 'ops'], address: '127.0.0.1' }],
    ['a certificate of another CA', strangerCertificate, { certificateError: expect.stringMatching(/^x509: /), address: '127.0.0.1' }],
  ])('%s', async (_name, certificate, expected) => {
    const server = await serve(told);
    for (const protocols of [['h2'], ['http/1.1']]) {
      const transport = httpTransport({ url: `https://127.0.0.1:${server.port}`, ca: ca.cert, cert: certificate?.cert, key: certificate?.key, clock });
      open.push(() => transport.close());
      const text = protocols[0] === 'h2' ? await (await transport.request({ method: 'GET', path: '/' })).bytes() : await http1Get(server, certificate);
      expect(JSON.parse(Buffer.from(text).toString())).toEqual(expected);
    }
  });

  function http1Get(server: HttpServer, certificate: { cert: string; key: string } | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      tlsRequest({ host: '127.0.0.1', port: server.port, ca: ca.cert, cert: certificate?.cert, key: certificate?.key, agent: false }, (response) => {
        const chunks: Uint8Array[] = [];
        response.on('data', (chunk: Uint8Array) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
      })
        .on('error', reject)
        .end();
    });
  }

  it('serves certificates by server name, and new ones after reload', async () => {
    const server = await serve(hello);
    const names = async (servername: string): Promise<string | undefined> => {
      const socket = connectTls({ host: '127.0.0.1', port: server.port, servername, rejectUnauthorized: false });
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      const name = socket.getPeerCertificate().subject.CN;
      socket.destroy();
      return Array.isArray(name) ? name[0] : name;
    };
    expect(await names('localhost')).toBe('server');
    server.reload({ ...certificateFor('next'), clientCa: ca.cert, sni: [{ names: ['api.example.com', '*.wild.example.com'], ...certificateFor('named') }] });
    expect(await names('localhost')).toBe('next');
    expect(await names('API.example.com')).toBe('named');
    expect(await names('a.wild.example.com')).toBe('named');
  });
});

describe('bounds', () => {
  it('carries 10,000 requests over one connection, at most 250 at once', async () => {
    let now = 0;
    let most = 0;
    const server = await serve(async (exchange) => {
      most = Math.max(most, ++now);
      await exchange.body(10);
      now--;
      exchange.send(200, {}, 'ok');
    });
    const client = session(server);
    const answers = await Promise.all(Array.from({ length: 10_000 }, (_, i) => answer(client, { ':path': `/${i}` })));
    expect(answers.every(({ status, text }) => status === 200 && text === 'ok')).toBe(true);
    expect(most).toBeLessThanOrEqual(250);
  });

  it('holds 10,000 streams open on one connection and ends them all', async () => {
    let opened = 0;
    const all = pending<void>();
    const server = await serve(
      async (exchange) => {
        const body = exchange.start(200, {});
        if (++opened === 10_000) all.resolve();
        await all.promise;
        body.end('done');
      },
      { streamsPerConnection: 10_000 },
    );
    const client = session(server);
    const answers = await Promise.all(Array.from({ length: 10_000 }, () => answer(client, { ':path': '/watch' })));
    expect(answers.every(({ text }) => text === 'done')).toBe(true);
  });

  const countHeaders: Handler = async (exchange) => {
    let total = 0;
    for (const [name, value] of Object.entries(exchange.headers)) if (name.startsWith('x-')) total += value?.length ?? 0;
    exchange.send(200, {}, String(total));
  };
  const manyHeaders = (bytes: number): Record<string, string> => Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-${i}`, 'v'.repeat(bytes / 20)]));

  it('accepts 100,000 bytes of headers on both protocols, and 900,000', async () => {
    const server = await serve(countHeaders);
    expect(await answer(session(server), manyHeaders(100_000))).toEqual({ status: 200, text: '100000' });
    expect(await statusOverHttp1(server, manyHeaders(900_000))).toBe(200);
    // Node's own client cuts header blocks into small frames; Go's uses frames as large as the server allows.
    expect(await largeFrames(server, manyHeaders(900_000))).toContain('900000');
  });

  it('answers 431 to headers beyond the bound', async () => {
    const server = await serve(hello, { headerBytes: 80_000 });
    const client = session(server);
    expect((await answer(client, manyHeaders(100_000))).status).toBe(431);
    expect((await answer(client, {})).text).toBe('hello');
    expect(await statusOverHttp1(server, manyHeaders(100_000))).toBe(431);
    expect(await statusOverHttp1(await serve(hello), manyHeaders(1_200_000))).toBe(431);
  });

  /** The answer's bytes to a request whose header block is sent in frames of 250 KB, uncompressed. */
  function largeFrames(server: HttpServer, headers: Record<string, string>): Promise<string> {
    const text = (value: string): Buffer => {
      const length: number[] = value.length < 127 ? [value.length] : [127];
      let rest = value.length - 127;
      for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
      if (value.length >= 127) length.push(rest);
      return Buffer.concat([Buffer.from(length), Buffer.from(value)]);
    };
    const fields = { ':method': 'GET', ':scheme': 'https', ':path': '/', ':authority': 'localhost', ...headers };
    const block = Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
    const frame = (type: number, flags: number, stream: number, payload: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from([payload.length >> 16, (payload.length >> 8) & 255, payload.length & 255, type, flags, 0, 0, 0, stream]), payload]);
    const frames = [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))];
    for (let offset = 0; offset < block.length; offset += 250_000) {
      const last = offset + 250_000 >= block.length;
      frames.push(frame(offset === 0 ? 1 : 9, (offset === 0 ? 1 : 0) | (last ? 4 : 0), 1, block.subarray(offset, offset + 250_000)));
    }
    return new Promise((resolve) => {
      let received = '';
      const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: ca.cert, ALPNProtocols: ['h2'] }, () => {
        // Frames larger than 16 KiB are allowed once the server's settings have arrived.
        socket.once('data', () => socket.write(Buffer.concat([frame(4, 1, 0, Buffer.alloc(0)), ...frames.slice(2)])));
        socket.write(Buffer.concat(frames.slice(0, 2)));
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(received));
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        if (received.includes('900000')) socket.destroy();
      });
    });
  }

  function statusOverHttp1(server: HttpServer, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      tlsRequest({ host: '127.0.0.1', port: server.port, ca: ca.cert, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  }

  it('cuts a connection that opens and resets streams without end', async () => {
    let begun = 0;
    const handler: Handler = async ({ signal, url }) => {
      if (url === '/probe') return;
      begun++;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    };
    const server = await listenTls(handler, { resetBurst: 100, resetsPerSecond: 1 });
    const client = session(server);
    await new Promise((resolve) => client.once('connect', resolve));
    const flood = (): void => {
      if (client.destroyed) return;
      const stream = client.request({ ':path': '/' });
      stream.on('error', () => undefined);
      clock.after(0, () => stream.close(constants.NGHTTP2_CANCEL));
      stream.once('close', flood);
    };
    for (let i = 0; i < 50; i++) flood();
    await expect.poll(() => begun).toBeGreaterThan(100);
    const other = session(server);
    expect((await answer(other, { ':path': '/probe' })).status).toBe(500);
    other.destroy();
    // The flooding connection is not waited for: it has been cut.
    await server.close({ graceMs: 3_600_000 });
    expect(begun).toBeLessThan(300);
  });

  it('closes idle connections and keeps busy ones, pinging them', async () => {
    const seen = pending<() => void>();
    const server = await serve(
      async (exchange) => {
        if (exchange.url === '/fast') return exchange.send(200, {});
        const body = exchange.start(200, {});
        seen.resolve(() => body.end('late'));
        await new Promise<void>((resolve) => exchange.signal.addEventListener('abort', () => resolve()));
      },
      { idleMs: 100, pingMs: 50 },
    );
    const idle = session(server);
    const busy = session(server);
    let pings = 0;
    busy.on('ping', () => pings++);
    const late = answer(busy, { ':path': '/watch' });
    await answer(idle, { ':path': '/fast' });
    await new Promise<void>((resolve) => idle.once('close', () => resolve()));
    await expect.poll(() => pings).toBeGreaterThan(1);
    (await seen.promise)();
    expect((await late).text).toBe('late');
  });

  it('refuses connections beyond the bound', async () => {
    const server = await serve(hello, { connections: 1 });
    const first = session(server);
    expect((await answer(first, {})).status).toBe(200);
    await closedOf(connect(server.port, '127.0.0.1'));
    expect((await answer(first, {})).status).toBe(200);
  });
});

describe('hostile and broken clients', () => {
  it('survives garbage, half-open handshakes, silence and sudden ends', async () => {
    const server = await serve(hello, { handshakeMs: 100, headMs: 100 });
    const garbage = connect(server.port, '127.0.0.1', () => garbage.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    await closedOf(garbage);
    const silent = connect(server.port, '127.0.0.1');
    await closedOf(silent);
    const half = connect(server.port, '127.0.0.1', () => half.write(Buffer.from('16030102000100', 'hex')));
    await closedOf(half);
    const binary = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => binary.write(Buffer.alloc(2000, 0xfe)));
    await closedOf(binary);
    const text = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => text.write('\0\0\0 what?\r\n\r\n'));
    await closedOf(text);
    const torn = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => torn.destroy());
    await closedOf(torn);
    expect((await answer(session(server), {})).text).toBe('hello');
  });

  it.each([
    ['whose answer has not begun', false, /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*connection: close\r\n(?:.*\r\n)*\r\nhello$/i],
    ['whose answer has begun', true, /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*\r\n5\r\nhello\r\n0\r\n\r\nHTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/],
  ])('finishes the answer before it refuses a body that was sent without its length, to a request %s', async (_name, begun, expected) => {
    const entered = pending<void>();
    const go = pending<void>();
    const server = await serve(async (exchange) => {
      if (exchange.url === '/other') return exchange.send(200, {});
      const body = begun ? exchange.start(200, {}) : undefined;
      entered.resolve();
      await go.promise;
      if (body === undefined) exchange.send(200, {}, 'hello');
      else body.end('hello');
    });
    const socket = connectTls({ port: server.port, host: '127.0.0.1', ca: ca.cert, ALPNProtocols: ['http/1.1'] });
    open.push(() => socket.destroy());
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.write('DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n{"kind":"DeleteOptions"}');
    const closed = closedOf(socket);
    await entered.promise;
    socket.write('{"more":"garbage"}');
    // When this is answered, the server has read it.
    await answer(session(server), { ':path': '/other' });
    go.resolve();
    await closed;
    expect(text).toMatch(expected);
  });

  it('cuts a client whose garbage has no end, and one that garbles the body it is answered for', async () => {
    const [endless, body] = [pending<void>(), pending<void>()];
    const arrived = pending<void>();
    const server = await serve(async (exchange) => {
      const gone = exchange.url === '/body' ? body : endless;
      if (exchange.signal.aborted) gone.resolve();
      exchange.signal.addEventListener('abort', () => gone.resolve());
      arrived.resolve();
      if (exchange.url === '/body') await exchange.body(100);
      else await new Promise(() => undefined);
    });
    const garbage = connectTls({ port: server.port, host: '127.0.0.1', ca: ca.cert, ALPNProtocols: ['http/1.1'] });
    garbage.on('error', () => undefined).write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived.promise;
    // A write that failed is told before the socket is destroyed: who wrote again would never give it the turn for that.
    const more = (error?: Error | null): void => void (error || garbage.destroyed || garbage.write(Buffer.alloc(1 << 20, '{'), more));
    more();
    const garbled = connectTls({ port: server.port, host: '127.0.0.1', ca: ca.cert, ALPNProtocols: ['http/1.1'] });
    garbled.on('error', () => undefined).write('POST /body HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzzz');
    await Promise.all([closedOf(garbage), closedOf(garbled), endless.promise, body.promise]);
  });

  it('cuts a client that never finishes its request head', async () => {
    const server = await listenPlain(hello, { headMs: 100 });
    open.push(() => server.close({ graceMs: 0 }));
    const slow = connect(server.port, '127.0.0.1', () => slow.write('GET / HTTP/1.1\r\nhost: '));
    await closedOf(slow);
  });

  it('answers requests for upgrades that it does not know as ordinary ones', async () => {
    const server = await listenPlain(hello);
    open.push(() => server.close({ graceMs: 0 }));
    const status = await new Promise<number>((resolve, reject) => {
      plainRequest({ host: '127.0.0.1', port: server.port, headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it('does not hand a truncated upload to the handler as a whole one', async () => {
    const result = pending<string>();
    const arrived = pending<void>();
    const server = await serve(async (exchange) => {
      arrived.resolve();
      const outcome = await exchange.body(1 << 20).then(
        (body) => `whole: ${body.length}`,
        (error: Error) => error.name,
      );
      result.resolve(outcome);
    });
    const stream = session(server).request({ ':method': 'POST' });
    stream.on('error', () => undefined);
    stream.write('half of it');
    await arrived.promise;
    // `close` would end the stream properly before it resets it.
    stream.destroy(new Error('changed my mind'));
    expect(await result.promise).toBe('PeerGoneError');
  });
});

it('dates its answers, but for those that a handler has dated', async () => {
  const server = await serve(async (exchange) => exchange.send(200, exchange.url === '/own' ? { date: 'Thu, 01 Jan 1970 00:00:00 GMT' } : {}, 'x'));
  const client = session(server);
  const dateOf = (path: string): Promise<string | undefined> => new Promise((resolve) => client.request({ ':path': path }).once('response', (head) => resolve(head.date)));
  expect(Math.abs(Date.parse((await dateOf('/')) ?? '') - clock.now())).toBeLessThan(60_000);
  expect(await dateOf('/own')).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
});

it('asks for the body that a client holds back, once it is wanted', async () => {
  const server = await serve(async (exchange) => {
    if (exchange.url === '/refused') exchange.send(403, {}, 'no');
    else exchange.send(200, {}, `got ${(await exchange.body(100)).length}`);
  });
  const client = session(server);
  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const stream = client.request({ ':method': 'POST', ':path': path, expect: '100-continue' });
      let text = '';
      stream.on('continue', () => {
        text += 'continue ';
        stream.end('body');
      });
      stream.setEncoding('utf8').on('response', (head) => (text += `${head[':status']} `)).on('data', (chunk: string) => (text += chunk)).on('end', () => resolve(text)).on('error', reject);
    });
  expect(await ask('/')).toBe('continue 200 got 4');
  expect(await ask('/refused')).toBe('403 no');
});

describe('the end of a listener', () => {
  it('lets requests in flight finish, refuses new connections, and cuts what outlives the grace', async () => {
    const release = pending<void>();
    const began = [pending<void>(), pending<void>()] as const;
    let cut = false;
    const server = await listenTls(async (exchange) => {
      if (exchange.url === '/stuck') {
        exchange.signal.addEventListener('abort', () => (cut = true));
        exchange.start(200, {}).write('...');
        began[0].resolve();
        await new Promise(() => undefined);
      }
      began[1].resolve();
      await release.promise;
      exchange.send(200, {}, 'finished');
    });
    const polite = answer(session(server), { ':path': '/slow' });
    const stuck = answer(session(server), { ':path': '/stuck' });
    await Promise.all(began.map((one) => one.promise));
    const closed = server.close({ graceMs: 300 });
    await expect(answer(session(server), {})).rejects.toThrow(/ECONNREFUSED|reset/);
    release.resolve();
    expect(await polite).toEqual({ status: 200, text: 'finished' });
    await closed;
    await stuck.catch(() => undefined);
    await expect.poll(() => cut).toBe(true);
  });

  it('is at once when nothing is open', async () => {
    const server = await listenTls(hello);
    const client = session(server);
    await answer(client, {});
    await server.close({ graceMs: 60_000 });
  });

  it('lets a client move to a new connection after GOAWAY', async () => {
    const first = await listenTls(hello);
    const transport = httpTransport({ url: `https://127.0.0.1:${first.port}`, ca: ca.cert, clock });
    open.push(() => transport.close());
    expect((await transport.request({ method: 'GET', path: '/' })).status).toBe(200);
    await first.close({ graceMs: 1000 });
    await expect(transport.request({ method: 'GET', path: '/' })).rejects.toThrow(/connect to 127\.0\.0\.1/);
    const { serveHttp } = await import('./server.ts');
    const { world } = await import('./test-server.case.ts');
    const second = await serveHttp(world, { host: '127.0.0.1', port: first.port, tls: serverCertificate, handler: hello });
    open.push(() => second.close({ graceMs: 0 }));
    expect((await transport.request({ method: 'GET', path: '/' })).status).toBe(200);
  });
});

describe.skipIf(!existsSync('/usr/bin/curl'))('curl', () => {
  it.each(['--http1.1', '--http2'])('%s gets an answer, posts a body, and is told 413', async (flag) => {
    const server = await serve(async (exchange) => {
      const body = await exchange.body(1000).catch(() => undefined);
      if (body === undefined) exchange.send(413, {}, 'too large');
      else exchange.send(200, {}, `${exchange.protocol} ${exchange.method} ${body.length} ${exchange.headers.host ?? ''}`);
    });
    const folder = mkdtempSync(join(tmpdir(), 'wire-'));
    open.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'ca.pem'), ca.cert);
    writeFileSync(join(folder, 'large'), Buffer.alloc(5 << 20));
    const curl = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)('/usr/bin/curl', ['-sS', '--noproxy', '*', flag, '--cacert', join(folder, 'ca.pem'), ...args, `https://127.0.0.1:${server.port}/`]);
      return stdout;
    };
    const protocol = flag === '--http2' ? 'h2' : 'http/1.1';
    expect(await curl()).toBe(`${protocol} GET 0 127.0.0.1:${server.port}`);
    expect(await curl('-d', 'abc')).toBe(`${protocol} POST 3 127.0.0.1:${server.port}`);
    expect(await curl('--data-binary', `@${join(folder, 'large')}`, '-w', ' %{http_code}')).toBe('too large 413');
  });
});
