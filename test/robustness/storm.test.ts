// Clients that misbehave on the wire: they never finish, never read, send garbage, or ask for everything at once. The
// server answers others meanwhile, cuts off who must be cut off, and keeps nothing of it afterwards.
import { constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startAttackedServer, type AttackedServer, type Prober } from './api-server.ts';
import { exchangeRaw, http1Requester, http2Requester, openSession, rawSocket, type Requester } from './requests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const longestStallMs = 2_000;
/** What caches, compiled code and the objects themselves may add. */
const growthMb = 60;

let server: AttackedServer;
let admin: Requester;
let prober: Prober;
let before: { keptMb: number; residentMb: number };
const stalls: string[] = [];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(async () => {
  server = await startAttackedServer();
  admin = await http2Requester(server, server.admin);
  await admin('POST', maps, { body: { metadata: { name: 'probe' }, data: { a: '1' } } });
  await admin('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } });
  await createPods(10_000);
  prober = await server.startProber(`${maps}/probe`);
  before = await server.memory();
});
afterAll(async () => {
  const after = await server.memory();
  console.log(`worst stalls of another client: ${stalls.join(', ')}`);
  console.log(`kept: ${before.keptMb.toFixed(0)} MB before, ${after.keptMb.toFixed(0)} MB after; resident: ${before.residentMb.toFixed(0)} MB before, ${after.residentMb.toFixed(0)} MB after`);
  admin.close();
  await prober.close();
  const { alive } = server;
  await server[Symbol.asyncDispose]();
  expect(alive).toBe(true);
  expect(after.keptMb - before.keptMb).toBeLessThan(growthMb);
});
beforeEach(async () => void (await prober.worst()));
afterEach(async ({ task }) => {
  const stall = await prober.worst();
  stalls.push(`${stall.worstMs.toFixed(0)} ms ${task.name}`);
  expect(stall.worstMs).toBeLessThan(longestStallMs);
  expect(stall.failures).toBe(0);
});

/** Pods of some 2 KB, 64 creates in flight. */
async function createPods(total: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < total; i = next++) {
      const metadata = { name: `pod-${i}`, annotations: { text: 'x'.repeat(1500) } };
      const { status } = await admin('POST', pods, { body: { metadata, spec: { containers: [{ name: 'c', image: 'i' }], automountServiceAccountToken: false } } });
      expect(status).toBe(201);
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
}

async function mapCount(): Promise<number> {
  return (await admin('GET', maps)).body.items.length;
}

/** A stream whose answer nobody reads: its window fills and stays full. */
function unread(session: ClientHttp2Session, path: string): Promise<ClientHttp2Stream> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path });
    stream.on('error', () => {});
    stream.once('response', () => resolve(stream));
    stream.once('close', () => reject(new Error('closed before it answered')));
  });
}

test('16 clients list 10,000 pods and read slowly', async () => {
  const sessions = await Promise.all(Array.from({ length: 16 }, () => openSession(server, server.admin)));
  const read = await Promise.all(
    sessions.map(async (session) => {
      const stream = await unread(session, '/api/v1/pods');
      let bytes = 0;
      for (let i = 0; i < 20; i++) {
        await pause(50);
        bytes += (stream.read() as Buffer | null)?.length ?? 0;
      }
      return bytes;
    }),
  );
  expect(Math.min(...read)).toBeGreaterThan(0);
  for (const session of sessions) session.destroy();
});

