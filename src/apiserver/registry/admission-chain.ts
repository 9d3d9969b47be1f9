// Runs the admission plugins in their order: all mutations before any validation. Which plugins care is
// worked out once per operation and resource.
import type { ResourceInfo } from '#api/resources.ts';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, Operation } from '../contract.ts';
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
  const chosen = new Map<ResourceInfo, Map<string, Chosen>>();
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
      for (const plugin of choose(request.operation, request.resource, request.subresource).mutating) await plugin.mutate?.(request);
    },
    async validate(request) {
      for (const plugin of choose(request.operation, request.resource, request.subresource).validating) await plugin.validate?.(request);
    },
    ignores(operation, resource, subresource) {
      const { mutating, validating } = choose(operation, resource, subresource);
      return mutating.length === 0 && validating.length === 0;
    },
  };
}

/** What an admission request takes over from the request it judges. */
export type Judged = Pick<WriteRequest, 'served' | 'subresource' | 'namespace' | 'name' | 'options' | 'dryRun' | 'user' | 'warn' | 'annotate'>;

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
    options: request.options,
    dryRun: request.dryRun,
    user: request.user,
    warn: (message) => request.warn(message),
    annotate: (key, value) => request.annotate(key, value),
  };
}
