// Key-value store over HTTP: PUT/GET /kv/<key>, GET /kv lists keys. Data live in one JSON file that is replaced
// atomically. Every request carries the shared password from the Secret.
import { createServer } from 'node:http';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const file = `${process.env.DATA_DIR ?? '/data'}/kv.json`;
const password = process.env.KV_PASSWORD ?? '';
const data = new Map(existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, 'utf8'))) : []);

function save() {
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(data)));
  renameSync(`${file}.new`, file);
}

function bodyOf(request) {
  return new Promise((resolve, reject) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
      if (text.length > 1 << 20) reject(new Error('too large'));
    });
    request.on('end', () => resolve(text));
    request.on('error', reject);
  });
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://kv');
  if (pathname === '/healthz') return response.end('ok\n');
  if (request.headers['x-kv-password'] !== password) return response.writeHead(403).end('wrong password\n');
  if (pathname === '/kv') return response.end(JSON.stringify([...data.keys()].sort()));
  const key = decodeURIComponent(pathname.replace(/^\/kv\//, ''));
  if (request.method === 'PUT') {
    data.set(key, await bodyOf(request));
    save();
    return response.writeHead(204).end();
  }
  const value = data.get(key);
  return value === undefined ? response.writeHead(404).end() : response.end(value);
});
server.listen(6379, () => console.log(`kv: listening on 6379, ${data.size} keys`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
