// Random requests after the server's own OpenAPI against the real program: no crash, no 5xx but those that tell of the
// outside world, and another client always served. Request n of a run is made from seed + n alone, so that one number
// repeats it: SKIFF_FUZZ_SEED, SKIFF_FUZZ_REQUESTS (default 6,000; a long run: 1,000,000), SKIFF_FUZZ_ONLY=<n>. One request
// in SKIFF_FUZZ_HUGE (default 1,500) has a body as large as the server takes.
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/clock.ts';
import { httpTransport, type Transport } from '../../src/wire/index.ts';
import { startAttackedServer, type AttackedServer, type Prober } from '../robustness/api-server.ts';
import { readGrammar, type Grammar } from './grammar.ts';
import { makeRequest, type FuzzRequest } from './requests.ts';
import { definitions } from './valid.ts';

const seed = Number(process.env['SKIFF_FUZZ_SEED'] ?? randomInt(systemRandom, 2 ** 30));
const count = Number(process.env['SKIFF_FUZZ_REQUESTS'] ?? 6_000);
const only = process.env['SKIFF_FUZZ_ONLY'];
const parallel = 32;
const endlessMs = 150;
const answerMs = 40_000;
/** No request shall hold up the others for longer. */
const mostTurnMs = 100;

/** 5xx that say something about the world outside the server, by message. */
const listed: readonly (readonly [status: number, message: RegExp])[] = [
  [504, /Too large resource version/],
  [503, /no endpoints available for service|service unavailable|error trying to reach service/],
  [500, /no preferred addresses found/],
  // Upstream's answers as well. What a store does not take is said in etcd's words.
  [500, /^\{[^]*"message":"etcdserver: request is too large"/],
  [500, /failed to create typed patch object /],
  [500, /failed to convert new object \(.* to (proper version: unable to convert unstructured object|smd typed: )/],
  // Strategic merge patches that are none.
  [500, /list element types are not identical: |unknown patch type: |unable to find api field in struct |expected a (\[\]interface|map\[string\]interface) \{\}, but received|no elements in any of the given slices|cannot merge lists without merge key|merging lists cannot yet be specified|The order in patch list|does not contain declared merge key/],
  [500, /resourceVersion should not be set on objects to be created/],
  // Once somebody has deleted the default ServiceCIDR and its finalizer waits for a garbage collector that is not here.
  [500, /failed to allocate a serviceIP for Service .*: range is full/],
  // Revisions that are no numbers, in an update and in a watch: an error of the store never becomes an API error.
  [500, /strconv\.ParseUint: parsing /],
  [501, /./],
];

let server: AttackedServer;
let transport: Transport;
let prober: Prober;
let grammar: Grammar;

beforeAll(async () => {
  server = await startAttackedServer({ flags: ['--feature-gates=CBORServingAndStorage=true'] });
  transport = httpTransport({ url: server.origin, ...server.admin, clock: systemClock, userAgent: 'fuzz/1', maxConnections: 4 });
  for (const definition of definitions) await send({ method: 'POST', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(definition)), endless: false });
  for (const plural of ['shapeds', 'frees']) await untilDescribed(plural);
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

async function untilDescribed(plural: string): Promise<void> {
  const end = Date.now() + 30_000;
  const ask = { method: 'GET', path: '/openapi/v2', headers: { accept: 'application/json' }, body: undefined, endless: false };
  while (!(await send(ask)).text.includes(`/apis/fuzz.example.com/v1/${plural}`)) {
    if (Date.now() > end) throw new Error(`${plural} are not served`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

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

interface Sent {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly request: FuzzRequest;
}

/** Asks the server every second for its long turns, and finds the requests that were under way: the numbers of all, and the largest with what they ask. */
function followTurns(): { note(sent: Sent): void; longestMs(): number; tooLong(): number; end(): Promise<string[]> } {
  let recent: Sent[] = [];
  const found: { cpuMs: number; told: string }[] = [];
  let tooLong = 0;
  const look = async (): Promise<void> => {
    const turns = await server.longTurns();
    for (const { at, cpuMs, ms, gcMs } of turns) {
      if (cpuMs > mostTurnMs) tooLong++;
      const suspects = recent.filter(({ from, to }) => from <= at && to >= at - cpuMs - 20).toSorted((a, b) => (b.request.body?.length ?? 0) - (a.request.body?.length ?? 0));
      const largest = suspects.slice(0, 2).map(({ number, request }) => `${request.body?.length ?? 0} bytes ${describeRequest(number, request).slice(0, 200)}`).join(' | ');
      found.push({ cpuMs, told: `${cpuMs.toFixed(0)} ms of ${ms.toFixed(0)} (collector ${gcMs.toFixed(0)}), among ${suspects.length} (${suspects.map(({ number }) => number).join()}): ${largest}` });
    }
    found.sort((a, b) => b.cpuMs - a.cpuMs).splice(10);
    const keepFrom = Date.now() - 3_000;
    recent = recent.filter(({ to }) => to > keepFrom);
  };
  let looking = Promise.resolve();
  const timer = setInterval(() => (looking = looking.then(look)), 1_000);
  return {
    note: (sent) => void recent.push(sent),
    tooLong: () => tooLong,
    longestMs: () => found[0]?.cpuMs ?? 0,
    async end() {
      clearInterval(timer);
      await looking;
      await look();
      return found.map(({ told }) => told);
    },
  };
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
  const writes = { all: 0, good: 0 };
  await server.longTurns();
  const log = followTurns();
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    while (next < end && failures.length < 10) {
      const number = next++;
      const request = makeRequest(grammar, seededRandom(seed + number));
      const started = performance.now();
      const from = Date.now();
      try {
        const answer = await send(request);
        // The answer to a HEAD has no text: what another client has changed meanwhile cannot be told any more.
        const { status, text } = answer.status >= 500 && request.method === 'HEAD' ? await send({ ...request, method: 'GET' }) : answer;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (request.body !== undefined) writes.all++;
        if (request.body !== undefined && status < 300) writes.good++;
        if (status >= 500 && !listed.some(([code, message]) => code === status && message.test(text))) failures.push(`${status} ${text.slice(0, 400)}\n  ${describeRequest(number, request)}`);
        if (only !== undefined) console.log(status, text.slice(0, 2_000));
      } catch (error) {
        failures.push(`${String(error)}\n  ${describeRequest(number, request)}`);
      }
      const ms = performance.now() - started;
      log.note({ number, from, to: Date.now(), request });
      if (number % 50_000 === 49_999) console.log(`${number + 1} requests, ${((number + 1) * 1000 / (performance.now() - startedAt)).toFixed(0)}/s, server ${JSON.stringify(await server.memory())}, longest turn ${log.longestMs().toFixed(0)} ms`);
      if (!request.endless && ms > slowest.ms) Object.assign(slowest, { ms, what: describeRequest(number, request) });
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const { worstMs } = await prober.worst();
  const told = [...statuses].toSorted(([a], [b]) => a - b).map(([status, times]) => `${status}×${times}`).join(' ');
  console.log(`${next} requests: ${told}; worst wait of another client ${worstMs.toFixed(0)} ms; slowest ${slowest.ms.toFixed(0)} ms: ${slowest.what.slice(0, 300)}`);
  const longest = await log.end();
  const good = [...statuses].reduce((sum, [status, times]) => sum + (status < 300 ? times : 0), 0);
  console.log(`${(next * 1000 / (performance.now() - startedAt)).toFixed(0)}/s; 2xx: ${(100 * good / next).toFixed(0)} % of all, ${(100 * writes.good / writes.all).toFixed(0)} % of those with a body; server ${JSON.stringify(await server.memory())}`);
  console.log(`${log.tooLong()} turns of the server above ${mostTurnMs} ms; longest turns (CPU): ${longest.length === 0 ? 'none above 50 ms' : `\n${longest.join('\n')}`}`);
  expect(failures.join('\n')).toBe('');
  expect(server.alive).toBe(true);
}, 3_600_000);
