// Field table of coordination/v1alpha2: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
LeaseCandidate object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 coordination.v1alpha2.LeaseCandidateSpec ! required

LeaseCandidateSpec
  leaseName 1 string ! required
  pingTime 2 microTime *
  renewTime 3 microTime *
  binaryVersion 4 string ! required
  emulationVersion 5 string
  strategy 6 string required
`;
