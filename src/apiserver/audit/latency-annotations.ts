// What a request that took long tells of itself in its last audit event: the time in each layer that it spent some in.
// Objects are kept as the bytes that are answered, so none is decoded or transformed on its way out: those two of
// upstream's layers are never told.
import { formatGoDuration } from '../configuration/duration-text.ts';
import type { Latencies } from '../request/latencies.ts';

const thresholdMs = 500;
const prefix = 'apiserver.latency.k8s.io/';

const names: Readonly<Record<keyof Latencies, string>> = {
  storage: 'etcd', serialize: 'serialize-response-object', responseWrite: 'response-write', mutatingWebhook: 'mutating-webhook', validatingWebhook: 'validating-webhook',
  authentication: 'authentication', authorization: 'authorization', impersonation: 'impersonation',
};

/** Nothing for a request that was quick enough. */
export function latencyAnnotations(totalMs: number, latencies: Latencies, queuedMs: number): [key: string, value: string][] {
  if (totalMs <= thresholdMs) return [];
  const told: [string, string][] = [];
  const tell = (name: string, ms: number): void => {
    const nanoseconds = Math.round(ms * 1e6);
    if (nanoseconds > 0) told.push([prefix + name, formatGoDuration(nanoseconds / 1e6)]);
  };
  for (const [layer, name] of Object.entries(names)) tell(name, latencies[layer as keyof Latencies]);
  tell('apf-queue-wait', queuedMs);
  if (told.length > 0) tell('total', totalMs);
  return told;
}
