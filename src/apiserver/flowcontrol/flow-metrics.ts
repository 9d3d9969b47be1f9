// The metrics of flow control under upstream's names, read from the tallies when somebody asks for them.
import type { Clock } from '#base/clock.ts';
import type { HistogramChild, Metrics, Sample } from '#base/metrics.ts';
import type { Configuration } from './configuration.ts';
import type { Level } from './level.ts';
import type { FlowTally, KindTally } from './tallies.ts';

/** Requests by kind and phase. */
export interface KindTallies {
  readonly executing: { readonly readOnly: KindTally; readonly mutating: KindTally };
  readonly waiting: { readonly readOnly: KindTally; readonly mutating: KindTally };
}

type Labels = Readonly<Record<string, string>>;

function* histogram(name: string, labels: Labels, tally: HistogramChild): Generator<Sample> {
  let total = 0;
  for (const [i, bound] of tally.bounds.entries()) {
    total += tally.counts[i] ?? 0;
    yield { name: `${name}_bucket`, labels: { ...labels, le: bound }, value: total };
  }
  yield { name: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: tally.count };
  yield { name: `${name}_sum`, labels, value: tally.sum };
  yield { name: `${name}_count`, labels, value: tally.count };
}

export function exposeFlowMetrics(metrics: Metrics, clock: Clock, configuration: Configuration, kinds: KindTallies): void {
  exposeFlows(metrics, configuration);
  exposeLevels(metrics, clock, configuration);
  exposeKinds(metrics, clock, kinds);
}

const prefix = 'apiserver_flowcontrol_';

/** By priority level and FlowSchema. */
function exposeFlows(metrics: Metrics, configuration: Configuration): void {
  const labelsOf = ({ level, schema }: FlowTally): Labels => ({ priority_level: level, flow_schema: schema });
  const single = (type: 'counter' | 'gauge', name: string, help: string, value: (tally: FlowTally) => number): void => {
    metrics.read(prefix + name, help, type, function* () {
      for (const tally of configuration.tallies) yield { labels: labelsOf(tally), value: value(tally) };
    });
  };
  const spread = (name: string, help: string, parts: (tally: FlowTally) => readonly (readonly [Labels, HistogramChild])[]): void => {
    metrics.read(prefix + name, help, 'histogram', function* () {
      for (const tally of configuration.tallies) for (const [more, part] of parts(tally)) if (part.count > 0) yield* histogram(prefix + name, { ...labelsOf(tally), ...more }, part);
    });
  };
  metrics.read(`${prefix}rejected_requests_total`, 'Number of requests rejected by API Priority and Fairness subsystem', 'counter', function* () {
    for (const tally of configuration.tallies) for (const [reason, value] of Object.entries(tally.rejected)) if (value > 0) yield { labels: { ...labelsOf(tally), reason }, value };
  });
  single('counter', 'dispatched_requests_total', 'Number of requests executed by API Priority and Fairness subsystem', (t) => t.dispatched);
  single('gauge', 'current_inqueue_requests', 'Number of requests currently pending in queues of the API Priority and Fairness subsystem', (t) => t.waitingRequests);
  single('gauge', 'current_inqueue_seats', 'Number of seats currently pending in queues of the API Priority and Fairness subsystem', (t) => t.waitingSeats);
  single('gauge', 'current_executing_requests', 'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem', (t) => t.executingRequests);
  single('gauge', 'current_executing_seats', 'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem', (t) => t.executingSeats);
  single('counter', 'request_dispatch_no_accommodation_total', 'Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats', (t) => t.noAccommodation);
  spread('request_queue_length_after_enqueue', 'Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued', (t) => [[{}, t.queueLength]]);
  spread('request_wait_duration_seconds', 'Length of time a request spent waiting in its queue', (t) => [[{ execute: 'true' }, t.waitedAndRan], [{ execute: 'false' }, t.waitedInVain]]);
  spread('request_execution_seconds', 'Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem', (t) => [[{ type: 'regular' }, t.ran], [{ type: 'watch' }, t.watchesStarted]]);
  spread('watch_count_samples', 'count of watchers for mutating requests in API Priority and Fairness', (t) => [[{}, t.watchCount]]);
  spread('work_estimated_seats', 'Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness', (t) => [[{}, t.estimatedSeats]]);
}

