// An exchange that tells what is answered: the status when it is known, and for those who record bodies the body too,
// up to a bound. How long answering took is noted where somebody wants to know. Everything else passes through.
import type { Clock } from '#base/clock.ts';
import type { Exchange, Headers, ResponseBody } from '#wire';
import type { Latencies } from '../request/latencies.ts';

export interface AnswerListener {
  /** Once, before anything is sent. */
  status(code: number): void;
  /** The whole body, once it has ended; undefined when it is beyond the bound. Only with `bodies`. */
  body(headers: Headers, bytes: Buffer | undefined): void;
  readonly times?: Times;
}

export interface Times {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly latencies: Pick<Latencies, 'serialize' | 'responseWrite'>;
}

/** Larger answers are told without their body. */
const longestBodyBytes = 4 << 20;

export function observedExchange(exchange: Exchange, bodies: boolean, listener: AnswerListener): Exchange {
  return {
    get method() {
      return exchange.method;
    },
    get url() {
      return exchange.url;
    },
    get headers() {
      return exchange.headers;
    },
    get rawHeaders() {
      return exchange.rawHeaders;
    },
    get protocol() {
      return exchange.protocol;
    },
    get peer() {
      return exchange.peer;
    },
    get signal() {
      return exchange.signal;
    },
    get responded() {
      return exchange.responded;
    },
    get gone() {
      return exchange.gone;
    },
    whenGone: (listener) => exchange.whenGone(listener),
    body: (limitBytes) => exchange.body(limitBytes),
    bodyStream: () => exchange.bodyStream(),
    send(status, headers, body) {
      // What comes after the answer is no answer: it is refused below.
      if (exchange.responded) return exchange.send(status, headers, body);
      listener.status(status);
      if (bodies) listener.body(headers, body === undefined ? Buffer.alloc(0) : within(Buffer.from(body)));
      const { times } = listener;
      const from = times?.clock.monotonic() ?? 0;
      exchange.send(status, headers, body);
      if (times !== undefined) times.latencies.responseWrite += times.clock.monotonic() - from;
    },
    start(status, headers) {
      if (!exchange.responded) listener.status(status);
      const begun = exchange.start(status, headers);
      const started = listener.times === undefined ? begun : timed(begun, listener.times);
      return bodies ? collecting(started, (bytes) => listener.body(headers, bytes)) : started;
    },
    cut: () => exchange.cut(),
    hijack() {
      listener.status(101);
      return exchange.hijack();
    },
  };
}

function within(bytes: Buffer): Buffer | undefined {
  return bytes.length > longestBodyBytes ? undefined : bytes;
}

function collecting(body: ResponseBody, ended: (bytes: Buffer | undefined) => void): ResponseBody {
  let parts: Buffer[] | undefined = [];
  let size = 0;
  const add = (chunk: Uint8Array | string | undefined): void => {
    if (chunk === undefined || parts === undefined) return;
    // The writer may use its buffer again.
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > longestBodyBytes) parts = undefined;
    else parts.push(bytes);
  };
  return {
    write(chunk) {
      add(chunk);
      return body.write(chunk);
    },
    drained: () => body.drained(),
    end(chunk) {
      add(chunk);
      ended(parts === undefined ? undefined : Buffer.concat(parts));
      body.end(chunk);
    },
    destroy: (error) => body.destroy(error),
    get bufferedBytes() {
      return body.bufferedBytes;
    },
  };
}

/** What is made while it is sent: writing, with its waits for the peer, is a part of making it. */
function timed(body: ResponseBody, { clock, latencies }: Times): ResponseBody {
  const begun = clock.monotonic();
  const wrote = <T>(write: () => T): T => {
    const from = clock.monotonic();
    const result = write();
    latencies.responseWrite += clock.monotonic() - from;
    return result;
  };
  return {
    write: (chunk) => wrote(() => body.write(chunk)),
    async drained() {
      const from = clock.monotonic();
      await body.drained();
      latencies.responseWrite += clock.monotonic() - from;
    },
    end(chunk) {
      wrote(() => body.end(chunk));
      latencies.serialize += clock.monotonic() - begun;
    },
    destroy: (error) => body.destroy(error),
    get bufferedBytes() {
      return body.bufferedBytes;
    },
  };
}
