// Field table of storagemigration/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
StorageVersionMigration object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 storagemigration.v1beta1.StorageVersionMigrationSpec !
  status 3 storagemigration.v1beta1.StorageVersionMigrationStatus !

StorageVersionMigrationSpec
  resource 1 meta.v1.GroupResource ! required

StorageVersionMigrationStatus
  conditions 1 list[meta.v1.Condition] keys(type) merge(type)
  resourceVersion 2 string
`;
