// Field table of apidiscovery/v2: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
APIGroupDiscovery object
  metadata 1 meta.v1.ObjectMeta !
  versions 2 list[apidiscovery.v2.APIVersionDiscovery]

APIGroupDiscoveryList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apidiscovery.v2.APIGroupDiscovery] !

APIResourceDiscovery
  resource 1 string !
  responseKind 2 meta.v1.GroupVersionKind *
  scope 3 string !
  singularResource 4 string !
  verbs 5 list[string] !
  shortNames 6 list[string]
  categories 7 list[string]
  subresources 8 list[apidiscovery.v2.APISubresourceDiscovery]

APISubresourceDiscovery
  subresource 1 string !
  responseKind 2 meta.v1.GroupVersionKind *
  acceptedTypes 3 list[meta.v1.GroupVersionKind]
  verbs 4 list[string] !

APIVersionDiscovery
  version 1 string !
  resources 2 list[apidiscovery.v2.APIResourceDiscovery]
  freshness 3 string
`;
