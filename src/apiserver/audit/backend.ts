// What takes audit events, and what stands before it: a bounded buffer that sends batches (batch mode), a strict or
// forgiving straight way (blocking modes), and truncation of what is too large. Upstream's plugins of the same names.
import type { World } from '#base/world.ts';
import { eventJson, type AuditEvent } from './event.ts';
import type { AuditMetrics } from './metrics.ts';

/** False, or a promise of it, when something was not recorded; the backend has told why. */
export type Recorded = boolean | Promise<boolean>;

export interface AuditBackend {
  readonly name: string;
  record(events: readonly AuditEvent[]): Recorded;
  /** Writes what is buffered, in bounded time; nothing is taken afterwards. */
  close(): Promise<void>;
}

/** Failures do not reach the request: blocking mode. */
export function forgiving(backend: AuditBackend): AuditBackend {
  return {
    ...backend,
    record(events) {
      const recorded = backend.record(events);
      return recorded instanceof Promise ? recorded.then(() => true) : true;
    },
  };
}

/** Several backends as one. */
export function together(backends: readonly AuditBackend[]): AuditBackend {
  const [only] = backends;
  if (only !== undefined && backends.length === 1) return only;
  return {
    name: `union[${backends.map((backend) => backend.name).join(',')}]`,
    record(events) {
      const all = backends.map((backend) => backend.record(events));
      return all.some((recorded) => recorded instanceof Promise) ? Promise.all(all).then((done) => done.every(Boolean)) : all.every((recorded) => recorded === true);
    },
    async close() {
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}

export interface BatchOptions {
  readonly bufferSize: number;
  readonly maxSize: number;
  readonly maxWaitMs: number;
  readonly throttle?: { readonly perSecond: number; readonly burst: number };
  /** Batches under way at once. */
  readonly parallel: number;
}

/** A receiver that does not answer does not keep the server from ending; what it did not take by then is counted as lost. */
const farewellMs = 10_000;

/** Takes events at once and hands them on in batches. What does not fit is dropped and counted. */
export function buffered(world: World, backend: AuditBackend, options: BatchOptions, metrics: AuditMetrics): AuditBackend {
  const { clock } = world;
  let waiting: AuditEvent[] = [];
  let running = 0;
  let closed = false;
  let tokens = options.throttle?.burst ?? 0;
  let filledAt = clock.monotonic();
  let timer: { cancel(): void; readonly due: boolean } | undefined;
  const idle = new Set<() => void>();

  /** Milliseconds until a batch may go; 0 takes a token. */
  const throttledMs = (): number => {
    const { throttle } = options;
    if (throttle === undefined || closed) return 0;
    const now = clock.monotonic();
    tokens = Math.min(throttle.burst, tokens + ((now - filledAt) / 1000) * throttle.perSecond);
    filledAt = now;
    if (tokens < 1) return Math.max(1, ((1 - tokens) / throttle.perSecond) * 1000);
    tokens -= 1;
    return 0;
  };

  const arm = (delayMs: number, due: boolean): void => {
    if (timer !== undefined && !(due && !timer.due)) return;
    timer?.cancel();
    const set = clock.after(delayMs, () => {
      timer = undefined;
      pump(true);
    }, { background: true });
    timer = { cancel: () => set.cancel(), due };
  };

  const send = (batch: readonly AuditEvent[]): void => {
    running++;
    const done = (): void => {
      running--;
      pump(closed);
    };
    void Promise.resolve()
      .then(() => backend.record(batch))
      .then(done, (error: unknown) => {
        metrics.failed(backend.name, error, batch);
        done();
      });
  };

  /** Sends full batches, and with `all` the rest too. */
  const pump = (all: boolean): void => {
    while (running < options.parallel && (waiting.length >= options.maxSize || (all && waiting.length > 0))) {
      const delay = throttledMs();
      if (delay > 0) {
        arm(delay, true);
        return;
      }
      send(waiting.splice(0, options.maxSize));
    }
    if (waiting.length > 0) {
      if (!closed) arm(options.maxWaitMs, false);
    } else if (running === 0) for (const wake of idle) wake();
  };

  return {
    name: `buffered<${backend.name}>`,
    record(events) {
      const room = closed ? 0 : options.bufferSize - waiting.length;
      if (events.length > room) metrics.failed('buffered', new Error(closed ? 'audit backend shut down' : 'audit buffer queue blocked'), events.slice(Math.max(0, room)));
      for (const event of events.slice(0, Math.max(0, room))) waiting.push(event);
      if (waiting.length >= options.maxSize) pump(false);
      else if (waiting.length > 0) arm(options.maxWaitMs, false);
      return true;
    },
    async close() {
      closed = true;
      timer?.cancel();
      timer = undefined;
      if (waiting.length > 0 || running > 0) {
        await new Promise<void>((resolve) => {
          const patience = clock.after(farewellMs, resolve);
          idle.add(() => {
            patience.cancel();
            resolve();
          });
          pump(true);
        });
      }
      if (waiting.length > 0) metrics.failed('buffered', new Error('audit backend shut down'), waiting.splice(0));
      await backend.close();
    },
  };
}

export interface TruncateOptions {
  readonly maxEventBytes: number;
  readonly maxBatchBytes: number;
}

/** Takes bodies out of events that are too large, splits batches, and drops what is still too large. */
export function truncating(backend: AuditBackend, options: TruncateOptions, metrics: AuditMetrics): AuditBackend {
  const sizeOf = (event: AuditEvent): number => Buffer.byteLength(eventJson(event));
  const fitted = (event: AuditEvent): { event: AuditEvent; size: number } => {
    const size = sizeOf(event);
    if (size <= options.maxEventBytes || event.level === 'Metadata' || event.level === 'None') return { event, size };
    const { requestObject: _request, responseObject: _response, ...rest } = event;
    const short: AuditEvent = { ...rest, annotations: { ...event.annotations, 'audit.k8s.io/truncated': 'true' } };
    return { event: short, size: sizeOf(short) };
  };
  return {
    name: `truncate<${backend.name}>`,
    record(events) {
      const batches: AuditEvent[][] = [];
      const dropped: AuditEvent[] = [];
      let bytes = 0;
      for (const given of events) {
        const { event, size } = fitted(given);
        if (size > options.maxEventBytes) {
          dropped.push(event);
          continue;
        }
        const last = batches.at(-1);
        if (last === undefined || bytes + size > options.maxBatchBytes) {
          batches.push([event]);
          bytes = size;
        } else {
          last.push(event);
          bytes += size;
        }
      }
      if (dropped.length > 0) metrics.failed('truncate', new Error('event is too large even after truncating'), dropped);
      const all = batches.map((batch) => backend.record(batch));
      return all.some((recorded) => recorded instanceof Promise) ? Promise.all(all).then((done) => done.every(Boolean)) : all.every((recorded) => recorded === true);
    },
    close: () => backend.close(),
  };
}
