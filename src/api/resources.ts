// Every served resource, one row each: the facts that discovery, routing, RBAC and the clients share.
// Columns: API group ('-' is core) · type · plural · singular ('.' is the lower-case kind) · scope ·
// short names · categories · verbs ('*' is the usual eight) · subresources as name[=type]:verbs
// (gpu = get,patch,update; cg = create,get; all = create,delete,get,patch,update).
// Source: upstream v1.36 discovery. `enabledResources` picks what a server serves, as --runtime-config asks.

export interface SubresourceInfo {
  readonly name: string;
  /** The type that travels on the subresource: "autoscaling.v1.Scale". */
  readonly type: string;
  readonly verbs: readonly string[];
}

export interface ResourceInfo {
  /** '' for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Schema name: "core.v1.Pod"; undefined for custom resources. */
  readonly type: string | undefined;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceInfo[];
  /** Of custom resources: the version that is stored. */
  readonly storageVersion?: string;
}

const table = `
  - core.v1.Binding bindings . ns - - create
  - core.v1.ComponentStatus componentstatuses . cluster cs - get,list
  - core.v1.ConfigMap configmaps . ns cm - *
  - core.v1.Endpoints endpoints . ns ep - *
  - core.v1.Event events . ns ev - *
  - core.v1.LimitRange limitranges . ns limits - *
  - core.v1.Namespace namespaces . cluster ns - create,delete,get,list,patch,update,watch finalize:update status:gpu
  - core.v1.Node nodes . cluster no - * proxy=core.v1.NodeProxyOptions:all status:gpu
  - core.v1.PersistentVolumeClaim persistentvolumeclaims . ns pvc - * status:gpu
  - core.v1.PersistentVolume persistentvolumes . cluster pv - * status:gpu
  - core.v1.Pod pods . ns po all * attach=core.v1.PodAttachOptions:cg binding=core.v1.Binding:create ephemeralcontainers:gpu eviction=policy.v1.Eviction:create exec=core.v1.PodExecOptions:cg log:get portforward=core.v1.PodPortForwardOptions:cg proxy=core.v1.PodProxyOptions:all resize:gpu status:gpu
  - core.v1.PodTemplate podtemplates . ns - - *
  - core.v1.ReplicationController replicationcontrollers . ns rc all * scale=autoscaling.v1.Scale:gpu status:gpu
  - core.v1.ResourceQuota resourcequotas . ns quota - * status:gpu
  - core.v1.Secret secrets . ns - - *
  - core.v1.ServiceAccount serviceaccounts . ns sa - * token=authentication.v1.TokenRequest:create
  - core.v1.Service services . ns svc all * proxy=core.v1.ServiceProxyOptions:all status:gpu
  apiregistration.k8s.io apiregistration.v1.APIService apiservices . cluster - api-extensions * status:gpu
  apps apps.v1.ControllerRevision controllerrevisions . ns - - *
  apps apps.v1.DaemonSet daemonsets . ns ds all * status:gpu
  apps apps.v1.Deployment deployments . ns deploy all * scale=autoscaling.v1.Scale:gpu status:gpu
  apps apps.v1.ReplicaSet replicasets . ns rs all * scale=autoscaling.v1.Scale:gpu status:gpu
  apps apps.v1.StatefulSet statefulsets . ns sts all * scale=autoscaling.v1.Scale:gpu status:gpu
  events.k8s.io events.v1.Event events . ns ev - *
  authentication.k8s.io authentication.v1.SelfSubjectReview selfsubjectreviews . cluster - - create
  authentication.k8s.io authentication.v1.TokenReview tokenreviews . cluster - - create
  authorization.k8s.io authorization.v1.LocalSubjectAccessReview localsubjectaccessreviews . ns - - create
  authorization.k8s.io authorization.v1.SelfSubjectAccessReview selfsubjectaccessreviews . cluster - - create
  authorization.k8s.io authorization.v1.SelfSubjectRulesReview selfsubjectrulesreviews . cluster - - create
  authorization.k8s.io authorization.v1.SubjectAccessReview subjectaccessreviews . cluster - - create
  autoscaling autoscaling.v2.HorizontalPodAutoscaler horizontalpodautoscalers . ns hpa all * status:gpu
  autoscaling autoscaling.v1.HorizontalPodAutoscaler horizontalpodautoscalers . ns hpa all * status:gpu
  batch batch.v1.CronJob cronjobs . ns cj all * status:gpu
  batch batch.v1.Job jobs . ns - all * status:gpu
  certificates.k8s.io certificates.v1.CertificateSigningRequest certificatesigningrequests . cluster csr - * approval:gpu status:gpu
  certificates.k8s.io certificates.v1beta1.ClusterTrustBundle clustertrustbundles . cluster - - *
  certificates.k8s.io certificates.v1beta1.PodCertificateRequest podcertificaterequests . ns - - * status:gpu
  certificates.k8s.io certificates.v1alpha1.ClusterTrustBundle clustertrustbundles . cluster - - *
  networking.k8s.io networking.v1.IngressClass ingressclasses . cluster - - *
  networking.k8s.io networking.v1.Ingress ingresses . ns ing - * status:gpu
  networking.k8s.io networking.v1.IPAddress ipaddresses . cluster ip - *
  networking.k8s.io networking.v1.NetworkPolicy networkpolicies . ns netpol - *
  networking.k8s.io networking.v1.ServiceCIDR servicecidrs . cluster - - * status:gpu
  networking.k8s.io networking.v1beta1.IPAddress ipaddresses . cluster ip - *
  networking.k8s.io networking.v1beta1.ServiceCIDR servicecidrs . cluster - - * status:gpu
  policy policy.v1.PodDisruptionBudget poddisruptionbudgets . ns pdb - * status:gpu
  rbac.authorization.k8s.io rbac.v1.ClusterRoleBinding clusterrolebindings . cluster - - *
  rbac.authorization.k8s.io rbac.v1.ClusterRole clusterroles . cluster - - *
  rbac.authorization.k8s.io rbac.v1.RoleBinding rolebindings . ns - - *
  rbac.authorization.k8s.io rbac.v1.Role roles . ns - - *
  storage.k8s.io storage.v1.CSIDriver csidrivers . cluster - - *
  storage.k8s.io storage.v1.CSINode csinodes . cluster - - *
  storage.k8s.io storage.v1.CSIStorageCapacity csistoragecapacities . ns - - *
  storage.k8s.io storage.v1.StorageClass storageclasses . cluster sc - *
  storage.k8s.io storage.v1.VolumeAttachment volumeattachments . cluster - - * status:gpu
  storage.k8s.io storage.v1.VolumeAttributesClass volumeattributesclasses . cluster vac - *
  storage.k8s.io storage.v1beta1.VolumeAttributesClass volumeattributesclasses . cluster vac - *
  admissionregistration.k8s.io admissionregistration.v1.MutatingAdmissionPolicy mutatingadmissionpolicies . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.MutatingAdmissionPolicyBinding mutatingadmissionpolicybindings . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.MutatingWebhookConfiguration mutatingwebhookconfigurations . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.ValidatingAdmissionPolicy validatingadmissionpolicies . cluster - api-extensions * status:gpu
  admissionregistration.k8s.io admissionregistration.v1.ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.ValidatingWebhookConfiguration validatingwebhookconfigurations . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1beta1.MutatingAdmissionPolicy mutatingadmissionpolicies . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1beta1.MutatingAdmissionPolicyBinding mutatingadmissionpolicybindings . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1alpha1.MutatingAdmissionPolicy mutatingadmissionpolicies . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1alpha1.MutatingAdmissionPolicyBinding mutatingadmissionpolicybindings . cluster - api-extensions *
  apiextensions.k8s.io apiextensions.v1.CustomResourceDefinition customresourcedefinitions . cluster crd,crds api-extensions * status:gpu
  scheduling.k8s.io scheduling.v1.PriorityClass priorityclasses . cluster pc - *
  scheduling.k8s.io scheduling.v1alpha2.PodGroup podgroups . ns - - * status:gpu
  scheduling.k8s.io scheduling.v1alpha2.Workload workloads . ns - - *
  coordination.k8s.io coordination.v1.Lease leases . ns - - *
  coordination.k8s.io coordination.v1beta1.LeaseCandidate leasecandidates . ns - - *
  coordination.k8s.io coordination.v1alpha2.LeaseCandidate leasecandidates . ns - - *
  node.k8s.io node.v1.RuntimeClass runtimeclasses . cluster - - *
  discovery.k8s.io discovery.v1.EndpointSlice endpointslices . ns - - *
  resource.k8s.io resource.v1.DeviceClass deviceclasses . cluster - - *
  resource.k8s.io resource.v1.ResourceClaim resourceclaims . ns - - * status:gpu
  resource.k8s.io resource.v1.ResourceClaimTemplate resourceclaimtemplates . ns - - *
  resource.k8s.io resource.v1.ResourceSlice resourceslices . cluster - - *
  resource.k8s.io resource.v1beta2.DeviceClass deviceclasses . cluster - - *
  resource.k8s.io resource.v1beta2.DeviceTaintRule devicetaintrules . cluster - - * status:gpu
  resource.k8s.io resource.v1beta2.ResourceClaim resourceclaims . ns - - * status:gpu
  resource.k8s.io resource.v1beta2.ResourceClaimTemplate resourceclaimtemplates . ns - - *
  resource.k8s.io resource.v1beta2.ResourceSlice resourceslices . cluster - - *
  resource.k8s.io resource.v1beta1.DeviceClass deviceclasses . cluster - - *
  resource.k8s.io resource.v1beta1.ResourceClaim resourceclaims . ns - - * status:gpu
  resource.k8s.io resource.v1beta1.ResourceClaimTemplate resourceclaimtemplates . ns - - *
  resource.k8s.io resource.v1beta1.ResourceSlice resourceslices . cluster - - *
  resource.k8s.io resource.v1alpha3.DeviceTaintRule devicetaintrules . cluster - - * status:gpu
  resource.k8s.io resource.v1alpha3.ResourcePoolStatusRequest resourcepoolstatusrequests . cluster - - * status:gpu
  flowcontrol.apiserver.k8s.io flowcontrol.v1.FlowSchema flowschemas . cluster - - * status:gpu
  flowcontrol.apiserver.k8s.io flowcontrol.v1.PriorityLevelConfiguration prioritylevelconfigurations . cluster - - * status:gpu
  internal.apiserver.k8s.io apiserverinternal.v1alpha1.StorageVersion storageversions . cluster - - * status:gpu
  storagemigration.k8s.io storagemigration.v1beta1.StorageVersionMigration storageversionmigrations . cluster - - * status:gpu
`;

