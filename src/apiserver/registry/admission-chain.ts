// Runs the admission plugins in their order: all mutations before any validation, and all mutations a second time
// when a plugin asks for it (a webhook or policy has changed what the others saw). Which plugins care is worked out
// once per operation and resource; plugins without configuration say with each request that they have nothing to do.
import type { ResourceInfo } from '#api/resources.ts';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, Operation, Reinvocation } from '../contract.ts';
import { untimed, type AdmissionTimings, type StepType, type Timing } from './admission-metrics.ts';
import type { WriteRequest } from './write-request.ts';

export interface AdmissionChain {
  mutate(request: AdmissionRequest): Promise<void>;
  validate(request: AdmissionRequest): Promise<void>;
  /** Nobody cares: the caller need not prepare a request. */
  ignores(operation: Operation, resource: ResourceInfo, subresource: string): boolean;
}

interface Judge {
  readonly plugin: AdmissionPlugin;
  readonly timing: Timing;
}

interface Chosen {
  readonly mutating: readonly Judge[];
  readonly validating: readonly Judge[];
  readonly admit: Timing;
  readonly validate: Timing;
}

export function createAdmissionChain(plugins: readonly AdmissionPlugin[], timings: AdmissionTimings = untimed): AdmissionChain {
  const chosen = new WeakMap<ResourceInfo, Map<string, Chosen>>();
  const choose = (operation: Operation, resource: ResourceInfo, subresource: string): Chosen => {
    const byOperation = chosen.get(resource) ?? new Map<string, Chosen>();
    chosen.set(resource, byOperation);
    const key = `${operation}/${subresource}`;
    let found = byOperation.get(key);
    if (found === undefined) {
      const caring = plugins.filter((plugin) => plugin.handles(operation, resource, subresource));
      const judges = (type: StepType, all: readonly AdmissionPlugin[]): Judge[] => all.map((plugin) => ({ plugin, timing: timings.plugin(plugin.name, type, operation) }));
      found = {
        mutating: judges('admit', caring.filter((p) => p.mutate !== undefined)), validating: judges('validate', caring.filter((p) => p.validate !== undefined)),
        admit: timings.step('admit', operation), validate: timings.step('validate', operation),
      };
      byOperation.set(key, found);
    }
    return found;
  };
  return {
    async mutate(request) {
      const { mutating, admit } = choose(request.operation, request.resource, request.subresource);
      const reinvocation: Reinvocation = { isReinvoke: false, requested: false, memory: new Map() };
      request.reinvocation = reinvocation;
      await runAll(mutating, 'mutate', request, admit, timings);
      if (!reinvocation.requested) return;
      reinvocation.isReinvoke = true;
      await runAll(mutating, 'mutate', request, admit, timings);
    },
    async validate(request) {
      const { validating, validate } = choose(request.operation, request.resource, request.subresource);
      await runAll(validating, 'validate', request, validate, timings);
    },
    ignores(operation, resource, subresource) {
      const { mutating, validating } = choose(operation, resource, subresource);
      return !mutating.some(({ plugin }) => isActive(plugin)) && !validating.some(({ plugin }) => isActive(plugin));
    },
  };
}

function isActive(plugin: AdmissionPlugin): boolean {
  return plugin.active?.() ?? true;
}

/** One look at the clock for each plugin: where one ends the next begins. */
async function runAll(judges: readonly Judge[], verb: 'mutate' | 'validate', request: AdmissionRequest, step: Timing, { now }: AdmissionTimings): Promise<void> {
  const began = now();
  let at = began;
  for (const { plugin, timing } of judges) {
    if (!isActive(plugin)) continue;
    try {
      const waiting = plugin[verb]?.(request);
      if (waiting !== undefined) await waiting;
    } catch (error) {
      const end = now();
      timing.refused((end - at) / 1000);
      step.refused((end - began) / 1000);
      throw error;
    }
    const end = now();
    timing.passed((end - at) / 1000);
    at = end;
  }
  step.passed((at - began) / 1000);
}

/** What an admission request takes over from the request it judges. */
export type Judged = Pick<WriteRequest, 'served' | 'subresource' | 'namespace' | 'name' | 'options' | 'dryRun' | 'user' | 'warn' | 'annotate'> & Partial<Pick<WriteRequest, 'signal' | 'deadline'>>;

const performedOptions: Readonly<Partial<Record<Operation, string>>> = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions' };

/** Options are those of the operation performed: a PATCH or PUT may create, and a PATCH is judged as an update. */
function optionsOf(options: Judged['options'], operation: Operation): Judged['options'] {
  const kind = performedOptions[operation];
  if (kind === undefined || options['kind'] === kind || options['kind'] === undefined) return options;
  const { force: _, ...shared } = options;
  return { ...shared, kind };
}

export function admissionRequest(
  request: Judged, operation: Operation, object: KubeObject | undefined, oldObject: KubeObject | undefined,
): AdmissionRequest {
  const isNamespace = request.served.info.group === '' && request.served.info.plural === 'namespaces';
  const name = request.name === '' ? (object?.metadata?.name ?? '') : request.name;
  return {
    operation,
    resource: request.served.info,
    subresource: request.subresource,
    namespace: isNamespace ? name : request.namespace,
    name,
    object,
    oldObject,
    options: optionsOf(request.options, operation),
    dryRun: request.dryRun,
    user: request.user,
    warn: (message) => request.warn(message),
    annotate: (key, value) => request.annotate(key, value),
    ...(request.signal !== undefined && { signal: request.signal }),
    deadline: request.deadline,
  };
}
