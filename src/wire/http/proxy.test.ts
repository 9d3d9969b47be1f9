// Ordinary requests passed on through a transport: bodies both ways, headers, aborts and broken targets.
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base/clock.ts';
import type { Handler } from '../contract.ts';
import { httpTransport } from './http-transport.ts';
import { proxyRequest, proxyUpgrade } from './proxy.ts';
import { ca, listenPlain, listenTls } from './test-server.case.ts';

const clock = systemClock;
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** `handler` behind a proxy; returns the proxy's URL. */
async function behindProxy(handler: Handler): Promise<string> {
  const target = await listenTls(handler);
  const transport = httpTransport({ url: `https://127.0.0.1:${target.port}`, ca: ca.cert, clock });
  const proxy = await listenPlain((exchange) => proxyRequest(exchange, transport, { path: `/inner${exchange.url}` }));
  open.push(
    () => target.close({ graceMs: 0 }),
    () => transport.close(),
    () => proxy.close({ graceMs: 0 }),
  );
  return `http://127.0.0.1:${proxy.port}`;
}

describe('proxied requests', () => {
  it('pass method, path, end-to-end headers and bodies both ways', async () => {
    const url = await behindProxy(async (exchange) => {
      const body = exchange.start(207, { 'x-method': exchange.method, 'x-url': exchange.url, 'x-seen': Object.keys(exchange.headers).filter((name) => name.startsWith('x-') || name === 'keep-alive').join() });
      for await (const chunk of exchange.bodyStream()) if (!body.write(chunk)) await body.drained();
      body.end();
    });
    const sent = Buffer.alloc(3 << 20, 'abc');
    const response = await fetch(`${url}/pods?x=1`, { method: 'PUT', body: sent, headers: { 'x-own': '1' } });
    expect(response.status).toBe(207);
    expect([response.headers.get('x-method'), response.headers.get('x-url'), response.headers.get('x-seen')]).toEqual(['PUT', '/inner/pods?x=1', 'x-own']);
    expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(207);
  });

  it('abort the inner request when the client goes', async () => {
    const aborted = Promise.withResolvers<void>();
    const url = await behindProxy(async (exchange) => {
      exchange.start(200, {}).write('first');
      await new Promise<void>((resolve) => exchange.signal.addEventListener('abort', () => resolve()));
      aborted.resolve();
    });
    const stop = new AbortController();
    const response = await fetch(url, { signal: stop.signal });
    expect(response.status).toBe(200);
    stop.abort();
    await aborted.promise;
  });

  it('break off visibly when the target breaks off', async () => {
    const url = await behindProxy(async (exchange) => {
      exchange.start(200, {}).write('half');
      throw new Error('broken');
    });
    await expect(fetch(url, { method: 'POST' }).then((response) => response.text())).rejects.toThrow('terminated');
  });

  it('give back what a target answers instead of upgrading, and reject when there is none', async () => {
    const target = await listenPlain(async (exchange) => exchange.send(403, { 'x-why': 'policy' }, 'no exec for you'));
    open.push(() => target.close({ graceMs: 0 }));
    let url = `http://127.0.0.1:${target.port}`;
    const proxy = await listenPlain((exchange) =>
      proxyUpgrade(exchange, { url, path: exchange.url, clock }).catch((error: Error) => exchange.send(502, {}, error.message)),
    );
    open.push(() => proxy.close({ graceMs: 0 }));
    const { dialSpdy } = await import('../spdy/upgrade.ts');
    const dial = dialSpdy({ url: `http://127.0.0.1:${proxy.port}/exec`, protocols: ['v4.channel.k8s.io'] });
    await expect(dial).rejects.toThrow('status 403: no exec for you');
    await target.close({ graceMs: 0 });
    url = `http://127.0.0.1:${target.port}`;
    await expect(dialSpdy({ url: `http://127.0.0.1:${proxy.port}/exec`, protocols: ['v4.channel.k8s.io'] })).rejects.toThrow(/status 502: upgrade at/);
  });
});
