// Administrative access to devices, which claims may ask for in namespaces that are labelled for it (KEP-5018).
import type { Namespace } from '#api/core/v1.ts';
import type { DeviceRequest, DeviceRequestAllocationResult } from '#api/resource/v1.ts';
import { forbiddenField, internalFieldError, type FieldError } from '#machinery';
import type { WriteContext } from '../registry/strategy.ts';

const label = 'resource.kubernetes.io/admin-access';

function checkNamespace(path: string, name: string, { reader }: WriteContext): FieldError[] {
  const namespace = reader.get('', 'namespaces', '', name) as Namespace | undefined;
  if (namespace === undefined) return [internalFieldError(path, `could not retrieve namespace to verify admin access: namespaces "${name}" not found`)];
  if (namespace.metadata?.labels?.[label] === 'true') return [];
  return [forbiddenField(path, `admin access to devices requires the \`${label}: true\` label on the containing namespace`)];
}

/** Of a new claim or template. */
export function checkAdminRequests(requests: readonly DeviceRequest[] | undefined, namespace: string, context: WriteContext): FieldError[] {
  const at = (requests ?? []).findIndex((request) => request.exactly?.adminAccess === true);
  return at < 0 ? [] : checkNamespace(`spec.devices.requests[${at}].adminAccess`, namespace, context);
}

/** Of an allocation that was not there before. */
export function checkAdminResults(
  results: readonly DeviceRequestAllocationResult[] | undefined, old: readonly DeviceRequestAllocationResult[] | undefined, namespace: string, context: WriteContext,
): FieldError[] {
  if ((old ?? []).some((result) => result.adminAccess === true)) return [];
  const at = (results ?? []).findIndex((result) => result.adminAccess === true);
  return at < 0 ? [] : checkNamespace(`status.allocation.devices.results[${at}].adminAccess`, namespace, context);
}
