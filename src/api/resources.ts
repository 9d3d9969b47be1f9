// Every served resource, one row each: the facts that discovery, routing, RBAC and the clients share.
// Columns: API group ('-' is core) · type · plural · singular ('.' is the lower-case kind) · scope ·
// short names · categories · verbs ('*' is the usual eight) · subresources as name[=type]:verbs
// (gpu = get,patch,update; cg = create,get; all = create,delete,get,patch,update).
// Source: upstream v1.36 discovery.

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
  networking.k8s.io networking.v1.IngressClass ingressclasses . cluster - - *
  networking.k8s.io networking.v1.Ingress ingresses . ns ing - * status:gpu
  networking.k8s.io networking.v1.IPAddress ipaddresses . cluster ip - *
  networking.k8s.io networking.v1.NetworkPolicy networkpolicies . ns netpol - *
  networking.k8s.io networking.v1.ServiceCIDR servicecidrs . cluster - - * status:gpu
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
  admissionregistration.k8s.io admissionregistration.v1.MutatingAdmissionPolicy mutatingadmissionpolicies . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.MutatingAdmissionPolicyBinding mutatingadmissionpolicybindings . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.MutatingWebhookConfiguration mutatingwebhookconfigurations . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.ValidatingAdmissionPolicy validatingadmissionpolicies . cluster - api-extensions * status:gpu
  admissionregistration.k8s.io admissionregistration.v1.ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings . cluster - api-extensions *
  admissionregistration.k8s.io admissionregistration.v1.ValidatingWebhookConfiguration validatingwebhookconfigurations . cluster - api-extensions *
  apiextensions.k8s.io apiextensions.v1.CustomResourceDefinition customresourcedefinitions . cluster crd,crds api-extensions * status:gpu
  scheduling.k8s.io scheduling.v1.PriorityClass priorityclasses . cluster pc - *
  coordination.k8s.io coordination.v1.Lease leases . ns - - *
  node.k8s.io node.v1.RuntimeClass runtimeclasses . cluster - - *
  discovery.k8s.io discovery.v1.EndpointSlice endpointslices . ns - - *
  resource.k8s.io resource.v1.DeviceClass deviceclasses . cluster - - *
  resource.k8s.io resource.v1.ResourceClaim resourceclaims . ns - - * status:gpu
  resource.k8s.io resource.v1.ResourceClaimTemplate resourceclaimtemplates . ns - - *
  resource.k8s.io resource.v1.ResourceSlice resourceslices . cluster - - *
  flowcontrol.apiserver.k8s.io flowcontrol.v1.FlowSchema flowschemas . cluster - - * status:gpu
  flowcontrol.apiserver.k8s.io flowcontrol.v1.PriorityLevelConfiguration prioritylevelconfigurations . cluster - - * status:gpu
`;

const verbSets: Readonly<Record<string, string>> = {
  '*': 'create,delete,deletecollection,get,list,patch,update,watch',
  gpu: 'get,patch,update',
  cg: 'create,get',
  all: 'create,delete,get,patch,update',
};

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

/** All built-in resources in discovery order. */
export const resources: readonly ResourceInfo[] = table.trim().split('\n').map(parseRow);

const byKey = new Map(resources.map((r) => [`${r.group}/${r.version}/${r.plural}`, r]));
const byKind = new Map(resources.map((r) => [`${r.group}/${r.version}/${r.kind}`, r]));

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
