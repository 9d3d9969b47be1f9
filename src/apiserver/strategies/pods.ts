// Pods: QoS class, scheduling gates, generation, graceful deletion, and the subresources that change parts of
// a running pod (status, ephemeralcontainers, resize).
import type { Container, Pod, PodCondition } from '#api/core/v1.ts';
import { ipWarnings, jsonEqual, oncePerTwin, podQos } from '#machinery';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { dropPodFields, dropPodStatusFields } from './disabled-fields.ts';
import { assignField, define, resetMetadataForStatus, selectable } from './strategy-table.ts';
import { hostnameWarnings, podSpecWarnings } from './warnings/pods.ts';

type PodObject = Stored<Pod>;

const qosOf = oncePerTwin<string>();
function bumpGeneration(object: Stored, old: Stored): void {
  if (jsonEqual(object.spec, old.spec)) {
    object.metadata.generation = old.metadata.generation;
    return;
  }
  object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function keepObservedGenerations(pod: PodObject, old: PodObject): void {
  const status = pod.status;
  if (status === undefined) return;
  if ((status.observedGeneration ?? 0) === 0 && old.status?.observedGeneration !== undefined) status.observedGeneration = old.status.observedGeneration;
  const seen = new Map<string, number[]>();
  for (const condition of old.status?.conditions ?? []) {
    const list = seen.get(condition.type) ?? [];
    list.push(condition.observedGeneration ?? 0);
    seen.set(condition.type, list);
  }
  for (const condition of status.conditions ?? []) {
    const before = seen.get(condition.type)?.shift() ?? 0;
    if ((condition.observedGeneration ?? 0) === 0 && before !== 0) condition.observedGeneration = before;
  }
}

function resized(containers: readonly Container[] | undefined, old: readonly Container[] | undefined): Container[] | undefined {
  if (!old || !containers) return containers as Container[] | undefined;
  if (containers.some((container, i) => container.name !== old[i]?.name)) return [...containers];
  return old.map((container, i) => {
    const merged = { ...container };
    const wanted = containers[i];
    if (wanted?.resources === undefined) delete merged.resources;
    else merged.resources = wanted.resources;
    if (wanted?.resizePolicy === undefined) delete merged.resizePolicy;
    else merged.resizePolicy = wanted.resizePolicy;
    return merged;
  });
}

function prepareResize(object: Stored, before: Stored): void {
  const pod = object as PodObject;
  const old = before as PodObject;
  const spec = pod.spec;
  const oldSpec = old.spec;
  if (spec === undefined || oldSpec === undefined) return;
  const sameShape = spec.containers?.length === oldSpec.containers?.length && (spec.initContainers?.length ?? 0) === (oldSpec.initContainers?.length ?? 0);
  if (sameShape) {
    const containers = resized(spec.containers, oldSpec.containers) ?? [];
    const initContainers = resized(spec.initContainers, oldSpec.initContainers);
    const { resources } = spec;
    pod.spec = { ...oldSpec, containers, ...(initContainers === undefined ? {} : { initContainers }) };
    if (resources) pod.spec.resources = resources;
    else delete pod.spec.resources;
    assignField(pod, 'status', old.status);
    resetMetadataForStatus(pod, old);
  }
  bumpGeneration(pod, old);
}

const gated: PodCondition = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
};

const fields = [
  'spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'spec.hostNetwork', 'status.phase',
  'status.podIP', 'status.nominatedNodeName',
];

export const pods: Strategy = define(
  selectable(fields, { 'spec.hostNetwork': 'false' }),
  {
    returnsDeleted: true,
    comesFromTemplates: true,
    fieldAliases: { 'spec.host': 'spec.nodeName', 'status.podIPs': 'status.podIP' },
    prepareCreate(object) {
      const pod = object as PodObject;
      pod.metadata.generation = 1;
      const spec = pod.spec;
      dropPodFields(spec, undefined);
      const qosClass = pod.status?.qosClass ?? (spec === undefined ? undefined : qosOf(spec, () => podQos(spec)));
      pod.status = { phase: 'Pending', ...(qosClass === undefined ? {} : { qosClass }) };
      if ((spec?.schedulingGates?.length ?? 0) > 0) pod.status.conditions = [{ ...gated }];
    },
    prepareUpdate(object, old) {
      assignField(object, 'status', old.status);
      dropPodFields((object as PodObject).spec, (old as PodObject).spec);
      bumpGeneration(object, old);
    },
    // Updates are not worth it: people seldom write pods, and programs often.
    warnings(object, old) {
      const { spec, metadata } = object as PodObject;
      return old !== undefined || spec === undefined ? [] : [...hostnameWarnings(metadata.name ?? '', "the Pod's hostname"), ...podSpecWarnings(spec, metadata, '')];
    },
    subresources: {
      status: {
        prepare(object, before) {
          const pod = object as PodObject;
          const old = before as PodObject;
          assignField(pod, 'spec', old.spec);
          delete pod.metadata.deletionTimestamp;
          pod.metadata.ownerReferences = old.metadata.ownerReferences;
          if (pod.status !== undefined && pod.status.qosClass === undefined && old.status?.qosClass !== undefined) pod.status.qosClass = old.status.qosClass;
          keepObservedGenerations(pod, old);
          dropPodStatusFields(pod, old);
        },
        warnings: (object) => (['podIPs', 'hostIPs'] as const).flatMap((field) =>
          ((object as PodObject).status?.[field] ?? []).flatMap(({ ip }, i) => ipWarnings(ip ?? '', `status.${field}[${i}].ip`)),
        ),
      },
      ephemeralcontainers: {
        prepare(object, before) {
          const pod = object as PodObject;
          const old = before as PodObject;
          const wanted = pod.spec?.ephemeralContainers;
          const { ephemeralContainers: _old, ...spec } = old.spec ?? { containers: [] };
          pod.spec = wanted === undefined ? spec : { ...spec, ephemeralContainers: wanted };
          assignField(pod, 'status', old.status);
          resetMetadataForStatus(pod, old);
          dropPodFields(pod.spec, old.spec);
          bumpGeneration(pod, old);
        },
      },
      resize: { prepare: prepareResize },
    },
    gracePeriod(object, options) {
      const pod = object as PodObject;
      const finished = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
      if ((pod.spec?.nodeName ?? '') === '' || finished) return 0;
      const seconds = options.gracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 0;
      return seconds < 0 ? 1 : seconds;
    },
  },
);
