// The clients of a history: writers that leave unique marks in a few shared ConfigMaps (with and without a precondition)
// and make and remove ConfigMaps of their own; readers; watchers that resume where they were. Each writes down what it
// knows, and no more: an answer that never came is 'unknown'.
import { performance } from 'node:perf_hooks';
import { randomInt, type Random } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/clock.ts';
import { httpTransport, type Transport } from '../../src/wire/index.ts';
import type { ServerHome } from '../robustness/api-server.ts';
import type { History, Outcome, Read, State, Watched, Write } from './record.ts';

export const namespacePath = '/api/v1/namespaces/default/configmaps';
const sharedKeys = ['shared-0', 'shared-1', 'shared-2', 'shared-3', 'shared-4'];

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- ConfigMaps, lists and Statuses
  readonly body: any;
}

export interface Workload {
  readonly history: History;
  readonly home: ServerHome;
  /** Aborted when the clients are to stop. */
  readonly signal: AbortSignal;
}

const requestTimeoutMs = 5_000;

export function transportOf(home: ServerHome): Transport {
  return httpTransport({ url: `https://localhost:${home.config.apiPort}`, ...home.admin, clock: systemClock, userAgent: 'history/1', keepAliveMs: 2_000, connectTimeoutMs: 2_000 });
}

