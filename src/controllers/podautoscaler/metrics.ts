// Metrics as the three metrics APIs tell them: resource use of pods (metrics.k8s.io), custom metrics of pods and
// objects (custom.metrics.k8s.io) and external ones (external.metrics.k8s.io).
import { parseTime } from '#base/clock.ts';
import { wrap } from '#base/errors.ts';
import type { Client } from '#client';
import { isNotFound, parseQuantity, quantityMilliValue } from '#machinery';
import type { PodMetric } from './replicas.ts';

interface PodMetricsList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly timestamp?: string;
    readonly window?: string;
    readonly containers?: readonly { readonly name?: string; readonly usage?: Record<string, string> }[];
  }[];
}

interface CustomMetricsList {
  readonly items?: readonly {
    readonly describedObject?: { readonly name?: string };
    readonly timestamp?: string;
    readonly windowSeconds?: number;
    readonly value?: string;
  }[];
}

const defaultWindowMs = 60_000;
const milli = (text: string): number => quantityMilliValue(parseQuantity(text));

async function fetchJson<T>(client: Client, path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<T> {
  const text = Object.entries(query).filter(([, value]) => value !== '').map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
  const body = await client.raw('GET', text === '' ? path : `${path}?${text}`, undefined, { signal, accept: 'application/json' });
  return JSON.parse(Buffer.from(body).toString('utf8'));
}

/** "30.5s" or "1m0s" in milliseconds. */
function durationMs(text: string | undefined): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  let total = 0;
  for (const [, amount, unit] of (text ?? '').matchAll(/([0-9.]+)(ms|s|m|h)/g)) total += Number(amount) * (units[unit ?? ''] ?? 0);
  return total;
}

export interface Asking {
  readonly client: Client;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** Use of a resource by pod; with `container` of that container alone. */
export async function resourceMetrics({ client, namespace, signal }: Asking, resource: string, selector: string, container: string): Promise<Map<string, PodMetric>> {
  let list: PodMetricsList;
  try {
    list = await fetchJson(client, `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`, { labelSelector: selector }, signal);
  } catch (error) {
    throw wrap(`unable to get metrics for resource ${resource}: unable to fetch metrics from resource metrics API`, error);
  }
  if ((list.items ?? []).length === 0) throw new Error(`unable to get metrics for resource ${resource}: no metrics returned from resource metrics API`);
  const result = new Map<string, PodMetric>();
  for (const item of list.items ?? []) {
    const counted = (item.containers ?? []).filter((each) => container === '' || each.name === container);
    const values = counted.map((each) => each.usage?.[resource]);
    if (values.length === 0 || values.includes(undefined)) continue;
    result.set(item.metadata?.name ?? '', { value: values.reduce((total, text) => total + milli(text ?? '0'), 0), timestampMs: parseTime(item.timestamp), windowMs: durationMs(item.window) });
  }
  return result;
}

async function customMetrics({ client, namespace, signal }: Asking, path: string, query: Readonly<Record<string, string>>): Promise<CustomMetricsList> {
  try {
    return await fetchJson(client, `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${namespace}/${path}`, query, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return fetchJson(client, `/apis/custom.metrics.k8s.io/v1beta1/namespaces/${namespace}/${path}`, query, signal);
  }
}

/** A custom metric of each pod. */
export async function podMetrics(asking: Asking, metric: string, selector: string, metricSelector: string): Promise<Map<string, PodMetric>> {
  let list: CustomMetricsList;
  try {
    list = await customMetrics(asking, `pods/*/${metric}`, { labelSelector: selector, metricLabelSelector: metricSelector });
  } catch (error) {
    throw wrap(`unable to get metric ${metric}: unable to fetch metrics from custom metrics API`, error);
  }
  const items = list.items ?? [];
  if (items.length === 0) throw new Error(`unable to get metric ${metric}: no metrics returned from custom metrics API`);
  return new Map(
    items.map((item) => [item.describedObject?.name ?? '', { value: milli(item.value ?? '0'), timestampMs: parseTime(item.timestamp), windowMs: item.windowSeconds === undefined ? defaultWindowMs : item.windowSeconds * 1000 }]),
  );
}

/** A custom metric of one object; `resource` is "ingresses.networking.k8s.io". */
export async function objectMetric(asking: Asking, metric: string, object: { readonly kind: string; readonly name: string; readonly resource: string }, metricSelector: string): Promise<number> {
  const path = object.kind === 'Namespace' ? `metrics/${metric}` : `${object.resource}/${object.name}/${metric}`;
  try {
    const list = await customMetrics(asking, path, { metricLabelSelector: metricSelector });
    const [item] = list.items ?? [];
    if (item?.value === undefined) throw new Error('no metrics returned from custom metrics API');
    return milli(item.value);
  } catch (error) {
    throw wrap(`unable to get metric ${metric}: ${object.kind} on ${asking.namespace} ${object.name}/unable to fetch metrics from custom metrics API`, error);
  }
}

/** The sum of an external metric. */
export async function externalMetric({ client, namespace, signal }: Asking, metric: string, selector: string): Promise<number> {
  try {
    const list = await fetchJson<CustomMetricsList>(client, `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${metric}`, { labelSelector: selector }, signal);
    const items = list.items ?? [];
    if (items.length === 0) throw new Error('no metrics returned from external metrics API');
    return items.reduce((total, item) => total + milli(item.value ?? '0'), 0);
  } catch (error) {
    throw wrap(`unable to get external metric ${namespace}/${metric}/${selector}: unable to fetch metrics from external metrics API`, error);
  }
}
