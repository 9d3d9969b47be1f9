// The limit: a bare node:http2 TLS server that answers the very bytes that Skiff answers and does nothing else.
// GET answers the file named by the path, writes are read to their end and answered with that file.
import { createSecureServer } from 'node:http2';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const [directory = ''] = process.argv.slice(2);
const bodies = new Map<string, Buffer>();
const bodyOf = (path: string): Buffer => {
  const known = bodies.get(path);
  if (known !== undefined) return known;
  const read = readFileSync(join(directory, path.slice(1)));
  bodies.set(path, read);
  return read;
};
const server = createSecureServer({
  cert: readFileSync(join(directory, 'server.crt')),
  key: readFileSync(join(directory, 'server.key')),
  ca: readFileSync(join(directory, 'ca.crt')),
  requestCert: true,
  settings: { maxConcurrentStreams: 250, initialWindowSize: 1 << 20 },
});
server.on('session', (session) => session.setLocalWindowSize(8 << 20));
server.on('stream', (stream, headers) => {
  const answer = (): void => {
    const body = bodyOf(headers[':path'] ?? '');
    stream.respond({ ':status': headers[':method'] === 'POST' ? 201 : 200, 'content-type': 'application/json', 'content-length': body.length });
    stream.end(body);
  };
  stream.on('error', () => {});
  if (headers[':method'] === 'GET') {
    answer();
    return;
  }
  stream.on('data', () => {});
  stream.on('end', answer);
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
