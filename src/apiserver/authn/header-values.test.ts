// An identity in headers, as it arrives over each way in: headers sent twice are two values, a comma stays where it is.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpTransport, memoryTransport, serveHttp, type Handler, type Transport } from '#wire';
import { systemClock } from '#base/clock.ts';
import { testWorld } from '../test-server.case.ts';
import { extraHeaders } from './extra-headers.ts';
import { headerValue, headerValues } from './header-values.ts';

const handler: Handler = async (exchange) => {
  const told = { name: headerValue(exchange, 'x-remote-user'), none: headerValue(exchange, 'x-remote-uid'), groups: headerValues(exchange, 'x-remote-group'), extra: extraHeaders(exchange, ['x-remote-extra-']) };
  exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify(told));
};
let listener: Awaited<ReturnType<typeof serveHttp>>;
beforeAll(async () => {
  listener = await serveHttp(testWorld(), { host: '127.0.0.1', port: 0, handler });
});
afterAll(() => listener.close({ graceMs: 0 }));

const ways: readonly (readonly [string, () => Transport])[] = [
  ['HTTP/1.1', () => httpTransport({ url: `http://127.0.0.1:${listener.port}`, clock: systemClock, http1: true })],
  ['HTTP/2', () => httpTransport({ url: `http://127.0.0.1:${listener.port}`, clock: systemClock })],
  ['this process', () => memoryTransport(handler, { user: 'x', groups: [] })],
];
test.each(ways)('over %s', async (_name, connect) => {
  const transport = connect();
  const response = await transport.request({
    method: 'GET', path: '/', headers: { 'x-remote-user': 'Doe, Jane' }, repeatedHeaders: { 'x-remote-group': ['dev', 'ops, night'], 'x-remote-extra-acme.io%2fscope': ['a,b', 'c'] },
  });
  expect(JSON.parse(Buffer.from(await response.bytes()).toString())).toEqual({ name: 'Doe, Jane', none: '', groups: ['dev', 'ops, night'], extra: { 'acme.io/scope': ['a,b', 'c'] } });
  await transport.close();
});
