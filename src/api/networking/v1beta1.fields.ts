// Field table of networking/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
IPAddress object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 networking.v1beta1.IPAddressSpec ! required

IPAddressSpec
  parentRef 1 networking.v1beta1.ParentReference * required

ParentReference
  group 1 string
  resource 2 string required
  namespace 3 string
  name 4 string required

ServiceCIDR object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 networking.v1beta1.ServiceCIDRSpec !
  status 3 networking.v1beta1.ServiceCIDRStatus !

ServiceCIDRSpec
  cidrs 1 list[string] atomic

ServiceCIDRStatus
  conditions 1 list[meta.v1.Condition] keys(type) merge(type)
`;
