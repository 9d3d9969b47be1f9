// The 403 of an admission plugin, about the object that the request is about.
import { forbidden, type StatusError } from '#machinery';
import type { AdmissionRequest } from '../contract.ts';

export function refused(request: AdmissionRequest, message: string): StatusError {
  const { resource, object, name } = request;
  const shown = name === '' ? (object?.metadata?.name ?? object?.metadata?.generateName ?? 'Unknown/errorGettingName') : name;
  return forbidden({ group: resource.group, resource: resource.plural }, shown, message);
}
