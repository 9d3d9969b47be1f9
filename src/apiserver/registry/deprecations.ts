// What upstream's types say of the end of their lives: since which release they are deprecated, in which they are gone, and
// what comes instead. Every request for one is answered with a warning, marked in the audit event and remembered in the
// metrics, so that whoever still asks is found before an upgrade. Only what 1.36 serves and deprecates is here.
import type { Metrics } from '#base/metrics.ts';
import { annotate, warn, type Call } from '../request/call.ts';
import type { KindHandling } from './kind-handling.ts';

type Deprecation = Required<Pick<KindHandling, 'warnings' | 'removedRelease'>>;

interface Row {
  readonly since: string;
  readonly removed?: string;
  readonly instead?: string;
}

/** By "group/version" and kind. */
const rows: readonly (readonly [groupVersion: string, kinds: string, row: Row])[] = [
  ['v1', 'ComponentStatus', { since: '1.19' }],
  ['v1', 'Endpoints', { since: '1.33', instead: 'discovery.k8s.io/v1 EndpointSlice' }],
  ['admissionregistration.k8s.io/v1alpha1', 'MutatingAdmissionPolicy MutatingAdmissionPolicyBinding', { since: '1.35', removed: '1.38' }],
  ['certificates.k8s.io/v1alpha1', 'ClusterTrustBundle', { since: '1.34', removed: '1.37' }],
  ['coordination.k8s.io/v1alpha2', 'LeaseCandidate', { since: '1.35', removed: '1.38' }],
  ['coordination.k8s.io/v1beta1', 'LeaseCandidate', { since: '1.36', removed: '1.39' }],
  ['networking.k8s.io/v1beta1', 'IPAddress ServiceCIDR', { since: '1.34', removed: '1.37' }],
  ['resource.k8s.io/v1alpha3', 'DeviceTaintRule', { since: '1.36', removed: '1.39' }],
  ['resource.k8s.io/v1beta1', 'DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice', { since: '1.35', removed: '1.38' }],
  ['resource.k8s.io/v1beta2', 'DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice', { since: '1.36', removed: '1.39' }],
  ['storage.k8s.io/v1beta1', 'VolumeAttributesClass', { since: '1.34', removed: '1.37', instead: 'storage.k8s.io/v1 VolumeAttributesClass' }],
];

function deprecation(groupVersion: string, kind: string, { since, removed, instead }: Row): Deprecation {
  const gone = removed === undefined ? '' : `, unavailable in v${removed}+`;
  return { warnings: [`${groupVersion} ${kind} is deprecated in v${since}+${gone}${instead === undefined ? '' : `; use ${instead}`}`], removedRelease: removed ?? '' };
}

const known: ReadonlyMap<string, Deprecation> = new Map(rows.flatMap(([groupVersion, kinds, row]) => kinds.split(' ').map((kind) => [`${groupVersion} ${kind}`, deprecation(groupVersion, kind, row)] as const)));

/** Of a built-in kind. */
export function deprecationOf(groupVersion: string, kind: string): Deprecation | undefined {
  return known.get(`${groupVersion} ${kind}`);
}

const subresources: ReadonlySet<string> = new Set(['status', 'scale']);

export interface DeprecatedRequests {
  /** Tells the client, the audit event and the metrics; called for what has warnings alone. */
  tell(call: Call, handling: Pick<KindHandling, 'warnings' | 'removedRelease'>): void;
}

export function createDeprecatedRequests(metrics: Metrics): DeprecatedRequests {
  const requested = metrics.gauge(
    'apiserver_requested_deprecated_apis', '[STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
    ['group', 'version', 'resource', 'subresource', 'removed_release'],
  );
  return {
    tell(call, { warnings = [], removedRelease = '' }) {
      for (const warning of warnings) warn(call, warning);
      const { apiGroup, apiVersion, resource, subresource } = call.info;
      // The rest of a path is the client's to choose, and no label.
      requested.labels(apiGroup, apiVersion, resource, subresources.has(subresource) ? subresource : '', removedRelease).set(1);
      annotate(call, 'k8s.io/deprecated', 'true');
      if (removedRelease !== '') annotate(call, 'k8s.io/removed-release', removedRelease);
    },
  };
}
