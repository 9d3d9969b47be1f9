// The gRPC client against a server of the same library over a Unix socket.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPackageDefinition, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, type ServerWritableStream, status } from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { grpcClient, type GrpcClient } from './grpc.ts';

const definition = `
syntax = "proto3";
package test.v1;
message Request { string name = 1; int64 count = 2; }
message Answer { string text = 1; int64 number = 2; }
service Echo {
  rpc Say (Request) returns (Answer);
  rpc Count (Request) returns (stream Answer);
}`;

type Request = { name: string; count: string };
type Answer = { text: string; number: string };

const folder = mkdtempSync(join(tmpdir(), 'grpc-'));
const proto = join(folder, 'echo.proto');
const server = new Server();
let client: GrpcClient;
let cancelled = 0;

beforeAll(async () => {
  writeFileSync(proto, definition);
  const loaded = await load(proto, { keepCase: true, longs: String });
  loadPackageDefinition(loaded);
  const service = loaded['test.v1.Echo'];
  if (service === undefined || 'format' in service) throw new Error('no service');
  server.addService(service as Parameters<Server['addService']>[0], {
    say(call: ServerUnaryCall<Request, Answer>, done: sendUnaryData<Answer>) {
      if (call.request.name === 'nobody') done({ code: status.NOT_FOUND, details: 'nobody is here' });
      else if (call.request.name === 'slow') call.on('cancelled', () => cancelled++);
      else done(null, { text: `hello ${call.request.name}`, number: '9007199254740993' });
    },
    count(call: ServerWritableStream<Request, Answer>) {
      call.on('cancelled', () => cancelled++);
      for (let i = 1; i <= Number(call.request.count); i++) call.write({ text: '', number: String(i) });
      if (call.request.name !== 'forever') call.end();
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${folder}/echo.sock`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  client = await grpcClient({ protoFiles: [proto], service: 'test.v1.Echo', address: `unix://${folder}/echo.sock` });
});

afterAll(() => {
  client.close();
  server.forceShutdown();
  rmSync(folder, { recursive: true });
});

describe('the gRPC client', () => {
  it('reaches sockets without a file', async () => {
    const name = `${folder.replaceAll('/', '-')}.sock`;
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:\0${name}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
    });
    const abstract = await grpcClient({ protoFiles: [proto], service: 'test.v1.Echo', address: `unix-abstract:${name}` });
    expect(await abstract.unary('Say', { name: 'you' }, { deadlineMs: systemClock.now() + 20_000 })).toMatchObject({ text: 'hello you' });
    abstract.close();
  });

  it('calls, keeping 64-bit integers exact', async () => {
    expect(await client.unary('Say', { name: 'you' })).toEqual({ text: 'hello you', number: '9007199254740993' });
  });

  it("names the server's error code", async () => {
    await expect(client.unary('Say', { name: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'nobody is here' });
    await expect(client.unary('Say', { name: 'slow' }, { deadlineMs: systemClock.now() + 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('cancels on abort', async () => {
    const stop = new AbortController();
    const call = client.unary('Say', { name: 'slow' }, { signal: stop.signal });
    stop.abort(new Error('no longer wanted'));
    await expect(call).rejects.toThrow('no longer wanted');
    await expect(client.unary('Say', { name: 'you' }, { signal: stop.signal })).rejects.toThrow('no longer wanted');
  });

  it('streams answers, and cancels when the reader leaves', async () => {
    const numbers: unknown[] = [];
    for await (const { number } of client.stream('Count', { count: '3' })) numbers.push(number);
    expect(numbers).toEqual(['1', '2', '3']);
    const before = cancelled;
    for await (const { number } of client.stream('Count', { name: 'forever', count: '1' })) {
      expect(number).toBe('1');
      break;
    }
    await expect.poll(() => cancelled).toBeGreaterThan(before);
  });

  it('says when nobody listens', async () => {
    const nobody = await grpcClient({ protoFiles: [proto], service: 'test.v1.Echo', address: `unix://${folder}/none.sock` });
    await expect(nobody.unary('Say', { name: 'x' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    nobody.close();
  });
});
