// exec, attach and port-forward through every protocol a client may choose, with real sockets: WebSocket
// channels in all versions, SPDY, SPDY inside a WebSocket, and all of them through the upgrade proxy.
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base/clock.ts';
import type { Exchange, Handler } from '../contract.ts';
import { proxyUpgrade } from '../http/proxy.ts';
import type { HttpServer } from '../http/server.ts';
import { ca, clientCertificate, listenPlain, listenTls } from '../http/test-server.case.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import { dialSpdy } from '../spdy/upgrade.ts';
import { webSocketChannels, webSocketDuplex } from '../websocket/channels.ts';
import { dialWebSocket } from '../websocket/upgrade.ts';
import { acceptPortForward } from './port-forward.ts';
import { acceptRemoteCommand } from './remote-command.ts';

const clock = systemClock;
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Upper-cases stdin to stdout, tells sizes on stderr, fails when stdin says "fail". */
const shout: Handler = async (exchange) => {
  const query = new URLSearchParams(exchange.url.split('?')[1]);
  const flag = (name: string): boolean => query.get(name) === '1';
  const command = await acceptRemoteCommand(exchange, { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty'), clock });
  if (command === undefined) return;
  const sizes: string[] = [];
  if (flag('tty')) {
    for await (const { width, height } of command.resizes) {
      sizes.push(`${width}x${height}`);
      if (sizes.length === 2) break;
    }
    command.stdout?.write(sizes.join(' '));
  }
  let failed = false;
  if (command.stdin !== undefined) {
    for await (const chunk of command.stdin) {
      const text = String(chunk);
      failed ||= text.includes('fail');
      if (command.stdout?.write(text.toUpperCase()) === false) await once(command.stdout, 'drain');
    }
  }
  command.stderr?.write('bye');
  await command.finish(failed ? { kind: 'Status', status: 'Failure', message: 'command terminated with exit code 1' } : { kind: 'Status', status: 'Success' });
};

async function serve(handler: Handler, tls = false): Promise<HttpServer> {
  const server = tls ? await listenTls(handler) : await listenPlain(handler);
  open.push(() => server.close({ graceMs: 0 }));
  return server;
}

/** A server in front that passes upgrades on, as the API server does to a kubelet. */
async function proxyTo(target: HttpServer): Promise<HttpServer> {
  return serve((exchange: Exchange) =>
    proxyUpgrade(exchange, { url: `https://127.0.0.1:${target.port}`, path: exchange.url, clock, tls: { ca: ca.cert, cert: clientCertificate.cert, key: clientCertificate.key } }),
  );
}

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly error: string;
}

async function overWebSocket(port: number, protocol: string, query: string, talk: (stdin: Duplex, resize: Duplex, close: () => void) => void): Promise<Outcome> {
  const { webSocket, protocol: chosen } = await dialWebSocket({ url: `ws://127.0.0.1:${port}/exec?${query}`, subprotocols: protocol === '' ? [] : [protocol] });
  expect(chosen).toBe(protocol);
  const channels = webSocketChannels(webSocket, { base64: protocol.includes('base64'), closeSignal: protocol.startsWith('v5'), readable: [1, 2, 3], count: 5, side: 'client' });
  const outcome = Promise.all([1, 2, 3].map((number) => textOf(channels.channel(number))));
  talk(channels.channel(0), channels.channel(4), () => channels.close());
  const [stdout = '', stderr = '', error = ''] = await outcome;
  return { stdout, stderr, error };
}

async function overSpdy(port: number, protocol: string, query: string, talk: (stdin: Duplex | undefined, resize: Duplex | undefined) => void, windowBytes?: number): Promise<Outcome> {
  const { connection, protocol: chosen } = await dialSpdy({ url: `http://127.0.0.1:${port}/exec?${query}`, protocols: [protocol], windowBytes });
  expect(chosen).toBe(protocol);
  const types = ['error', ...['stdin', 'stdout', 'stderr'].filter((name) => query.includes(`${name}=1`)), ...(query.includes('tty=1') ? ['resize'] : [])];
  const streams = new Map(types.map((type) => [type, connection.open({ streamtype: type })]));
  await Promise.all([...streams.values()].map((stream) => stream.replied));
  const read = (type: string): Promise<string> => {
    const stream = streams.get(type);
    return stream === undefined ? Promise.resolve('') : textOf(stream);
  };
  const outcome = Promise.all(['stdout', 'stderr', 'error'].map(read));
  talk(streams.get('stdin'), streams.get('resize'));
  const [stdout = '', stderr = '', error = ''] = await outcome;
  connection.close();
  await connection.closed;
  return { stdout, stderr, error };
}

const everything = 'stdin=1&stdout=1&stderr=1';
const large = 'lorem ipsum '.repeat(400_000);

describe.each(['straight', 'through the proxy'])('remote command, %s', (way) => {
  const target = async (): Promise<number> => {
    if (way === 'straight') return (await serve(shout)).port;
    return (await proxyTo(await serve(shout, true))).port;
  };

  it('speaks WebSocket v5: the close signal ends stdin, the status comes last', async () => {
    const outcome = await overWebSocket(await target(), 'v5.channel.k8s.io', everything, (stdin) => stdin.end('hello'));
    expect({ ...outcome, error: JSON.parse(outcome.error) as unknown }).toEqual({ stdout: 'HELLO', stderr: 'bye', error: { kind: 'Status', status: 'Success' } });
  });

  it('carries 5 MB each way through WebSocket and SPDY unchanged', async () => {
    const port = await target();
    const webSocket = await overWebSocket(port, 'v5.channel.k8s.io', everything, (stdin) => stdin.end(large));
    expect(webSocket.stdout === large.toUpperCase()).toBe(true);
    const spdy = await overSpdy(port, 'v4.channel.k8s.io', everything, (stdin) => stdin?.end(large));
    expect(spdy.stdout === large.toUpperCase()).toBe(true);
    const windowed = await overSpdy(port, 'v4.channel.k8s.io', everything, (stdin) => stdin?.end(large), 32 << 10);
    expect(windowed.stdout === large.toUpperCase()).toBe(true);
  });

  it('speaks SPDY v4 and tells failure as a Status', async () => {
    const outcome = await overSpdy(await target(), 'v4.channel.k8s.io', everything, (stdin) => stdin?.end('please fail'));
    expect(outcome.stdout).toBe('PLEASE FAIL');
    expect(outcome.stderr).toBe('bye');
    expect(JSON.parse(outcome.error)).toMatchObject({ status: 'Failure', message: 'command terminated with exit code 1' });
  });

  it('hears terminal sizes', async () => {
    const port = await target();
    const query = 'stdin=1&stdout=1&tty=1';
    const webSocket = await overWebSocket(port, 'v5.channel.k8s.io', query, (stdin, resize) => {
      resize.write('{"Width":80,"Height":24}\n{"Wid');
      resize.write('th":100,"Height":30}');
      stdin.end();
    });
    expect(webSocket.stdout).toBe('80x24 100x30');
    const spdy = await overSpdy(port, 'v4.channel.k8s.io', query, (stdin, resize) => {
      resize?.write('{"Width":80,"Height":24}{"Width":100,"Height":30}');
      stdin?.end();
    });
    expect(spdy.stdout).toBe('80x24 100x30');
  });
});

describe('remote command', () => {
  it.each(['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io', ''])('speaks WebSocket "%s"', async (protocol) => {
    const { port } = await serve(shout);
    const outcome = await overWebSocket(port, protocol, 'stdout=1&stderr=1', () => undefined);
    expect(outcome.stderr).toBe('bye');
    expect(outcome.error).toBe(protocol.startsWith('v4') ? '{"kind":"Status","status":"Success"}' : '');
  });

  it.each(['v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'])('speaks SPDY "%s" with errors as text', async (protocol) => {
    const { port } = await serve(shout);
    const outcome = await overSpdy(port, protocol, everything, (stdin) => stdin?.end('fail'));
    expect(outcome).toEqual({ stdout: 'FAIL', stderr: 'bye', error: 'command terminated with exit code 1' });
  });

  it('refuses what it does not speak', async () => {
    const { port } = await serve(shout);
    await expect(dialWebSocket({ url: `ws://127.0.0.1:${port}/exec?stdout=1`, subprotocols: ['v9.channel.k8s.io'] })).rejects.toThrow('403');
    await expect(dialSpdy({ url: `http://127.0.0.1:${port}/exec?stdout=1`, protocols: ['v9'] })).rejects.toThrow(
      'status 403: unable to upgrade: unable to negotiate protocol: client supports [v9], server accepts [v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]',
    );
    const response = await fetch(`http://127.0.0.1:${port}/exec?stdout=1`, { method: 'POST' });
    expect(response.status).toBe(400);
  });

  it('holds the command back when the client does not read, and tells it when the client goes', async () => {
    const blocked = Promise.withResolvers<number>();
    const gone = Promise.withResolvers<void>();
    const { port } = await serve(async (exchange) => {
      const command = await acceptRemoteCommand(exchange, { stdin: false, stdout: true, stderr: false, tty: false, clock });
      if (command === undefined) return;
      command.signal.addEventListener('abort', () => gone.resolve());
      let written = 0;
      while (written < 1 << 30 && command.stdout?.write(Buffer.alloc(1 << 16)) === true) written += 1 << 16;
      blocked.resolve(written);
    });
    const { connection } = await dialSpdy({ url: `http://127.0.0.1:${port}/exec?stdout=1`, protocols: ['v4.channel.k8s.io'] });
    connection.open({ streamtype: 'error' });
    connection.open({ streamtype: 'stdout' });
    expect(await blocked.promise).toBeLessThan(64 << 20);
    connection.close();
    await gone.promise;
  });

  it('gives up on a SPDY client that opens no streams', async () => {
    const result = Promise.withResolvers<unknown>();
    const { port } = await serve(async (exchange) => {
      result.resolve(await acceptRemoteCommand(exchange, { stdin: true, stdout: true, stderr: false, tty: false, clock, streamCreationMs: 50 }));
    });
    const { connection } = await dialSpdy({ url: `http://127.0.0.1:${port}/`, protocols: ['v4.channel.k8s.io'] });
    expect(await result.promise).toBeUndefined();
    await connection.closed;
  });

  it('ends a SPDY connection that sends garbage', async () => {
    const { port } = await serve(shout);
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /exec?stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n');
    await once(socket, 'data');
    socket.write(Buffer.alloc(64, 0xff));
    socket.resume();
    await once(socket, 'close');
  });
});

describe.each(['straight', 'through the proxy'])('port-forward, %s', (way) => {
  /** Forwards port 7 to an echo server; port 9 is closed. */
  const forward = async (): Promise<HttpServer> => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    open.push(() => echo.close());
    const bound = echo.address();
    const echoPort = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const handler: Handler = (exchange) =>
      acceptPortForward(exchange, {
        ports: [...new URLSearchParams(exchange.url.split('?')[1]).getAll('ports')].map(Number),
        clock,
        async onConnection(port, connection) {
          if (port === 9) throw new Error('error forwarding port 9 to pod x: connection refused');
          const socket = connect({ port: echoPort, host: '127.0.0.1', allowHalfOpen: true });
          connection.pipe(socket).pipe(connection);
          await once(socket, 'close');
        },
      });
    const server = await serve(handler, way !== 'straight');
    return way === 'straight' ? server : proxyTo(server);
  };

  const roundTrips = async (connection: SpdyConnection): Promise<void> => {
    const talk = async (id: number, port: number, text: string): Promise<[string, string]> => {
      const headers = { port: String(port), requestid: String(id) };
      const error = connection.open({ ...headers, streamtype: 'error' });
      await error.replied;
      error.end();
      const data = connection.open({ ...headers, streamtype: 'data' });
      await data.replied;
      data.end(text);
      return Promise.all([textOf(data).catch(() => 'reset'), textOf(error)]);
    };
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => talk(i, 7, `request ${i} `.repeat(1000))));
    many.forEach(([echoed, error], i) => expect([echoed === `request ${i} `.repeat(1000), error]).toEqual([true, '']));
    const [, error] = await talk(99, 9, 'x');
    expect(error).toBe('error forwarding port 9 to pod x: connection refused');
    await connection.ping();
    connection.close();
    await connection.closed;
  };

  it('speaks SPDY', async () => {
    const { port } = await forward();
    const { connection, protocol } = await dialSpdy({ url: `http://127.0.0.1:${port}/portForward`, protocols: ['portforward.k8s.io'] });
    expect(protocol).toBe('portforward.k8s.io');
    await roundTrips(connection);
  });

  it('speaks SPDY inside a WebSocket', async () => {
    const { port } = await forward();
    const { webSocket, protocol } = await dialWebSocket({ url: `ws://127.0.0.1:${port}/portForward`, subprotocols: ['SPDY/3.1+portforward.k8s.io'] });
    expect(protocol).toBe('SPDY/3.1+portforward.k8s.io');
    await roundTrips(new SpdyConnection(webSocketDuplex(webSocket), { side: 'client' }));
  });

  it('speaks WebSocket channels', async () => {
    const { port } = await forward();
    const { webSocket } = await dialWebSocket({ url: `ws://127.0.0.1:${port}/portForward?ports=7&ports=9`, subprotocols: ['v4.channel.k8s.io'] });
    const channels = webSocketChannels(webSocket, { base64: false, closeSignal: false, readable: [0, 1, 2, 3], count: 4, side: 'client' });
    channels.channel(0).write('hello');
    let echoed = Buffer.alloc(0);
    for await (const chunk of channels.channel(0).iterator({ destroyOnReturn: false })) {
      echoed = Buffer.concat([echoed, chunk as Buffer]);
      if (echoed.length >= 7) break;
    }
    expect([echoed.readUInt16LE(0), echoed.toString('utf8', 2)]).toEqual([7, 'hello']);
    channels.close();
    const refused = await textOf(channels.channel(3));
    expect(refused.slice(2)).toBe('error forwarding port 9 to pod x: connection refused');
    await channels.closed;
  });
});
