// Tunnels with real servers at their far end: every transport through every kind of tunnel, upgrades, and what is told,
// closed and counted when something goes wrong.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { connectProxyServer, konnectivityServer, type TunnelServer, type TunnelServerOptions } from '#testing';
import type { Handler } from '../contract.ts';
import { httpTransport, unixTransport } from '../http/http-transport.ts';
import { proxyUpgrade } from '../http/proxy.ts';
import type { HttpServer } from '../http/server.ts';
import { ca, clientCertificate, listenPlain, listenTls, serverCertificate } from '../http/test-server.case.ts';
import { transportCases } from '../http/transport.case.ts';
import { acceptSpdy, dialSpdy } from '../spdy/upgrade.ts';
import { connectProxy } from './connect-proxy.ts';
import type { Dial, TunnelProxy } from './contract.ts';
import { konnectivityProxy } from './konnectivity.ts';
import { createKonnectivityMetrics } from './konnectivity-metrics.ts';
import { openRelay } from './relay.ts';

const clock = systemClock;
const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tunnel-'));
  opened.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

interface Way {
  readonly server: TunnelServer;
  readonly proxy: TunnelProxy;
  readonly metrics: ReturnType<typeof createMetrics>;
}

type Reach = TunnelServerOptions['reach'];

async function kept(server: Promise<TunnelServer>): Promise<TunnelServer> {
  const made = await server;
  opened.push(() => made[Symbol.asyncDispose]());
  return made;
}

const ways: Readonly<Record<string, (reach: Reach) => Promise<Way>>> = {
  async 'CONNECT over TCP'(reach) {
    const server = await kept(connectProxyServer({ reach }));
    return { server, proxy: connectProxy(clock, { address: { host: '127.0.0.1', port: server.port } }), metrics: createMetrics() };
  },
  async 'CONNECT over TLS'(reach) {
    const server = await kept(connectProxyServer({ reach, tls: { ...serverCertificate, clientCa: ca.cert } }));
    return { server, proxy: connectProxy(clock, { address: { host: '127.0.0.1', port: server.port }, tls: () => ({ ca: ca.cert, ...clientCertificate }) }), metrics: createMetrics() };
  },
  async 'CONNECT over a Unix socket'(reach) {
    const socketPath = join(folder(), 'p.sock');
    const server = await kept(connectProxyServer({ reach, socketPath }));
    return { server, proxy: connectProxy(clock, { socketPath }), metrics: createMetrics() };
  },
  async konnectivity(reach) {
    const socketPath = join(folder(), 'k.sock');
    const server = await kept(konnectivityServer({ reach, socketPath }));
    const metrics = createMetrics();
    return { server, proxy: konnectivityProxy({ clock, random: systemRandom }, socketPath, createKonnectivityMetrics(metrics)), metrics };
  },
};

function dialOf(proxy: TunnelProxy): Dial {
  return async (address, signal) => (await proxy.connect(signal))(address, signal);
}

const hidden = '198.51.100.7:443';

