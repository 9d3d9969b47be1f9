// Plugins that judge changes of running pods by their node: PodResizeValidator (a resize fits the node at all) and
// NodeDeclaredFeatureValidator (the node says that it can do what the change needs, KEP-5328).
import type { Node, Pod } from '#api/core/v1.ts';
import { compareQuantity, jsonEqual, parseQuantity, quantityMilliValue, quantityOf, quantityValue, quotaUsage } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../contract.ts';
import { isPods } from './pod-shape.ts';
import { refused } from './refused.ts';

function pair(request: AdmissionRequest): { pod: Pod; old: Pod } | undefined {
  const { object: pod, oldObject: old } = request as { object?: Pod; oldObject?: Pod };
  if (pod === undefined || old === undefined || (pod.spec?.nodeName ?? '') === '') return undefined;
  return pod.metadata?.generation === old.metadata?.generation ? undefined : { pod, old };
}

function nodeNamed(request: AdmissionRequest, reader: ObjectReader, name: string): Node {
  const node = reader.get('', 'nodes', '', name);
  if (node === undefined) throw refused(request, `node ${JSON.stringify(name)} not found`);
  return node as Node;
}

function caused(request: AdmissionRequest, message: string, reason: string): Error {
  const refusal = refused(request, message);
  refusal.status.details = { ...refusal.status.details, causes: [...(refusal.status.details?.causes ?? []), { reason }] };
  return refusal;
}

export function podResizeValidator(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    handles: (operation, resource, subresource) => operation === 'UPDATE' && isPods(resource) && subresource === 'resize',
    validate(request) {
      const pods = pair(request);
      if (pods === undefined) return;
      const node = nodeNamed(request, reader, pods.pod.spec?.nodeName ?? '');
      const os = node.metadata?.labels?.['kubernetes.io/os'];
      if (os !== undefined && os !== 'linux') throw caused(request, `pod resize is only supported on linux nodes, node ${JSON.stringify(node.metadata?.name ?? '')} is ${JSON.stringify(os)}`, 'UnsupportedPlatform');
      const requests = quotaUsage('pods', { ...request.object }, 0);
      const zero = quantityOf(0);
      const tooMuch = [['cpu', quantityMilliValue], ['memory', quantityValue]] as const;
      const texts = tooMuch.flatMap(([name, show]) => {
        const wanted = requests.get(`requests.${name}`) ?? zero;
        const there = parseQuantity(node.status?.allocatable?.[name] ?? '0');
        return compareQuantity(wanted, there) > 0 ? [`${name}, requested: ${show(wanted)}, allocatable: ${show(there)}`] : [];
      });
      if (texts.length > 0) throw caused(request, `node didn't have enough allocatable resources: ${texts.join('; ')}`, 'NodeCapacity');
    },
  };
}

const features: Readonly<Record<string, (pod: Pod, old: Pod) => boolean>> = {
  InPlacePodVerticalScalingInitContainers: (pod, old) =>
    (old.spec?.initContainers ?? []).some((container, at) => container.restartPolicy !== 'Always' && !jsonEqual(container.resources ?? null, pod.spec?.initContainers?.[at]?.resources ?? null)),
  InPlacePodLevelResourcesVerticalScaling: (pod, old) => !jsonEqual(pod.spec?.resources ?? null, old.spec?.resources ?? null),
};

export function nodeDeclaredFeatureValidator(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NodeDeclaredFeatureValidator',
    handles: (operation, resource, subresource) => operation === 'UPDATE' && isPods(resource) && (subresource === '' || subresource === 'resize'),
    validate(request) {
      const pods = pair(request);
      if (pods === undefined) return;
      const needed = Object.entries(features).filter(([, isNeeded]) => isNeeded(pods.pod, pods.old)).map(([name]) => name);
      if (needed.length === 0) return;
      const node = nodeNamed(request, reader, pods.pod.spec?.nodeName ?? '');
      const missing = needed.filter((name) => node.status?.declaredFeatures?.includes(name) !== true);
      if (missing.length > 0) throw refused(request, `pod update requires features ${missing.join(', ')} which are not available on node ${JSON.stringify(node.metadata?.name ?? '')}`);
    },
  };
}
