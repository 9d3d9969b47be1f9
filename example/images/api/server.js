// REST in front of the key-value store: GET /items. The store's address comes from the ConfigMap, its
// password from the Secret. Ready only while the store answers.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const kv = process.env.KV_URL;
const headers = { 'x-kv-password': process.env.KV_PASSWORD ?? '' };

async function ask(path) {
  const answer = await fetch(`${kv}${path}`, { headers, signal: AbortSignal.timeout(2000) });
  if (!answer.ok) throw new Error(`kv answered ${answer.status}`);
  return answer.text();
}

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/healthz') return response.end('ok\n');
    if (request.url === '/readyz') {
      await ask('/healthz');
      return response.end('ok\n');
    }
    if (request.url === '/items') {
      const keys = JSON.parse(await ask('/kv'));
      const items = await Promise.all(keys.map(async (key) => JSON.parse(await ask(`/kv/${encodeURIComponent(key)}`))));
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ servedBy: hostname(), items }));
    }
    return response.writeHead(404).end();
  } catch (error) {
    console.error(String(error));
    return response.writeHead(503).end(`${error.message}\n`);
  }
});
server.listen(8080, () => console.log(`api: listening on 8080, store at ${kv}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
