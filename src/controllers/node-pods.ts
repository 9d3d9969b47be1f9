// Pods by the node they are bound to: one index on the shared pod informer.
import type { Pod } from '#api/core/v1.ts';
import type { Informer } from '#client';

const indexName = 'nodeName';

/** Adds the index; once per informer, however many controllers ask. */
export function indexByNode(pods: Informer<Pod>): void {
  pods.addIndex(indexName, (pod) => (pod.spec?.nodeName === undefined || pod.spec.nodeName === '' ? [] : [pod.spec.nodeName]));
}

export function podsOnNode(pods: Informer<Pod>, node: string): readonly Pod[] {
  return pods.byIndex(indexName, node);
}
