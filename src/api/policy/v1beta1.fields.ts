// Field table of policy/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
// The version is served no more; evictions may still be written in it.
export const fields = `
Eviction object
  metadata 1 meta.v1.ObjectMeta !
  deleteOptions 2 meta.v1.DeleteOptions *
`;
