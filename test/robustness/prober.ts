// A client of its own in a thread of its own: reads one object every few milliseconds over its own connection and
// remembers the slowest answer. What the tests do in their thread does not hold it up.
import { connect } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';
import type { Credentials } from './api-server.ts';

interface Worst {
  worstMs: number;
  samples: number;
  failures: number;
}

const { origin, credentials, path, everyMs } = workerData as { origin: string; credentials: Credentials; path: string; everyMs: number };
const session = connect(origin, { ...credentials });
let worst: Worst = { worstMs: 0, samples: 0, failures: 0 };
let askedAt = 0;
session.on('error', () => worst.failures++);

function probe(): void {
  askedAt = performance.now();
  const stream = session.request({ ':path': path });
  let status = 0;
  stream.on('response', (headers) => (status = headers[':status'] ?? 0));
  stream.resume();
  stream.on('error', () => {});
  stream.on('close', () => {
    worst.samples++;
    worst.worstMs = Math.max(worst.worstMs, performance.now() - askedAt);
    askedAt = 0;
    if (status !== 200) worst.failures++;
    if (!session.destroyed) setTimeout(probe, everyMs);
  });
}

parentPort?.on('message', (question) => {
  if (question === 'end') {
    session.destroy();
    parentPort?.close();
    return;
  }
  // A probe that is still waiting counts with what it has waited.
  const waiting = askedAt === 0 ? 0 : performance.now() - askedAt;
  parentPort?.postMessage({ ...worst, worstMs: Math.max(worst.worstMs, waiting) });
  worst = { worstMs: 0, samples: 0, failures: 0 };
});
session.once('connect', probe);
