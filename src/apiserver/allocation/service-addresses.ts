// The cluster IPs of a Service: one of each of its families when it is made, the second one when it becomes
// dual-stack. What an update lets go of goes back after the write. Follows allocClusterIPs and updateClusterIPs
// upstream.
import type { Service } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { internalError, invalid, withoutLeadingZeros } from '#machinery';
import type { Stored } from '../registry/strategy.ts';
import { needsClusterIp } from '../strategies/services.ts';
import { RangeFullError, type ClusterIps } from './cluster-ips.ts';
import { familyOf, staysPreferred } from './service-families.ts';
import type { Undo } from './undo.ts';

type ServiceObject = Stored<Service>;

export function addressesOf(service: ServiceObject): string[] {
  const { clusterIP = '', clusterIPs } = service.spec ?? {};
  return (clusterIPs ?? [clusterIP]).filter((address) => address !== '' && address !== 'None').map(withoutLeadingZeros);
}

/** Undefined for a family that the cluster does not have any more. */
export function supplyOf(supplies: readonly ClusterIps[], address: string): ClusterIps | undefined {
  return supplies.find(({ family }) => family === familyOf(address));
}

/** Fills in clusterIPs and clusterIP. Throws StatusError. */
export async function takeClusterIps(service: ServiceObject, old: ServiceObject | undefined, supplies: readonly ClusterIps[], dryRun: boolean, undo: Undo): Promise<void> {
  const { spec } = service;
  if (spec === undefined || !needsClusterIp(service) || spec.clusterIPs?.[0] === 'None') return;
  const families = spec.ipFamilies ?? [];
  let from = 0;
  if (old !== undefined && needsClusterIp(old)) {
    const upgraded = old.spec?.ipFamilies?.length === 1 && families.length === 2;
    if (!upgraded || old.spec?.clusterIPs?.[0] === 'None' || staysPreferred(service, old)) return;
    from = 1;
  }
  const ips = [...(spec.clusterIPs ?? [])];
  for (const [at, family] of families.entries()) {
    const supply = supplies.find((candidate) => candidate.family === family);
    if (at < from || supply === undefined) continue;
    const address = await take(service, supply, ips[at] ?? '', dryRun);
    ips[at] = address;
    if (!dryRun) undo.add(() => supply.give(withoutLeadingZeros(address)));
  }
  spec.clusterIPs = ips;
  if (from === 0) spec.clusterIP = ips[0] ?? '';
}

/** Addresses are taken before the service is validated: what is wrong with it may show here first. */
async function take(service: ServiceObject, supply: ClusterIps, wanted: string, dryRun: boolean): Promise<string> {
  const { name = '', namespace = '' } = service.metadata;
  const badValue = service.spec?.clusterIPs ?? null;
  const refused = (detail: string): Error => invalid({ group: '', kind: 'Service' }, name, [{ type: 'Invalid', field: 'spec.clusterIPs', badValue, detail }]);
  try {
    if (dryRun) return supply.pretend(wanted === '' ? undefined : withoutLeadingZeros(wanted));
    if (wanted === '') return await supply.takeAny({ namespace, name });
    // Kept as it was written, taken as what it is.
    await supply.take(withoutLeadingZeros(wanted), { namespace, name });
    return wanted;
  } catch (error) {
    if (wanted !== '') throw refused(`failed to allocate IP ${wanted}: ${errorText(error)}`);
    if (error instanceof RangeFullError) throw internalError(new Error(`failed to allocate a serviceIP for Service ${JSON.stringify(name)}: ${errorText(error)}`));
    throw refused(`failed to allocate IP: ${errorText(error)}`);
  }
}
