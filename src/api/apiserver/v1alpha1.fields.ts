// Field table of apiserver/v1alpha1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AdmissionConfiguration object
  plugins - list[apiserver.v1alpha1.AdmissionPluginConfiguration] !

AdmissionPluginConfiguration
  name - string !
  path - string !
  configuration - rawExtension * !

AnonymousAuthCondition
  path - string !

AnonymousAuthConfig
  enabled - bool !
  conditions - list[apiserver.v1alpha1.AnonymousAuthCondition]

AuthenticationConfiguration object
  jwt - list[apiserver.v1alpha1.JWTAuthenticator] !
  anonymous - apiserver.v1alpha1.AnonymousAuthConfig *

AuthorizationConfiguration object
  authorizers - list[apiserver.v1alpha1.AuthorizerConfiguration] !

AuthorizerConfiguration
  type - string !
  name - string !
  webhook - apiserver.v1alpha1.WebhookConfiguration *

ClaimMappings
  username - apiserver.v1alpha1.PrefixedClaimOrExpression !
  groups - apiserver.v1alpha1.PrefixedClaimOrExpression !
  uid - apiserver.v1alpha1.ClaimOrExpression !
  extra - list[apiserver.v1alpha1.ExtraMapping]

ClaimOrExpression
  claim - string
  expression - string

ClaimValidationRule
  claim - string
  requiredValue - string
  expression - string
  message - string

Connection
  proxyProtocol - string
  transport - apiserver.v1alpha1.Transport *

EgressSelection
  name - string !
  connection - apiserver.v1alpha1.Connection !

EgressSelectorConfiguration object
  egressSelections - list[apiserver.v1alpha1.EgressSelection] !

ExtraMapping
  key - string !
  valueExpression - string !

Issuer
  url - string !
  discoveryURL - string *
  certificateAuthority - string
  audiences - list[string] !
  audienceMatchPolicy - string
  egressSelectorType - string

JWTAuthenticator
  issuer - apiserver.v1alpha1.Issuer !
  claimValidationRules - list[apiserver.v1alpha1.ClaimValidationRule]
  claimMappings - apiserver.v1alpha1.ClaimMappings !
  userValidationRules - list[apiserver.v1alpha1.UserValidationRule]

PrefixedClaimOrExpression
  claim - string
  prefix - string *
  expression - string

TCPTransport
  url - string
  tlsConfig - apiserver.v1alpha1.TLSConfig *

TLSConfig
  caBundle - string
  clientKey - string
  clientCert - string
  tlsServerName - string

TracingConfiguration object
  endpoint - string *
  samplingRatePerMillion - int32 *

Transport
  tcp - apiserver.v1alpha1.TCPTransport *
  uds - apiserver.v1alpha1.UDSTransport *

UDSTransport
  udsName - string

UserValidationRule
  expression - string !
  message - string

WebhookConfiguration
  authorizedTTL - duration !
  cacheAuthorizedRequests - bool *
  unauthorizedTTL - duration !
  cacheUnauthorizedRequests - bool *
  timeout - duration !
  subjectAccessReviewVersion - string !
  matchConditionSubjectAccessReviewVersion - string !
  failurePolicy - string !
  connectionInfo - apiserver.v1alpha1.WebhookConnectionInfo !
  matchConditions - list[apiserver.v1alpha1.WebhookMatchCondition] !

WebhookConnectionInfo
  type - string !
  kubeConfigFile - string * !

WebhookMatchCondition
  expression - string !
`;
