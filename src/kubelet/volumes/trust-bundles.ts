// Files of trust bundles in projected volumes (KEP-3257): the anchors of one bundle by its name, or of all bundles of a
// signer that a selector picks, each anchor once. They are asked for whenever the volume is refreshed. Only clusters that
// serve trust bundles have them.
import type { ClusterTrustBundle } from '#api/certificates/v1beta1.ts';
import type { ClusterTrustBundleProjection } from '#api/core/v1.ts';
import { wrap } from '#base/errors.ts';
import type { Client } from '#client';
import { isNotFound, selectorFromObject, StatusError } from '#machinery';
import { pemBlocks, pemEncode } from '#wire';

const kindName = 'clustertrustbundles.v1beta1.certificates.k8s.io';

/** Sorted by content, so that the file stays as it is while the bundles do. */
export function anchorsOf(bundles: readonly ClusterTrustBundle[]): string {
  const anchors = bundles.flatMap(({ spec }) => pemBlocks(spec?.trustBundle ?? '').map(({ der }) => pemEncode('CERTIFICATE', der)));
  return [...new Set(anchors)].sort().join('');
}

/** A server that has no trust bundles at all answers 404 too. */
function isMissing(error: unknown): boolean {
  return isNotFound(error) && error instanceof StatusError && error.status.details?.kind === 'clustertrustbundles';
}

async function named(client: Client, name: string, optional: boolean): Promise<string> {
  try {
    return anchorsOf([await client.resource<ClusterTrustBundle>(kindName).get(name)]);
  } catch (error) {
    if (optional && isMissing(error)) return '';
    throw wrap('while getting ClusterTrustBundle', error);
  }
}

/** PEM of the anchors that the source names; '' for an optional one that is not there. */
export async function trustAnchors(client: Client, source: ClusterTrustBundleProjection): Promise<string> {
  const optional = source.optional === true;
  if (typeof source.name === 'string') return named(client, source.name, optional);
  if (typeof source.signerName !== 'string') throw new Error('ClusterTrustBundle projection requires either name or signerName to be set');
  // Without a selector nothing is picked, with an empty one everything.
  const selector = selectorFromObject(source.labelSelector);
  const { items } = await client.resource<ClusterTrustBundle>(kindName).list({ fieldSelector: `spec.signerName=${source.signerName}` });
  const picked = items.filter(({ metadata }) => selector.matches(metadata?.labels ?? {}));
  if (picked.length === 0 && !optional) throw new Error('combination of signerName and labelSelector matched zero ClusterTrustBundles');
  return anchorsOf(picked);
}
