// Where the time of one request has gone, for its audit event: upstream's latency trackers. Only requests that are
// recorded are followed. The store and webhooks know a request by its signal alone, which is all that is handed down to
// them; the longest of parallel waits counts where upstream's do run in parallel.

/** Milliseconds. */
export interface Latencies {
  authentication: number;
  authorization: number;
  impersonation: number;
  /** Round trips to the store, added up. */
  storage: number;
  mutatingWebhook: number;
  /** The slowest: they are asked at the same time. */
  validatingWebhook: number;
  /** From the first byte of an answer that is made while it is sent to its last. */
  serialize: number;
  responseWrite: number;
}

const followed = new WeakMap<AbortSignal, Latencies>();
/** Until the first request is followed, nobody looks anything up. */
let anybody = false;

/** Follows the request whose work is done under this signal. */
export function follow(signal: AbortSignal): Latencies {
  const latencies: Latencies = { authentication: 0, authorization: 0, impersonation: 0, storage: 0, mutatingWebhook: 0, validatingWebhook: 0, serialize: 0, responseWrite: 0 };
  followed.set(signal, latencies);
  anybody = true;
  return latencies;
}

/** Of the request behind the signal; undefined when nobody wants to know. */
export function latenciesOf(signal: AbortSignal | undefined): Latencies | undefined {
  return anybody && signal !== undefined ? followed.get(signal) : undefined;
}