const verbSets: Readonly<Record<string, string>> = {
  '*': 'create,delete,deletecollection,get,list,patch,update,watch',
  gpu: 'get,patch,update',
  cg: 'create,get',
  all: 'create,delete,get,patch,update',
};

function stabilityOf(version: string): 'ga' | 'beta' | 'alpha' {
  return version.includes('alpha') ? 'alpha' : version.includes('beta') ? 'beta' : 'ga';
}

function verbs(text: string): string[] {
  return (verbSets[text] ?? text).split(',');
}

function list(text: string): string[] {
  return text === '-' ? [] : text.split(',');
}

function parseRow(row: string): ResourceInfo {
  const [group = '', type = '', plural = '', singular = '', scope, short = '-', categories = '-', verbText = '*', ...subs] =
    row.trim().split(' ');
  const [, version = '', kind = ''] = type.split('.');
  return {
    group: group === '-' ? '' : group,
    version,
    kind,
    type,
    plural,
    singular: singular === '.' ? kind.toLowerCase() : singular,
    namespaced: scope === 'ns',
    shortNames: list(short),
    categories: list(categories),
    verbs: verbs(verbText),
    subresources: subs.map((sub) => {
      const [head = '', subVerbs = ''] = sub.split(':');
      const [name = '', subType = type] = head.split('=');
      return { name, type: subType, verbs: verbs(subVerbs) };
    }),
  };
}

