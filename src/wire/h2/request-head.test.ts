// What is a request, and what the handler sees of it (RFC 9113, 8.2 and 8.3).
import { expect, test } from 'vitest';
import { requestHead, trailersAreSound } from './request-head.ts';

const get = [':method', 'GET', ':scheme', 'https', ':authority', 'cluster:6443', ':path', '/api?limit=1'];

test('a request has its method, its path, its host and its fields', () => {
  expect(requestHead([...get, 'accept', 'application/json', 'content-length', '12'])).toEqual({
    method: 'GET',
    url: '/api?limit=1',
    headers: { host: 'cluster:6443', accept: 'application/json', 'content-length': '12' },
    contentLength: 12,
  });
});

test('fields that are sent twice are joined, but for those of which the first counts', () => {
  const head = requestHead([...get, 'accept', 'a', 'accept', 'b', 'cookie', 'x=1', 'cookie', 'y=2', 'user-agent', 'one', 'user-agent', 'two', 'host', 'named']);
  expect(head).toMatchObject({ headers: { accept: 'a, b', cookie: 'x=1; y=2', 'user-agent': 'one', host: 'named' } });
});

test('names that every object has are names like others', () => {
  const head = requestHead([...get, 'constructor', 'a', '__proto__', 'b', 'constructor', 'c']);
  expect(head).toMatchObject({ headers: { constructor: 'a, c' } });
});

test.each([
  ['no method', get.slice(2)],
  ['no scheme', [...get.slice(0, 2), ...get.slice(4)]],
  ['no path', get.slice(0, 6)],
  ['an empty path', [...get.slice(0, 6), ':path', '']],
  ['a path that is none', [...get.slice(0, 6), ':path', 'api']],
  ['a pseudo header twice', [...get, ':path', '/']],
  ['an unknown pseudo header', [...get, ':protocol', 'websocket']],
  ['a pseudo header after a field', ['accept', 'a', ...get]],
  ['connection', [...get, 'connection', 'close']],
  ['transfer-encoding', [...get, 'transfer-encoding', 'chunked']],
  ['upgrade', [...get, 'upgrade', 'websocket']],
  ['te', [...get, 'te', 'gzip']],
  ['a length that is no number', [...get, 'content-length', '-1']],
  ['two lengths', [...get, 'content-length', '1', 'content-length', '2']],
  ['CONNECT with a path', [':method', 'CONNECT', ':authority', 'a', ':path', '/']],
])('%s makes no request', (_name, fields) => {
  expect(requestHead(fields)).toBeTypeOf('string');
});

test('OPTIONS * and CONNECT are requests, te: trailers is allowed, trailers hold no pseudo headers', () => {
  expect(requestHead([':method', 'OPTIONS', ':scheme', 'https', ':path', '*'])).toMatchObject({ url: '*' });
  expect(requestHead([':method', 'CONNECT', ':authority', 'a:1'])).toMatchObject({ method: 'CONNECT', url: '' });
  expect(requestHead([...get, 'te', 'trailers'])).toMatchObject({ headers: { te: 'trailers' } });
  expect([trailersAreSound(['grpc-status', '0']), trailersAreSound([':path', '/'])]).toEqual([true, false]);
});
