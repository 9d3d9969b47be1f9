// Clients that ask and do not read, and clients that flood a connection with frames: the real program, with a short
// --request-timeout, cuts them off, gives their places in flow control to others, and serves everybody else meanwhile.
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchServer, makeServerHome, untilReady, type AttackedServer, type ServerHome } from './api-server.ts';
import { http2Requester, rawSocket, type Requester } from './requests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const cutMs = 30_000;

let home: ServerHome;
let child: ChildProcess;
let server: Pick<AttackedServer, 'port' | 'origin' | 'admin'>;
let admin: Requester;

beforeAll(async () => {
  home = await makeServerHome({ apiServer: { extraArgs: [{ name: 'request-timeout', value: '2s' }] } });
  child = launchServer(home.config);
  await untilReady(child, home.config.apiPort, home.admin);
  server = { port: home.config.apiPort, origin: `https://localhost:${home.config.apiPort}`, admin: home.admin };
  admin = await http2Requester(server as AttackedServer, home.admin);
  for (let i = 0; i < 60; i++) expect((await admin('POST', maps, { body: { metadata: { name: `large-${i}` }, data: { text: 'x'.repeat(500_000) } } })).status).toBe(201);
}, 60_000);
afterAll(async () => {
  admin.close();
  expect(child.exitCode).toBeNull();
  child.kill('SIGTERM');
  await once(child, 'exit');
  home[Symbol.dispose]();
});

function session(windowBytes: number): ClientHttp2Session {
  const made = connect(server.origin, { ...server.admin, settings: { initialWindowSize: windowBytes } });
  made.on('error', () => {});
  return made;
}

/** Resolves when the server has ended the stream; it was cut when that was no proper end. */
function ended(stream: ClientHttp2Stream): Promise<{ readonly cut: boolean }> {
  stream.on('error', () => {});
  return new Promise((resolve) => stream.once('close', () => resolve({ cut: stream.rstCode !== 0 })));
}

async function executing(): Promise<number> {
  const { text } = await admin('GET', '/metrics');
  let total = 0;
  for (const [, value = ''] of text.matchAll(/^apiserver_flowcontrol_current_executing_requests\{.*\} (\d+)$/gm)) total += Number(value);
  return total;
}

test.each([[0], [1_000]])('HTTP/2 with a window of %i bytes: unread lists and objects are reset, and their places are free again', async (windowBytes) => {
  const unread = session(windowBytes);
  const paths = [maps, '/api/v1/configmaps', `${maps}?limit=3`, `${maps}/large-1`];
  const all = Array.from({ length: 16 }, (_, i) => ended(unread.request({ ':path': paths[i % paths.length] ?? maps })));
  expect(await Promise.all(all)).toEqual(all.map(() => ({ cut: true })));
  expect((await admin('GET', `${maps}/large-1`)).status).toBe(200);
  // What is counted is this very question.
  await expect.poll(executing, { timeout: cutMs }).toBeLessThanOrEqual(2);
  unread.destroy();
}, 60_000);

test('a list that is read by the byte ends at its deadline', async () => {
  const slow = session(1_000);
  const stream = slow.request({ ':path': maps });
  stream.on('readable', () => stream.read(1));
  expect(await ended(stream)).toEqual({ cut: true });
  slow.destroy();
}, 60_000);

test('HTTP/1.1: a list that nobody reads ends with its connection', async () => {
  const socket = await rawSocket(server as AttackedServer, server.admin, 'http/1.1');
  socket.write(`GET ${maps} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  socket.pause();
  // Far beyond the deadline: now all that is left to read is what was on its way.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const closed = once(socket, 'close');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
  await closed;
  expect(bytes).toBeLessThan(30_000_000);
}, 60_000);

describe('floods of frames', () => {
  const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))]);

  function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
    return Buffer.concat([Buffer.from([payload.length >> 16, (payload.length >> 8) & 255, payload.length & 255, type, flags, 0, 0, 0, stream]), payload]);
  }

  /** Sends the frames again and again, reading nothing, until the server ends the connection or `most` bytes are out. */
  async function flood(frames: Buffer, most: number): Promise<TLSSocket> {
    const socket = await rawSocket(server as AttackedServer, server.admin, 'h2');
    socket.pause();
    socket.write(preface);
    const gone = new Promise<'gone'>((resolve) => socket.once('close', () => resolve('gone')));
    for (let sent = 0; sent < most; sent += frames.length) {
      const written = new Promise<'written'>((resolve) => socket.write(frames, () => resolve('written')));
      const stuck = new Promise<'stuck'>((resolve) => setTimeout(() => resolve('stuck'), 2_000).unref());
      if ((await Promise.race([written, gone, stuck])) !== 'written') break;
    }
    return socket;
  }

  const many = (one: Buffer): Buffer => Buffer.concat(Array.from({ length: 1_000 }, () => one));
  const headers = frame(1, 0, 1, Buffer.from([0x82, 0x87, 0x84]));
  test.each([
    ['SETTINGS', many(frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 1])))],
    ['PING', many(frame(6, 0, 0, Buffer.alloc(8)))],
    ['CONTINUATION without end', Buffer.concat([headers, many(frame(9, 0, 1, Buffer.from([0x40, 1, 0x61, 1, 0x62])))])],
    ['empty DATA', Buffer.concat([frame(1, 4, 1, Buffer.from([0x82, 0x87, 0x84])), many(frame(0, 0, 1, Buffer.alloc(0)))])],
    ['WINDOW_UPDATE', many(frame(8, 0, 0, Buffer.from([0, 0, 0, 1])))],
    ['PRIORITY', many(frame(2, 0, 1, Buffer.from([0, 0, 0, 0, 1])))],
  ])('%s', async (_name, frames) => {
    const socket = await flood(frames, 2_000_000);
    for (let i = 0; i < 5; i++) expect((await admin('GET', `${maps}/large-1`)).status).toBe(200);
    socket.destroy();
  }, 60_000);
});
