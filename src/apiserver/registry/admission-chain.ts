// Runs the admission plugins in their order: all mutations before any validation, and all mutations a second time
// when a plugin asks for it (a webhook or policy has changed what the others saw). Which plugins care is worked out
// once per operation and resource; plugins without configuration say with each request that they have nothing to do.
import type { ResourceInfo } from '#api/resources.ts';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, Operation, Reinvocation } from '../contract.ts';
import type { WriteRequest } from './write-request.ts';

export interface AdmissionChain {
  mutate(request: AdmissionRequest): Promise<void>;
  validate(request: AdmissionRequest): Promise<void>;
  /** Nobody cares: the caller need not prepare a request. */
  ignores(operation: Operation, resource: ResourceInfo, subresource: string): boolean;
}

interface Chosen {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
}

export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const chosen = new WeakMap<ResourceInfo, Map<string, Chosen>>();
  const choose = (operation: Operation, resource: ResourceInfo, subresource: string): Chosen => {
    const byOperation = chosen.get(resource) ?? new Map<string, Chosen>();
    chosen.set(resource, byOperation);
    const key = `${operation}/${subresource}`;
    let found = byOperation.get(key);
    if (found === undefined) {
      const caring = plugins.filter((plugin) => plugin.handles(operation, resource, subresource));
      found = { mutating: caring.filter((p) => p.mutate !== undefined), validating: caring.filter((p) => p.validate !== undefined) };
      byOperation.set(key, found);
    }
    return found;
  };
  return {
    async mutate(request) {
      const { mutating } = choose(request.operation, request.resource, request.subresource);
      const reinvocation: Reinvocation = { isReinvoke: false, requested: false, memory: new Map() };
      request.reinvocation = reinvocation;
      await mutateAll(mutating, request);
      if (!reinvocation.requested) return;
      reinvocation.isReinvoke = true;
      await mutateAll(mutating, request);
    },
    async validate(request) {
      for (const plugin of choose(request.operation, request.resource, request.subresource).validating) {
        const waiting = isActive(plugin) ? plugin.validate?.(request) : undefined;
        if (waiting !== undefined) await waiting;
      }
    },
    ignores(operation, resource, subresource) {
      const { mutating, validating } = choose(operation, resource, subresource);
      return !mutating.some(isActive) && !validating.some(isActive);
    },
  };
}

function isActive(plugin: AdmissionPlugin): boolean {
  return plugin.active?.() ?? true;
}

async function mutateAll(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const waiting = isActive(plugin) ? plugin.mutate?.(request) : undefined;
    if (waiting !== undefined) await waiting;
  }
}

/** What an admission request takes over from the request it judges. */
export type Judged = Pick<WriteRequest, 'served' | 'subresource' | 'namespace' | 'name' | 'options' | 'dryRun' | 'user' | 'warn' | 'annotate'> & Partial<Pick<WriteRequest, 'signal'>>;

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
  };
}
