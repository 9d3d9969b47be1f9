// Volumes made of files from objects: secret, configMap, downwardAPI and projected with all its sources.
import type {
  ClusterTrustBundleProjection, DownwardAPIVolumeFile, KeyToPath, PodCertificateProjection, ProjectedVolumeSource, VolumeProjection,
} from '#api/core/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, isEnough, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { labelKeyErrors } from '../../label-syntax.ts';
import { nameIsSubdomain } from '../../names.ts';
import { validateLabelSelector } from '../meta/selectors.ts';
import { checkFieldRef, checkResourceFieldRef, volumeFieldPaths } from './env.ts';
import { checkFileMode, checkSignerName, checkVolumeFilePath } from './fields.ts';

export function checkKeyToPath(item: KeyToPath, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((item.key ?? '') === '') errors.push(required(child(path, 'key'), ''));
  if ((item.path ?? '') === '') errors.push(required(child(path, 'path'), ''));
  addAll(errors, checkVolumeFilePath(item.path ?? '', child(path, 'path')));
  addAll(errors, checkFileMode(item.mode, child(path, 'mode')));
  return errors;
}

/** A secret or configMap volume: `nameField` differs between the two. */
export function checkObjectVolume(
  source: { readonly defaultMode?: number; readonly items?: readonly KeyToPath[] }, name: string | undefined, nameField: string, path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if ((name ?? '') === '') errors.push(required(child(path, nameField), ''));
  addAll(errors, checkFileMode(source.defaultMode, child(path, 'defaultMode')));
  for (const [i, item] of (source.items ?? []).entries()) addAll(errors, checkKeyToPath(item, index(child(path, 'items'), i)));
  return errors;
}

