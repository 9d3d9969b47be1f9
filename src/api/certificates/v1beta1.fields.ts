// Field table of certificates/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ClusterTrustBundle object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 certificates.v1beta1.ClusterTrustBundleSpec ! required

ClusterTrustBundleSpec
  signerName 1 string
  trustBundle 2 string ! required

PodCertificateRequest object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 certificates.v1beta1.PodCertificateRequestSpec ! required
  status 3 certificates.v1beta1.PodCertificateRequestStatus !

PodCertificateRequestSpec
  signerName 1 string ! required
  podName 2 string ! required
  podUID 3 string ! required
  serviceAccountName 4 string ! required
  serviceAccountUID 5 string ! required
  nodeName 6 string ! required
  nodeUID 7 string ! required
  maxExpirationSeconds 8 int32 * =86400
  pkixPublicKey 9 bytes !
  proofOfPossession 10 bytes !
  stubPKCS10Request 12 bytes ! required
  unverifiedUserAnnotations 11 map[string]

PodCertificateRequestStatus
  conditions 1 list[meta.v1.Condition] keys(type) merge(type)
  certificateChain 2 string
  notBefore 4 time *
  beginRefreshAt 5 time *
  notAfter 6 time *
`;
