// A pod made from a workload's template, under a generated name and with its controller's reference.
import type { Pod, PodTemplateSpec } from '#api/core/v1.ts';
import type { ObjectMeta, OwnerReference } from '#api/meta/v1.ts';

const longestPrefix = 253;

/** "web-7d4b9c6f5d-": what the server lengthens to a name; without the dash when there is no room for it. */
export function podNamePrefix(owner: string): string {
  return owner.length + 1 <= longestPrefix ? `${owner}-` : owner;
}

export function podFromTemplate(template: PodTemplateSpec, owner: { readonly metadata?: ObjectMeta }, reference: OwnerReference): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: podNamePrefix(owner.metadata?.name ?? ''),
      namespace: owner.metadata?.namespace,
      labels: { ...labels },
      annotations: { ...annotations },
      ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
      ownerReferences: [reference],
    },
    ...(template.spec === undefined ? {} : { spec: structuredClone(template.spec) }),
  };
}