export function checkDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((file.path ?? '') === '') errors.push(required(child(path, 'path'), ''));
  addAll(errors, checkVolumeFilePath(file.path ?? '', child(path, 'path')));
  if (file.fieldRef) {
    addAll(errors, checkFieldRef(file.fieldRef, volumeFieldPaths, child(path, 'fieldRef')));
    if (file.resourceFieldRef) errors.push(invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (file.resourceFieldRef) {
    addAll(errors, checkResourceFieldRef(file.resourceFieldRef, child(path, 'resourceFieldRef'), true));
  } else {
    errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  }
  addAll(errors, checkFileMode(file.mode, child(path, 'mode')));
  return errors;
}

/** Collects the paths of a projected volume and tells those taken twice. */
class TakenPaths {
  readonly #path: string;
  readonly #taken = new Set<string>();
  constructor(path: string) {
    this.#path = path;
  }
  take(file: string, shown: string): FieldError[] {
    if (this.#taken.has(file)) return [invalidValue(this.#path, shown, 'conflicting duplicate paths')];
    this.#taken.add(file);
    return [];
  }
}

export function checkProjected(volume: ProjectedVolumeSource, path: string): FieldError[] {
  const errors = checkFileMode(volume.defaultMode, child(path, 'defaultMode'));
  const taken = new TakenPaths(path);
  for (const [i, source] of (volume.sources ?? []).entries()) addAll(errors, checkProjection(source, path, index(child(path, 'sources'), i), taken));
  return errors;
}

function checkProjection(source: VolumeProjection, path: string, at: string, taken: TakenPaths): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const kind of ['secret', 'configMap'] as const) {
    const object = source[kind];
    if (!object) continue;
    count++;
    const name = object.name ?? '';
    if (name === '') errors.push(required(child(at, kind, 'name'), ''));
    for (const [j, item] of (object.items ?? []).entries()) {
      addAll(errors, checkKeyToPath(item, index(child(at, kind, 'items'), j)));
      if (item.path) addAll(errors, taken.take(item.path, name));
    }
  }
  if (source.downwardAPI) {
    count++;
    for (const file of source.downwardAPI.items ?? []) {
      addAll(errors, checkDownwardFile(file, child(at, 'downwardAPI')));
      if (file.path) addAll(errors, taken.take(file.path, file.path));
    }
  }
  if (source.serviceAccountToken) {
    count++;
    const { expirationSeconds = 0, path: file = '' } = source.serviceAccountToken;
    const expirationPath = child(at, 'serviceAccountToken', 'expirationSeconds');
    if (expirationSeconds < 600) errors.push(invalidValue(expirationPath, expirationSeconds, 'may not specify a duration less than 10 minutes'));
    if (expirationSeconds > 2 ** 32) errors.push(invalidValue(expirationPath, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
    if (file === '') errors.push(required(child(path, 'path'), ''));
    else addAll(errors, checkVolumeFilePath(file, child(path, 'path')));
  }
  if (source.clusterTrustBundle) {
    count++;
    addAll(errors, checkTrustBundle(source.clusterTrustBundle, child(at, 'clusterTrustBundle'), taken));
  }
  if (source.podCertificate) {
    count++;
    addAll(errors, checkPodCertificate(source.podCertificate, child(at, 'podCertificate'), taken));
  }
  if (count > 1) errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'));
  return errors;
}

/** The name of a trust bundle; with a signer it starts with the signer's name. */
export function trustBundleNameErrors(name: string): string[] {
  const colon = name.lastIndexOf(':');
  return nameIsSubdomain(colon < 0 ? name : name.slice(colon + 1), false);
}

function checkTrustBundle(bundle: ClusterTrustBundleProjection, path: string, taken: TakenPaths): FieldError[] {
  const errors: FieldError[] = [];
  const name = bundle.name ?? undefined;
  const signer = bundle.signerName ?? undefined;
  if (name !== undefined && signer !== undefined) {
    errors.push(invalidValue(path, bundle, 'only one of name and signerName may be used'));
  } else if (name !== undefined) {
    if (name === '') errors.push(required(child(path, 'name'), 'must be a valid object name'));
    for (const message of trustBundleNameErrors(name)) errors.push(invalidValue(child(path, 'name'), name, `not a valid clustertrustbundlename: ${message}`));
    if (bundle.labelSelector) errors.push(invalidValue(child(path, 'labelSelector'), bundle.labelSelector, 'labelSelector must be unset if name is specified'));
  } else if (signer !== undefined) {
    if (signer === '') errors.push(required(child(path, 'signerName'), 'must be a valid signer name'));
    addAll(errors, checkSignerName(signer, child(path, 'signerName')));
    addAll(errors, validateLabelSelector(bundle.labelSelector, child(path, 'labelSelector')));
  } else {
    errors.push(required(path, 'either name or signerName must be specified'));
  }
  const file = bundle.path ?? '';
  if (file === '') errors.push(required(child(path, 'path'), ''));
  errors.push(...checkVolumeFilePath(file, child(path, 'path')), ...taken.take(file, file));
  return errors;
}

const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];
const maxAnnotationBytes = 256 * 1024;
const daySeconds = 86_400;

/** How long a pod's certificate may be asked for: the signers of Kubernetes sign for a day at most. */
export function longestExpirationSeconds(signerName: string): number {
  const [domain = ''] = signerName.split('/');
  return domain === 'kubernetes.io' || domain.endsWith('.kubernetes.io') ? daySeconds : 91 * daySeconds;
}

/** What a pod tells the signer besides: keys with a domain. */
export function checkUserAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [given, value] of Object.entries(annotations ?? {})) {
    if (isEnough(errors)) break;
    bytes += Buffer.byteLength(given) + Buffer.byteLength(value);
    const name = given.toLowerCase();
    if (name === '') {
      errors.push(required(path, ''));
      continue;
    }
    const messages = labelKeyErrors(name);
    for (const message of messages) errors.push(invalidValue(path, name, message));
    if (messages.length === 0 && !name.includes('/')) errors.push(invalidValue(path, name, 'must be a domain-prefixed key (such as "acme.io/foo")'));
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLong(path, '', maxAnnotationBytes));
  return errors;
}

function checkPodCertificate(certificate: PodCertificateProjection, path: string, taken: TakenPaths): FieldError[] {
  const errors = checkSignerName(certificate.signerName ?? '', child(path, 'signerName'));
  addAll(errors, checkUserAnnotations(certificate.userAnnotations, child(path, 'userAnnotations')));
  if (!keyTypes.includes(certificate.keyType)) errors.push(notSupported(child(path, 'keyType'), certificate.keyType, keyTypes));
  const seconds = certificate.maxExpirationSeconds ?? undefined;
  if (seconds !== undefined) {
    const at = child(path, 'maxExpirationSeconds');
    const longest = longestExpirationSeconds(certificate.signerName ?? '');
    if (seconds < 3600) errors.push(invalidValue(at, seconds, 'if provided, maxExpirationSeconds must be >= 3600'));
    if (seconds > longest) errors.push(invalidValue(at, seconds, `if provided, maxExpirationSeconds must be <= ${longest}`));
  }
  let count = 0;
  for (const field of ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const) {
    const file = certificate[field] ?? '';
    if (file === '') continue;
    count++;
    errors.push(...checkVolumeFilePath(file, child(path, field)), ...taken.take(file, file));
  }
  if (count === 0) errors.push(required(path, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'));
  return errors;
}
