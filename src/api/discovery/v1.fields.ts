// Field table of discovery/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
Endpoint
  addresses 1 list[string] ! required set
  conditions 2 discovery.v1.EndpointConditions !
  hostname 3 string *
  targetRef 4 core.v1.ObjectReference *
  deprecatedTopology 5 map[string]
  nodeName 6 string *
  zone 7 string *
  hints 8 discovery.v1.EndpointHints *

EndpointConditions
  ready 1 bool *
  serving 2 bool *
  terminating 3 bool *

EndpointHints
  forZones 1 list[discovery.v1.ForZone] atomic
  forNodes 2 list[discovery.v1.ForNode] atomic

EndpointPort atomic
  name 1 string *
  protocol 2 string * enum(SCTP,TCP,UDP)
  port 3 int32 *
  appProtocol 4 string *

EndpointSlice object
  metadata 1 meta.v1.ObjectMeta !
  addressType 4 string ! required enum(FQDN,IPv4,IPv6)
  endpoints 2 list[discovery.v1.Endpoint] ! atomic
  ports 3 list[discovery.v1.EndpointPort] ! atomic

EndpointSliceList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[discovery.v1.EndpointSlice] ! required

ForNode
  name 1 string ! required

ForZone
  name 1 string ! required
`;
