// Field table of node/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
Overhead
  podFixed 1 map[quantity]

RuntimeClass object
  metadata 1 meta.v1.ObjectMeta !
  handler 2 string ! required
  overhead 3 node.v1.Overhead *
  scheduling 4 node.v1.Scheduling *

RuntimeClassList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[node.v1.RuntimeClass] ! required

Scheduling
  nodeSelector 1 map[string] atomic
  tolerations 2 list[core.v1.Toleration] atomic
`;
