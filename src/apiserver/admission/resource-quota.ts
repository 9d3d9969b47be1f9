// ResourceQuota: what is created (or grows) in a namespace is charged to the quotas that it counts against, or
// refused when one of them would be exceeded. A charge is a compare and swap of the quota's status, so that
// two requests cannot use the same rest; the quota controller gives back what deletions free.
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '#api/core/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { Clock } from '#base/clock.ts';
import {
  addQuantity, amountsOf, compareQuantity, counterFor, countedBy, formatQuantity, isInScopes, isNotFound, isZeroQuantity, missingOf, quantityOf, quantitySign,
  quotaUsage, subQuantity, toAmountList, type Amounts, type Counter, type Quantity,
} from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, ObjectReader, ObjectWriter, Operation } from '../contract.ts';
import { refused } from './refused.ts';

/** Not stored, or never counted. */
const ignored: ReadonlySet<string> = new Set([
  '/bindings', '/componentstatuses', '/events', 'events.k8s.io/events', 'authorization.k8s.io/localsubjectaccessreviews',
]);
/** Updates that can change what an object counts. */
const chargedUpdates: ReadonlySet<string> = new Set(['pods/', 'pods/resize', 'services/', 'persistentvolumeclaims/', 'persistentvolumeclaims/status']);

type Quota = KubeObject & ResourceQuota;

interface Charge {
  readonly name: string;
  readonly amounts: Amounts;
}

/** What may only be consumed where some quota covers it. */
export interface LimitedResource {
  readonly apiGroup?: string;
  readonly resource: string;
  readonly matchContains?: readonly string[];
  readonly matchScopes?: readonly ScopedResourceSelectorRequirement[];
}

export function resourceQuota(reader: ObjectReader, writer: Pick<ObjectWriter, 'mutate'>, clock: Pick<Clock, 'now'>, limited: readonly LimitedResource[] = []): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    handles: (operation, resource, subresource) => resource.namespaced && isCharged(operation, resource, subresource),
    async validate(request) {
      const quotas = reader.list('', 'resourcequotas', request.namespace) as readonly Quota[];
      if ((quotas.length === 0 && limited.length === 0) || request.object === undefined) return;
      const charges = chargesOf(quotas, request, clock.now(), limited);
      const done: Charge[] = [];
      try {
        for (const charge of charges) {
          if (await settle(writer, request, charge)) done.push(charge);
        }
      } catch (error) {
        for (const charge of done) await giveBack(writer, request, charge);
        throw error;
      }
    },
  };
}

function isCharged(operation: Operation, { group, plural }: ResourceInfo, subresource: string): boolean {
  if (operation === 'CREATE') return subresource === '' && !ignored.has(`${group}/${plural}`);
  return operation === 'UPDATE' && group === '' && chargedUpdates.has(`${plural}/${subresource}`);
}