for (const [name, open] of Object.entries(ways)) {
  const carrier = (listen: (handler: Handler) => Promise<HttpServer>, options: { url: string }) => async (handler: Handler) => {
    const server = await listen(handler);
    const { proxy } = await open((address) => (address === hidden ? server.port : undefined));
    const transport = httpTransport({ ...options, ca: ca.cert, serverName: 'localhost', clock, dial: dialOf(proxy) });
    return {
      transport,
      async close() {
        await transport.close();
        await server.close({ graceMs: 0 });
      },
    };
  };
  // Once for each kind of byte stream: hundreds of handshakes, or of gRPC connections, for the others would show nothing new.
  if (name === 'CONNECT over TLS' || name === 'konnectivity') transportCases(`HTTP/2 through ${name}`, carrier(listenTls, { url: 'https://198.51.100.7' }));
  if (name === 'CONNECT over a Unix socket') transportCases(`plain HTTP/1.1 through ${name}`, carrier(listenPlain, { url: 'http://198.51.100.7:443' }));

  describe(name, () => {
    it('carries upgrades, plain and in TLS', async () => {
      const echo: Handler = async (exchange) => {
        acceptSpdy(exchange, 'v4.channel.k8s.io', () => undefined);
      };
      const servers = { http: await listenPlain(echo), https: await listenTls(echo) };
      opened.push(() => servers.http.close({ graceMs: 0 }), () => servers.https.close({ graceMs: 0 }));
      const { proxy, server } = await open((address) => (address.endsWith(':80') ? servers.http.port : servers.https.port));
      for (const url of ['http://198.51.100.7:80', 'https://198.51.100.7:443']) {
        const front = await listenPlain((exchange) => proxyUpgrade(exchange, { url, path: exchange.url, clock, dial: dialOf(proxy), tls: { ca: ca.cert, serverName: 'localhost' } }));
        opened.push(() => front.close({ graceMs: 0 }));
        const { connection, protocol } = await dialSpdy({ url: `http://127.0.0.1:${front.port}/exec`, protocols: ['v4.channel.k8s.io'] });
        expect(protocol).toBe('v4.channel.k8s.io');
        connection.close();
      }
      await server.idle();
      expect(server.asked).toEqual(['198.51.100.7:80', '198.51.100.7:443']);
    });

    it('tells a refusal in the words of the egress dialer', async () => {
      const { proxy, server } = await open(() => 1);
      server.refusal = 'Forbidden by policy';
      const told = name === 'konnectivity' ? 'Forbidden by policy' : /^proxy error from \S+ while dialing \[fd00::1\]:443, code 403: 403 Forbidden by policy$/;
      await expect(dialOf(proxy)({ host: 'fd00::1', port: 443 })).rejects.toThrow(told);
      const transport = httpTransport({ url: 'https://198.51.100.7', clock, dial: dialOf(proxy) });
      await expect(transport.request({ method: 'GET', path: '/' })).rejects.toThrow('connect to 198.51.100.7');
      await transport.close();
    });

    it('closes what lies behind when an aborted request, an abort of the dial or the transport ends it', async () => {
      const target = await listenTls(async (exchange) => {
        exchange.start(200, {}).write('first');
        await new Promise<void>((resolve) => exchange.signal.addEventListener('abort', () => resolve()));
      });
      opened.push(() => target.close({ graceMs: 0 }));
      const { proxy, server } = await open(() => target.port);
      const transport = httpTransport({ url: 'https://198.51.100.7', ca: ca.cert, serverName: 'localhost', http1: true, clock, dial: dialOf(proxy) });
      const stop = new AbortController();
      const response = await transport.request({ method: 'GET', path: '/', signal: stop.signal });
      expect([response.status, server.open]).toEqual([200, 1]);
      stop.abort();
      await server.idle();
      await transport.request({ method: 'GET', path: '/' });
      await transport.close();
      await server.idle();
      const aborted = new AbortController();
      aborted.abort(new Error('nobody waits'));
      await expect(dialOf(proxy)({ host: '198.51.100.7', port: 443 }, aborted.signal)).rejects.toThrow('nobody waits');
    });

    it('passes on more than fits into any buffer, no faster than it is read', async () => {
      const bytes = Buffer.alloc(8 << 20, 'skiff');
      const target = await listenPlain(async (exchange) => {
        const body = await exchange.body(16 << 20);
        exchange.send(200, {}, body);
      });
      opened.push(() => target.close({ graceMs: 0 }));
      const { proxy } = await open(() => target.port);
      const transport = httpTransport({ url: 'http://198.51.100.7:80', clock, dial: dialOf(proxy) });
      const response = await transport.request({ method: 'POST', path: '/', body: bytes });
      expect(Buffer.from(await response.bytes()).equals(bytes)).toBe(true);
      await transport.close();
    });

    it('a relay takes clients that open their sockets themselves', async () => {
      const target = await listenPlain(async (exchange) => exchange.send(200, {}, 'behind'));
      opened.push(() => target.close({ graceMs: 0 }));
      const { proxy, server } = await open(() => target.port);
      const relay = await openRelay(folder(), dialOf(proxy), { host: '198.51.100.7', port: 2379 }, () => undefined);
      const transport = unixTransport(relay.socketPath, { clock });
      const response = await transport.request({ method: 'GET', path: '/' });
      expect([Buffer.from(await response.bytes()).toString(), server.asked]).toEqual(['behind', ['198.51.100.7:2379']]);
      await transport.close();
      await relay.close();
      await server.idle();
      expect(existsSync(relay.socketPath)).toBe(false);
    });
  });
}