/** By priority level. */
function exposeLevels(metrics: Metrics, clock: Clock, configuration: Configuration): void {
  const single = (name: string, help: string, value: (level: Level) => number): void => {
    metrics.read(prefix + name, help, 'gauge', function* () {
      for (const level of configuration.levels.values()) yield { labels: { priority_level: level.name }, value: value(level) };
    });
  };
  const bounds = (name: string, help: string, values: (level: Level) => readonly [least: number, most: number]): void => {
    metrics.read(prefix + name, help, 'gauge', function* () {
      for (const level of configuration.levels.values()) {
        const [least, most] = values(level);
        if (!Number.isFinite(least)) continue;
        yield { labels: { bound: 'min', priority_level: level.name }, value: least / 1000 };
        yield { labels: { bound: 'max', priority_level: level.name }, value: most / 1000 };
      }
    });
  };
  single('nominal_limit_seats', 'Nominal number of execution seats configured for each priority level', (l) => l.nominal);
  single('lower_limit_seats', 'Configured lower bound on number of execution seats available to each priority level', (l) => l.lowest);
  single('upper_limit_seats', 'Configured upper bound on number of execution seats available to each priority level', (l) => l.highest);
  single('current_limit_seats', 'current derived number of execution seats available to each priority level', (l) => l.current);
  single('target_seats', 'Seat allocation targets', (l) => l.target);
  single('demand_seats_high_watermark', 'High watermark, over last adjustment period, of demand_seats', (l) => l.demand.figures.peak);
  single('demand_seats_average', 'Time-weighted average, over last adjustment period, of demand_seats', (l) => l.demand.figures.average);
  single('demand_seats_stdev', 'Time-weighted standard deviation, over last adjustment period, of demand_seats', (l) => l.demand.figures.deviation);
  single('demand_seats_smoothed', 'Smoothed seat demands', (l) => l.demand.figures.smoothed);
  single('current_r', 'R(time of last change)', (l) => l.set.progress / 1000);
  single('dispatch_r', 'R(time of last dispatch)', (l) => l.set.lastDispatch.progress / 1000);
  single('latest_s', 'S(most recently dispatched request)', (l) => l.set.lastDispatch.start / 1000);
  bounds('next_s_bounds', 'min and max, over queues, of S(oldest waiting request in queue)', ({ set }) => [set.lastDispatch.least, set.lastDispatch.most]);
  bounds('next_discounted_s_bounds', 'min and max, over queues, of S(oldest waiting request in queue) - estimated work in progress', ({ set }) => [set.lastDispatch.discountedLeast, set.lastDispatch.discountedMost]);
  metrics.read(`${prefix}seat_fair_frac`, "Fair fraction of server's concurrency to allocate to each priority level that can use it", 'gauge', () => [{ labels: {}, value: configuration.fairFraction }]);
  const timed = (name: string, help: string, parts: (level: Level) => readonly (readonly [Labels, keyof Level['tally']])[]): void => {
    metrics.read(prefix + name, help, 'histogram', function* () {
      const now = clock.monotonic();
      for (const level of configuration.levels.values()) {
        for (const [labels, which] of parts(level)) {
          level.tally[which].settle(now);
          yield* histogram(prefix + name, { ...labels, priority_level: level.name }, level.tally[which].tally);
        }
      }
    });
  };
  timed('priority_level_seat_utilization', 'Observations, at the end of every nanosecond, of utilization of seats for any stage of execution (but only initial stage for WATCHes)', () => [[{ phase: 'executing' }, 'seatUse']]);
  timed('priority_level_request_utilization', 'Observations, at the end of every nanosecond, of number of requests (as a fraction of the relevant limit) waiting or in any stage of execution (but only initial stage for WATCHes)', () => [[{ phase: 'executing' }, 'executing'], [{ phase: 'waiting' }, 'waiting']]);
  timed('demand_seats', 'Observations, at the end of every nanosecond, of (the number of seats each priority level could use) / (nominal number of seats for that level)', () => [[{}, 'demand']]);
}

/** By kind of request. */
export function exposeKinds(metrics: Metrics, clock: Clock, kinds: KindTallies): void {
  const peaks = (name: string, help: string, of: KindTallies['executing']): void => {
    metrics.read(name, help, 'gauge', () => [
      { labels: { request_kind: 'mutating' }, value: of.mutating.takePeak() },
      { labels: { request_kind: 'readOnly' }, value: of.readOnly.takePeak() },
    ]);
  };
  peaks('apiserver_current_inflight_requests', 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.', kinds.executing);
  peaks('apiserver_current_inqueue_requests', 'Maximal number of queued requests in this apiserver per request kind in last second.', kinds.waiting);
  const name = `${prefix}read_vs_write_current_requests`;
  metrics.read(name, 'Observations, at the end of every nanosecond, of the number of requests (as a fraction of the relevant limit) waiting or in regular stage of execution', 'histogram', function* () {
    const now = clock.monotonic();
    for (const phase of ['executing', 'waiting'] as const) {
      for (const kind of ['mutating', 'readOnly'] as const) {
        kinds[phase][kind].ratio.settle(now);
        yield* histogram(name, { phase, request_kind: kind }, kinds[phase][kind].ratio.tally);
      }
    }
  });
}
