// The claim that the scheduler made for a pod's extended resources (KEP-5004): which container's resource each of
// its requests stands for.
import type { Container, PodExtendedResourceClaimStatus, PodSpec } from '#api/core/v1.ts';
import { child, duplicate, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkLabel1123 } from './fields.ts';

export function checkExtendedClaimStatus(status: PodExtendedResourceClaimStatus | undefined, spec: PodSpec): FieldError[] {
  if (!status) return [];
  const path = 'status.extendedResourceClaimStatus';
  const mappingsPath = child(path, 'requestMappings');
  const containers = new Map<string, Container>([...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((container) => [container.name, container]));
  const mappings = status.requestMappings ?? [];
  const errors = mappings.length === 0 ? [required(mappingsPath, 'at least one request mapping is required')] : [];
  const seen = new Set<string>();
  for (const [i, { containerName = '', resourceName = '', requestName = '' }] of mappings.entries()) {
    const at = index(mappingsPath, i);
    const container = containers.get(containerName);
    if (container === undefined) {
      errors.push(invalidValue(child(at, 'containerName'), containerName, 'must match the name of an entry in spec.initContainers.name or spec.containers.name'));
    } else if (container.resources?.requests?.[resourceName] === undefined) {
      const detail = 'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests';
      errors.push(invalidValue(child(at, 'resourceName'), resourceName, detail));
    }
    errors.push(...checkLabel1123(requestName, child(path, 'requestName')));
    const identity = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(identity)) {
      errors.push(duplicate(child(at, 'containerName'), containerName), duplicate(child(at, 'resourceName'), resourceName), duplicate(child(at, 'requestName'), requestName));
    }
    seen.add(identity);
  }
  const claim = status.resourceClaimName ?? '';
  const claimPath = child(path, 'resourceClaimName');
  if (claim === '') return [...errors, required(claimPath, '')];
  return [...errors, ...nameIsSubdomain(claim, false).map((message) => invalidValue(claimPath, claim, message))];
}
