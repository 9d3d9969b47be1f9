// Plugins about nodes: TaintNodesByCondition (a new node is not ready until it says so) and NodeRestriction (a
// kubelet may write only its own Node, Lease and CSINode and the pods bound to it).
import type { Node, Pod, Taint } from '#api/core/v1.ts';
import { forbidden } from '#machinery';
import { nodeOf } from '../authz/node.ts';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, ObjectReader } from '../contract.ts';

const notReadyTaint: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** The taint goes when the node lifecycle controller sees a Ready condition. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: (operation, resource, subresource) => operation === 'CREATE' && resource.group === '' && resource.plural === 'nodes' && subresource === '',
  mutate(request) {
    const node = request.object as (Node & KubeObject) | undefined;
    if (node === undefined) return;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (!taints.some((t) => t.key === notReadyTaint.key && t.effect === notReadyTaint.effect)) node.spec.taints = [...taints, { ...notReadyTaint }];
  },
};

const kubeletLabels = new Set([
  'kubernetes.io/hostname', 'kubernetes.io/arch', 'kubernetes.io/os', 'beta.kubernetes.io/arch', 'beta.kubernetes.io/os',
  'node.kubernetes.io/instance-type', 'beta.kubernetes.io/instance-type', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region',
]);

function isReservedLabel(key: string): boolean {
  const at = key.indexOf('/');
  if (at < 0) return false;
  const domain = key.slice(0, at);
  const reserved = ['kubernetes.io', 'k8s.io'].some((d) => domain === d || domain.endsWith(`.${d}`));
  if (!reserved || kubeletLabels.has(key)) return false;
  return !(domain === 'kubelet.kubernetes.io' || domain.endsWith('.kubelet.kubernetes.io') || domain === 'node.kubernetes.io' || domain.endsWith('.node.kubernetes.io'));
}

function changedLabels(object: KubeObject | undefined, old: KubeObject | undefined): string[] {
  const now = object?.metadata?.labels ?? {};
  const before = old?.metadata?.labels ?? {};
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
}

function refuse(request: AdmissionRequest, message: string): Error {
  return forbidden({ group: request.resource.group, resource: request.resource.plural }, request.name, message);
}

function checkPod(node: string, request: AdmissionRequest, reader: ObjectReader): void {
  const pod = request.object as (Pod & KubeObject) | undefined;
  const stored = (request.oldObject ?? reader.get('', 'pods', request.namespace, request.name)) as Pod | undefined;
  const bound = stored?.spec?.nodeName === node;
  if (request.operation === 'CREATE' && request.subresource === '') {
    if (pod?.metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined) {
      throw refuse(request, `pod does not have "kubernetes.io/config.mirror" annotation, node ${JSON.stringify(node)} can only create mirror pods`);
    }
    if (pod.spec?.nodeName !== node) throw refuse(request, `node ${JSON.stringify(node)} can only create pods with spec.nodeName set to itself`);
    if ((pod.spec.serviceAccountName ?? '') !== '') throw refuse(request, `node ${JSON.stringify(node)} can not create pods that reference a service account`);
    return;
  }
  if (request.subresource === 'eviction') {
    if (stored !== undefined && !bound) throw refuse(request, `node ${JSON.stringify(node)} can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (request.operation === 'DELETE') {
    if (stored !== undefined && !bound) throw refuse(request, `node ${JSON.stringify(node)} can only delete pods with spec.nodeName set to itself`);
    return;
  }
  if (request.operation === 'UPDATE') {
    if (request.subresource !== 'status') throw refuse(request, `node ${JSON.stringify(node)} can not update pods, only their status`);
    if (!bound) throw refuse(request, `node ${JSON.stringify(node)} can only update pod status for pods with spec.nodeName set to itself`);
    if (changedLabels(request.object, request.oldObject).length > 0) throw refuse(request, `node ${JSON.stringify(node)} cannot update labels through pod status`);
  }
}

function checkNode(node: string, request: AdmissionRequest): void {
  const name = request.operation === 'CREATE' ? (request.object?.metadata?.name ?? request.name) : request.name;
  if (name !== node) throw refuse(request, `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`);
  if (request.operation === 'DELETE') throw refuse(request, `node ${JSON.stringify(node)} is not allowed to delete itself`);
  const reserved = changedLabels(request.object, request.oldObject).filter(isReservedLabel);
  if (reserved.length > 0) throw refuse(request, `is not allowed to modify labels: ${reserved.sort().join(', ')}`);
  if (request.operation === 'UPDATE' && request.subresource === '') {
    const taints = (object: KubeObject | undefined): string => JSON.stringify((object as Node | undefined)?.spec?.taints ?? []);
    if (taints(request.object) !== taints(request.oldObject)) throw refuse(request, `node ${JSON.stringify(node)} is not allowed to modify taints`);
  }
}

export function nodeRestriction(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: (operation) => operation !== 'CONNECT',
    validate(request) {
      const node = nodeOf(request.user);
      if (node === undefined) return;
      if (node === '') throw refuse(request, `could not determine node from user ${JSON.stringify(request.user.name)}`);
      const { group, plural } = request.resource;
      if (group === '' && plural === 'pods') return checkPod(node, request, reader);
      if (group === '' && plural === 'nodes') return checkNode(node, request);
      if (group === 'coordination.k8s.io' && plural === 'leases') {
        const name = request.operation === 'CREATE' ? (request.object?.metadata?.name ?? '') : request.name;
        if (request.namespace !== 'kube-node-lease' || name !== node) throw refuse(request, `can only access node lease with the same name as the requesting node`);
      }
      if (group === '' && plural === 'serviceaccounts' && request.subresource === 'token') {
        const ref = (request.object as { spec?: { boundObjectRef?: { kind?: string; name?: string; uid?: string } } } | undefined)?.spec?.boundObjectRef;
        if (ref?.kind !== 'Pod' || (ref.name ?? '') === '' || (ref.uid ?? '') === '') throw refuse(request, 'node requested token not bound to a pod');
        const pod = reader.get('', 'pods', request.namespace, ref.name ?? '') as Pod | undefined;
        if (pod?.metadata?.uid !== ref.uid) throw refuse(request, `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
        if (pod?.spec?.nodeName !== node) throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
      }
    },
  };
}
