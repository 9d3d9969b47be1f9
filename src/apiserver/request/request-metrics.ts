// The API server's request metrics under upstream's names. The children of each histogram and counter are kept
// by what the request was, so that counting a request is two map look-ups.
import type { World } from '#base/world.ts';
import type { Call } from './call.ts';

const durationBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const sizeBuckets = [1000, 10_000, 100_000, 1e6, 1e7, 1e8, 1e9];
const labels = ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
const sizeLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;

export interface RequestMetrics {
  /** Requests under way that are no watches or streams. */
  readonly inFlight: number;
  started(call: Call): void;
  finished(call: Call): void;
}

interface Recorder {
  readonly counters: Map<number, { inc(): void }>;
  readonly duration: { observe(value: number): void };
  readonly size: { observe(value: number): void };
  readonly labels: Record<(typeof labels)[number], string>;
}

const mostRecorders = 5000;

const verbNames: ReadonlyMap<string, string> = new Map([
  ['list', 'LIST'], ['watch', 'WATCH'], ['get', 'GET'], ['create', 'POST'], ['update', 'PUT'], ['patch', 'PATCH'], ['delete', 'DELETE'], ['deletecollection', 'DELETECOLLECTION'],
]);
const connections: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

/** Upstream's verb label: WATCH and LIST are GETs by method, APPLY a PATCH. */
function verbOf(call: Call): string {
  const { info, exchange } = call;
  if (!info.isResourceRequest) return exchange.method;
  if (info.verb === 'patch' && exchange.headers['content-type']?.startsWith('application/apply-patch') === true) return 'APPLY';
  if (info.subresource !== '' && connections.has(info.subresource)) return 'CONNECT';
  return verbNames.get(info.verb) ?? exchange.method;
}

function scopeOf(call: Call): string {
  const { info } = call;
  if (!info.isResourceRequest) return '';
  if (info.name !== '' || info.verb === 'create') return 'resource';
  return info.namespace === '' ? 'cluster' : 'namespace';
}

export function createRequestMetrics(world: World): RequestMetrics {
  const { clock, metrics } = world;
  const total = metrics.counter('apiserver_request_total', 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.', [...labels, 'code']);
  const duration = metrics.histogram('apiserver_request_duration_seconds', 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.', labels, durationBuckets);
  const sizes = metrics.histogram('apiserver_response_sizes', 'Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.', sizeLabels, sizeBuckets);
  const longRunning = metrics.gauge('apiserver_longrunning_requests', 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.', sizeLabels);
  const recorders = new Map<string, Recorder>();
  const recorderOf = (call: Call): Recorder => {
    const { info } = call;
    const verb = verbOf(call);
    const scope = scopeOf(call);
    const dryRun = info.query.size > 0 && info.query.has('dryRun') ? 'All' : '';
    // Paths are the client's to choose: only what the server knows may become a label.
    const path = info.isResourceRequest ? info.subresource : '';
    const key = `${verb} ${dryRun} ${info.apiGroup}/${info.apiVersion}/${info.resource}/${path} ${scope}`;
    const known = recorders.get(key);
    if (known !== undefined) return known;
    const named = { verb, dry_run: dryRun, group: info.apiGroup, version: info.apiVersion, resource: info.resource, subresource: path, scope, component: 'apiserver' };
    const { dry_run: _dryRun, ...sized } = named;
    const recorder = { counters: new Map<number, { inc(): void }>(), duration: duration.labels(named), size: sizes.labels(sized), labels: named };
    if (recorders.size < mostRecorders) recorders.set(key, recorder);
    return recorder;
  };
  const gaugeLabels = (recorder: Recorder) => {
    const { dry_run: _dryRun, ...sized } = recorder.labels;
    return sized;
  };
  let inFlight = 0;
  return {
    get inFlight() {
      return inFlight;
    },
    started(call) {
      if (!call.longRunning) inFlight++;
      else longRunning.inc(gaugeLabels(recorderOf(call)));
    },
    finished(call) {
      if (!call.longRunning) inFlight--;
      if (call.status === 404 && call.info.isResourceRequest && call.bytes === 0) return;
      const recorder = recorderOf(call);
      let counter = recorder.counters.get(call.status);
      if (counter === undefined) {
        counter = total.labels({ ...recorder.labels, code: String(call.status) });
        recorder.counters.set(call.status, counter);
      }
      counter.inc();
      if (call.longRunning) longRunning.dec(gaugeLabels(recorder));
      else recorder.duration.observe((clock.monotonic() - call.startedAt) / 1000);
      if (call.bytes > 0) recorder.size.observe(call.bytes);
    },
  };
}
