// The cluster's DNS server: UDP and TCP on the cluster DNS address, answers from the zone, everything else from
// the forwarder. It runs in every node's agent, so a pod's question never leaves its node for a cluster name
// and never passes NAT.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED, TRUNCATED_RESPONSE, type Answer, type Packet } from 'dns-packet';
import { errorText, wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Forwarder } from './forwarder.ts';
import type { DnsRecord, Zone } from './zone.ts';

export interface DnsServerConfig {
  readonly addresses: readonly string[];
  /** 53; 0 in tests (then one address only). */
  readonly port: number;
}

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

const mostTcpConnections = 500;
const tcpIdleMs = 10_000;
const largestUdp = 1232;

function toAnswer(record: DnsRecord): Answer {
  return { name: record.name, type: record.type, ttl: record.ttl, class: 'IN', data: record.data };
}

/** How large a UDP answer the asker takes: its EDNS offer, between 512 and what never fragments. */
function payloadLimit(query: Packet): number {
  const offered = query.additionals?.find((a) => a.type === 'OPT')?.udpPayloadSize ?? 512;
  return Math.max(512, Math.min(offered, largestUdp));
}

/** Turns one question into one answer packet; undefined drops it (not a query). */
export function createResponder(world: World, zone: Zone, forwarder: Forwarder): (query: Packet, signal: AbortSignal) => Promise<Buffer | undefined> {
  const requests = world.metrics.counter('coredns_dns_requests_total', 'Counter of DNS requests made per zone, protocol and family.', ['type']);
  const responses = world.metrics.counter('coredns_dns_responses_total', 'Counter of response status codes.', ['rcode']);
  const duration = world.metrics.histogram('coredns_dns_request_duration_seconds', 'Histogram of the time (in seconds) each request took per zone.', [], [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096]);
  return async (query, signal) => {
    const question = query.questions?.[0];
    if (query.type === 'response' || question === undefined || query.opcode !== 'QUERY') return undefined;
    const started = world.clock.monotonic();
    requests.inc({ type: question.type });
    const id = query.id ?? 0;
    const found = zone.answer(question.name, question.type);
    const edns: Answer[] = query.additionals?.some((a) => a.type === 'OPT') === true ? [{ type: 'OPT', name: '.', udpPayloadSize: largestUdp, extendedRcode: 0, ednsVersion: 0, flags: 0, options: [] }] : [];
    const reply = (fields: Packet, flags: number): Buffer => {
      responses.inc({ rcode: fields.rcode ?? 'NOERROR' });
      duration.observe((world.clock.monotonic() - started) / 1000);
      const asked = (query.flags ?? 0) & RECURSION_DESIRED;
      return encode({ type: 'response', id, questions: [question], ...fields, additionals: [...(fields.additionals ?? []), ...edns], flags: asked | RECURSION_AVAILABLE | flags | rcodeBits(fields.rcode) });
    };
    if (found !== undefined) {
      const empty = found.answers.length === 0;
      return reply({ rcode: found.rcode, answers: found.answers.map(toAnswer), authorities: empty ? [toAnswer(zone.soa())] : [], additionals: found.additionals.map(toAnswer) }, AUTHORITATIVE_ANSWER);
    }
    const forwarded = await forwarder.resolve(question, id, signal);
    if (forwarded === undefined) return reply({ rcode: 'SERVFAIL' }, 0);
    responses.inc({ rcode: 'NOERROR' });
    duration.observe((world.clock.monotonic() - started) / 1000);
    return forwarded;
  };
}

function rcodeBits(rcode: string | undefined): number {
  return { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 }[rcode ?? 'NOERROR'] ?? 0;
}

type Responder = ReturnType<typeof createResponder>;

function truncated(answer: Buffer): Buffer {
  const packet = decode(answer);
  return encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE | rcodeBits(packet.rcode), answers: [], authorities: [], additionals: [] });
}

async function onDatagram(world: World, socket: Socket, respond: Responder, message: Buffer, from: RemoteInfo, signal: AbortSignal): Promise<void> {
  try {
    const query = decode(message);
    const answer = await respond(query, signal);
    if (answer === undefined || signal.aborted) return;
    socket.send(answer.length > payloadLimit(query) ? truncated(answer) : answer, from.port, from.address, () => {});
  } catch (error) {
    // Garbage on the port is nobody's problem but the sender's.
    world.log.debug('DNS question not understood', { from: from.address, error: errorText(error) });
  }
}

function onConnection(world: World, connection: TcpSocket, respond: Responder, signal: AbortSignal): void {
  let received = Buffer.alloc(0);
  let idle = world.clock.after(tcpIdleMs, () => connection.destroy(), { background: true });
  connection.on('error', () => connection.destroy());
  connection.on('close', () => idle.cancel());
  const drain = async (): Promise<void> => {
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const message = received.subarray(2, end);
      received = received.subarray(end);
      const answer = await respond(decode(message), signal);
      if (answer === undefined) return void connection.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      connection.write(Buffer.concat([length, answer]));
    }
  };
  let draining = Promise.resolve();
  connection.on('data', (chunk: Buffer) => {
    idle.cancel();
    idle = world.clock.after(tcpIdleMs, () => connection.destroy(), { background: true });
    if (received.length > 65_537) return void connection.destroy();
    received = Buffer.concat([received, chunk]);
    draining = draining.then(drain).catch(() => void connection.destroy());
  });
}

function bindUdp(socket: Socket, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(wrap(`DNS cannot listen on ${address} port ${port}/udp`, error)));
    socket.bind({ address, port, exclusive: true }, () => resolve(socket.address().port));
  });
}

function bindTcp(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(wrap(`DNS cannot listen on ${address} port ${port}/tcp`, error)));
    server.listen(port, address, resolve);
  });
}

/** Listens on every address, UDP and TCP. Rejects when one is taken. */
export async function serveDns(world: World, config: DnsServerConfig, respond: Responder): Promise<DnsServer> {
  const stop = new AbortController();
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  let port = config.port;
  for (const address of config.addresses) {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (message, from) => void onDatagram(world, socket, respond, message, from, stop.signal));
    port = await bindUdp(socket, address, port);
    socket.on('error', (error) => world.log.warn('DNS socket', { error: errorText(error) }));
    sockets.push(socket);
    const server = createServer((connection) => onConnection(world, connection, respond, stop.signal));
    server.maxConnections = mostTcpConnections;
    await bindTcp(server, address, port);
    servers.push(server);
  }
  return {
    port,
    async close() {
      stop.abort(new Error('closed'));
      for (const socket of sockets) socket.close();
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))));
    },
  };
}
