// Field table of scheduling/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
PriorityClass object
  metadata 1 meta.v1.ObjectMeta !
  value 2 int32 !
  globalDefault 3 bool
  description 4 string
  preemptionPolicy 5 string * enum(Never,PreemptLowerPriority)

PriorityClassList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[scheduling.v1.PriorityClass] ! required
`;
