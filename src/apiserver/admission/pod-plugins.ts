// Plugins about pods that are off by default, or small: AlwaysPullImages, LimitPodHardAntiAffinityTopology,
// ExtendedResourceToleration, PodTopologyLabels, PodNodeSelector, PodTolerationRestriction.
import type { Container, Pod, PodSpec, Toleration } from '#api/core/v1.ts';
import { forbidden, notFound, parseLabelSelector, type StatusError } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import { containersOf, isPods, podOf, type PodObject } from './pod-shape.ts';
import { refused } from './refused.ts';

const whole = (operations: readonly string[]): AdmissionPlugin['handles'] => (operation, resource, subresource) => operations.includes(operation) && isPods(resource) && subresource === '';

function everyContainer(spec: PodSpec): readonly Container[] {
  return [...(spec.initContainers ?? []), ...containersOf(spec), ...(spec.ephemeralContainers ?? [])];
}

function imagesOf(object: KubeObject | undefined): ReadonlySet<string> {
  const spec = (object as Pod | undefined)?.spec;
  return new Set([...(spec === undefined ? [] : everyContainer(spec).map((container) => container.image ?? '')), ...(spec?.volumes ?? []).flatMap((volume) => volume.image?.reference ?? [])]);
}

/** Images of other tenants on the node cannot be used without the right to pull them. */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  handles: whole(['CREATE', 'UPDATE']),
  mutate(request) {
    const pod = podOf(request);
    if (pod === undefined || changesNoImage(request)) return;
    for (const container of everyContainer(pod.spec)) container.imagePullPolicy = 'Always';
    for (const volume of pod.spec.volumes ?? []) if (volume.image !== undefined) volume.image.pullPolicy = 'Always';
  },
  validate(request) {
    const pod = podOf(request);
    if (pod === undefined || changesNoImage(request)) return;
    const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;
    for (const list of lists) {
      for (const [at, container] of (pod.spec[list] ?? []).entries()) {
        if (container.imagePullPolicy !== 'Always') throw refused(request, `spec.${list}[${at}].imagePullPolicy: Unsupported value: ${JSON.stringify(container.imagePullPolicy ?? '')}: supported values: "Always"`);
      }
    }
  },
};

function changesNoImage({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE') return false;
  const before = imagesOf(oldObject);
  return [...imagesOf(object)].every((image) => before.has(image));
}

export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: whole(['CREATE', 'UPDATE']),
  validate(request) {
    const pod = podOf(request);
    for (const { topologyKey } of pod?.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
      if (topologyKey !== 'kubernetes.io/hostname') {
        throw forbidden({ group: '', resource: 'pods' }, pod?.metadata.name ?? '', `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${topologyKey} but only key kubernetes.io/hostname is allowed`);
      }
    }
  },
};

function isExtended(name: string): boolean {
  return name.includes('/') && !name.startsWith('requests.') && !/(^|\.)kubernetes\.io\//.test(name);
}

/** Who asks for a device may run on the nodes that are kept for it. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  handles: whole(['CREATE', 'UPDATE']),
  mutate(request) {
    const pod = podOf(request);
    if (pod === undefined) return;
    const names = new Set([...containersOf(pod.spec), ...(pod.spec.initContainers ?? [])].flatMap((container) => Object.keys(container.resources?.requests ?? {}).filter(isExtended)));
    const tolerated = new Set((pod.spec.tolerations ?? []).filter(({ key: _key, operator, ...rest }) => operator === 'Exists' && Object.keys(rest).length === 0).map(({ key }) => key));
    const added = [...names].sort().map((key): Toleration => ({ key, operator: 'Exists' })).filter(({ key }) => !tolerated.has(key));
    if (added.length > 0) pod.spec.tolerations = [...(pod.spec.tolerations ?? []), ...added];
  },
};

const topologyLabels = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'];

/** A pod knows its node's zone and region by its own labels (KEP-4742). */
export function podTopologyLabels(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    handles: (operation, resource, subresource) => operation === 'CREATE' && isPods(resource) && (subresource === '' || subresource === 'binding'),
    mutate(request) {
      const { object } = request;
      if (object === undefined) return;
      const target = object.target as { kind?: string; name?: string } | undefined;
      if (request.subresource === 'binding' && target?.kind !== 'Node' && (target?.kind ?? '') !== '') return;
      const nodeName = request.subresource === 'binding' ? target?.name : (object as Pod).spec?.nodeName;
      const labels = nodeName === undefined || nodeName === '' ? undefined : reader.get('', 'nodes', '', nodeName)?.metadata?.labels;
      const copied = topologyLabels.flatMap((key) => (labels?.[key] === undefined ? [] : [[key, labels[key]]]));
      if (copied.length > 0) object.metadata = { ...object.metadata, labels: { ...object.metadata?.labels, ...(Object.fromEntries(copied) as Record<string, string>) } };
    },
  };
}

