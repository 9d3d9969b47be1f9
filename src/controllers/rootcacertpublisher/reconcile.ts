// The ConfigMap kube-root-ca.crt, by which pods verify the API server.
import type { ConfigMap, Namespace } from '#api/core/v1.ts';
import { sameValue } from '../same-value.ts';

export const configMapName = 'kube-root-ca.crt';
const descriptionAnnotation = 'kubernetes.io/description';
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
  'No other usage is guaranteed across distributions of Kubernetes clusters.';

/** The ConfigMap to create or to update; undefined when all is well or the namespace is no more. */
export function reconcile(namespace: Namespace | undefined, existing: ConfigMap | undefined, rootCa: string): ConfigMap | undefined {
  if (namespace === undefined || namespace.status?.phase === 'Terminating') return undefined;
  const data = { 'ca.crt': rootCa };
  const described = (existing?.metadata?.annotations?.[descriptionAnnotation] ?? '') !== '';
  if (existing !== undefined && described && sameValue(existing.data, data)) return undefined;
  return {
    ...existing,
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...existing?.metadata,
      name: configMapName,
      namespace: namespace.metadata?.name,
      annotations: { ...existing?.metadata?.annotations, [descriptionAnnotation]: description },
    },
    data,
  };
}
