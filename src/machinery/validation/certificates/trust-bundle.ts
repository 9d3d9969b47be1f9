// ClusterTrustBundles (KEP-3257): the name carries the signer, and the bundle is CA certificates and nothing else. What
// is stored is not looked into again, since readers of certificates become stricter with time.
import type { ClusterTrustBundle } from '#api/certificates/v1beta1.ts';
import { X509Certificate } from 'node:crypto';
import { addAll, invalidValue, tooLong, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain, type NameRule } from '../../names.ts';
import { checkSignerName } from '../core/fields.ts';
import { immutable, validateObjectMeta, validateObjectMetaUpdate } from '../meta/object-meta.ts';
import { kind } from '../validator.ts';
import { pemWalk } from './pem.ts';

const longestBundle = 1024 * 1024;
const path = 'spec.trustBundle';

/** The name of a bundle of this signer; of none when that is ''. */
export function trustBundleName(signerName: string): NameRule {
  return (name, prefix) => {
    if (signerName === '') return name.includes(':') ? ['ClusterTrustBundle without signer name must not have ":" in its name'] : nameIsSubdomain(name, prefix);
    const head = `${signerName.replaceAll('/', ':')}:`;
    return name.startsWith(head) ? nameIsSubdomain(name.slice(head.length), prefix) : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${head}`];
  };
}

function anchorProblem(bytes: Buffer): string | undefined {
  try {
    return new X509Certificate(bytes).ca ? undefined : 'does not have the CA bit set';
  } catch {
    return 'does not parse as X.509';
  }
}

function checkAnchors(text: string): FieldError[] {
  if (Buffer.byteLength(text) > longestBundle) return [tooLong(path, '', longestBundle)];
  const errors: FieldError[] = [];
  const problem = (detail: string): void => void errors.push(invalidValue(path, '<value omitted>', detail));
  const places = new Map<string, number[]>();
  for (const [i, { label, hasHeaders, bytes }] of pemWalk(text).entries()) {
    const told = label !== 'CERTIFICATE' ? `has bad block type: ${label}` : hasHeaders ? 'has PEM block headers' : anchorProblem(bytes);
    if (told !== undefined) {
      problem(`entry ${i} ${told}`);
      continue;
    }
    const key = bytes.toString('latin1');
    places.set(key, [...(places.get(key) ?? []), i]);
  }
  if (errors.length > 0) return errors;
  if (places.size === 0) problem('at least one trust anchor must be provided');
  for (const at of places.values()) if (at.length > 1) problem(`duplicate trust anchor (indices [${at.join(' ')}])`);
  return errors;
}

function checkBundle(bundle: ClusterTrustBundle, bundleIsKnown: boolean): FieldError[] {
  const { signerName = '', trustBundle = '' } = bundle.spec ?? {};
  const errors = validateObjectMeta(bundle.metadata, false, trustBundleName(signerName));
  if (signerName !== '') addAll(errors, checkSignerName(signerName, 'spec.signerName'));
  if (!bundleIsKnown) addAll(errors, checkAnchors(trustBundle));
  return errors;
}

export const clusterTrustBundle = kind<ClusterTrustBundle>({
  create: (bundle) => checkBundle(bundle, false),
  update: (bundle, old) => [
    ...checkBundle(bundle, (bundle.spec?.trustBundle ?? '') === (old.spec?.trustBundle ?? '')),
    ...validateObjectMetaUpdate(bundle.metadata, old.metadata),
    ...immutable(bundle.spec?.signerName ?? '', old.spec?.signerName ?? '', 'spec.signerName'),
  ],
});
