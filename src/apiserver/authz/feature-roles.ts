// Default roles that belong to feature gates which are off by default, read like default-cluster-roles.ts: trust bundles
// (KEP-3257), pods' certificates (KEP-4317), workloads (KEP-4671), migrations of storage (KEP-4192), and more of dynamic
// resource allocation. With its gate on, a feature's rows join the default policy.

/** The features whose roles are asked for, by the gates that turn them on. */
const gates = {
  trustBundles: 'ClusterTrustBundle', podCertificates: 'PodCertificateRequest', workloads: 'GenericWorkload', jobWorkloads: 'WorkloadWithJob', workloadClaims: 'DRAWorkloadResourceClaims',
  taintRules: 'DRADeviceTaintRules', poolStatus: 'DRAResourcePoolStatus', storageMigration: 'StorageVersionMigrator', storageVersions: 'StorageVersionAPI',
} as const;

type Feature = keyof typeof gates;

export type RoleFeatures = Readonly<Partial<Record<Feature, boolean>>>;

const features = Object.keys(gates) as Feature[];

export function roleFeatures(isOn: (gate: string) => boolean): RoleFeatures {
  return Object.fromEntries(features.map((feature) => [feature, isOn(gates[feature])]));
}

interface FeatureRoles {
  readonly clusterRoles?: string;
  readonly controllerRoles?: string;
  readonly bindings?: string;
}

/** Rows of roles that are there anyway (system:node) are added to them. */
const featureRoles: Readonly<Record<Feature, FeatureRoles>> = {
  trustBundles: {
    clusterRoles: `
system:node
  get,list,watch certificates.k8s.io clustertrustbundles
system:cluster-trust-bundle-discovery
  get,list,watch certificates.k8s.io clustertrustbundles
`,
    controllerRoles: `
system:controller:kube-apiserver-serving-clustertrustbundle-publisher
  attest certificates.k8s.io signers kubernetes.io/kube-apiserver-serving
  create,delete,list,update,watch certificates.k8s.io clustertrustbundles
  create,patch,update -,events.k8s.io events
`,
    bindings: 'system:cluster-trust-bundle-discovery system:cluster-trust-bundle-discovery group=system:serviceaccounts',
  },
  podCertificates: {
    clusterRoles: `
system:node
  create,get,list,watch certificates.k8s.io podcertificaterequests
`,
    controllerRoles: `
system:controller:podcertificaterequestcleaner
  delete,get,list,watch certificates.k8s.io podcertificaterequests
`,
  },
  workloads: {
    clusterRoles: `
system:aggregate-to-edit
  create,delete,deletecollection,patch,update scheduling.k8s.io workloads,podgroups
system:aggregate-to-view
  get,list,watch scheduling.k8s.io workloads,podgroups,podgroups/status
system:kube-scheduler
  get,list,watch scheduling.k8s.io podgroups
  patch,update scheduling.k8s.io podgroups/status
`,
    controllerRoles: `
system:controller:podgroup-protection-controller
  get,list,update,watch scheduling.k8s.io podgroups
  get,list,watch - pods
`,
  },
  jobWorkloads: {
    controllerRoles: `
system:controller:job-controller
  create,get,list,watch scheduling.k8s.io workloads,podgroups
`,
  },
  workloadClaims: {
    controllerRoles: `
system:controller:resource-claim-controller
  get,list,watch scheduling.k8s.io podgroups
  patch,update scheduling.k8s.io podgroups/status
`,
  },
  taintRules: {
    clusterRoles: `
system:kube-scheduler
  get,list,watch resource.k8s.io devicetaintrules
`,
    controllerRoles: `
system:controller:device-taint-eviction-controller
  patch,update resource.k8s.io devicetaintrules/status
  get,list,watch resource.k8s.io devicetaintrules
`,
  },
  poolStatus: {
    controllerRoles: `
system:controller:resourcepoolstatusrequest-controller
  delete,get,list,watch resource.k8s.io resourcepoolstatusrequests
  patch,update resource.k8s.io resourcepoolstatusrequests/status
  get,list,watch resource.k8s.io resourceslices
  get,list,watch resource.k8s.io resourceclaims
  create,patch,update -,events.k8s.io events
`,
  },
  storageMigration: {
    controllerRoles: `
system:controller:storage-version-migrator-controller
  create,list,patch * *
  get apiextensions.k8s.io customresourcedefinitions
  patch apiextensions.k8s.io customresourcedefinitions/status
  update storagemigration.k8s.io storageversionmigrations/status
`,
  },
  storageVersions: {
    controllerRoles: `
system:controller:storage-version-garbage-collector
  get,list,watch coordination.k8s.io leases
  delete,get,list,patch,update,watch internal.apiserver.k8s.io storageversions
  get,patch,update internal.apiserver.k8s.io storageversions/status
`,
  },
};

/** The tables of the features that are on. */
export function tablesOf(on: RoleFeatures): readonly Required<FeatureRoles>[] {
  return features.filter((feature) => on[feature] === true).map((feature) => ({ clusterRoles: '', controllerRoles: '', bindings: '', ...featureRoles[feature] }));
}
