// API Priority and Fairness (KEP-1040): who may have how much of the server when there is not enough for all. The door
// of this folder puts its parts together: the objects that must exist, the configuration made from those that do, the
// step that every request passes, metrics and dumps.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1.ts';
import { endOfTurn } from '#base/turn.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { StatusError } from '#machinery';
import type { Transport } from '#wire';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { ObjectReader, PostStartHook } from '../contract.ts';
import type { Call } from '../request/call.ts';
import { flowControlGroup } from './bootstrap-objects.ts';
import { createClassifier } from './classifier.ts';
import { createConfiguration } from './configuration.ts';
import { consumerName, createStatusKeeper } from './dangling.ts';
import { createDoorman, createKindTallies } from './doorman.ts';
import { answerDump } from './dump.ts';
import { ensurerHook, type EnsurerParts } from './ensurer.ts';
import { exposeFlowMetrics } from './flow-metrics.ts';
import { createMaxInFlight } from './max-in-flight.ts';
import type { Doorman } from './permit.ts';
import { createWatchCounts } from './watch-counts.ts';
import { createEstimator } from './work-estimate.ts';

export { producerName } from './ensurer.ts';
export { TooManyRequests, type Permit } from './permit.ts';
export type { SchemaInUse } from './flow.ts';

const adjustEveryMs = 10_000;
const ensureEveryMs = 60_000;

export interface FlowLimits {
  /** --max-requests-inflight, and the same for writes: together the server's seats. */
  readonly readOnly: number;
  readonly mutating: number;
  /** --enable-priority-and-fairness: otherwise each is a bound of its own. */
  readonly fair: boolean;
}

export const defaultFlowLimits: FlowLimits = { readOnly: 400, mutating: 200, fair: true };

export interface FlowControlParts extends Omit<EnsurerParts, 'reader'> {
  readonly world: World;
  readonly cache: WatchCache;
  readonly reader: ObjectReader;
  readonly limits: FlowLimits;
  /** --request-timeout. */
  readonly requestTimeoutMs: number;
  /** This server as its own client. */
  readonly loopback: () => Transport;
}

export interface FlowControl extends Doorman<Call> {
  readonly hooks: readonly PostStartHook[];
  /** Answers the debugging paths; false for any other. */
  answer(call: Call): boolean;
  /** Once the cache is loaded. */
  start(): void;
  close(): void;
}

export function createFlowControl(parts: FlowControlParts): FlowControl {
  const { world, limits } = parts;
  const hook = ensurerHook(parts);
  const keepObjects = repeating(world, ensureEveryMs, async () => hook.ensure(), 'the objects of flow control cannot be kept up to date');
  if (!limits.fair || limits.readOnly + limits.mutating === 0) {
    return { ...createMaxInFlight(world, limits), hooks: [hook], answer: () => false, start: keepObjects.start, close: keepObjects.stop };
  }
  const { clock } = world;
  const configuration = createConfiguration(clock, world.log, limits.readOnly + limits.mutating);
  const classifier = createClassifier(configuration);
  const watches = createWatchCounts();
  const kinds = createKindTallies(clock);
  const follower = followObjects(parts, configuration, () => {
    classifier.forget();
    const now = clock.monotonic();
    for (const kind of [kinds.executing.readOnly, kinds.executing.mutating]) kind.ratio.setDenominator(Math.max(1, configuration.capacity.executing), now);
    for (const kind of [kinds.waiting.readOnly, kinds.waiting.mutating]) kind.ratio.setDenominator(Math.max(1, configuration.capacity.waiting), now);
  });
  const doorman = createDoorman({ clock, configuration, classifier, estimator: createEstimator(parts.cache, watches), watches, watchWaitMs: parts.requestTimeoutMs / 4, drained: follower.wake }, kinds);
  exposeFlowMetrics(world.metrics, clock, configuration, kinds);
  const adjust = repeating(world, adjustEveryMs, async () => configuration.adjust(), 'seats cannot be shared out');
  return {
    admit(call) {
      follower.catchUp();
      return doorman.admit(call);
    },
    hooks: [hook],
    answer: (call) => answerDump(call, configuration, (ms) => new Date(clock.now() - clock.monotonic() + ms).toISOString()),
    start() {
      follower.start();
      adjust.start();
      keepObjects.start();
    },
    close() {
      follower.close();
      adjust.stop();
      keepObjects.stop();
    },
  };
}

/** Runs something from time to time; what fails is logged and tried again. */
function repeating(world: World, everyMs: number, run: () => Promise<void>, failure: string): { start(): void; stop(): void } {
  let timer: { cancel(): void } | undefined;
  let stopped = false;
  const arm = (): void => {
    if (stopped) return;
    timer = world.clock.after(everyMs, () => {
      run().catch((error: unknown) => {
        if (!stopped) world.log.warn(failure, { error: errorText(error) });
      }).finally(arm);
    }, { background: true });
  };
  return {
    start: arm,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

const retryMs = 1000;

interface Follower {
  start(): void;
  wake(): void;
  /** Changes that have come take effect now. */
  catchUp(): void;
  close(): void;
}

/** Takes every change of the objects into use, before the next request, and tells in their status what became of them. */
function followObjects(parts: FlowControlParts, configuration: ReturnType<typeof createConfiguration>, changed: () => void): Follower {
  const { world, reader, cache } = parts;
  const keeper = createStatusKeeper(world.clock, (name, object) => applyStatus(parts.loopback(), name, object));
  let woken = false;
  let keeping = false;
  let missed = false;
  let closed = false;
  let timer: { cancel(): void } | undefined;
  const keepStatus = async (schemas: readonly FlowSchema[]): Promise<void> => {
    if (keeping) {
      missed = true;
      return;
    }
    keeping = true;
    let again = 0;
    try {
      again = await keeper.keep(schemas, (level) => configuration.levels.get(level)?.quiescing === false && reader.get(flowControlGroup, 'prioritylevelconfigurations', '', level) !== undefined);
    } catch (error) {
      if (!closed) world.log.warn('the status of FlowSchemas cannot be written', { error: errorText(error) });
      again = retryMs;
    }
    keeping = false;
    timer?.cancel();
    if (missed) wake();
    missed = false;
    if (again > 0 && !closed) timer = world.clock.after(again, wake, { background: true });
  };
  const digest = (): void => {
    if (!woken || closed) return;
    woken = false;
    const schemas = reader.list(flowControlGroup, 'flowschemas') as readonly FlowSchema[];
    configuration.take(reader.list(flowControlGroup, 'prioritylevelconfigurations') as readonly PriorityLevelConfiguration[], schemas);
    changed();
    void keepStatus(schemas);
  };
  const wake = (): void => {
    if (woken || closed) return;
    woken = true;
    endOfTurn(digest);
  };
  return {
    wake,
    start() {
      for (const plural of ['prioritylevelconfigurations', 'flowschemas']) cache.resource(flowControlGroup, plural)?.onChange(wake);
      wake();
    },
    catchUp() {
      if (woken) digest();
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

async function applyStatus(transport: Transport, name: string, object: unknown): Promise<void> {
  const path = `/apis/${flowControlGroup}/v1/flowschemas/${encodeURIComponent(name)}/status?force=true&fieldManager=${consumerName}`;
  const response = await transport.request({ method: 'PATCH', path, headers: { 'content-type': 'application/apply-patch+yaml', accept: 'application/json' }, body: JSON.stringify(object) });
  const text = Buffer.from(await response.bytes()).toString();
  if (response.status >= 300) throw new StatusError({ code: response.status, reason: response.status === 404 ? 'NotFound' : '', message: text.slice(0, 500) });
}