/** Every resource that can be served, in discovery order: also alpha and beta, which wait for --runtime-config. */
export const allResources: readonly ResourceInfo[] = table.trim().split('\n').map(parseRow);

/** The built-in resources that are served unless something else is asked for: those of generally available versions. */
export const resources: readonly ResourceInfo[] = allResources.filter((info) => stabilityOf(info.version) === 'ga');

const byKey = new Map(allResources.map((r) => [`${r.group}/${r.version}/${r.plural}`, r]));
const byKind = new Map(allResources.map((r) => [`${r.group}/${r.version}/${r.kind}`, r]));

/** Looks a built-in resource up by its URL parts. */
export function findResource(group: string, version: string, plural: string): ResourceInfo | undefined {
  return byKey.get(`${group}/${version}/${plural}`);
}

/** Looks a built-in resource up by the kind that objects carry. */
export function findKind(group: string, version: string, kind: string): ResourceInfo | undefined {
  return byKind.get(`${group}/${version}/${kind}`);
}

/** "v1" or "apps/v1", as objects write it. */
export function apiVersionOf(info: { readonly group: string; readonly version: string }): string {
  return info.group === '' ? info.version : `${info.group}/${info.version}`;
}

/** The kind under whose version a kind's objects are stored upstream, where it is not the first version listed. */
const storedAs: Readonly<Record<string, string>> = {
  'events.k8s.io/Event': '/v1/Event',
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': 'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': 'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding',
  'apiextensions.k8s.io/CustomResourceDefinition': 'apiextensions.k8s.io/v1beta1/CustomResourceDefinition',
  'resource.k8s.io/DeviceTaintRule': 'resource.k8s.io/v1alpha3/DeviceTaintRule',
};