type Lookup = Pick<ObjectWriter, 'lookup'>;

async function namespaceOf(request: AdmissionRequest, reader: ObjectReader, writer: Lookup): Promise<KubeObject> {
  const found = reader.get('', 'namespaces', '', request.namespace) ?? (await writer.lookup('', 'namespaces', '', request.namespace));
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, request.namespace);
  return found;
}

function labelsOf(selector: string): Record<string, string> {
  return Object.fromEntries(parseLabelSelector(selector).requirements.map(({ key, values }) => [key, values[0] ?? '']));
}

/** A namespace's pods run on its nodes. @param selectors by namespace, and "clusterDefaultNodeSelector". */
export function podNodeSelector(reader: ObjectReader, writer: Lookup, selectors: Readonly<Record<string, string>> = {}): AdmissionPlugin {
  const wantedOf = async (request: AdmissionRequest): Promise<Record<string, string>> => {
    const { annotations } = (await namespaceOf(request, reader, writer)).metadata ?? {};
    return labelsOf(annotations?.['scheduler.alpha.kubernetes.io/node-selector'] ?? selectors.clusterDefaultNodeSelector ?? '');
  };
  const check = async (request: AdmissionRequest, pod: PodObject): Promise<Record<string, string>> => {
    const wanted = await wantedOf(request);
    const own = pod.spec.nodeSelector ?? {};
    if (Object.entries(wanted).some(([key, value]) => own[key] !== undefined && own[key] !== value)) throw refused(request, 'pod node label selector conflicts with its namespace node label selector');
    return wanted;
  };
  return {
    name: 'PodNodeSelector',
    handles: whole(['CREATE']),
    async mutate(request) {
      const pod = podOf(request);
      if (pod !== undefined) pod.spec.nodeSelector = { ...(await check(request, pod)), ...pod.spec.nodeSelector };
    },
    async validate(request) {
      const pod = podOf(request);
      if (pod === undefined) return;
      await check(request, pod);
      const allowed = labelsOf(selectors[request.namespace] ?? '');
      const isSubset = Object.keys(allowed).length === 0 || Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => allowed[key] === value);
      if (!isSubset) throw refused(request, 'pod node label selector labels conflict with its namespace whitelist');
    },
  };
}

export interface PodTolerationSettings {
  readonly default?: readonly Toleration[];
  readonly whitelist?: readonly Toleration[];
}

function tolerationsIn(namespace: KubeObject, name: string): readonly Toleration[] | undefined {
  const text = namespace.metadata?.annotations?.[`scheduler.alpha.kubernetes.io/${name}`];
  if (text === undefined) return undefined;
  return text === '' ? [] : (JSON.parse(text) as Toleration[]);
}

