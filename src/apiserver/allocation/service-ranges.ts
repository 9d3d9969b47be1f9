// Which addresses Services may have: the ranges of the ServiceCIDR objects, those that users add among them (KEP-1880).
// A range gives addresses while one of the objects that name it is ready and stays. As long as there is no object
// "kubernetes", which the server makes and makes again, the ranges that it was started with stand for it.
import type { ServiceCIDR } from '#api/networking/v1.ts';
import type { KubeObject, ObjectReader } from '../contract.ts';
import { contains, parseCidr, type IpRange } from './ip-range.ts';
import type { Family } from './service-families.ts';

export const defaultName = 'kubernetes';

export interface ServiceRange extends IpRange {
  readonly isReady: boolean;
}

export interface ServiceRanges {
  of(family: Family): readonly ServiceRange[];
  /** Some range has it, ready or not. */
  include(address: string): boolean;
}

/** @param own The ranges that the server was started with. */
export function createServiceRanges(reader: ObjectReader, own: readonly string[]): ServiceRanges {
  let known: readonly ServiceRange[] = [];
  let revision: number | undefined;
  const all = (): readonly ServiceRange[] => {
    const now = reader.revision('networking.k8s.io', 'servicecidrs');
    if (now !== revision) {
      known = rangesOf(reader.list('networking.k8s.io', 'servicecidrs') as readonly (KubeObject & ServiceCIDR)[], own);
      revision = now;
    }
    return known;
  };
  return {
    of: (family) => all().filter((range) => range.family === family),
    include: (address) => all().some((range) => contains(range, address)),
  };
}

function rangesOf(objects: readonly (KubeObject & ServiceCIDR)[], own: readonly string[]): ServiceRange[] {
  const isDefaultHere = objects.some(({ metadata }) => metadata?.name === defaultName);
  const readiness = new Map<string, boolean>(isDefaultHere ? [] : own.map((cidr) => [cidr, true]));
  for (const object of objects) {
    const gives = isReady(object) && object.metadata?.deletionTimestamp === undefined;
    for (const cidr of object.spec?.cidrs ?? []) readiness.set(cidr, gives || readiness.get(cidr) === true);
  }
  // Upstream has no allocator for a wider IPv6 range than /64.
  return [...readiness].map(([cidr, ready]) => ({ ...parseCidr(cidr), isReady: ready })).filter(({ family, cidr }) => family === 'IPv4' || Number(cidr.split('/')[1]) >= 64);
}

/** What nobody has judged is ready: there may be no controller that does. */
function isReady({ status }: ServiceCIDR): boolean {
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}