async function ask(transport: Transport, method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
  const response = await transport.request({
    method, path, signal: AbortSignal.timeout(requestTimeoutMs), headers: { 'content-type': contentType }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(Buffer.from(await response.bytes()).toString()) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const stateOf = (map: ConfigMap): State => ({ key: map.metadata.name, revision: Number(map.metadata.resourceVersion), marks: Object.keys(map.data ?? {}) });

/** Every shared object, made before the history begins. */
export async function prepare(home: ServerHome): Promise<void> {
  const transport = transportOf(home);
  for (const name of sharedKeys) {
    const { status } = await ask(transport, 'POST', namespacePath, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    if (status !== 201) throw new Error(`creating ${name} answered ${status}`);
  }
  await transport.close();
}

/** 5xx may have happened; a 409 or 404 has not. */
function outcomeOf(status: number): Outcome {
  if (status < 300) return 'done';
  return status >= 500 || status === 429 ? 'unknown' : 'refused';
}

type Attempt = Pick<Write, 'id' | 'kind' | 'key'> & { readonly expected?: number };

async function attempt(history: History, write: Attempt, send: () => Promise<Answer>): Promise<Outcome> {
  const startedMs = performance.now();
  let outcome: Outcome = 'unknown';
  let revision: number | undefined;
  let refusal: string | undefined;
  try {
    const { status, body } = await send();
    outcome = outcomeOf(status);
    if (outcome === 'refused') refusal = `${status} ${String(body.message)}`;
    // The answer to a deletion is a Status; its revision shows in the watches alone.
    if (outcome === 'done' && write.kind !== 'delete') revision = Number((body as ConfigMap).metadata.resourceVersion);
  } catch {
    await pause(20);
  }
  history.writes.push({ ...write, startedMs, endedMs: performance.now(), outcome, ...(revision === undefined ? {} : { revision }), ...(refusal === undefined ? {} : { refusal }) });
  return outcome;
}

export async function runWriter({ history, home, signal }: Workload, number: number, random: Random): Promise<void> {
  const transport = transportOf(home);
  for (let turn = 0; !signal.aborted; turn++) {
    const id = `w${number}-${turn}`;
    const key = sharedKeys[randomInt(random, sharedKeys.length)] ?? '';
    const choice = randomInt(random, 10);
    if (choice < 5) await attempt(history, { id, kind: 'mark', key }, () => ask(transport, 'PATCH', `${namespacePath}/${key}`, { data: { [id]: '' } }, 'application/merge-patch+json'));
    else if (choice < 8) await conditionalMark(history, transport, key, id);
    else await ownObject(history, transport, id, randomInt(random, 2) === 0);
  }
  await transport.close();
}

/** Reads, adds the mark, and puts it back if nothing came between. */
async function conditionalMark(history: History, transport: Transport, key: string, id: string): Promise<void> {
  const read = await readOne(history, transport, key);
  if (read === undefined) return;
  const expected = Number(read.metadata.resourceVersion);
  const changed = { ...read, data: { ...read.data, [id]: '' } };
  await attempt(history, { id, kind: 'mark', key, expected }, () => ask(transport, 'PUT', `${namespacePath}/${key}`, changed));
}

async function ownObject(history: History, transport: Transport, id: string, remove: boolean): Promise<void> {
  const key = `own-${id}`;
  const made = await attempt(history, { id, kind: 'create', key }, () => ask(transport, 'POST', namespacePath, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: key } }));
  if (remove && made === 'done') await attempt(history, { id: `${id}-gone`, kind: 'delete', key }, () => ask(transport, 'DELETE', `${namespacePath}/${key}`));
}

async function readOne(history: History, transport: Transport, key: string): Promise<ConfigMap | undefined> {
  const startedMs = performance.now();
  try {
    const { status, body } = await ask(transport, 'GET', `${namespacePath}/${key}`);
    if (status !== 200) return undefined;
    history.reads.push({ startedMs, endedMs: performance.now(), key, revision: 0, found: [stateOf(body as ConfigMap)] });
    return body as ConfigMap;
  } catch {
    await pause(20);
    return undefined;
  }
}

/** A consistent list, in chunks if asked; undefined when it could not be had. */
export async function readAll(transport: Transport, limit = 0): Promise<Read | undefined> {
  const startedMs = performance.now();
  try {
    const found: State[] = [];
    let revision = 0;
    for (let token = ''; ; ) {
      const query = limit === 0 ? '' : `?limit=${limit}${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`;
      const { status, body } = await ask(transport, 'GET', `${namespacePath}${query}`);
      if (status !== 200) return undefined;
      revision = Number(body.metadata.resourceVersion);
      found.push(...(body.items as ConfigMap[]).map(stateOf));
      token = (body.metadata.continue as string | undefined) ?? '';
      if (token === '') break;
    }
    return { startedMs, endedMs: performance.now(), key: undefined, revision, found: found.filter((state) => state.key !== 'kube-root-ca.crt') };
  } catch {
    return undefined;
  }
}

export async function runReader({ history, home, signal }: Workload, random: Random): Promise<void> {
  const transport = transportOf(home);
  while (!signal.aborted) {
    const read = await readAll(transport, randomInt(random, 2) === 0 ? 0 : 3);
    if (read !== undefined) history.reads.push(read);
    await pause(read === undefined ? 50 : randomInt(random, 30));
  }
  await transport.close();
}

/** Lists, watches, and resumes from the last revision until that is gone: then a new unbroken watch begins. */
export async function runWatcher({ history, home, signal }: Workload): Promise<void> {
  const transport = transportOf(home);
  while (!signal.aborted) {
    const from = await readAll(transport);
    if (from === undefined) {
      await pause(50);
      continue;
    }
    const watched: Watched = { from, events: [], completeTo: from.revision };
    history.watches.push(watched);
    while (!signal.aborted && (await follow(transport, watched, signal))) await pause(10);
  }
  await transport.close();
}

/** One connection's worth of a watch. False when the watch cannot be resumed. */
async function follow(transport: Transport, watched: Watched, signal: AbortSignal): Promise<boolean> {
  try {
    const path = `${namespacePath}?watch=1&allowWatchBookmarks=true&timeoutSeconds=30&resourceVersion=${watched.completeTo}`;
    const response = await transport.request({ method: 'GET', path, signal });
    if (response.status === 410) return false;
    if (response.status !== 200) return true;
    let text = '';
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString();
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
        const event = JSON.parse(text.slice(0, at)) as { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: ConfigMap };
        text = text.slice(at + 1);
        if (event.type === 'ERROR') return false;
        if (event.type !== 'BOOKMARK' && event.object.metadata.name !== 'kube-root-ca.crt') watched.events.push({ type: event.type, state: stateOf(event.object) });
        watched.completeTo = Math.max(watched.completeTo, Number(event.object.metadata.resourceVersion));
      }
    }
  } catch {
    // The connection ended: resume.
  }
  return true;
}
