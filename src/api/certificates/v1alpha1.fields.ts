// Field table of certificates/v1alpha1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ClusterTrustBundle object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 certificates.v1alpha1.ClusterTrustBundleSpec ! required

ClusterTrustBundleSpec
  signerName 1 string
  trustBundle 2 string ! required
`;