/** What the request adds to which quota. Throws forbidden where the object lacks what a quota obliges it to tell. */
function chargesOf(quotas: readonly Quota[], request: AdmissionRequest, nowMs: number, limited: readonly LimitedResource[]): Charge[] {
  const { object = {}, oldObject } = request;
  const counter = counterFor(request.resource.group, request.resource.plural);
  const isUpdate = request.operation === 'UPDATE' && oldObject !== undefined;
  if (isUpdate && counter === 'pods' && request.subresource === '' && hasDeadline(object) === hasDeadline(oldObject)) return [];
  const usage = quotaUsage(counter, object, nowMs);
  const negative = [...usage].filter(([, amount]) => quantitySign(amount) < 0).map(([name]) => name);
  const charges: Charge[] = [];
  for (const quota of quotas) {
    const names = countedNames(quota, counter);
    if (names.length === 0 || !isInScopes(quota, counter, object)) continue;
    const name = quota.metadata?.name ?? '';
    const missing = counter === 'pods' ? missingOf(object, names) : undefined;
    if (missing !== undefined) throw refused(request, `failed quota: ${name}: ${missing}`);
    if (names.some((each) => quota.status?.used?.[each] === undefined)) throw refused(request, `status unknown for quota: ${name}, resources: ${names.toSorted().join(',')}`);
    const before = isUpdate && isInScopes(quota, counter, oldObject) ? quotaUsage(counter, oldObject, nowMs) : new Map<string, Quantity>();
    const counted = new Set(names);
    const amounts = new Map([...usage].map(([each, amount]) => [each, growth(amount, before.get(each))] as const).filter(([each, amount]) => counted.has(each) && !isZeroQuantity(amount)));
    if (amounts.size > 0) charges.push({ name, amounts });
  }
  if (limited.length > 0) mustBeCovered(quotas, request, counter, usage, isUpdate ? quotaUsage(counter, oldObject, nowMs) : undefined, limited);
  if (negative.length > 0) throw refused(request, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
  return charges;
}

/** Throws forbidden when something is consumed that must not be without a quota for it. */
function mustBeCovered(quotas: readonly Quota[], request: AdmissionRequest, counter: Counter, usage: Amounts, before: Amounts | undefined, limited: readonly LimitedResource[]): void {
  const { object = {}, resource } = request;
  if (![...usage].some(([name, amount]) => !isZeroQuantity(growth(amount, before?.get(name))))) return;
  const own = limited.filter((rule) => (rule.apiGroup ?? '') === resource.group && rule.resource === resource.plural);
  const covering = quotas.filter((quota) => isInScopes(quota, counter, object));
  const covered = new Set(covering.flatMap((quota) => countedNames(quota, counter)));
  const open = [...usage].filter(([name, amount]) => quantitySign(amount) > 0 && !covered.has(name) && own.some((rule) => rule.matchContains?.some((part) => name.includes(part)))).map(([name]) => name);
  if (open.length > 0) throw refused(request, `insufficient quota to consume: ${open.sort().join(',')}`);
  const scoped = (scope: ScopedResourceSelectorRequirement): boolean => isInScopes({ spec: { scopeSelector: { matchExpressions: [scope] } } }, counter, object);
  const scopes = limited.flatMap((rule) => rule.matchScopes ?? []).filter(scoped);
  const offered = quotas.flatMap((quota) => [...(quota.spec?.scopes ?? []), ...(quota.spec?.scopeSelector?.matchExpressions ?? []).filter(scoped).map((scope) => scope.scopeName)]);
  const bare = scopes.filter((scope) => !offered.includes(scope.scopeName));
  if (bare.length > 0) throw refused(request, `insufficient quota to match these scopes: [${bare.map((scope) => `{${scope.scopeName} ${scope.operator} [${(scope.values ?? []).join(' ')}]}`).join(' ')}]`);
}

/** Only what the quota controller has taken note of limits. */
const countedNames = (quota: Quota, counter: Counter): string[] => countedBy(counter, Object.keys(quota.status?.hard ?? {}));

function hasDeadline(pod: KubeObject): boolean {
  return ((pod.spec as { activeDeadlineSeconds?: number } | undefined)?.activeDeadlineSeconds ?? -1) >= 0;
}

function growth(now: Quantity, before: Quantity | undefined): Quantity {
  if (before === undefined) return now;
  const more = subQuantity(now, before);
  return quantitySign(more) < 0 ? quantityOf(0) : more;
}

/** False: the quota is gone meanwhile and limits nothing. */
async function settle(writer: Pick<ObjectWriter, 'mutate'>, request: AdmissionRequest, charge: Charge): Promise<boolean> {
  try {
    await writer.mutate('', 'resourcequotas', request.namespace, charge.name, (object) => addTo(object as Quota, request, charge), request.dryRun);
    return !request.dryRun;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function addTo(quota: Quota, request: AdmissionRequest, { name, amounts }: Charge): void {
  const hard = amountsOf(quota.status?.hard);
  const used = amountsOf(quota.status?.used);
  const limited = [...amounts].filter(([each]) => hard.has(each));
  const zero = quantityOf(0);
  const exceeded = limited.filter(([each, amount]) => compareQuantity(addQuantity(used.get(each) ?? zero, amount), hard.get(each) ?? zero) > 0).map(([each]) => each).sort();
  if (exceeded.length > 0 && request.subresource !== 'status') {
    const list = (of: Amounts): string => exceeded.flatMap((each) => (of.has(each) ? [`${each}=${formatQuantity(of.get(each) ?? zero)}`] : [])).join(',');
    throw refused(request, `exceeded quota: ${name}, requested: ${list(amounts)}, used: ${list(used)}, limited: ${list(hard)}`);
  }
  const more = limited.map(([each, amount]) => [each, addQuantity(used.get(each) ?? zero, amount)] as const);
  quota.status = { ...quota.status, used: { ...quota.status?.used, ...toAmountList(new Map(more)) } };
}

/** The request is refused after all by another quota. The controller mends what this cannot. */
async function giveBack(writer: Pick<ObjectWriter, 'mutate'>, request: AdmissionRequest, { name, amounts }: Charge): Promise<void> {
  const change = (object: KubeObject): void => {
    const quota = object as Quota;
    const used = amountsOf(quota.status?.used);
    const less = [...amounts].filter(([each]) => used.has(each)).map(([each, amount]) => [each, growth(used.get(each) ?? amount, amount)] as const);
    quota.status = { ...quota.status, used: { ...quota.status?.used, ...toAmountList(new Map(less)) } };
  };
  await writer.mutate('', 'resourcequotas', request.namespace, name, change).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
