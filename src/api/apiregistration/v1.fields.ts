// Field table of apiregistration/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
APIService object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 apiregistration.v1.APIServiceSpec !
  status 3 apiregistration.v1.APIServiceStatus !

APIServiceCondition
  type 1 string ! required
  status 2 string ! required
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

APIServiceList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apiregistration.v1.APIService] ! required

APIServiceSpec
  service 1 apiregistration.v1.ServiceReference *
  group 2 string
  version 3 string
  insecureSkipTLSVerify 4 bool
  caBundle 5 bytes atomic
  groupPriorityMinimum 7 int32 ! required
  versionPriority 8 int32 ! required

APIServiceStatus
  conditions 1 list[apiregistration.v1.APIServiceCondition] keys(type) merge(type)

ServiceReference
  namespace 1 string
  name 2 string
  port 3 int32 *
`;
