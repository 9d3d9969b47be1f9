// Field table of clientauthentication/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
Cluster
  server - string ! required
  tls-server-name - string
  insecure-skip-tls-verify - bool
  certificate-authority-data - bytes atomic
  proxy-url - string
  disable-compression - bool
  config - rawExtension !

ExecCredential object
  spec - clientauthentication.v1beta1.ExecCredentialSpec !
  status - clientauthentication.v1beta1.ExecCredentialStatus *

ExecCredentialSpec
  cluster - clientauthentication.v1beta1.Cluster *
  interactive - bool ! required

ExecCredentialStatus
  expirationTimestamp - time *
  token - string
  clientCertificateData - string
  clientKeyData - string
`;
