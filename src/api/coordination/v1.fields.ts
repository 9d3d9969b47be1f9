// Field table of coordination/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
Lease object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 coordination.v1.LeaseSpec !

LeaseList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[coordination.v1.Lease] ! required

LeaseSpec
  holderIdentity 1 string *
  leaseDurationSeconds 2 int32 *
  acquireTime 3 microTime *
  renewTime 4 microTime *
  leaseTransitions 5 int32 *
  strategy 6 string *
  preferredHolder 7 string *
`;
