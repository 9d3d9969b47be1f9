// The trust bundle of the signer kubernetes.io/kube-apiserver-serving: by which pods verify the API server. Its name is
// that of its content, so that another CA means another object; those of before go.
import { createHash } from 'node:crypto';
import type { ClusterTrustBundle } from '#api/certificates/v1beta1.ts';

export const signerName = 'kubernetes.io/kube-apiserver-serving';

export interface BundleActions {
  /** To create, or with the name of an existing one to update. */
  readonly write: ClusterTrustBundle | undefined;
  readonly remove: readonly string[];
}

export function bundleName(rootCa: string): string {
  return `${signerName.replaceAll('/', ':')}:${createHash('sha256').update(rootCa).digest('hex').slice(0, 24)}`;
}

/** @param existing all bundles of the signer. */
export function reconcile(existing: readonly ClusterTrustBundle[], rootCa: string): BundleActions {
  const name = bundleName(rootCa);
  const found = existing.find((bundle) => bundle.metadata?.name === name);
  const fresh: ClusterTrustBundle = { apiVersion: 'certificates.k8s.io/v1beta1', kind: 'ClusterTrustBundle', metadata: { name }, spec: { signerName, trustBundle: rootCa } };
  const wanted = found === undefined ? fresh : found.spec.trustBundle === rootCa ? undefined : { ...found, spec: { ...found.spec, trustBundle: rootCa } };
  return { write: wanted, remove: existing.map((bundle) => bundle.metadata?.name ?? '').filter((each) => each !== name) };
}
