// Field table of eventratelimit/v1alpha1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
Configuration object
  limits - list[eventratelimit.v1alpha1.Limit] !

Limit
  type - string !
  qps - int32 !
  burst - int32 !
  cacheSize - int32
`;
