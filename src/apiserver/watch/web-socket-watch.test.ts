// Watches over WebSockets on a real port: one message an event, text or binary, until either side is done.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { dialWebSocket, serveHttp } from '#wire';
import { decodeWatchEvent } from '#machinery';
import { openSecurity, startTestServer, testWorld } from '../test-server.case.ts';

const everybody = { name: 'all', authenticate: async () => ({ name: 'tester', groups: ['system:masters'] }) };
const maps = '/api/v1/namespaces/default/configmaps';

test.each(['application/json', 'application/vnd.kubernetes.protobuf'])('%s', async (accept) => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store, { security: () => ({ ...openSecurity(), authenticators: [everybody] }) });
  const listener = await serveHttp(testWorld(), { host: '127.0.0.1', port: 0, handler: api.server.handler });
  try {
    await api.post(maps, { metadata: { name: 'a' }, data: { k: 'line\nbreak' } });
    const { webSocket, protocol } = await dialWebSocket({ url: `ws://127.0.0.1:${listener.port}${maps}?watch=1&fieldSelector=metadata.name!%3Dkube-root-ca.crt`, subprotocols: ['any'], headers: { accept } });
    expect(protocol).toBe('any');
    const seen: [string, boolean][] = [];
    const done = new Promise<void>((resolve) => {
      webSocket.on('message', (data: Buffer, isBinary: boolean) => {
        seen.push([isBinary ? decodeWatchEvent(data).type : (JSON.parse(data.toString()) as { type: string }).type, isBinary]);
        if (seen.length === 3) resolve();
      });
    });
    webSocket.resume();
    await api.post(maps, { metadata: { name: 'b' } });
    await api.del(`${maps}/a`);
    await done;
    const binary = accept !== 'application/json';
    expect(seen).toEqual([['ADDED', binary], ['ADDED', binary], ['DELETED', binary]]);
    webSocket.close();
  } finally {
    await listener.close({ graceMs: 100 });
    await store.close();
  }
});

test('the server closes the socket when the watch has lasted long enough', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store, { security: () => ({ ...openSecurity(), authenticators: [everybody] }) });
  const listener = await serveHttp(testWorld(), { host: '127.0.0.1', port: 0, handler: api.server.handler });
  try {
    const { webSocket } = await dialWebSocket({ url: `ws://127.0.0.1:${listener.port}${maps}?watch=1&timeoutSeconds=1`, subprotocols: [] });
    const code = await new Promise<number>((resolve) => {
      webSocket.on('close', resolve);
      webSocket.resume();
    });
    expect(code).toBe(1000);
  } finally {
    await listener.close({ graceMs: 100 });
    await store.close();
  }
});
