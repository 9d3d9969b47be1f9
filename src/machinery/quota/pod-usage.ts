// What a pod counts against a quota: the most it may use at once (containers and sidecars together, or an init
// container beside the sidecars before it), its overhead, and what its containers still hold during a resize.
// Finished pods and those past their grace count as objects only. Pure.
import type { Container, Pod, ResourceRequirements } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { isZeroQuantity, type Quantity } from '../quantity.ts';
import { addInto, amountsOf, count, raiseTo, type Amounts } from './amounts.ts';

type Side = 'requests' | 'limits';

export function podUsage(pod: Pod, nowMs: number): Amounts {
  const usage = new Map([['count/pods', count(1)]]);
  if (!counts(pod, nowMs)) return usage;
  usage.set('pods', count(1));
  return named(usage, totalOf(pod, 'requests'), totalOf(pod, 'limits'));
}

/** Requests and limits under the names that quotas give them, put into `usage`. */
function named(usage: Map<string, Quantity>, requests: Amounts, limits: Amounts): Amounts {
  for (const [name, amount] of requests) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-')) {
      usage.set(name, amount);
      usage.set(`requests.${name}`, amount);
    } else if (isExtended(name)) usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of limits) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage.set(`limits.${name}`, amount);
  }
  return usage;
}

const mustBeGiven: ReadonlySet<string> = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);

/**
 * Who limits processor time or memory obliges every container to ask for them, unless the pod does as a whole:
 * "must specify limits.cpu for: a,b; requests.cpu for: b", or undefined when nothing of `names` is missing.
 */
export function missingOf(pod: Pod, names: readonly string[]): string | undefined {
  const { requests = {}, limits = {} } = pod.spec?.resources ?? {};
  if (Object.keys(requests).length + Object.keys(limits).length > 0) return undefined;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const given = containers.map(({ name, resources }) => ({ name, has: named(new Map(), amountsOf(resources?.requests), amountsOf(resources?.limits)) }));
  const texts = names.filter((name) => mustBeGiven.has(name)).sort().flatMap((name) => {
    const lacking = new Set(given.filter(({ has }) => !has.has(name)).map((container) => container.name));
    return lacking.size === 0 ? [] : [`${name} for: ${[...lacking].sort().join(',')}`];
  });
  return texts.length === 0 ? undefined : `must specify ${texts.join('; ')}`;
}

/** "example.com/gpu" */
export function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

/** Holds its resources still. */
function counts(pod: Pod, nowMs: number): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= parseTime(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function totalOf(pod: Pod, side: Side): Amounts {
  const total = new Map<string, Quantity>();
  for (const container of pod.spec?.containers ?? []) addInto(total, ofContainer(pod, container, side));
  const sidecars = new Map<string, Quantity>();
  const startUp = new Map<string, Quantity>();
  for (const container of pod.spec?.initContainers ?? []) {
    const own = new Map(ofContainer(pod, container, side));
    if (container.restartPolicy === 'Always') {
      addInto(total, own);
      addInto(sidecars, own);
      raiseTo(startUp, sidecars);
    } else {
      addInto(own, sidecars);
      raiseTo(startUp, own);
    }
  }
  raiseTo(total, startUp);
  // Resources of the pod as a whole stand in place of the sum, where they are given.
  for (const [name, amount] of amountsOf(pod.spec?.resources?.[side])) {
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) total.set(name, amount);
  }
  const overhead = amountsOf(pod.spec?.overhead);
  const bounded = [...overhead].filter(([name]) => side === 'requests' || (total.has(name) && !isZeroQuantity(total.get(name) ?? count(0))));
  addInto(total, new Map(bounded));
  return total;
}

function ofContainer(pod: Pod, container: Container, side: Side): Amounts {
  const amounts = amountsOf(container.resources?.[side]);
  const status = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find((each) => each.name === container.name);
  const held: ResourceRequirements | undefined = status?.resources;
  raiseTo(amounts, amountsOf(held?.[side]));
  return amounts;
}
