// The Available condition of an APIService: how it changes, and which it is for what this server answers itself.
import type { APIService, APIServiceCondition } from '#api/apiregistration/v1.ts';
import { rfc3339 } from '#base/clock.ts';

export interface Availability {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

const local: Availability = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };

export function localCondition(nowMs: number): APIServiceCondition {
  return { type: 'Available', lastTransitionTime: rfc3339(nowMs), ...local };
}

export const localAvailability = local;

export function isAvailable(service: APIService): boolean {
  return service.status?.conditions?.some((condition) => condition.type === 'Available' && condition.status === 'True') ?? false;
}

/** Would `setAvailability` change anything? */
export function hasAvailability(service: APIService, { status, reason, message }: Availability): boolean {
  const known = service.status?.conditions?.find((condition) => condition.type === 'Available');
  return known !== undefined && known.status === status && known.reason === reason && known.message === message;
}

/** In place. The time of transition stays while the status does. */
export function setAvailability(service: APIService, { status, reason, message }: Availability, nowMs: number): void {
  const conditions = service.status?.conditions ?? [];
  const at = conditions.findIndex((condition) => condition.type === 'Available');
  const known = conditions[at];
  const next: APIServiceCondition = {
    type: 'Available', status, lastTransitionTime: known?.status === status ? known.lastTransitionTime : rfc3339(nowMs), reason, message,
  };
  service.status = { ...service.status, conditions: known === undefined ? [...conditions, next] : conditions.with(at, next) };
}
