// What writes of devices and of claims to them fill in and leave out (KEP-4381, KEP-5055, KEP-4817): since when a taint
// counts, and what drivers told of devices that a claim no longer has.
import type { AllocatedDeviceStatus, DeviceTaint, ResourceClaim, ResourceSlice } from '#api/resource/v1.ts';
import type { DeviceTaintRule } from '#api/resource/v1beta2.ts';
import { rfc3339 } from '#base/clock.ts';
import type { Stored } from '../registry/strategy.ts';

function stamp(taint: DeviceTaint, nowMs: number): void {
  taint.timeAdded ??= rfc3339(nowMs);
}

/** A taint without a time counts from now on: without one nobody is evicted. */
export function stampSliceTaints(object: Stored, nowMs: number): void {
  for (const { taints } of (object as Stored<ResourceSlice>).spec?.devices ?? []) for (const taint of taints ?? []) stamp(taint, nowMs);
}

export function stampRuleTaint(object: Stored, nowMs: number): void {
  const taint = (object as Stored<DeviceTaintRule>).spec?.taint;
  if (taint !== undefined) stamp(taint, nowMs);
}

function idOf({ driver, pool, device, shareID }: Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>): string {
  return JSON.stringify([driver, pool, device, shareID ?? '']);
}

/** Who takes a device away from a claim need not know what its driver told of it. */
export function dropDeallocatedDevices(object: Stored, old: Stored): void {
  const [{ status }, { status: before }] = [object as Stored<ResourceClaim>, old as Stored<ResourceClaim>];
  if (status?.devices === undefined) return;
  const gone = new Set((before?.allocation?.devices?.results ?? []).map(idOf));
  for (const result of status.allocation?.devices?.results ?? []) gone.delete(idOf(result));
  status.devices = status.devices.filter((device) => !gone.has(idOf(device)));
  if (status.devices.length === 0) delete status.devices;
}
