// Field table of apiserverinternal/v1alpha1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ServerStorageVersion
  apiServerID 1 string required
  encodingVersion 2 string required
  decodableVersions 3 list[string] required set
  servedVersions 4 list[string] set

StorageVersion object
  metadata 1 meta.v1.ObjectMeta ! required
  spec 2 apiserverinternal.v1alpha1.StorageVersionSpec !
  status 3 apiserverinternal.v1alpha1.StorageVersionStatus !

StorageVersionCondition
  type 1 string ! required
  status 2 string ! required
  observedGeneration 3 int64
  lastTransitionTime 4 time !
  reason 5 string ! required
  message 6 string required

StorageVersionSpec

StorageVersionStatus
  storageVersions 1 list[apiserverinternal.v1alpha1.ServerStorageVersion] keys(apiServerID)
  commonEncodingVersion 2 string *
  conditions 3 list[apiserverinternal.v1alpha1.StorageVersionCondition] keys(type)
`;
