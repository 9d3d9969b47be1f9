// TaintNodesByCondition: a new node is not ready until it says so. The taint goes when the node lifecycle controller sees
// a Ready condition.
import type { Node, Taint } from '#api/core/v1.ts';
import type { AdmissionPlugin, KubeObject } from '../contract.ts';

const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: (operation, resource, subresource) => operation === 'CREATE' && resource.group === '' && resource.plural === 'nodes' && subresource === '',
  mutate(request) {
    const node = request.object as (Node & KubeObject) | undefined;
    if (node === undefined) return;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (!taints.some((taint) => taint.key === notReady.key && taint.effect === notReady.effect)) node.spec.taints = [...taints, { ...notReady }];
  },
};
