// Random requests after the server's own OpenAPI against the real program: no crash, no 5xx but those that tell of the
// outside world, and another client always served. Request n of a run is made from seed + n alone, so that one number
// repeats it: SKIFF_FUZZ_SEED, SKIFF_FUZZ_REQUESTS (default 6,000; a long run: 1,000,000), SKIFF_FUZZ_ONLY=<n>.
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/clock.ts';
import { httpTransport, type Transport } from '../../src/wire/index.ts';
import { startAttackedServer, type AttackedServer, type Prober } from '../robustness/api-server.ts';
import { readGrammar, type Grammar } from './grammar.ts';
import { makeRequest, type FuzzRequest } from './requests.ts';

const seed = Number(process.env['SKIFF_FUZZ_SEED'] ?? randomInt(systemRandom, 2 ** 30));
const count = Number(process.env['SKIFF_FUZZ_REQUESTS'] ?? 6_000);
const only = process.env['SKIFF_FUZZ_ONLY'];
const parallel = 24;
const endlessMs = 400;
const answerMs = 40_000;

/** 5xx that say something about the world outside the server, by message. */
const listed: readonly (readonly [status: number, message: RegExp])[] = [
  [504, /Too large resource version/],
  [503, /no endpoints available for service|service unavailable|error trying to reach service/],
  [500, /no preferred addresses found/],
  // Upstream's answers as well.
  [500, /failed to create typed patch object .*field not declared in schema/],
  [500, /resourceVersion should not be set on objects to be created/],
  // Of a watch; the error of the store never becomes an API error.
  [500, /resourceVersion: Invalid value: .*strconv\.ParseUint/],
  [501, /./],
];

let server: AttackedServer;
let transport: Transport;
let prober: Prober;
let grammar: Grammar;

beforeAll(async () => {
  server = await startAttackedServer();
  transport = httpTransport({ url: server.origin, ...server.admin, clock: systemClock, userAgent: 'fuzz/1', maxConnections: 4 });
  grammar = readGrammar((await send({ method: 'GET', path: '/openapi/v2', headers: { accept: 'application/json' }, body: undefined, endless: false })).text);
  const namespace = Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fuzz' } }));
  await send({ method: 'POST', path: '/api/v1/namespaces', headers: { 'content-type': 'application/json' }, body: namespace, endless: false });
  prober = await server.startProber('/api/v1/namespaces/default');
});
afterAll(async () => {
  console.log(`seed ${seed}`);
  await prober.close();
  await transport.close();
  await server[Symbol.asyncDispose]();
});

async function send(request: FuzzRequest): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(request.endless ? endlessMs : answerMs);
  try {
    const response = await transport.request({ method: request.method, path: request.path, headers: request.headers, signal, ...(request.body === undefined ? {} : { body: request.body }) });
    const text = Buffer.from(await response.bytes()).toString();
    return { status: response.status, text };
  } catch (error) {
    if (request.endless && signal.aborted) return { status: 200, text: '' };
    throw error;
  }
}

function describeRequest(number: number, request: FuzzRequest): string {
  return `SKIFF_FUZZ_SEED=${seed} SKIFF_FUZZ_ONLY=${number}: ${request.method} ${request.path} ${request.headers['content-type'] ?? ''} ${request.body?.subarray(0, 300).toString() ?? ''}`;
}

test('random requests crash nothing', async () => {
  const failures: string[] = [];
  const statuses = new Map<number, number>();
  let next = only === undefined ? 0 : Number(only);
  const end = only === undefined ? count : next + 1;
  const slowest = { ms: 0, what: '' };
  const worker = async (): Promise<void> => {
    while (next < end && failures.length < 10) {
      const number = next++;
      const request = makeRequest(grammar, seededRandom(seed + number));
      const started = performance.now();
      try {
        const { status, text: told } = await send(request);
        // The answer to a HEAD has no text.
        const text = status >= 500 && request.method === 'HEAD' ? (await send({ ...request, method: 'GET' })).text : told;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500 && !listed.some(([code, message]) => code === status && message.test(text))) failures.push(`${status} ${text.slice(0, 400)}\n  ${describeRequest(number, request)}`);
        if (only !== undefined) console.log(status, text.slice(0, 2_000));
      } catch (error) {
        failures.push(`${String(error)}\n  ${describeRequest(number, request)}`);
      }
      const ms = performance.now() - started;
      if (!request.endless && ms > slowest.ms) Object.assign(slowest, { ms, what: describeRequest(number, request) });
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const { worstMs } = await prober.worst();
  const told = [...statuses].toSorted(([a], [b]) => a - b).map(([status, times]) => `${status}×${times}`).join(' ');
  console.log(`${next} requests: ${told}; worst wait of another client ${worstMs.toFixed(0)} ms; slowest ${slowest.ms.toFixed(0)} ms: ${slowest.what.slice(0, 300)}`);
  expect(failures.join('\n')).toBe('');
  expect(server.alive).toBe(true);
}, 3_600_000);
