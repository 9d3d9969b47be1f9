// Door of admission/: which plugins run, in upstream's order. Each runs on a real server as listed; nothing registers
// itself. A new plugin is a row of `factories`, its name in plugin-names.ts, and where it has settings a reader of them.
import type { ResourceInfo } from '#api/resources.ts';
import type { Clock } from '#base/clock.ts';
import type { Metrics } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import type { RbacAuthorizer } from '../authz/index.ts';
import type { AdmissionPlugin, Authorizer, ObjectReader, ObjectWriter } from '../contract.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction, clusterTrustBundleAttest, podCertificateSigning } from './certificate-plugins.ts';
import { noConfiguration, type AdmissionConfiguration } from './configuration.ts';
import { eventRateLimit } from './event-rate-limit.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceAutoProvision, namespaceExists, namespaceLifecycle } from './namespace-plugins.ts';
import { nodeRestriction } from './node-restriction.ts';
import { taintNodesByCondition } from './node-taint.ts';
import { alwaysAdmit, alwaysDenyAdmission, denyServiceExternalIPs, ownerReferencesPermissionEnforcement, persistentVolumeClaimResize } from './ownership-and-services.ts';
import { enabledPlugins, type PluginChoice, type PluginName } from './plugin-names.ts';
import { defaultTolerationSeconds, priority, runtimeClass } from './pod-defaults.ts';
import { alwaysPullImages, extendedResourceToleration, limitPodHardAntiAffinityTopology, podNodeSelector, podTolerationRestriction, podTopologyLabels } from './pod-plugins.ts';
import { noPrivilegedContainers } from './privileged.ts';
import { podSecurity } from './pod-security/plugin.ts';
import { nodeDeclaredFeatureValidator, podResizeValidator } from './pod-update-plugins.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { serviceAccountPlugin } from './service-account.ts';
import { defaultIngressClass, defaultStorageClass, storageObjectInUseProtection } from './storage-and-ingress.ts';

export { noConfiguration, readAdmissionConfiguration, type AdmissionConfiguration } from './configuration.ts';
export { enabledPlugins, orderedPlugins, pluginChoiceErrors, type PluginChoice } from './plugin-names.ts';

export interface AdmissionDependencies {
  readonly reader: ObjectReader;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly rbac: RbacAuthorizer;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** Reads of the store for what the cache does not have yet, and the quotas' accounts. */
  readonly writer: Pick<ObjectWriter, 'lookup' | 'mutate' | 'create'>;
  /** The plugins that others build (webhooks, policies), found by their names. */
  readonly webhooks?: readonly AdmissionPlugin[];
  /** What kind is served as what. */
  readonly findKind?: (apiVersion: string, kind: string) => ResourceInfo | undefined;
}

export interface AdmissionSettings {
  /** NodeRestriction is on as in every cluster that kubeadm makes, unless a choice is made. */
  readonly plugins?: PluginChoice;
  readonly configuration?: AdmissionConfiguration;
  readonly notReadySeconds?: number;
  readonly unreachableSeconds?: number;
  readonly podCertificates?: boolean;
  /** Kubelets get tokens only for audiences that their pods name. Absent: true. */
  readonly limitsAudiences?: boolean;
  /** Pods learn their node's zone and region by labels. Absent: yes. */
  readonly labelsTopology?: boolean;
  /** Absent: yes. */
  readonly allowPrivileged?: boolean;
}

/** The plugins that this server runs, in their order. */
export function defaultAdmission(deps: AdmissionDependencies, settings: AdmissionSettings = {}): AdmissionPlugin[] {
  const { reader, random, writer, authorizer, clock } = deps;
  const { podSecurity: standards, eventLimits, limitedResources, nodeSelectors, tolerations } = settings.configuration ?? noConfiguration;
  const factories: Readonly<Partial<Record<PluginName, () => AdmissionPlugin>>> = {
    AlwaysAdmit: () => alwaysAdmit,
    NamespaceAutoProvision: () => namespaceAutoProvision(reader, writer),
    NamespaceLifecycle: () => namespaceLifecycle(reader, writer),
    NamespaceExists: () => namespaceExists(reader, writer),
    LimitPodHardAntiAffinityTopology: () => limitPodHardAntiAffinityTopology,
    LimitRanger: () => limitRanger(reader),
    ServiceAccount: () => serviceAccountPlugin({ reader, clock, random, lookup: (namespace, name) => writer.lookup('', 'serviceaccounts', namespace, name) }),
    NodeRestriction: () => nodeRestriction({ reader, writer, authorizer, podCertificates: settings.podCertificates === true, limitsAudiences: settings.limitsAudiences !== false }),
    TaintNodesByCondition: () => taintNodesByCondition,
    AlwaysPullImages: () => alwaysPullImages,
    PodSecurity: () => podSecurity(deps, standards),
    PodNodeSelector: () => podNodeSelector(reader, writer, nodeSelectors),
    Priority: () => priority(reader),
    DefaultTolerationSeconds: () => defaultTolerationSeconds(settings.notReadySeconds, settings.unreachableSeconds),
    PodTolerationRestriction: () => podTolerationRestriction(reader, writer, tolerations),
    EventRateLimit: () => eventRateLimit(clock, eventLimits),
    ExtendedResourceToleration: () => extendedResourceToleration,
    DefaultStorageClass: () => defaultStorageClass(reader),
    StorageObjectInUseProtection: () => storageObjectInUseProtection,
    OwnerReferencesPermissionEnforcement: () => ownerReferencesPermissionEnforcement(authorizer, deps.findKind ?? (() => undefined)),
    PersistentVolumeClaimResize: () => persistentVolumeClaimResize(reader),
    RuntimeClass: () => runtimeClass(reader),
    CertificateApproval: () => certificateApproval(authorizer),
    CertificateSigning: () => certificateSigning(authorizer),
    ClusterTrustBundleAttest: () => clusterTrustBundleAttest(authorizer),
    CertificateSubjectRestriction: () => certificateSubjectRestriction,
    DefaultIngressClass: () => defaultIngressClass(reader),
    DenyServiceExternalIPs: () => denyServiceExternalIPs,
    ...(settings.labelsTopology === false ? {} : { PodTopologyLabels: () => podTopologyLabels(reader) }),
    NodeDeclaredFeatureValidator: () => nodeDeclaredFeatureValidator(reader),
    PodResizeValidator: () => podResizeValidator(reader),
    ResourceQuota: () => resourceQuota(reader, writer, clock, limitedResources),
    AlwaysDeny: () => alwaysDenyAdmission,
  };
  const found = enabledPlugins(settings.plugins ?? { enable: ['NodeRestriction'] }).flatMap((name): AdmissionPlugin[] => {
    const plugin = factories[name]?.() ?? deps.webhooks?.find((each) => each.name === name);
    return plugin === undefined ? [] : [plugin];
  });
  // No plugin upstream but part of the storage: nothing switches it off, and it sees what all others made.
  return [...found, rbacEscalation(deps.rbac, authorizer), podCertificateSigning(authorizer), ...(settings.allowPrivileged === false ? [noPrivilegedContainers] : [])];
}
