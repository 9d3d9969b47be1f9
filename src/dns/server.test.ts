// Over real sockets: Node's own resolver asks, over UDP and TCP; answers too large for UDP are cut and asked again;
// other names go to an upstream, which is asked once while its answer is fresh.
import { Resolver } from 'node:dns/promises';
import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { seededRandom } from '#base/random.ts';
import { createForwarder } from './forwarder.ts';
import { createResponder, serveDns } from './server.ts';
import { createZone, type ZoneView } from './zone.ts';

const world = { clock: systemClock, random: seededRandom(1), log: silentLog, metrics: createMetrics() };
const many = Array.from({ length: 100 }, (_, i) => `10.244.1.${i + 1}`);
const view: ZoneView = {
  service: (ns, name) =>
    ns !== 'shop' ? undefined : name === 'web' ? { metadata: { name, namespace: ns }, spec: { clusterIP: '10.96.0.7' } } : name === 'big' ? { metadata: { name, namespace: ns }, spec: { clusterIP: 'None' } } : undefined,
  slices: (_ns, name) => (name === 'big' ? [{ addressType: 'IPv4', endpoints: many.map((ip) => ({ addresses: [ip] })) }] : []),
  hasNamespace: (name) => name === 'shop',
  servicesWithIp: () => [],
  slicesWithIp: () => [],
};

async function upstream(): Promise<{ port: number; asked: () => number; close: () => void }> {
  let count = 0;
  const socket = createSocket('udp4', (message, from) => {
    count++;
    const query = decode(message);
    socket.send(encode({ type: 'response', id: query.id, flags: 0x0180, questions: query.questions, answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 60, data: '192.0.2.1' }] }), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { port: socket.address().port, asked: () => count, close: () => socket.close() };
}

async function start(upstreamPort: number) {
  const zone = createZone(view, { domain: 'cluster.local', ttlSeconds: 30 }, () => world.clock.now());
  const forwarder = createForwarder(world, () => [{ host: '127.0.0.1', port: upstreamPort }]);
  const server = await serveDns(world, { addresses: ['127.0.0.1'], port: 0 }, createResponder(world, zone, forwarder));
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  return { server, resolver };
}

test('cluster names, absent names, long answers over TCP and forwarded names', async () => {
  const other = await upstream();
  const { server, resolver } = await start(other.port);
  try {
    expect(await resolver.resolve4('web.shop.svc.cluster.local')).toEqual(['10.96.0.7']);
    await expect(resolver.resolve4('nope.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve6('web.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
    expect((await resolver.resolve4('big.shop.svc.cluster.local')).sort()).toEqual([...many].sort());
    expect(await resolver.resolve4('example.test')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve4('example.test')).toEqual(['192.0.2.1']);
    expect(other.asked()).toBe(1);
  } finally {
    other.close();
    await server.close();
  }
});

test('garbage on the port does not end the server', async () => {
  const { server, resolver } = await start(1);
  const socket = createSocket('udp4');
  try {
    for (const junk of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(600, 0xff)]) {
      await new Promise((resolve) => socket.send(junk, server.port, '127.0.0.1', resolve));
    }
    expect(await resolver.resolve4('web.shop.svc.cluster.local')).toEqual(['10.96.0.7']);
  } finally {
    socket.close();
    await server.close();
  }
});
