// The measures of one API server under load, each beside the bare server's answer to the same requests where
// a share of the limit is told. The order matters: later ones work on the pods that the first one made.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../src/client/index.ts';
import { pause, processorMs, startHelper, type Helper } from './children.ts';
import { residentOf, type MeasuredServer } from './api-server.ts';
import type { RequestJob, RequestResult, WatchJob, WatchResult } from './load-jobs.ts';
import { configMapTemplate, podTemplate } from './objects.ts';
import type { Row } from './table.ts';

export interface Scale {
  readonly pods: number;
  readonly durationMs: number;
  readonly watchWrites: number;
}

export interface Bench {
  readonly server: MeasuredServer;
  readonly load: Helper;
  /** `served`: how many answers it has been given so far. */
  readonly bare: { readonly port: number; readonly directory: string; served: number };
  readonly scale: Scale;
  readonly report: (row: Row) => void;
}

type Shape = Omit<RequestJob, 'kind' | 'target'>;

const namespace = 'bench';
const podsPath = `/api/v1/namespaces/${namespace}/pods`;
const mapsPath = `/api/v1/namespaces/${namespace}/configmaps`;
const wide = { connections: 4, streams: 32 };

/** With the server's processor time for each answer, which other work on the machine does not change. */
type Measured = RequestResult & { readonly cpuMs: number };

async function run(bench: Bench, shape: Shape, port = bench.server.target.port): Promise<Measured> {
  const job: RequestJob = { kind: 'requests', target: { ...bench.server.target, port }, ...shape };
  const before = processorMs(bench.server.pid);
  const result = await bench.load.ask<RequestResult>(job);
  const used = processorMs(bench.server.pid) - before;
  if (result.failures > 0) throw new Error(`${shape.method} ${shape.path}: ${result.failures} of ${result.failures + result.answers} requests failed: ${result.firstFailure ?? ''}`);
  return { ...result, cpuMs: used / Math.max(1, result.answers) };
}

const perSecond = (result: RequestResult): number => result.answers / result.seconds;
const latency = (result: Measured): string => `p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms, ${result.cpuMs.toPrecision(2)} ms CPU each`;

/** What the bare server needs to answer `body`: returns the path of it. */
function bareAnswer(bench: Bench, body: Uint8Array): string {
  const name = `answer-${bench.bare.served++}`;
  writeFileSync(join(bench.bare.directory, name), body);
  return `/${name}`;
}

const rounds = 3;

/** The rates of both servers, measured in turn; the best round of each counts, as others may use the machine too. */
async function besideBare(bench: Bench, shape: Shape, body: Uint8Array): Promise<{ readonly best: Measured; readonly limit: number }> {
  const path = bareAnswer(bench, body);
  const slice = { ...shape, durationMs: (shape.durationMs ?? 0) / rounds };
  let best: Measured | undefined;
  let limit = 0;
  for (let round = 0; round < rounds; round++) {
    const result = await run(bench, slice);
    if (best === undefined || perSecond(result) > perSecond(best)) best = result;
    limit = Math.max(limit, perSecond(await run(bench, { ...slice, path }, bench.bare.port)));
  }
  if (best === undefined) throw new Error('nothing was measured');
  return { best, limit };
}

/** The namespace with the account that every pod is admitted under. */
export async function prepareNamespace(client: Client, name: string): Promise<void> {
  await client.resource('namespaces').create({ metadata: { name } });
  await client.resource('serviceaccounts').in(name).create({ metadata: { name: 'default', namespace: name } });
}

export async function measureRequests(bench: Bench): Promise<void> {
  const { server, scale, report } = bench;
  const { client } = server;
  await prepareNamespace(client, namespace);
  await createPods(bench);
  const get: Shape = { ...wide, method: 'GET', path: `${podsPath}/pod-a-00000000`, firstNumber: 0, durationMs: scale.durationMs };
  const got = await besideBare(bench, get, await client.raw('GET', get.path));
  report({ measure: 'GET one pod, 4 connections × 32 streams', value: perSecond(got.best), unit: '/s', limit: got.limit, budget: { atLeast: 35_000, share: 0.5 }, note: latency(got.best) });
  await measureLists(bench);
  await measureWrites(bench);
}

/** The writes alone, with as many pods as they need. */
export async function measureWritesAlone(bench: Bench): Promise<void> {
  await prepareNamespace(bench.server.client, namespace);
  await createPods(bench);
  await measureWrites(bench);
}

/** Code that has run some thousand times is compiled: what is measured is a server that has been at work for a while. */
const warmUps = 4_000;

/** The same requests as dry runs, which leave nothing. */
async function warmUp(bench: Bench, { durationMs: _, ...shape }: Shape): Promise<void> {
  await run(bench, { ...shape, path: `${shape.path}${shape.path.includes('?') ? '&' : '?'}dryRun=All`, count: warmUps });
}

