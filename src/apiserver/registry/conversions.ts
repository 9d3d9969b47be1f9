// Conversions between versions of one stored kind. Three change the shape: events.k8s.io/v1 Event is stored as core/v1
// Event, autoscaling/v1 HorizontalPodAutoscaler as autoscaling/v2, and resource.k8s.io/v1beta1 nests differently. The
// other alpha and beta versions have the stored version's shape and differ in apiVersion alone.
import { allResources, apiVersionOf } from '#api/resources.ts';
import { horizontalPodAutoscalerToV1, horizontalPodAutoscalerToV2 } from './conversions-autoscaling.ts';
import { resourceConversions } from './conversions-resource.ts';
import type { KubeObject } from '../contract.ts';

type Conversion = (object: KubeObject) => KubeObject;

/** core/v1 field → events.k8s.io/v1 field. */
const eventFields: readonly (readonly [string, string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

/** What core/v1 always shows, and events.k8s.io/v1 when it says something. */
const shownWhenSet = new Set(['reportingController', 'reportingInstance']);

function renamed(object: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const result: KubeObject = {};
  for (const [name, value] of Object.entries(object)) {
    const renamedTo = names.get(name) ?? name;
    if (value !== '' || !shownWhenSet.has(renamedTo)) result[renamedTo] = value;
  }
  result.apiVersion = apiVersion;
  return result;
}

const toEventsV1 = new Map(eventFields);
const toCoreV1 = new Map(eventFields.map(([core, events]) => [events, core] as const));

const conversions: Readonly<Record<string, Conversion>> = {
  'core.v1.Event>events.v1.Event': (object) => renamed(object, toEventsV1, 'events.k8s.io/v1'),
  'events.v1.Event>core.v1.Event': (object) => renamed(object, toCoreV1, 'v1'),
  'autoscaling.v1.HorizontalPodAutoscaler>autoscaling.v2.HorizontalPodAutoscaler': horizontalPodAutoscalerToV2,
  'autoscaling.v2.HorizontalPodAutoscaler>autoscaling.v1.HorizontalPodAutoscaler': horizontalPodAutoscalerToV1,
  ...resourceConversions,
};

const apiVersions = new Map(allResources.map((info) => [info.type, apiVersionOf(info)]));

/** Group and kind of a type, without its version: "networking.IPAddress". */
function unversioned(type: string): string {
  const [pkg = '', , kind = ''] = type.split('.');
  return `${pkg}.${kind}`;
}

/** The object in another version. Shares what it does not change. */
export function convert(from: string, to: string, object: KubeObject): KubeObject {
  if (from === to) return object;
  const conversion = conversions[`${from}>${to}`];
  if (conversion !== undefined) return conversion(object);
  const apiVersion = apiVersions.get(to);
  if (apiVersion === undefined || unversioned(from) !== unversioned(to)) throw new Error(`no conversion from ${from} to ${to}`);
  return { ...object, apiVersion };
}

/** Are these two versions of one kind? */
export function isConvertible(from: string, to: string): boolean {
  return from === to || conversions[`${from}>${to}`] !== undefined;
}

/** Renames a field path of one version to that of the stored one, for field selectors. */
export function storedFieldPath(type: string | undefined, path: string): string {
  if (type !== 'events.v1.Event') return path;
  const [head = '', ...rest] = path.split('.');
  return [toCoreV1.get(head) ?? head, ...rest].join('.');
}
