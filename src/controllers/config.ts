// What can be chosen about the controllers, under the names of kube-controller-manager's flags, in milliseconds
// where it is a time.
import type { CertifiedKey } from '#wire';

/** The cluster's CA where it may change while the controllers run. */
export interface ClusterAuthority {
  /** PEM of all CAs that are to be trusted. */
  rootCa(): string;
  /** Who signs certificate requests. */
  signing(): CertifiedKey;
  /** Calls `listener` after each change. */
  onChange(listener: () => void): void;
}

export interface ControllersConfig {
  /** Wins over rootCa, clusterSigningCert and clusterSigningKey. */
  readonly authority?: ClusterAuthority;
  /** '*' is every default one, 'name' switches on, '-name' off; old short names work too. */
  readonly controllers: readonly string[];
  /** Stand for election by a Lease before starting. */
  readonly leaderElect: boolean;
  /** Unique among the candidates; required for leader election. */
  readonly identity: string;
  /** PEM of the cluster's CA, published to every namespace. */
  readonly rootCa: string;
  /** PEM of the key that signs service account tokens in Secrets; without it those get none. */
  readonly serviceAccountKey?: string;
  /** How long an unresponsive node keeps its state (50 s). */
  readonly nodeMonitorGracePeriodMs: number;
  /** How often nodes are looked at (5 s). */
  readonly nodeMonitorPeriodMs: number;
  /** How long a node that has never reported may take to start (60 s). */
  readonly nodeStartupGracePeriodMs: number;
  /** Nodes per second tainted for eviction in a healthy zone (0.1). */
  readonly nodeEvictionRate: number;
  /** The same in an unhealthy zone (0.01). */
  readonly secondaryNodeEvictionRate: number;
  /** Share of not-ready nodes at which a zone is unhealthy (0.55). */
  readonly unhealthyZoneThreshold: number;
  /** Zones up to this many nodes stop evicting when unhealthy (50). */
  readonly largeClusterSizeThreshold: number;
  /** Finished pods kept in the cluster before the oldest are deleted (12500). */
  readonly terminatedPodGcThreshold: number;
  /** How long a deleted namespace is left alone; 0 suffices when there is one API server (5 s). */
  readonly namespaceDeletionGraceMs: number;
  /** Pod networks are handed out of this range to nodes; undefined leaves that to someone else. */
  readonly clusterCidr?: string;
  readonly nodeCidrMaskSize: number;
  /** PEM of the CA and its key that sign certificate requests; without them none are signed. */
  readonly clusterSigningCert?: string;
  readonly clusterSigningKey?: string;
  /** How long signed certificates are good at most (365 days). */
  readonly clusterSigningDurationMs: number;
}

export const defaultConfig: ControllersConfig = {
  controllers: ['*'],
  leaderElect: true,
  identity: '',
  rootCa: '',
  nodeMonitorGracePeriodMs: 50_000,
  nodeMonitorPeriodMs: 5_000,
  nodeStartupGracePeriodMs: 60_000,
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  unhealthyZoneThreshold: 0.55,
  largeClusterSizeThreshold: 50,
  terminatedPodGcThreshold: 12_500,
  namespaceDeletionGraceMs: 5_000,
  nodeCidrMaskSize: 24,
  clusterSigningDurationMs: 365 * 24 * 3_600_000,
};

/** The CAs that clients of the cluster are to trust, as they are now. */
export function rootCaOf(config: ControllersConfig): string {
  return config.authority?.rootCa() ?? config.rootCa;
}

/** Who signs certificate requests now; undefined when nobody does. */
export function signingOf(config: ControllersConfig): CertifiedKey | undefined {
  if (config.authority !== undefined) return config.authority.signing();
  const { clusterSigningCert: cert, clusterSigningKey: key } = config;
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** True when `list` enables the controller; the first word about it wins, '*' counts for those not named that are on by default. */
export function isEnabled(list: readonly string[], name: string, alias: string, offByDefault = false): boolean {
  let star = false;
  for (const entry of list) {
    if (entry === name || entry === alias) return true;
    if (entry === `-${name}` || entry === `-${alias}`) return false;
    if (entry === '*') star = true;
  }
  return star && !offByDefault;
}
