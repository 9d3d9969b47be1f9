// Warnings about volumes: removed drivers, odd claim sizes, files that would lie on top of each other.
import type { KeyToPath, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, ProjectedVolumeSource, Volume, VolumeProjection } from '#api/core/v1.ts';
import { goQuote, parseQuantity, quantityMilliValue } from '#machinery';
import { termWarnings } from './node-labels.ts';
import { overlaps, type PlacedFile } from './overlapping-files.ts';

const storageClassAnnotation = 'volume.beta.kubernetes.io/storage-class';
const mountOptionsAnnotation = 'volume.beta.kubernetes.io/mount-options';

/** Volume drivers of pods that do nothing any more, in the order in which they are told. */
const removedBefore: readonly (readonly [field: keyof Volume, name: string, text: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
];
const removedAfter: typeof removedBefore = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];
/** The same of persistent volumes. */
const removedVolumes = ['cephfs', 'photonPersistentDisk', 'scaleIO', 'storageos', 'glusterfs', 'rbd'] as const;

/** A warning where an amount of bytes has a fraction. */
export function fractionWarnings(amount: string | number | undefined, path: string): string[] {
  return isFraction(amount) ? [`${path}: fractional byte value ${goQuote(String(amount))} is invalid, must be an integer`] : [];
}

export function isFraction(amount: string | number | undefined): amount is string | number {
  return amount !== undefined && /[mun.]|e-/.test(String(amount)) && quantityMilliValue(parseQuantity(amount)) % 1000 !== 0;
}

export function claimSpecWarnings(spec: PersistentVolumeClaimSpec | undefined, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((kind) => fractionWarnings(spec?.resources?.[kind]?.['storage'], `${path}.resources.${kind}[storage]`));
}

export function claimWarnings(claim: PersistentVolumeClaim): string[] {
  const warnings = claim.metadata?.annotations?.[storageClassAnnotation] === undefined
    ? []
    : [`metadata.annotations[${storageClassAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`];
  return [...warnings, ...claimSpecWarnings(claim.spec, 'spec')];
}

export function persistentVolumeWarnings(volume: PersistentVolume): string[] {
  const { spec, metadata } = volume;
  const warnings: string[] = [];
  if (metadata?.annotations?.[storageClassAnnotation] !== undefined) {
    warnings.push(`metadata.annotations[${storageClassAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  }
  if (metadata?.annotations?.[mountOptionsAnnotation] !== undefined) {
    warnings.push(`metadata.annotations[${mountOptionsAnnotation}]: deprecated since v1.31; use "mountOptions" attribute instead`);
  }
  if (spec?.persistentVolumeReclaimPolicy === 'Recycle') {
    warnings.push('spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.');
  }
  for (const [i, term] of (spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries()) {
    warnings.push(...termWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, false));
  }
  for (const field of removedVolumes) {
    const row = [...removedBefore, ...removedAfter].find(([name]) => name === field);
    if (spec?.[field] && row !== undefined) warnings.push(`spec.${row[1]}: ${row[2]}`);
  }
  return warnings;
}

const noted: ReadonlySet<string> = new Set(['ephemeral', ...[...removedBefore, ...removedAfter].map(([field]) => field)]);

/** Has the volume a field that may be worth a warning? Nearly all have none. */
function isNoted(volume: Volume): boolean {
  for (const name in volume) if (noted.has(name)) return true;
  return false;
}

/** Of thousands of files at one path each would be told with each other one. */
const mostOverlaps = 1000;

export function volumeWarnings(volumes: readonly Volume[] | undefined, path: string): string[] {
  const warnings = (volumes ?? []).flatMap((volume, i) => {
    if (!isNoted(volume)) return [];
    const removed = (rows: typeof removedBefore): string[] => rows.filter(([field]) => volume[field]).map(([, name, text]) => `${path}[${i}].${name}: ${text}`);
    const template = volume.ephemeral?.volumeClaimTemplate;
    const claim = template ? claimSpecWarnings(template.spec, `${path}[${i}].ephemeral.volumeClaimTemplate.spec`) : [];
    return [...removed(removedBefore), ...claim, ...removed(removedAfter)];
  });
  let told = 0;
  for (const volume of volumes ?? []) {
    for (const warning of overlapWarnings(volume)) {
      if (told++ >= mostOverlaps) return warnings;
      warnings.push(warning);
    }
  }
  return warnings;
}

function placed(items: readonly KeyToPath[] | readonly { readonly path: string }[], source: string): PlacedFile[] {
  return items.map(({ path }) => ({ path, source }));
}

function filesOf(source: VolumeProjection): PlacedFile[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (configMap?.items) return placed(configMap.items, `ConfigMap ${goQuote(configMap.name ?? '')}`);
  if (secret?.items) return placed(secret.items, `Secret ${goQuote(secret.name ?? '')}`);
  if (downwardAPI?.items) return placed(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return [{ path: serviceAccountToken.path, source: 'ServiceAccountToken' }];
  if (clusterTrustBundle) return [{ path: clusterTrustBundle.path, source: `ClusterTrustBundle ${goQuote(clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '')}` }];
  const certificate = [
    { path: podCertificate?.certificateChainPath ?? '', source: 'PodCertificate chain' },
    { path: podCertificate?.keyPath ?? '', source: 'PodCertificate key' },
    { path: podCertificate?.credentialBundlePath ?? '', source: 'PodCertificate credential bundle' },
  ];
  return certificate.filter(({ path }) => path !== '');
}

function hasNoMembers(source: VolumeProjection): boolean {
  for (const name in source) if ((source[name as keyof VolumeProjection] ?? undefined) !== undefined) return false;
  return true;
}

function* projectedWarnings(name: string, projected: ProjectedVolumeSource): Generator<string, void, void> {
  const sources = (projected.sources ?? []).map((source) => (hasNoMembers(source) ? undefined : filesOf(source)));
  const met = overlaps(sources.flatMap((files) => files ?? []));
  let next = met.next();
  for (const files of sources) {
    if (files === undefined) yield `volume ${goQuote(name)} (Projected) has no sources provided`;
    const own = new Set(files);
    for (; next.done !== true && own.has(next.value.file); next = met.next()) yield `volume ${goQuote(name)} (Projected): overlapping paths: ${next.value.text}`;
  }
}

function* overlapWarnings(volume: Volume): Generator<string, void, void> {
  const { name, configMap, secret, downwardAPI, projected } = volume;
  if (projected) return yield* projectedWarnings(name, projected);
  const [what, items] = configMap?.items
    ? [`ConfigMap ${goQuote(configMap.name ?? '')}`, configMap.items]
    : secret?.items ? [`Secret ${goQuote(secret.secretName ?? '')}`, secret.items] : ['DownwardAPI', downwardAPI?.items ?? []];
  for (const { text } of overlaps(placed(items, ''))) yield `volume ${goQuote(name)} (${what}): overlapping paths: ${text}`;
}