function isSuperset(wide: Toleration, narrow: Toleration): boolean {
  const operator = (t: Toleration): string => (t.operator === undefined || t.operator === '' ? 'Equal' : t.operator);
  if ((wide.key ?? '') !== '' && wide.key !== narrow.key) return false;
  if ((wide.key ?? '') === '' && operator(wide) !== 'Exists') return false;
  if ((wide.effect ?? '') !== '' && wide.effect !== narrow.effect) return false;
  if (wide.effect === 'NoExecute') {
    if (wide.tolerationSeconds !== undefined && (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds)) return false;
  }
  return operator(wide) === 'Exists' || (operator(narrow) === 'Equal' && (wide.value ?? '') === (narrow.value ?? ''));
}

/** What a toleration must say to be as wide as one of the others: each of its parts or nothing of it. */
function partsOf({ key = '', effect = '', operator = '', value = '' }: Toleration): string {
  return JSON.stringify(operator === 'Exists' ? [key, effect, operator] : [key, effect, operator === '' ? 'Equal' : operator, value]);
}

/** Finds among many tolerations the one that covers another: of those that differ in their seconds alone the widest, the first of equals. */
function coverOf(tolerations: readonly Toleration[]): (narrow: Toleration) => Toleration[] {
  const widest = new Map<string, Toleration>();
  for (const toleration of tolerations) {
    const parts = partsOf(toleration);
    const known = widest.get(parts);
    if (known === undefined || !isSuperset(known, toleration)) widest.set(parts, toleration);
  }
  return (narrow) => {
    const keys = new Set(['', narrow.key ?? '']);
    const effects = new Set(['', narrow.effect ?? '']);
    return [...keys].flatMap((key) => [...effects].flatMap((effect) => (['Exists', 'Equal', 'Lt', 'Gt'] as const).flatMap((operator) => {
      const wide = widest.get(partsOf({ key, effect, operator, ...(narrow.value === undefined ? {} : { value: narrow.value }) }));
      return wide !== undefined && isSuperset(wide, narrow) ? [wide] : [];
    })));
  };
}

function merged(own: readonly Toleration[], more: readonly Toleration[]): Toleration[] {
  const all = [...own, ...more];
  const places = new Map(all.toReversed().map((toleration, i) => [toleration, all.length - 1 - i]));
  const covers = coverOf(all);
  return all.filter((toleration, at) => !covers(toleration).some((other) => other !== toleration && (!isSuperset(toleration, other) || (places.get(other) ?? 0) < at)));
}

function isBestEffort(spec: PodSpec): boolean {
  const has = (amounts: Readonly<Record<string, unknown>> | undefined): boolean => amounts?.cpu !== undefined || amounts?.memory !== undefined;
  return ![...spec.containers, ...(spec.initContainers ?? []), { resources: spec.resources }].some(({ resources }) => has(resources?.requests) || has(resources?.limits));
}

/** What a namespace's pods tolerate by default, and at most. */
export function podTolerationRestriction(reader: ObjectReader, writer: Lookup, settings: PodTolerationSettings = {}): AdmissionPlugin {
  return {
    name: 'PodTolerationRestriction',
    handles: whole(['CREATE', 'UPDATE']),
    async mutate(request) {
      const pod = podOf(request);
      if (pod === undefined) return;
      const added = request.operation === 'CREATE' ? [...(tolerationsIn(await namespaceOf(request, reader, writer), 'defaultTolerations') ?? settings.default ?? [])] : [];
      if (!isBestEffort(pod.spec)) added.push({ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' });
      if (added.length > 0) pod.spec.tolerations = merged(pod.spec.tolerations ?? [], added);
    },
    async validate(request) {
      const own = podOf(request)?.spec.tolerations ?? [];
      if (own.length === 0) return;
      const ofNamespace = tolerationsIn(await namespaceOf(request, reader, writer), 'tolerationsWhitelist');
      const allowed = ofNamespace ?? settings.whitelist ?? [];
      const covers = coverOf(allowed);
      if (allowed.length === 0 || own.every((toleration) => covers(toleration).length > 0)) return;
      throw conflictWith(request, ofNamespace === undefined ? 'cluster' : 'namespace');
    },
  };
}

function conflictWith(request: AdmissionRequest, scope: string): StatusError {
  return refused(request, `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`);
}
