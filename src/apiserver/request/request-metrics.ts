// The API server's request metrics under upstream's names. The children of each histogram and counter are kept
// by what the request was, so that counting a request is two map look-ups.
import type { CounterChild, GaugeChild, HistogramChild } from '#base/metrics.ts';
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

const bodyVerbs = ['create', 'update', 'patch', 'delete', 'deletecollection'];
/** The server itself, as its own client. */
const producerName = 'system:apiserver';
const validations = ['', 'Ignore', 'Strict', 'Warn'];


const sliBuckets = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const bodyBuckets = Array.from({ length: 31 }, (_, at) => 50_000 + 100_000 * at);
const abortLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;

/** Everything that is counted of one sort of request. Children that few need are made when they are. */
interface Recorder {
  readonly counters: Map<number, CounterChild>;
  readonly duration: HistogramChild;
  /** Of requests that do something. */
  readonly sli: HistogramChild | undefined;
  /** Of what is read. */
  readonly size: HistogramChild | undefined;
  readonly body: HistogramChild | undefined;
  readonly running: GaugeChild | undefined;
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
  const sli = metrics.histogram('apiserver_request_sli_duration_seconds', 'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.', sizeLabels, sliBuckets);
  const bodies = metrics.histogram('apiserver_request_body_size_bytes', 'Apiserver request body size in bytes broken out by resource and verb.', ['resource', 'verb', 'group'], bodyBuckets);
  const terminations = metrics.counter('apiserver_request_terminations_total', 'Number of requests which apiserver terminated in self-defense.', [...sizeLabels, 'code']);
  const aborts = metrics.counter('apiserver_request_aborts_total', 'Number of requests which apiserver aborted possibly due to a timeout, for each group, version, verb, resource, subresource and scope', abortLabels);
  const ownRequests = metrics.counter('apiserver_selfrequest_total', 'Counter of apiserver self-requests broken out for each verb, API resource and subresource.', ['verb', 'group', 'resource', 'subresource']);
  const validation = metrics.histogram('field_validation_request_duration_seconds', 'Response latency distribution in seconds for each field validation value', ['field_validation'], sliBuckets);
  const byValidation = new Map(validations.map((value) => [value, validation.labels(value)]));
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
    const recorder: Recorder = {
      counters: new Map(), duration: duration.labels(named), labels: named,
      sli: dryRun === '' ? sli.labels(named) : undefined,
      size: verb === 'GET' || verb === 'LIST' ? sizes.labels(named) : undefined,
      body: info.isResourceRequest && bodyVerbs.includes(info.verb) ? bodies.labels({ resource: info.resource, verb: info.verb === 'deletecollection' ? 'delete_collection' : info.verb, group: info.apiGroup }) : undefined,
      running: call.longRunning ? longRunning.labels(named) : undefined,
    };
    if (recorders.size < mostRecorders) recorders.set(key, recorder);
    return recorder;
  };
  let inFlight = 0;
  return {
    get inFlight() {
      return inFlight;
    },
    started(call) {
      if (!call.longRunning) inFlight++;
      else recorderOf(call).running?.inc();
    },
    finished(call) {
      if (!call.longRunning) inFlight--;
      if (call.status === 404 && call.info.isResourceRequest && call.bytes === 0) return;
      const recorder = recorderOf(call);
      let counter = recorder.counters.get(call.status);
      if (counter === undefined) {
        counter = total.labels({ ...recorder.labels, code: call.status });
        recorder.counters.set(call.status, counter);
      }
      counter.inc();
      recorder.running?.dec();
      const ms = clock.monotonic() - call.startedAt;
      recorder.duration.observe(ms / 1000);
      recorder.sli?.observe((ms - call.queuedMs) / 1000);
      if (call.bytes > 0) recorder.size?.observe(call.bytes);
      if (call.bodyBytes > 0) recorder.body?.observe(call.bodyBytes);
      if (call.exchange.peer.loopback?.user === producerName) ownRequests.inc(recorder.labels);
      if (call.info.query.size > 0) byValidation.get(call.info.query.get('fieldValidation') ?? '')?.observe(ms / 1000);
      if (call.status === 429 || call.givenUp !== undefined) terminations.inc({ ...recorder.labels, code: call.status });
      else if (!call.longRunning && call.exchange.gone) aborts.inc(recorder.labels);
    },
  };
}