async function createPods(bench: Bench): Promise<void> {
  const { server, scale, report } = bench;
  const half = scale.pods / 2;
  const shape = (kind: 'a' | 'b'): Shape => ({ ...wide, method: 'POST', path: podsPath, body: podTemplate(namespace, kind, 'nobody'), firstNumber: 0, count: half });
  await warmUp(bench, shape('a'));
  const [a, b] = [await run(bench, shape('a')), await run(bench, shape('b'))];
  const pod = await server.client.raw('GET', `${podsPath}/pod-a-00000000`);
  const bare = { ...shape('a'), path: bareAnswer(bench, pod) };
  await run(bench, { ...bare, count: warmUps }, bench.bare.port);
  // As many as of the pods: half of them would take less than half a second, in which others may use the machine.
  const limits = [await run(bench, bare, bench.bare.port), await run(bench, bare, bench.bare.port)];
  report({
    measure: `POST pod, durable (${scale.pods.toLocaleString('en-US')})`, value: scale.pods / (a.seconds + b.seconds), unit: '/s',
    limit: scale.pods / limits.reduce((total, { seconds }) => total + seconds, 0), budget: { atLeast: 8_000, share: 0.25 }, note: `${latency(b)}; a pod is ${pod.length} bytes`,
  });
  await pause(2_000);
  report({ measure: `RSS of API server + store with ${scale.pods.toLocaleString('en-US')} pods`, value: residentOf(server), unit: 'MB', budget: { atMost: 300 } });
}

async function measureLists(bench: Bench): Promise<void> {
  const { server, scale, report } = bench;
  const shape = (path: string): Shape => ({ connections: 2, streams: 1, method: 'GET', path, firstNumber: 0, durationMs: scale.durationMs * 2 });
  for (const [measure, path, budget] of [
    [`LIST ${scale.pods.toLocaleString('en-US')} pods`, podsPath, { atLeast: 28, share: 0.7 }],
    ['LIST with a label selector, half match', `${podsPath}?labelSelector=half%3Da`, { atLeast: 40, kin: 'LIST ' }],
  ] as const) {
    const body = await server.client.raw('GET', path);
    const { best, limit } = await besideBare(bench, shape(path), body);
    report({ measure, value: perSecond(best), unit: '/s', limit, budget, note: `${(body.length / 1e6).toFixed(1)} MB; ${latency(best)}` });
  }
  await pause(1_000);
  report({ measure: 'RSS after these lists', value: residentOf(server), unit: 'MB' });
}

async function measureWrites(bench: Bench): Promise<void> {
  const { scale, report } = bench;
  const writes: readonly (readonly [string, number, Shape])[] = [
    ['POST ConfigMap 2 KB, durable', 12_000, { ...wide, method: 'POST', path: mapsPath, body: configMapTemplate(namespace, 'map-{n}', 2_000), firstNumber: 0, durationMs: scale.durationMs }],
    [
      'PATCH merge on a pod', 6_000,
      { ...wide, method: 'PATCH', path: `${podsPath}/pod-a-{n}`, contentType: 'application/merge-patch+json', body: '{"metadata":{"annotations":{"example.com/number":"{count}"}}}', firstNumber: 0, modulo: scale.pods / 2, durationMs: scale.durationMs },
    ],
    [
      'server-side apply, small ConfigMap', 8_000,
      { ...wide, method: 'PATCH', path: `${mapsPath}/applied-{n}?fieldManager=bench&force=true`, contentType: 'application/apply-patch+yaml', body: applyBody(), firstNumber: 0, modulo: 1_000, durationMs: scale.durationMs },
    ],
  ];
  for (const [measure, atLeast, shape] of writes) {
    await warmUp(bench, shape);
    const result = await run(bench, shape);
    report({ measure, value: perSecond(result), unit: '/s', budget: { atLeast, kin: 'POST pod' }, note: latency(result) });
  }
}

function applyBody(): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied-{n}' }, data: { number: '{count}', greeting: 'hello' } });
}

/** 500 watchers of one namespace's ConfigMaps, 10 connections; the writes are part of the run. */
export async function measureWatch(bench: Bench): Promise<void> {
  const { server, scale, report } = bench;
  const name = 'bench-watch';
  await prepareNamespace(server.client, name);
  const path = `/api/v1/namespaces/${name}/configmaps`;
  const job: WatchJob = {
    kind: 'watch', target: server.target, connections: 10, watchers: 500, path: `${path}?watch=true`,
    writes: { connections: 2, streams: 8, method: 'POST', path, body: configMapTemplate(name, 'map-{n}', 20), firstNumber: 0, count: scale.watchWrites },
  };
  const result = await bench.load.ask<WatchResult>(job);
  report({ measure: 'watch fan-out, 500 watchers', value: result.events / result.seconds, unit: '/s', budget: { atLeast: 300_000 }, note: `${scale.watchWrites} writes at ${Math.round(result.writesPerSecond)}/s` });
}

export function startLoad(): Helper {
  return startHelper('load-process.ts');
}
