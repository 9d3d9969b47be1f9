// Questions that are not the cluster's go to the machine's own resolvers: one socket per question (a random port
// each, against spoofing), the next server after two seconds, TCP when the answer was cut. Questions that
// are under way are shared.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { decode, encode, TRUNCATED_RESPONSE, type Packet } from 'dns-packet';
import type { World } from '#base/world.ts';
import { randomInt } from '#base/random.ts';
import { createAnswerCache } from './answer-cache.ts';

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

export interface Forwarder {
  /** A whole answer packet for the question, with the asker's id put in; undefined when nobody answers. */
  resolve(question: { readonly name: string; readonly type: string }, id: number, signal: AbortSignal): Promise<Buffer | undefined>;
}

const perServerMs = 2000;
const mostUnderWay = 1000;
const longestTtlSeconds = 3600;

function askUdp(world: World, server: Upstream, query: Buffer, id: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
    const finish = (run: () => void): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.close();
      run();
    };
    const timer = world.clock.after(perServerMs, () => finish(() => reject(new Error('timed out'))));
    const onAbort = (): void => finish(() => reject(new Error('aborted')));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('message', (message) => {
      if (message.length >= 12 && message.readUInt16BE(0) === id) finish(() => resolve(message));
    });
    socket.connect(server.port, server.host, () => socket.send(query));
  });
}

function askTcp(world: World, server: Upstream, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port, signal });
    const timer = world.clock.after(perServerMs, () => socket.destroy(new Error('timed out')));
    let received = Buffer.alloc(0);
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(received.subarray(2, 2 + received.readUInt16BE(0)));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      timer.cancel();
      reject(new Error('connection closed'));
    });
  });
}

function ttlOf(packet: Packet): number {
  const records = [...(packet.answers ?? []), ...(packet.authorities ?? [])];
  const ttls = records.map((r) => r.ttl).filter((ttl) => ttl !== undefined);
  return Math.min(longestTtlSeconds, ttls.length === 0 ? 5 : Math.min(...ttls));
}

function withId(packet: Buffer, id: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** @param upstreams is asked for every question, so that a changed resolv.conf counts at once. */
export function createForwarder(world: World, upstreams: () => readonly Upstream[]): Forwarder {
  const cache = createAnswerCache(world.clock);
  const underWay = new Map<string, Promise<Buffer | undefined>>();
  const stop = new AbortController();
  const requests = world.metrics.counter('coredns_forward_requests_total', 'Counter of requests made per upstream.', ['to']);
  const hits = world.metrics.counter('coredns_cache_hits_total', 'The count of cache hits.', ['type']);
  const misses = world.metrics.counter('coredns_cache_misses_total', 'The count of cache misses.');

  const ask = async (name: string, type: string): Promise<Buffer | undefined> => {
    const id = randomInt(world.random, 65_536);
    const query = encode({ type: 'query', id, flags: 0x0100, questions: [{ name, type }], additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, options: [] }] });
    for (const server of upstreams()) {
      requests.inc({ to: `${server.host}:${server.port}` });
      try {
        let answer = await askUdp(world, server, query, id, stop.signal);
        if ((answer.readUInt16BE(2) & TRUNCATED_RESPONSE) !== 0) answer = await askTcp(world, server, query, stop.signal);
        const packet = decode(answer);
        if (packet.rcode === 'SERVFAIL' || packet.rcode === 'REFUSED') continue;
        cache.put(`${type} ${name}`, withId(answer, 0), ttlOf(packet));
        return answer;
      } catch (error) {
        world.log.debug('upstream DNS server did not answer', { server: server.host, error });
      }
    }
    return undefined;
  };

  return {
    async resolve({ name, type }, id) {
      const key = `${type} ${name.toLowerCase()}`;
      const cached = cache.get(key);
      if (cached?.fresh === true) {
        hits.inc({ type: 'success' });
        return withId(cached.answer.packet, id);
      }
      misses.inc();
      let running = underWay.get(key);
      if (running === undefined) {
        if (underWay.size >= mostUnderWay) return undefined;
        running = ask(name.toLowerCase(), type).finally(() => underWay.delete(key));
        underWay.set(key, running);
      }
      const answer = await running;
      if (answer !== undefined) return withId(answer, id);
      return cached === undefined ? undefined : withId(cached.answer.packet, id);
    },
  };
}

/** The nameserver lines of a resolv.conf, less the addresses that would lead back to us. */
export function resolversOf(resolvConf: string, own: readonly string[]): Upstream[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((host) => host !== '' && !own.includes(host))
    .map((host) => ({ host, port: 53 }));
}
