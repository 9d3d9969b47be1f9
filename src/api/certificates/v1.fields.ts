// Field table of certificates/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
CertificateSigningRequest object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 certificates.v1.CertificateSigningRequestSpec ! required
  status 3 certificates.v1.CertificateSigningRequestStatus !

CertificateSigningRequestCondition
  type 1 string ! required
  status 6 string ! required
  reason 2 string
  message 3 string
  lastUpdateTime 4 time !
  lastTransitionTime 5 time !

CertificateSigningRequestList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[certificates.v1.CertificateSigningRequest] ! required

CertificateSigningRequestSpec
  request 1 bytes ! required
  signerName 7 string ! required
  expirationSeconds 8 int32 *
  usages 5 list[string] atomic enum(any,cert~sign,client~auth,code~signing,content~commitment,crl~sign,data~encipherment,decipher~only,digital~signature,email~protection,encipher~only,ipsec~end~system,ipsec~tunnel,ipsec~user,key~agreement,key~encipherment,microsoft~sgc,netscape~sgc,ocsp~signing,s/mime,server~auth,signing,timestamping)
  username 2 string
  uid 3 string
  groups 4 list[string] atomic
  extra 6 map[list[string]]

CertificateSigningRequestStatus
  conditions 1 list[certificates.v1.CertificateSigningRequestCondition] keys(type)
  certificate 2 bytes
`;
