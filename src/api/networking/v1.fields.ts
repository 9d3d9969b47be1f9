// Field table of networking/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
HTTPIngressPath
  path 1 string
  pathType 3 string * ! required enum(Exact,ImplementationSpecific,Prefix)
  backend 2 networking.v1.IngressBackend ! required

HTTPIngressRuleValue
  paths 1 list[networking.v1.HTTPIngressPath] ! required atomic

IPAddress object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 networking.v1.IPAddressSpec ! required

IPAddressList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[networking.v1.IPAddress] ! required

IPAddressSpec
  parentRef 1 networking.v1.ParentReference * required

IPBlock
  cidr 1 string ! required
  except 2 list[string] atomic

Ingress object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 networking.v1.IngressSpec !
  status 3 networking.v1.IngressStatus !

IngressBackend
  service 4 networking.v1.IngressServiceBackend *
  resource 3 core.v1.TypedLocalObjectReference *

IngressClass object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 networking.v1.IngressClassSpec !

IngressClassList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[networking.v1.IngressClass] ! required

IngressClassParametersReference
  apiGroup 1 string *
  kind 2 string ! required
  name 3 string ! required
  scope 4 string * !
  namespace 5 string *

IngressClassSpec
  controller 1 string
  parameters 2 networking.v1.IngressClassParametersReference *

IngressList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[networking.v1.Ingress] ! required

IngressLoadBalancerIngress
  ip 1 string
  hostname 2 string
  ports 4 list[networking.v1.IngressPortStatus] atomic

IngressLoadBalancerStatus
  ingress 1 list[networking.v1.IngressLoadBalancerIngress] atomic

IngressPortStatus
  port 1 int32 ! required
  protocol 2 string ! required enum(SCTP,TCP,UDP)
  error 3 string *

IngressRule
  host 1 string
  http 2.1 networking.v1.HTTPIngressRuleValue *

IngressRuleValue
  http 1 networking.v1.HTTPIngressRuleValue *

IngressServiceBackend
  name 1 string ! required
  port 2 networking.v1.ServiceBackendPort !

IngressSpec
  ingressClassName 4 string *
  defaultBackend 1 networking.v1.IngressBackend *
  tls 2 list[networking.v1.IngressTLS] atomic
  rules 3 list[networking.v1.IngressRule] atomic

IngressStatus
  loadBalancer 1 networking.v1.IngressLoadBalancerStatus !

IngressTLS
  hosts 1 list[string] atomic
  secretName 2 string

NetworkPolicy object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 networking.v1.NetworkPolicySpec !

NetworkPolicyEgressRule
  ports 1 list[networking.v1.NetworkPolicyPort] atomic
  to 2 list[networking.v1.NetworkPolicyPeer] atomic

NetworkPolicyIngressRule
  ports 1 list[networking.v1.NetworkPolicyPort] atomic
  from 2 list[networking.v1.NetworkPolicyPeer] atomic

NetworkPolicyList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[networking.v1.NetworkPolicy] ! required

NetworkPolicyPeer
  podSelector 1 meta.v1.LabelSelector *
  namespaceSelector 2 meta.v1.LabelSelector *
  ipBlock 3 networking.v1.IPBlock *

NetworkPolicyPort
  protocol 1 string * enum(SCTP,TCP,UDP)
  port 2 intOrString *
  endPort 3 int32 *

NetworkPolicySpec
  podSelector 1 meta.v1.LabelSelector !
  ingress 2 list[networking.v1.NetworkPolicyIngressRule] atomic
  egress 3 list[networking.v1.NetworkPolicyEgressRule] atomic
  policyTypes 4 list[string] atomic enum(Egress,Ingress)

ParentReference
  group 1 string
  resource 2 string required
  namespace 3 string
  name 4 string required

ServiceBackendPort atomic
  name 1 string
  number 2 int32

ServiceCIDR object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 networking.v1.ServiceCIDRSpec !
  status 3 networking.v1.ServiceCIDRStatus !

ServiceCIDRList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[networking.v1.ServiceCIDR] ! required

ServiceCIDRSpec
  cidrs 1 list[string] atomic

ServiceCIDRStatus
  conditions 1 list[meta.v1.Condition] keys(type) merge(type)
`;
