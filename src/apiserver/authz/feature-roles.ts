// Default roles that belong to feature gates which are off by default, read like default-cluster-roles.ts: trust bundles
// (KEP-3257) and pods' certificates (KEP-4317). With its gate on, a feature's rows join the default policy.

export interface RoleFeatures {
  /** ClusterTrustBundle */
  readonly trustBundles?: boolean;
  /** PodCertificateRequest */
  readonly podCertificates?: boolean;
}

interface FeatureRoles {
  readonly clusterRoles: string;
  readonly controllerRoles: string;
  readonly bindings: string;
}

/** Rows of roles that are there anyway (system:node) are added to them. */
const featureRoles: Readonly<Record<keyof RoleFeatures, FeatureRoles>> = {
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
    bindings: '',
  },
};

/** The tables of the features that are on. */
export function tablesOf(features: RoleFeatures): readonly FeatureRoles[] {
  return (['trustBundles', 'podCertificates'] as const).filter((name) => features[name] === true).map((name) => featureRoles[name]);
}
