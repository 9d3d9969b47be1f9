// SIGTERM to the program while clients are busy with it: what had been sent is answered, watches end properly, and the
// process ends by itself.
import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import { expect, test } from 'vitest';
import { launchServer, makeServerHome, untilReady } from './api-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Rejects when the stream ends without having been answered in full. */
function ask(session: ClientHttp2Session, method: string, path: string, body?: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': path, 'content-type': 'application/json' }, { endStream: body === undefined });
    let status = 0;
    let text = '';
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.on('end', () => (status > 0 ? resolve({ status, text }) : reject(new Error(`${method} ${path}: no answer`))));
    stream.on('error', reject);
    if (body !== undefined) stream.end(body);
  });
}

test('no request under way fails on SIGTERM, and watches end', async () => {
  using home = await makeServerHome();
  const { config, admin } = home;
  const child = launchServer(config);
  const exited = once(child, 'exit');
  try {
    await untilReady(child, config.apiPort, admin);
    const sessions = Array.from({ length: 4 }, () => connect(`https://localhost:${config.apiPort}`, { ...admin }));
    for (const session of sessions) session.on('error', () => {});
    const [first] = sessions;
    if (first === undefined) throw new Error('no session');
    expect((await ask(first, 'POST', maps, '{"metadata":{"name":"seen"}}')).status).toBe(201);
    const watch = ask(first, 'GET', `${maps}?watch=1`);
    const failures: string[] = [];
    const statuses = new Map<number, number>();
    // Each client sends until it is told to go elsewhere.
    const clients = sessions.flatMap((session, s) => Array.from({ length: 8 }, async (_, c) => {
      let told = false;
      session.once('goaway', () => (told = true));
      for (let i = 0; !told && !session.closed && !session.destroyed; i++) {
        try {
          const { status } = await (i % 2 === 0 ? ask(session, 'POST', maps, `{"metadata":{"name":"m-${s}-${c}-${i}"}}`) : ask(session, 'GET', maps));
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        } catch (error) {
          // Never sent: the client's own library holds it back once it is told to go elsewhere.
          if (!String(error).includes('NGHTTP2_REFUSED_STREAM')) failures.push(String(error));
          else break;
        }
      }
    }));
    await expect.poll(() => statuses.get(201) ?? 0, { timeout: 20_000 }).toBeGreaterThan(50);
    child.kill('SIGTERM');
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect([...statuses.keys()].toSorted()).toEqual([200, 201]);
    expect((await watch).text).toContain('"seen"');
    for (const session of sessions) session.close();
    expect((await exited)[0]).toBe(0);
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}, 60_000);
