// The small plugins that fill in a new pod: DefaultTolerationSeconds, Priority and RuntimeClass.
import type { PriorityClass } from '#api/scheduling/v1.ts';
import type { RuntimeClass } from '#api/node/v1.ts';
import type { Toleration } from '#api/core/v1.ts';
import { forbidden } from '#machinery';
import type { AdmissionPlugin, KubeObject, ObjectReader } from '../contract.ts';
import { isPods, podOf } from './pod-shape.ts';

const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';

function tolerates(tolerations: readonly Toleration[], key: string): boolean {
  return tolerations.some((t) => (t.key === key || (t.key ?? '') === '') && (t.effect === 'NoExecute' || (t.effect ?? '') === ''));
}

/** Pods stay five minutes on a node that is not ready or unreachable, unless they say otherwise. */
export function defaultTolerationSeconds(notReadySeconds = 300, unreachableSeconds = 300): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    handles: (operation, resource, subresource) => (operation === 'CREATE' || operation === 'UPDATE') && isPods(resource) && subresource === '',
    mutate(request) {
      const pod = podOf(request);
      if (pod === undefined) return;
      const tolerations = pod.spec.tolerations ?? [];
      const added = [notReady, unreachable]
        .filter((key) => !tolerates(tolerations, key))
        .map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: key === notReady ? notReadySeconds : unreachableSeconds }));
      if (added.length > 0) pod.spec.tolerations = [...tolerations, ...added];
    },
  };
}

/** Resolves priorityClassName to a number and a preemption policy. */
export function priority(reader: ObjectReader): AdmissionPlugin {
  const classes = (): readonly (PriorityClass & KubeObject)[] => reader.list('scheduling.k8s.io', 'priorityclasses') as readonly (PriorityClass & KubeObject)[];
  return {
    name: 'Priority',
    handles: (operation, resource, subresource) =>
      subresource === '' && (operation === 'CREATE' || operation === 'UPDATE') && (isPods(resource) || (resource.group === 'scheduling.k8s.io' && resource.plural === 'priorityclasses')),
    mutate(request) {
      if (!isPods(request.resource)) return;
      const pod = podOf(request);
      if (pod === undefined) return;
      if (request.operation === 'UPDATE') {
        const old = request.oldObject as typeof pod | undefined;
        if (pod.spec.priority === undefined && old?.spec.priority !== undefined) pod.spec.priority = old.spec.priority;
        if (pod.spec.preemptionPolicy === undefined && old?.spec.preemptionPolicy !== undefined) pod.spec.preemptionPolicy = old.spec.preemptionPolicy;
        return;
      }
      const name = pod.spec.priorityClassName ?? '';
      // Of several global defaults the lowest counts, as upstream.
      const chosen =
        name === ''
          ? [...classes()].filter((c) => c.globalDefault === true).sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
          : (reader.get('scheduling.k8s.io', 'priorityclasses', '', name) as PriorityClass | undefined);
      if (chosen === undefined && name !== '') throw forbidden({ group: '', resource: 'pods' }, request.name, `no PriorityClass with name ${name} was found`);
      const value = chosen?.value ?? 0;
      if (pod.spec.priority !== undefined && pod.spec.priority !== value) {
        throw forbidden({ group: '', resource: 'pods' }, request.name, `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`);
      }
      pod.spec.priority = value;
      if (chosen !== undefined && name === '') pod.spec.priorityClassName = chosen.metadata?.name;
      const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
      if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy) {
        throw forbidden({ group: '', resource: 'pods' }, request.name, `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`);
      }
      pod.spec.preemptionPolicy = policy;
    },
    validate(request) {
      if (isPods(request.resource)) return;
      const wanted = request.object as (PriorityClass & KubeObject) | undefined;
      if (wanted?.globalDefault !== true) return;
      const other = classes().find((c) => c.globalDefault === true && c.metadata?.name !== wanted.metadata?.name);
      if (other !== undefined) {
        throw forbidden({ group: 'scheduling.k8s.io', resource: 'priorityclasses' }, request.name, `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`);
      }
    },
  };
}

/** Overhead, node selector and tolerations of the pod's RuntimeClass. */
export function runtimeClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    handles: (operation, resource, subresource) => operation === 'CREATE' && isPods(resource) && subresource === '',
    mutate(request) {
      const pod = podOf(request);
      const name = pod?.spec.runtimeClassName;
      if (pod === undefined || name === undefined || name === '') return;
      const found = reader.get('node.k8s.io', 'runtimeclasses', '', name) as RuntimeClass | undefined;
      if (found === undefined) throw forbidden({ group: '', resource: 'pods' }, request.name, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
      if (found.overhead?.podFixed !== undefined) {
        if (pod.spec.overhead !== undefined && JSON.stringify(pod.spec.overhead) !== JSON.stringify(found.overhead.podFixed)) {
          throw forbidden({ group: '', resource: 'pods' }, request.name, 'pod rejected: Pod\'s Overhead doesn\'t match RuntimeClass\'s defined Overhead');
        }
        pod.spec.overhead = { ...found.overhead.podFixed };
      }
      const selector = Object.entries(found.scheduling?.nodeSelector ?? {});
      for (const [key, value] of selector) {
        const own = pod.spec.nodeSelector?.[key];
        if (own !== undefined && own !== value) {
          throw forbidden({ group: '', resource: 'pods' }, request.name, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`);
        }
      }
      if (selector.length > 0) pod.spec.nodeSelector = { ...pod.spec.nodeSelector, ...Object.fromEntries(selector) };
      const own = new Set((pod.spec.tolerations ?? []).map((toleration) => JSON.stringify(toleration)));
      const extra = (found.scheduling?.tolerations ?? []).filter((toleration) => !own.has(JSON.stringify(toleration)));
      if (extra.length > 0) pod.spec.tolerations = [...(pod.spec.tolerations ?? []), ...extra];
    },
  };
}
