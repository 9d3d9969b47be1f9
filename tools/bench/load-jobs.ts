// What the load process does when it is told to: keep a number of requests under way and count answers, or
// hold many watches and count events. Runs in the load process; the types are shared with bench.ts.
import { openConnection, type H2Connection, type Target } from './h2-connection.ts';

export interface RequestJob {
  readonly kind: 'requests';
  readonly target: Target;
  readonly connections: number;
  readonly streams: number;
  readonly method: string;
  /** `{n}` becomes the request's number, 8 digits, within `modulo`. */
  readonly path: string;
  readonly contentType?: string;
  readonly accept?: string;
  /** `{n}` as in the path, `{count}` the number of all requests so far. */
  readonly body?: string;
  readonly firstNumber: number;
  /** Numbers start again after this many; the path of a GET of 10,000 objects. */
  readonly modulo?: number;
  /** Stop after this long, or after `count` answers. */
  readonly durationMs?: number;
  readonly count?: number;
}

export interface RequestResult {
  readonly answers: number;
  readonly failures: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly nextNumber: number;
  readonly firstFailure?: string;
}

export interface WatchJob {
  readonly kind: 'watch';
  readonly target: Target;
  readonly connections: number;
  readonly watchers: number;
  readonly path: string;
  readonly writes: Omit<RequestJob, 'kind' | 'target'>;
}

export interface WatchResult {
  readonly events: number;
  readonly seconds: number;
  readonly writesPerSecond: number;
}

const placeholders = /(\{n\}|\{count\})/;

/** Text with its placeholders, filled in place. */
function template(text: string): (n: number, count: number) => Buffer {
  const parts = text.split(placeholders);
  const isPlace = (part: string): boolean => placeholders.test(part);
  const pattern = Buffer.from(parts.map((part) => (isPlace(part) ? '00000000' : part)).join(''));
  const places: { readonly at: number; readonly counts: boolean }[] = [];
  let offset = 0;
  for (const part of parts) {
    if (isPlace(part)) places.push({ at: offset, counts: part === '{count}' });
    offset += isPlace(part) ? 8 : Buffer.byteLength(part);
  }
  if (places.length === 0) return () => pattern;
  return (n, count) => {
    const filled = Buffer.from(pattern);
    for (const { at, counts } of places) filled.write(String(counts ? count : n).padStart(8, '0'), at, 8, 'latin1');
    return filled;
  };
}

const failureMark = Buffer.from('"status":"Failure"');

/** Runs the job over fresh connections. */
export async function runRequests(job: RequestJob): Promise<RequestResult> {
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(job.target)));
  try {
    return await drive(job, connections);
  } finally {
    for (const connection of connections) connection.close();
  }
}

function drive(job: RequestJob, connections: readonly H2Connection[]): Promise<RequestResult> {
  const path = template(job.path);
  const body = job.body === undefined ? undefined : template(job.body);
  const headers: [string, string][] = [[':method', job.method], [':scheme', 'https'], [':authority', `localhost:${job.target.port}`], ['accept', job.accept ?? 'application/json'], ['user-agent', 'skiff-bench/1']];
  if (body !== undefined) headers.push(['content-type', job.contentType ?? 'application/json'], ['content-length', String(body(0, 0).length)]);
  const latencies: number[] = [];
  let number = job.firstNumber;
  let sent = 0;
  let answers = 0;
  let failures = 0;
  let bytes = 0;
  let firstFailure: string | undefined;
  let underWay = 0;
  const started = performance.now();
  const done = Promise.withResolvers<RequestResult>();

  const mayGoOn = (): boolean => (job.count === undefined ? performance.now() - started < (job.durationMs ?? 0) : sent < job.count);
  const finish = (): void => {
    latencies.sort((a, b) => a - b);
    const quantile = (q: number): number => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
    done.resolve({ answers, failures, bytes, seconds: (performance.now() - started) / 1000, p50Ms: quantile(0.5), p99Ms: quantile(0.99), nextNumber: number, ...(firstFailure === undefined ? {} : { firstFailure }) });
  };
  const next = (connection: H2Connection): void => {
    if (!mayGoOn()) {
      if (underWay === 0) finish();
      return;
    }
    const n = number++;
    sent++;
    underWay++;
    const begun = performance.now();
    let first = true;
    let failed = false;
    const place = job.modulo === undefined ? n : n % job.modulo;
    connection.send(headers, path(place, n), body?.(place, n), {
      data(payload) {
        bytes += payload.length;
        if (first && payload.length < 4096 && payload.includes(failureMark)) {
          failed = true;
          firstFailure ??= payload.toString();
        }
        first = false;
      },
      ended(broken) {
        underWay--;
        if (broken || failed) {
          failures++;
          if (broken) firstFailure ??= 'the stream was reset';
        } else {
          answers++;
          latencies.push(performance.now() - begun);
        }
        if (!broken) next(connection);
        else if (underWay === 0) finish();
      },
    });
  };
  for (const connection of connections) for (let i = 0; i < job.streams; i++) next(connection);
  return done.promise;
}

/** Opens the watches, lets the writes run, and counts events until every watcher has seen every write. */
export async function runWatch(job: WatchJob): Promise<WatchResult> {
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(job.target)));
  const headers: [string, string][] = [[':method', 'GET'], [':scheme', 'https'], [':authority', `localhost:${job.target.port}`], ['accept', 'application/json'], ['user-agent', 'skiff-bench/1']];
  const expected = job.watchers * (job.writes.count ?? 0);
  let events = 0;
  let broken = 0;
  const all = Promise.withResolvers<void>();
  for (let i = 0; i < job.watchers; i++) {
    connections[i % connections.length]?.send(headers, Buffer.from(job.path), undefined, {
      data(payload) {
        for (let at = payload.indexOf(10); at >= 0; at = payload.indexOf(10, at + 1)) events++;
        if (events >= expected) all.resolve();
      },
      ended() {
        broken++;
        all.reject(new Error(`${broken} watches ended after ${events} of ${expected} events`));
      },
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const started = performance.now();
  const writes = await runRequests({ ...job.writes, kind: 'requests', target: job.target });
  const late = setTimeout(() => all.reject(new Error(`only ${events} of ${expected} events arrived; writes that failed: ${writes.failures} ${writes.firstFailure ?? ''}`)), 30_000);
  try {
    await all.promise;
  } finally {
    clearTimeout(late);
  }
  const seconds = (performance.now() - started) / 1000;
  for (const connection of connections) connection.close();
  return { events, seconds, writesPerSecond: writes.answers / writes.seconds };
}
