// Field table of apidiscovery/v2: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
APIGroupDiscovery object
  metadata 1 meta.v1.ObjectMeta !
  versions 2 list[apidiscovery.v2.APIVersionDiscovery] keys(version)

APIGroupDiscoveryList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apidiscovery.v2.APIGroupDiscovery] ! required

APIResourceDiscovery
  resource 1 string ! required
  responseKind 2 meta.v1.GroupVersionKind *
  scope 3 string ! required
  singularResource 4 string ! required
  verbs 5 list[string] ! required set
  shortNames 6 list[string] set
  categories 7 list[string] set
  subresources 8 list[apidiscovery.v2.APISubresourceDiscovery] keys(subresource)

APISubresourceDiscovery
  subresource 1 string ! required
  responseKind 2 meta.v1.GroupVersionKind *
  acceptedTypes 3 list[meta.v1.GroupVersionKind] keys(group,version,kind)
  verbs 4 list[string] ! required set

APIVersionDiscovery
  version 1 string ! required
  resources 2 list[apidiscovery.v2.APIResourceDiscovery] keys(resource)
  freshness 3 string
`;
