// What a ServiceCIDR needs: a living one its finalizer and the condition Ready, a dying one the reason why it stays, or to
// be let go. It stays while an address of the server's lies in it alone. Pure. Upstream: pkg/controller/servicecidrs.
import type { IPAddress, ServiceCIDR } from '#api/networking/v1.ts';
import { parseCidr, type Cidr } from '../cidr.ts';

export const finalizer = 'networking.k8s.io/service-cidr-finalizer';

/** Until API servers have surely heard that they must not give addresses of it any more. */
const graceMs = 10_000;

export interface Condition {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export interface Actions {
  readonly finalizer?: 'add' | 'remove';
  readonly condition?: Condition;
  /** Look again then. */
  readonly afterMs?: number;
}

const ready: Condition = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
const held: Condition = { status: 'False', reason: 'Terminating', message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR' };

export interface Observed {
  readonly all: readonly ServiceCIDR[];
  readonly addresses: readonly IPAddress[];
}

export function reconcile(object: ServiceCIDR, observed: Observed, now: number): Actions {
  const { deletionTimestamp, finalizers = [] } = object.metadata ?? {};
  const has = finalizers.includes(finalizer);
  if (deletionTimestamp === undefined) return { ...(has ? {} : { finalizer: 'add' }), ...toSay(object, ready) };
  if (isNeeded(object, observed)) return toSay(object, held);
  const left = graceMs - (now - Date.parse(deletionTimestamp));
  if (left > 0) return { afterMs: left };
  return has ? { finalizer: 'remove' } : {};
}

function toSay({ status }: ServiceCIDR, condition: Condition): Pick<Actions, 'condition'> {
  const said = (status?.conditions ?? []).find(({ type }) => type === 'Ready');
  const isSaid = said !== undefined && said.status === condition.status && (said.reason ?? '') === condition.reason && (said.message ?? '') === condition.message;
  return isSaid ? {} : { condition };
}

function isNeeded(object: ServiceCIDR, { all, addresses }: Observed): boolean {
  const own = cidrsOf(object);
  const others = all.filter(({ metadata }) => metadata?.name !== object.metadata?.name).flatMap(cidrsOf);
  if (own.every((cidr) => others.some((other) => contains(other, cidr)))) return false;
  return addresses.some((address) => isServers(address) && own.some((cidr) => holds(cidr, address)) && !others.some((other) => holds(other, address)));
}

/** Of the objects, those in whose range the address lies: it holds them, or held them until now. */
export function holdersOf(address: IPAddress, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  return isServers(address) ? all.filter((object) => cidrsOf(object).some((cidr) => holds(cidr, address))) : [];
}

/** Of the objects, those that share addresses with this one, itself among them: what it holds may now be held twice. */
export function overlapping(object: ServiceCIDR, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  const own = cidrsOf(object);
  return all.filter((other) => cidrsOf(other).some((cidr) => own.some((each) => contains(cidr, each) || contains(each, cidr))));
}

function isServers({ metadata }: IPAddress): boolean {
  return metadata?.labels?.['ipaddress.kubernetes.io/managed-by'] === 'ipallocator.k8s.io';
}

function cidrsOf({ spec }: ServiceCIDR): Cidr[] {
  return (spec?.cidrs ?? []).map(parseCidr).filter((cidr) => cidr !== undefined);
}

function lastOf({ base, bits, prefix }: Cidr): bigint {
  return base + (1n << BigInt(bits - prefix)) - 1n;
}

function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.bits === inner.bits && outer.prefix <= inner.prefix && inner.base >= outer.base && inner.base <= lastOf(outer);
}

/** The network's own address is given to nobody, nor is the broadcast address of IPv4. */
function holds(cidr: Cidr, { metadata }: IPAddress): boolean {
  const name = metadata?.name ?? '';
  const address = parseCidr(`${name}/${name.includes(':') ? 128 : 32}`);
  if (address === undefined || !contains(cidr, address) || address.base === cidr.base) return false;
  return cidr.bits === 128 || address.base !== lastOf(cidr);
}