/** "group/version/Kind" of the stored form, as upstream's storage version hash is taken of it. */
export function storageVersionOf(info: ResourceInfo): string {
  if (info.storageVersion !== undefined) return `${info.group}/${info.storageVersion}/${info.kind}`;
  const first = info.type === undefined ? info : (firstOfKind.get(`${info.group}/${info.kind}`) ?? info);
  return storedAs[`${info.group}/${info.kind}`] ?? `${first.group}/${first.version}/${first.kind}`;
}

const firstOfKind = new Map([...allResources].reverse().map((r) => [`${r.group}/${r.kind}`, r]));

const stabilities: Readonly<Record<string, 'ga' | 'beta' | 'alpha' | 'all'>> = { 'api/all': 'all', 'api/ga': 'ga', 'api/beta': 'beta', 'api/alpha': 'alpha' };

function parseSwitch(key: string, value: string): boolean {
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw new Error(`invalid value of ${key}: ${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/**
 * What --runtime-config leaves: "api/all", "api/ga", "api/beta" and "api/alpha" first, then "group/version", then
 * "group/version/resource" ("/v1" names core's). Throws with upstream's text.
 */
export function enabledResources(runtimeConfig: Readonly<Record<string, string>> = {}): readonly ResourceInfo[] {
  const keys = Object.keys(runtimeConfig);
  if (keys.length === 0) return resources;
  const versions = new Map(allResources.map((info) => [`${info.group}/${info.version}`, stabilityOf(info.version) === 'ga']));
  for (const [key, stability] of Object.entries(stabilities)) {
    const value = runtimeConfig[key];
    if (value === undefined) continue;
    if (value !== 'true' && value !== 'false') throw new Error(`invalid value ${key}=${value}`);
    for (const name of versions.keys()) if (stability === 'all' || stability === stabilityOf(name.slice(name.indexOf('/')))) versions.set(name, value === 'true');
  }
  const single = new Map<string, boolean>();
  for (const key of keys.filter((name) => stabilities[name] === undefined)) {
    const [group = '', version, resource, ...rest] = key.split('/');
    if (version === undefined || rest.length > 0) throw new Error(`runtime-config invalid key ${key}`);
    const name = `${group === 'api' ? '' : group}/${version}`;
    if (!allResources.some((info) => info.group === name.slice(0, name.indexOf('/')))) throw new Error(`unknown api groups ${group}`);
    if (!versions.has(name)) throw new Error(`group version ${group}/${version} that has not been registered`);
    if (resource !== undefined && resource !== resource.toLowerCase()) throw new Error(`invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${JSON.stringify(resource)}`);
    const on = parseSwitch(key, runtimeConfig[key] ?? '');
    if (resource === undefined) versions.set(name, on);
    else single.set(`${name}/${resource}`, on);
  }
  return allResources.filter((info) => single.get(`${info.group}/${info.version}/${info.plural}`) ?? versions.get(`${info.group}/${info.version}`) ?? false);
}