test('lists in every costly form', async () => {
  const forms: readonly Record<string, string>[] = [
    { accept: 'application/yaml' }, { accept: 'application/vnd.kubernetes.protobuf' }, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
    { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' }, { 'user-agent': 'curl/8' },
    { accept: 'application/yaml;as=Table;g=meta.k8s.io;v=v1' }, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1', 'user-agent': 'curl/8' },
  ];
  for (const headers of forms) expect((await admin('GET', '/api/v1/pods?limit=10000', { headers })).status).toBe(200);
});

test('a selector with thousands of terms against 10,000 pods', async () => {
  const terms = Array.from({ length: 4_000 }, (_, i) => `k${i}!=v`).join(',');
  expect((await admin('GET', `/api/v1/pods?labelSelector=${encodeURIComponent(terms)}&limit=1`)).status).toBe(200);
  expect((await admin('GET', `/api/v1/pods?labelSelector=${encodeURIComponent(`${terms},none`)}`)).body.items).toHaveLength(0);
});

test('watches that never read are cut off, the others see every event', async () => {
  const sessions = await Promise.all(Array.from({ length: 20 }, () => openSession(server, server.admin)));
  for (const session of sessions) await unread(session, '/api/v1/pods?watch=1&resourceVersion=0');
  const watched: string[] = [];
  const reader = await openSession(server, server.admin);
  const stream = reader.request({ ':path': `${maps}?watch=1` });
  stream.on('data', (chunk: Buffer) => watched.push(chunk.toString()));
  for (let i = 0; i < 20; i++) await admin('PATCH', `${maps}/probe`, { body: { data: { a: `v${i}` } }, headers: { 'content-type': 'application/merge-patch+json' } });
  await expect.poll(() => watched.join(''), { timeout: 5_000 }).toContain('"a":"v19"');
  for (const session of [...sessions, reader]) session.destroy();
});

test('a watch from a revision to come waits in silence until its time is over', async () => {
  const { text, status } = await admin('GET', `${maps}?watch=1&resourceVersion=999999999&timeoutSeconds=1`);
  expect([status, text]).toEqual([200, '']);
});

test('uploads that trickle and uploads that break off store nothing', async () => {
  const count = await mapCount();
  const session = await openSession(server, server.admin);
  const open = Array.from({ length: 50 }, () => {
    const stream = session.request({ ':method': 'POST', ':path': maps, 'content-type': 'application/json' }, { endStream: false });
    stream.on('error', () => {});
    stream.write('{"metadata":{"name":"trickle"}');
    return stream;
  });
  const sockets: TLSSocket[] = [];
  for (let i = 0; i < 20; i++) {
    const socket = await rawSocket(server, server.admin, 'http/1.1');
    socket.write(`POST ${maps} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n{"metadata":{"name":"tric`);
    sockets.push(socket);
  }
  for (let i = 0; i < 5; i++) {
    await pause(20);
    for (const stream of open) stream.write(' ');
  }
  for (const [i, stream] of open.entries()) stream.close(i % 2 === 0 ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_INTERNAL_ERROR);
  for (const socket of sockets) socket.destroy();
  // A body that is whole, on a stream that is reset at once: it may have been taken, but only as a whole.
  for (let i = 0; i < 20; i++) {
    const stream = session.request({ ':method': 'POST', ':path': maps, 'content-type': 'application/json' }, { endStream: false });
    stream.on('error', () => {});
    stream.write('{"metadata":{"name":"half');
    stream.close(constants.NGHTTP2_CANCEL);
  }
  await pause(50);
  session.destroy();
  expect(await mapCount()).toBe(count);
});

test('headers without end', async () => {
  const http1 = http1Requester(server, server.admin);
  expect((await http1('GET', maps, { headers: { authorization: `Bearer ${'x'.repeat(500_000)}` } })).status).toBe(200);
  const raw = await rawSocket(server, server.admin, 'http/1.1');
  expect((await exchangeRaw(raw, `GET ${maps} HTTP/1.1\r\nHost: localhost\r\nX-Bomb: ${'x'.repeat(1_100_000)}\r\n\r\n`)).text).toMatch(/^HTTP\/1\.1 431 /);
  const many = await rawSocket(server, server.admin, 'http/1.1');
  expect((await exchangeRaw(many, `GET ${maps} HTTP/1.1\r\nHost: localhost\r\n${'a: b\r\n'.repeat(300_000)}\r\n`)).text).toMatch(/^HTTP\/1\.1 431 /);
  const session = await openSession(server, server.admin);
  const bomb = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x-bomb-${i}`, 'x'.repeat(30_000)]));
  const status = await new Promise((resolve) => {
    const stream = session.request({ ':path': maps, ...bomb });
    stream.on('response', (headers) => resolve(headers[':status']));
    stream.on('error', () => resolve('reset'));
    stream.on('close', () => resolve('reset'));
  });
  expect([431, 'reset']).toContain(status);
  session.destroy();
});

test('garbage instead of frames', async () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  const settings = '\0\0\0\x04\0\0\0\0\0';
  const garbage = [
    'not http at all\r\n\r\n', `${preface}${'\xff'.repeat(5_000)}`, `${preface}${settings}\0\0\x01\x01\x04\0\0\0\x01\xff`, `${preface}${settings}\0\x40\0\0\0\0\0\0\x01`,
    `${preface}${settings}${'\0\0\0\x09\0\0\0\0\x01'.repeat(5_000)}`, `${preface}${settings}${'\0\0\x08\x06\0\0\0\0\0abcdefgh'.repeat(5_000)}`,
  ];
  for (const text of garbage) {
    const socket = await rawSocket(server, server.admin, 'h2');
    await exchangeRaw(socket, Buffer.from(text, 'latin1'), 300);
  }
  for (const text of ['GET / HTTP/9.9\r\n\r\n', '\0\0\0', 'GET  HTTP/1.1\r\n\r\n', `POST ${maps} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, `POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`]) {
    const socket = await rawSocket(server, server.admin, 'http/1.1');
    const { text: answer } = await exchangeRaw(socket, text, 700);
    expect(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer)).toBe(true);
  }
});

test('streams opened and reset faster than they can be served', async () => {
  const session = await openSession(server, server.admin);
  for (let i = 0; i < 3_000 && !session.destroyed; i++) {
    const stream = session.request({ ':path': '/api/v1/pods?limit=1' });
    stream.on('error', () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    if (i % 100 === 0) await pause(1);
  }
  session.destroy();
});

test('large bodies by the dozen', async () => {
  const count = await mapCount();
  const keys = (n: number): string => Array.from({ length: n }, (_, i) => `"k${i}":"v"`).join(',');
  const bodies = [`{"metadata":{"name":"l"},"data":{${keys(55_000)}`, `{"metadata":{"name":"l"},"data":{"a":[${keys(0)}]}}`, `{"metadata":{"name":"l"},"foo":{${keys(55_000)}}}`, `{"metadata":{"name":"l","labels":{${keys(50_000)}},"data":{"-":1}}`];
  const yaml = `metadata:\n  name: l\ndata:\n${Array.from({ length: 40_000 }, (_, i) => `  k${i}: [${i}]`).join('\n')}`;
  for (let i = 0; i < 3; i++) {
    await Promise.all([
      ...bodies.map((body) => admin('POST', `${maps}?fieldValidation=Strict`, { body })),
      admin('POST', maps, { body: yaml, headers: { 'content-type': 'application/yaml' } }),
      admin('PATCH', `${maps}/l?fieldManager=m&dryRun=All`, { body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"l"},"data":{${keys(50_000)}}}`, headers: { 'content-type': 'application/apply-patch+yaml' } }),
    ]);
  }
  expect(await mapCount()).toBe(count);
});
