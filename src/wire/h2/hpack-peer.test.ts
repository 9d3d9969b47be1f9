// HPACK in both directions against another implementation, nghttp2 in a client of node:http2: thousands of requests and
// responses with random fields on one connection, so that both dynamic tables must stay in step, with their sizes
// changing on the way. The frames between are read and written here, as plainly as they can be.
import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { type Random, randomInt, seededRandom } from '#base/random.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

const frameType = { headers: 1, settings: 4, continuation: 9 };
const flag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 };
const prefaceBytes = 24;

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const setting = (id: number, value: number): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
};

type Fields = Record<string, string>;

/** A server of frames: answers request n with `answer(n)`, and notes what it understood. */
function peer(tableBytes: number, answer: (request: number) => Fields): { end: Duplex; understood: string[][] } {
  const decoder = new HpackDecoder(tableBytes);
  const encoder = new HpackEncoder();
  const understood: string[][] = [];
  let received = Buffer.alloc(0);
  let block: Buffer[] = [];
  let preface = true;
  const end: Duplex = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      received = Buffer.concat([received, chunk]);
      if (preface && received.length >= prefaceBytes) {
        preface = false;
        received = received.subarray(prefaceBytes);
        end.push(frame(frameType.settings, 0, 0, setting(1, tableBytes)));
      }
      while (!preface && received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const length = received.readUIntBE(0, 3);
        onFrame(received.readUInt8(3), received.readUInt8(4), received.readUInt32BE(5), received.subarray(9, 9 + length));
        received = received.subarray(9 + length);
      }
      done();
    },
  });
  const onFrame = (type: number, flags: number, stream: number, payload: Buffer): void => {
    if (type === frameType.settings && (flags & flag.ack) === 0) {
      for (let at = 0; at < payload.length; at += 6) if (payload.readUInt16BE(at) === 1) encoder.setPeerTableBytes(payload.readUInt32BE(at + 2));
      end.push(frame(frameType.settings, flag.ack, 0, new Uint8Array(0)));
    }
    if (type !== frameType.headers && type !== frameType.continuation) return;
    const from = (flags & flag.padded && type === frameType.headers ? 1 : 0) + (flags & flag.priority && type === frameType.headers ? 5 : 0);
    const to = payload.length - (flags & flag.padded && type === frameType.headers ? payload.readUInt8(0) : 0);
    block.push(payload.subarray(from, to));
    if ((flags & flag.endHeaders) === 0) return;
    const bytes = Buffer.concat(block);
    block = [];
    const { fields, malformed, dropped } = decoder.decode(bytes, 0, bytes.length, 1_000_000, 1000);
    expect([malformed, dropped]).toEqual([false, 0]);
    understood.push(fields);
    const { ':status': status, ...headers } = answer(understood.length - 1);
    end.push(frame(frameType.headers, flag.endStream | flag.endHeaders, stream, encoder.encode(Number(status), headers, undefined)));
  };
  return { end, understood };
}

/** Characters that a value may hold; some of the alphabets are of those with long codes. */
const alphabets = ['abcdefghij0123456789-/.', '0123456789abcdef-', 'aeiost012', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ZXQ'].map((text) => [...text]);
alphabets.push(Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)));

function randomText(random: Random, most: number): string {
  const alphabet = alphabets[randomInt(random, alphabets.length)] ?? [];
  // What is mostly of short codes is sent in Huffman's code, long ones and all.
  const dense = random.next();
  return Array.from({ length: randomInt(random, most) }, () => (random.next() < dense ? 'a' : (alphabet[randomInt(random, alphabet.length)] ?? 'b'))).join('');
}

const requestNames = ['accept', 'accept-encoding', 'user-agent', 'authorization', 'x-remote-user', 'if-match', 'audit-id', 'a', 'x-some-rather-longer-name', 'kubectl-session', '~name_with.tokens!'];
const responseNames = ['audit-id', 'cache-control', 'content-type', 'x-kubernetes-pf-flowschema-uid', 'x-kubernetes-pf-prioritylevel-uid', 'vary', 'x-some', 'etag', 'warning', 'location'];

function randomFields(random: Random, names: readonly string[], values: readonly string[]): Fields {
  const fields: Fields = {};
  for (let count = randomInt(random, 8); count > 0; count--) {
    const name = names[randomInt(random, names.length)] ?? '';
    fields[name] = random.next() < 0.7 ? (values[randomInt(random, values.length)] ?? '') : randomText(random, random.next() < 0.03 ? 6000 : 60);
  }
  return fields;
}

/** Sends a request; resolves with the fields of its response. */
function ask(session: ClientHttp2Session, request: Fields): Promise<Fields> {
  return new Promise((resolve, reject) => {
    const stream = session.request(request, { endStream: true });
    stream.on('error', reject);
    stream.on('response', (_headers, _flags, raw) => {
      const fields: Fields = {};
      const list: readonly string[] = Array.isArray(raw) ? raw.map(String) : [];
      for (let i = 0; i < list.length; i += 2) fields[list[i] ?? ''] = list[i + 1] ?? '';
      resolve(fields);
    });
    stream.resume();
  });
}

test.each([4096, 300, 0])('both ends are in step, with a table of %i bytes for requests', async (tableBytes) => {
  const seed = 9113 + tableBytes;
  const random = seededRandom(seed);
  const values = Array.from({ length: 60 }, () => randomText(random, 80));
  const answers: Fields[] = [];
  const { end, understood } = peer(tableBytes, (request) => answers[request] ?? {});
  const session = connect('http://server.test', { createConnection: () => end, settings: { enablePush: false } });
  session.on('error', () => undefined);
  try {
    // Until it has the settings, the client would use a table of the size that is the default.
    await once(session, 'remoteSettings');
    for (let round = 0; round < 60; round++) {
      if (round % 5 === 4) session.settings({ headerTableSize: [4096, 0, 100, 1000, 65_536][randomInt(random, 5)] ?? 0 });
      const batch = Array.from({ length: 25 }, () => {
        const request = { ':method': 'GET', ':scheme': 'https', ':authority': 'server.test', ':path': `/${randomText(random, 50)}`, ...randomFields(random, requestNames, values) };
        const response = { ':status': String(200 + randomInt(random, 20)), ...randomFields(random, responseNames, values) };
        return { request, response };
      });
      const first = answers.length;
      answers.push(...batch.map(({ response }) => response));
      const got = await Promise.all(batch.map(({ request }) => ask(session, request)));
      for (const [i, { request, response }] of batch.entries()) {
        const where = `seed ${seed}, round ${round}, request ${i}`;
        const fields = understood[first + i] ?? [];
        const asked: Fields = {};
        for (let at = 0; at < fields.length; at += 2) asked[fields[at] ?? ''] = fields[at + 1] ?? '';
        expect(asked, where).toEqual(request);
        expect(got[i], where).toEqual(response);
      }
    }
    expect(understood).toHaveLength(1500);
  } finally {
    session.destroy();
  }
});
