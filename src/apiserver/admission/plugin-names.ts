// All admission plugins in the order in which they run, which of them are on without being asked for, and which are on
// after the flags have been heard. Names and order are upstream's.

export const orderedPlugins = [
  'AlwaysAdmit', 'NamespaceAutoProvision', 'NamespaceLifecycle', 'NamespaceExists', 'LimitPodHardAntiAffinityTopology', 'LimitRanger', 'ServiceAccount', 'NodeRestriction', 'TaintNodesByCondition',
  'AlwaysPullImages', 'ImagePolicyWebhook', 'PodSecurity', 'PodNodeSelector', 'Priority', 'DefaultTolerationSeconds', 'PodTolerationRestriction', 'EventRateLimit', 'ExtendedResourceToleration',
  'DefaultStorageClass', 'StorageObjectInUseProtection', 'PodGroupProtection', 'OwnerReferencesPermissionEnforcement', 'PersistentVolumeClaimResize', 'RuntimeClass', 'CertificateApproval',
  'CertificateSigning', 'ClusterTrustBundleAttest', 'CertificateSubjectRestriction', 'DefaultIngressClass', 'DenyServiceExternalIPs', 'PodTopologyLabels', 'PodGroupWorkloadExists',
  'NodeDeclaredFeatureValidator', 'JobValidation', 'PodResizeValidator', 'MutatingAdmissionPolicy', 'MutatingAdmissionWebhook', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionWebhook', 'ResourceQuota',
  'AlwaysDeny',
] as const;

export type PluginName = (typeof orderedPlugins)[number];

const offByDefault: ReadonlySet<PluginName> = new Set([
  'AlwaysAdmit', 'NamespaceAutoProvision', 'NamespaceExists', 'LimitPodHardAntiAffinityTopology', 'NodeRestriction', 'AlwaysPullImages', 'ImagePolicyWebhook', 'PodNodeSelector', 'PodTolerationRestriction',
  'EventRateLimit', 'ExtendedResourceToleration', 'OwnerReferencesPermissionEnforcement', 'DenyServiceExternalIPs', 'AlwaysDeny',
]);

export interface PluginChoice {
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  /** --admission-control: these and no others. */
  readonly only?: readonly string[];
}

function isPlugin(name: string): name is PluginName {
  return (orderedPlugins as readonly string[]).includes(name);
}

/** What is wrong with the choice, in upstream's words. */
export function pluginChoiceErrors({ enable = [], disable = [], only }: PluginChoice): string[] {
  const errors: string[] = [];
  if (only !== undefined && (enable.length > 0 || disable.length > 0)) errors.push('admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive');
  const unknown = (flag: string, names: readonly string[]): string[] => names.filter((name) => !isPlugin(name)).map((name) => `${flag} plugin ${JSON.stringify(name)} is unknown`);
  errors.push(...unknown('admission-control', only ?? []), ...unknown('enable-admission-plugins', enable), ...unknown('disable-admission-plugins', disable));
  const both = enable.filter((name) => disable.includes(name));
  if (both.length > 0) errors.push(`[${[...new Set(both)].sort().join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  return errors;
}

/** In their order. */
export function enabledPlugins({ enable = [], disable = [], only }: PluginChoice): PluginName[] {
  if (only !== undefined) return orderedPlugins.filter((name) => only.includes(name));
  return orderedPlugins.filter((name) => enable.includes(name) || (!offByDefault.has(name) && !disable.includes(name)));
}