describe('a CONNECT proxy', () => {
  /** A proxy that answers whatever is given. */
  async function answering(text: string): Promise<TunnelProxy> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push(() => new Promise((resolve) => server.close(resolve)));
    return connectProxy(clock, { address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } });
  }
  const dialled = async (text: string): Promise<unknown> => dialOf(await answering(text))({ host: '10.0.0.1', port: 80 });

  it('that talks nonsense, too much or not at all is told', async () => {
    await expect(dialled('nonsense\r\n\r\n')).rejects.toThrow(/^reading HTTP response from CONNECT to 10\.0\.0\.1:80 via proxy 127\.0\.0\.1:\d+ failed: malformed HTTP response "nonsense"$/);
    await expect(dialled('HTTP/1.1 200 OK\r\n')).rejects.toThrow('failed: unexpected EOF');
    await expect(dialled('HTTP/1.1 200 OK\r\n\r\nhello')).rejects.toThrow(/^unexpected 5 bytes of buffered data from CONNECT proxy "127\.0\.0\.1:\d+"$/);
    await expect(dialled(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(300_000)}`)).rejects.toThrow('failed: unexpected EOF');
  });

  it('that shows a certificate of somebody else, or is not there, is not talked to', async () => {
    const server = await kept(connectProxyServer({ reach: () => 1, tls: serverCertificate }));
    const strange = connectProxy(clock, { address: { host: '127.0.0.1', port: server.port }, tls: () => ({ ca: clientCertificate.cert }) });
    await expect(dialOf(strange)({ host: '10.0.0.1', port: 80 })).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    await expect(dialOf(connectProxy(clock, { socketPath: '/nowhere/p.sock' }))({ host: '10.0.0.1', port: 80 })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(server.asked).toEqual([]);
  });
});

describe('a konnectivity server', () => {
  it('is counted with: packets, dials, connections', async () => {
    const target = await listenPlain(async (exchange) => exchange.send(200, {}, 'hi'));
    opened.push(() => target.close({ graceMs: 0 }));
    const { proxy, server, metrics } = await (ways.konnectivity as (reach: Reach) => Promise<Way>)(() => target.port);
    const stream = await dialOf(proxy)({ host: '10.0.0.1', port: 80 });
    expect(await metrics.text()).toContain('konnectivity_network_proxy_client_client_connections{status="ok"} 1');
    stream.destroy();
    await server.idle();
    server.refusal = 'no';
    await expect(dialOf(proxy)({ host: '10.0.0.1', port: 80 })).rejects.toThrow('no');
    const text = await metrics.text();
    for (const line of [
      'stream_packets_total{packet_type="DIAL_REQ",segment="from_client"} 2', 'stream_packets_total{packet_type="DIAL_RSP",segment="to_client"} 2',
      'stream_packets_total{packet_type="CLOSE_REQ",segment="from_client"} 1', 'dial_failure_total{reason="endpoint"} 1',
    ]) expect(text).toContain(`konnectivity_network_proxy_client_${line}`);
    await expect.poll(() => metrics.text()).toContain('client_connections{status="ok"} 0');
  });

  it('that goes away ends the connection and the dial', async () => {
    const target = await listenPlain(async () => undefined);
    opened.push(() => target.close({ graceMs: 0 }));
    const { proxy, server, metrics } = await (ways.konnectivity as (reach: Reach) => Promise<Way>)(() => target.port);
    const stream = await dialOf(proxy)({ host: '10.0.0.1', port: 80 });
    const ended = new Promise((resolve) => stream.once('close', resolve));
    stream.resume();
    await server[Symbol.asyncDispose]();
    await ended;
    expect(await metrics.text()).toContain('konnectivity_network_proxy_client_stream_errors_total{code=');
  });
});
