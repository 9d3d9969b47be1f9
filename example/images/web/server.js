// The page: asks the API by its Service name and renders what it gets.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

const api = process.env.API_URL;
// A mounted ConfigMap: read on every request, so that an edit shows without a restart.
const title = () => readFileSync('/etc/shop/title', 'utf8').trim();

const server = createServer(async (request, response) => {
  if (request.url === '/healthz') return response.end('ok\n');
  try {
    const answer = await fetch(`${api}/items`, { signal: AbortSignal.timeout(3000) });
    if (!answer.ok) throw new Error(`api answered ${answer.status}`);
    const { servedBy, items } = await answer.json();
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    return response.end(`${title()}: ${items.map((i) => `${i.name} ${i.price}`).join(', ')} (web ${hostname()}, api ${servedBy})\n`);
  } catch (error) {
    console.error(String(error));
    return response.writeHead(503).end(`${error.message}\n`);
  }
});
server.listen(8080, () => console.log(`web: listening on 8080, api at ${api}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
