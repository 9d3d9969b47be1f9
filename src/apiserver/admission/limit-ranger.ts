// LimitRanger: a namespace's LimitRanges give containers default requests and limits and bound what pods,
// containers and claims may ask for.
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, ResourceRequirements } from '#api/core/v1.ts';
import { addQuantity, compareQuantity, forbidden, formatQuantity, parseQuantity, quantityMilliValue } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, ObjectReader } from '../contract.ts';
import { containersOf, isPods, podOf, type PodObject } from './pod-shape.ts';

type Amounts = Readonly<Record<string, string>>;

function applyDefaults(container: Container, item: LimitRangeItem): { requests: string[]; limits: string[] } {
  const resources: ResourceRequirements = (container.resources ??= {});
  const fill = (which: 'requests' | 'limits', defaults: Amounts | undefined): string[] => {
    const added = Object.keys(defaults ?? {}).filter((name) => resources[which]?.[name] === undefined);
    if (added.length > 0) resources[which] = { ...resources[which], ...Object.fromEntries(added.map((name) => [name, defaults?.[name] ?? ''])) };
    return added.sort();
  };
  const limits = fill('limits', item.default);
  return { limits, requests: fill('requests', item.defaultRequest) };
}

function annotate(pod: PodObject, notes: readonly string[]): void {
  if (notes.length === 0) return;
  pod.metadata.annotations = { ...pod.metadata.annotations, 'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${notes.join('; ')}` };
}

/** Annotations may not be longer, and the note of what was set is one: with it a pod is refused, whatever else is set. */
const longestNotes = 256 * 1024;

/** Sets what is missing in each container, and tells what. */
function defaulted(pod: PodObject, items: readonly LimitRangeItem[]): string[] {
  const notes: string[] = [];
  let length = 0;
  const note = (names: readonly string[], what: string): void => {
    if (names.length === 0) return;
    notes.push(`${names.join(', ')} ${what}`);
    length += notes.at(-1)?.length ?? 0;
  };
  for (const item of items.filter((i) => i.type === 'Container')) {
    for (const [word, containers] of [['container', containersOf(pod.spec)], ['init container', pod.spec.initContainers ?? []]] as const) {
      for (const container of containers) {
        if (length > longestNotes) return notes;
        const { requests, limits } = applyDefaults(container, item);
        note(requests, `request for ${word} ${container.name}`);
        note(limits, `limit for ${word} ${container.name}`);
      }
    }
  }
  return notes;
}

function describe(amount: string): string {
  return formatQuantity(parseQuantity(amount));
}

/** Each container may lack each of thousands of names: more refusals than anybody reads are not told. */
const mostTold = 1000;

/** Upstream's refusals for one kind of thing that has requests and limits. */
function* violations(item: LimitRangeItem, requests: Amounts, limits: Amounts): Generator<string, void, void> {
  const less = (a: string, b: string): boolean => compareQuantity(parseQuantity(a), parseQuantity(b)) < 0;
  for (const [name, min] of Object.entries(item.min ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined) yield `minimum ${name} usage per ${item.type} is ${describe(min)}.  No request is specified`;
    else if (less(request, min)) yield `minimum ${name} usage per ${item.type} is ${describe(min)}, but request is ${describe(request)}`;
    else if (limit !== undefined && less(limit, min)) yield `minimum ${name} usage per ${item.type} is ${describe(min)}, but limit is ${describe(limit)}`;
  }
  for (const [name, max] of Object.entries(item.max ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (limit === undefined) yield `maximum ${name} usage per ${item.type} is ${describe(max)}.  No limit is specified`;
    else if (less(max, limit)) yield `maximum ${name} usage per ${item.type} is ${describe(max)}, but limit is ${describe(limit)}`;
    else if (request !== undefined && less(max, request)) yield `maximum ${name} usage per ${item.type} is ${describe(max)}, but request is ${describe(request)}`;
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined || limit === undefined) {
      yield `${name} max limit to request ratio per ${item.type} is ${describe(ratio)}, but no ${limit === undefined ? 'limit' : 'request'} is specified or ${limit === undefined ? 'limit' : 'request'} is 0`;
      continue;
    }
    const seen = quantityMilliValue(parseQuantity(limit)) / quantityMilliValue(parseQuantity(request));
    if (seen > quantityMilliValue(parseQuantity(ratio)) / 1000) yield `${name} max limit to request ratio per ${item.type} is ${describe(ratio)}, but provided ratio is ${seen.toFixed(6)}`;
  }
}

function sum(containers: readonly Container[], which: 'requests' | 'limits'): Amounts {
  const total: Record<string, string> = {};
  for (const container of containers) {
    for (const [name, amount] of Object.entries(container.resources?.[which] ?? {})) {
      const before = total[name];
      total[name] = before === undefined ? amount : formatQuantity(addQuantity(parseQuantity(before), parseQuantity(amount)));
    }
  }
  return total;
}

function* podViolations(pod: PodObject, item: LimitRangeItem): Generator<string, void, void> {
  if (item.type === 'Container') {
    for (const { resources } of [...containersOf(pod.spec), ...(pod.spec.initContainers ?? [])]) yield* violations(item, resources?.requests ?? {}, resources?.limits ?? {});
  }
  if (item.type === 'Pod') yield* violations(item, sum(containersOf(pod.spec), 'requests'), sum(containersOf(pod.spec), 'limits'));
}

function* allViolations(request: AdmissionRequest, items: readonly LimitRangeItem[]): Generator<string, void, void> {
  const pod = isPods(request.resource) ? podOf(request) : undefined;
  for (const item of items) {
    if (pod !== undefined) yield* podViolations(pod, item);
    else if (!isPods(request.resource) && item.type === 'PersistentVolumeClaim') {
      yield* violations({ ...item, maxLimitRequestRatio: undefined, max: undefined }, claimRequests(request), {});
      yield* claimMaximum(item, claimRequests(request));
    }
  }
}

export function limitRanger(reader: ObjectReader): AdmissionPlugin {
  const itemsOf = (request: AdmissionRequest): LimitRangeItem[] =>
    (reader.list('', 'limitranges', request.namespace) as readonly (LimitRange & KubeObject)[]).flatMap((range) => range.spec?.limits ?? []);
  return {
    name: 'LimitRanger',
    handles: (operation, resource, subresource) =>
      resource.group === '' && subresource === '' && ((operation === 'CREATE' && resource.plural === 'pods') || ((operation === 'CREATE' || operation === 'UPDATE') && resource.plural === 'persistentvolumeclaims')),
    mutate(request) {
      const pod = isPods(request.resource) ? podOf(request) : undefined;
      if (pod === undefined) return;
      annotate(pod, defaulted(pod, itemsOf(request)));
    },
    validate(request) {
      const texts = [...allViolations(request, itemsOf(request)).take(mostTold)];
      if (texts.length === 0) return;
      throw forbidden({ group: '', resource: request.resource.plural }, request.name, texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`);
    },
  };
}

function claimRequests(request: AdmissionRequest): Amounts {
  return (request.object as (PersistentVolumeClaim & KubeObject) | undefined)?.spec?.resources?.requests ?? {};
}

function claimMaximum(item: LimitRangeItem, requests: Amounts): string[] {
  return Object.entries(item.max ?? {}).flatMap(([name, max]) => {
    const request = requests[name];
    return request !== undefined && compareQuantity(parseQuantity(max), parseQuantity(request)) < 0 ? [`maximum ${name} usage per ${item.type} is ${describe(max)}, but request is ${describe(request)}`] : [];
  });
}
