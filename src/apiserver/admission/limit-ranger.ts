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

function describe(amount: string): string {
  return formatQuantity(parseQuantity(amount));
}

/** Upstream's refusals for one kind of thing that has requests and limits. */
function violations(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const texts: string[] = [];
  const less = (a: string, b: string): boolean => compareQuantity(parseQuantity(a), parseQuantity(b)) < 0;
  for (const [name, min] of Object.entries(item.min ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined) texts.push(`minimum ${name} usage per ${item.type} is ${describe(min)}.  No request is specified`);
    else if (less(request, min)) texts.push(`minimum ${name} usage per ${item.type} is ${describe(min)}, but request is ${describe(request)}`);
    else if (limit !== undefined && less(limit, min)) texts.push(`minimum ${name} usage per ${item.type} is ${describe(min)}, but limit is ${describe(limit)}`);
  }
  for (const [name, max] of Object.entries(item.max ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (limit === undefined) texts.push(`maximum ${name} usage per ${item.type} is ${describe(max)}.  No limit is specified`);
    else if (less(max, limit)) texts.push(`maximum ${name} usage per ${item.type} is ${describe(max)}, but limit is ${describe(limit)}`);
    else if (request !== undefined && less(max, request)) texts.push(`maximum ${name} usage per ${item.type} is ${describe(max)}, but request is ${describe(request)}`);
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined || limit === undefined) {
      texts.push(`${name} max limit to request ratio per ${item.type} is ${describe(ratio)}, but no ${limit === undefined ? 'limit' : 'request'} is specified or ${limit === undefined ? 'limit' : 'request'} is 0`);
      continue;
    }
    const seen = quantityMilliValue(parseQuantity(limit)) / quantityMilliValue(parseQuantity(request));
    if (seen > quantityMilliValue(parseQuantity(ratio)) / 1000) texts.push(`${name} max limit to request ratio per ${item.type} is ${describe(ratio)}, but provided ratio is ${seen.toFixed(6)}`);
  }
  return texts;
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

function podViolations(pod: PodObject, item: LimitRangeItem): string[] {
  if (item.type === 'Container') return [...containersOf(pod.spec), ...(pod.spec.initContainers ?? [])].flatMap((c) => violations(item, c.resources?.requests ?? {}, c.resources?.limits ?? {}));
  if (item.type === 'Pod') return violations(item, sum(containersOf(pod.spec), 'requests'), sum(containersOf(pod.spec), 'limits'));
  return [];
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
      const notes: string[] = [];
      for (const item of itemsOf(request).filter((i) => i.type === 'Container')) {
        const groups = [['container', containersOf(pod.spec)], ['init container', pod.spec.initContainers ?? []]] as const;
        for (const [word, containers] of groups) {
          for (const container of containers) {
            const { requests, limits } = applyDefaults(container, item);
            if (requests.length > 0) notes.push(`${requests.join(', ')} request for ${word} ${container.name}`);
            if (limits.length > 0) notes.push(`${limits.join(', ')} limit for ${word} ${container.name}`);
          }
        }
      }
      annotate(pod, notes);
    },
    validate(request) {
      const items = itemsOf(request);
      const texts = isPods(request.resource)
        ? items.flatMap((item) => { const pod = podOf(request); return pod === undefined ? [] : podViolations(pod, item); })
        : items.filter((i) => i.type === 'PersistentVolumeClaim').flatMap((item) => violations({ ...item, maxLimitRequestRatio: undefined, max: undefined }, claimRequests(request), {}).concat(claimMaximum(item, claimRequests(request))));
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
