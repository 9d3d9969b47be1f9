// Field table of storage/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
VolumeAttributesClass object
  metadata 1 meta.v1.ObjectMeta !
  driverName 2 string ! required
  parameters 3 map[string]
`;
